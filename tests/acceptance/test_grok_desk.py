"""`kalshi analyze` with Grok, end to end: each way it can go, its exit code and its row."""

import asyncio
import signal
import threading
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest
from fakes.ai import TICKS, in_turn, opinion, reply, review, role_of, sensible, tickers_of, tip
from fakes.program import Program

from kalshi_cli.adapters.sim.ai.replies import Failure, Reply, made_up
from kalshi_cli.adapters.sim.ai.server import StandIn
from kalshi_cli.domain.deliberation import Role

KEY = "xai-0123456789abcdefghij"
GROK = ("--sim", "--forecaster", "grok")


@contextmanager
def served(answers):
    """A stand-in for xAI in a thread of its own, while this one runs the program."""
    up, down, held = threading.Event(), asyncio.Event(), {}

    async def serve():
        async with StandIn(answers) as server:
            held.update(server=server, loop=asyncio.get_running_loop())
            up.set()
            await down.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="xai")
    thread.start()
    assert up.wait(20)
    try:
        yield held["server"]
    finally:
        held["loop"].call_soon_threadsafe(down.set)
        thread.join(20)


@pytest.fixture
def desk(kalshi, monkeypatch):
    """The program with a key, its exchange read, and the ticker of one of its markets."""
    monkeypatch.setenv("XAI_API_KEY", KEY)
    assert kalshi("ingest", "--sim", "--seed", "7").code == 0
    (row, *_) = kalshi("inspect", "markets", "--sim", "--json").json["data"]
    return row["ticker"]


@pytest.fixture
def analyze(kalshi, desk, monkeypatch):
    """`kalshi analyze TICKER --json` against these answers: what it said, the calls on record."""

    def run(answers, *options):
        with served(answers) as server:
            monkeypatch.setenv("XAI_API_HOST", server.host)
            ended = kalshi("analyze", desk, *GROK, "--json", *options)
        calls = kalshi("inspect", "llm", "--sim", "--json").json["data"]
        assert KEY not in ended.out + ended.err
        return ended, calls[::-1]

    return run


def fenced(asked):
    reply = sensible(asked)
    return Reply(f"```json\n{reply.text}\n```", model=reply.model, ticks=TICKS)


def cut(asked):
    return Reply(sensible(asked).text[:40], model="grok-4.3", ticks=TICKS, finish="REASON_MAX_LEN")


GONE = Failure("NOT_FOUND", "no such model")
LIMITED = Failure("RESOURCE_EXHAUSTED", "slow down", retry_after_s=0.01)
USD = "0.0001234567"  # what 1,234,567 ticks are


@pytest.mark.parametrize(
    ("answers", "code", "outcomes"),
    [
        (sensible, 0, ["answered"] * 3),
        (fenced, 0, ["answered"] * 3),
        (cut, 5, ["cut", "cut"]),
        (in_turn(LIMITED, sensible), 0, ["rate_limited", *["answered"] * 3]),
        (in_turn(GONE, sensible), 0, ["model_gone", *["answered"] * 3]),
        (lambda _: GONE, 5, ["model_gone", "model_gone"]),
        (lambda _: Failure("UNAUTHENTICATED"), 4, ["unauthenticated"]),
        (lambda _: Failure("RESOURCE_EXHAUSTED", "no credits left"), 6, ["no_credits"]),
    ],
    ids=["clean", "fenced", "truncated", "limited", "primary-gone", "gone", "key", "credits"],
)
def test_each_way_an_analysis_can_go(analyze, answers, code, outcomes):
    ended, calls = analyze(answers)
    assert ended.code == code, ended.err
    assert [call["outcome"] for call in calls] == outcomes
    billed = [call["cost"] for call in calls if call["served_model"]]
    assert set(billed) <= {USD}
    data = ended.json["data"]
    assert len(data["forecasts"]) == (code == 0)
    if code == 0:
        assert data["forecasts"][0]["model"] == "grok-4.3@localhost"
    else:
        assert ended.json["error"]["remedy"]


def test_a_silent_model_is_given_up_for_the_other(analyze, monkeypatch):
    monkeypatch.setenv("KALSHI_AI__CALL_TIMEOUT_S", "0.5")
    slow = in_turn(lambda asked: Reply("", delay_s=20.0), sensible)
    ended, calls = analyze(slow)
    assert ended.code == 0, ended.err
    assert [(c["requested_model"], c["outcome"]) for c in calls] == [
        ("grok-4", "timed_out"),
        ("grok-3", "answered"),
        ("grok-4", "answered"),  # the others ask the primary model first
        ("grok-4", "answered"),
    ]
    assert calls[0]["cost_source"] == "reserved"


def test_a_budget_that_is_gone(analyze, monkeypatch):
    monkeypatch.setenv("KALSHI_AI__DAILY_AI_BUDGET", "0.000001")
    ended, calls = analyze(sensible)
    assert (ended.code, calls) == (6, [])
    assert "daily_ai_budget" in ended.json["error"]["remedy"]


def test_an_event_that_is_too_dear_is_told_to_whoever_asked_about_it(analyze, monkeypatch):
    monkeypatch.setenv("KALSHI_AI__MAX_AI_COST_PER_DECISION", "0.000001")
    ended, calls = analyze(sensible)
    assert (ended.code, calls) == (6, [])
    assert "max_ai_cost_per_decision" in ended.json["error"]["remedy"]


@pytest.fixture
def shown(kalshi, desk, monkeypatch):
    """`kalshi analyze TICKER` as a person sees it."""

    def run(answers, *options):
        with served(answers) as server:
            monkeypatch.setenv("XAI_API_HOST", server.host)
            ended = kalshi("analyze", desk, *GROK, *options)
            return ended, server.asked

    return run


@pytest.mark.usefixtures("eighty_columns")
def test_a_person_sees_each_role_the_blend_and_every_gate(shown, desk):
    ended, _ = shown(sensible)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert len(lines) <= 23
    assert max(map(len, lines)) <= 80
    assert lines[0] == desk
    words = " ".join(ended.out.split())
    for told in (
        "Forecaster 60.0%, 80% interval 50.0% to 70.0%, base rate 30.0%",
        "for it did so yesterday",
        "Critic accept: no problem named",
        "Trader buy YES: no reason given",
        "forecast 60.0%, w 0.10 -> p*",
        "YES at",
        "NO at",
        "10/10 filter, 5/5 forecast, 7/7 stake",
        "cost $0.0004 now, $0.0004 of $5.00 today",
    ):
        assert told in words, told
    whole, _ = shown(sensible, "--explain")
    assert "because" in whole.out
    assert "MAX_POSITIONS" in whole.out


def test_nothing_that_a_model_writes_commands_the_terminal(shown, kalshi, analyze):
    evil = "\x1b]0;owned\x07\x1b[2J\u202eevil\r"

    def hostile(asked):
        if role_of(asked) is Role.FORECASTER:
            says = partial(opinion, reasoning=evil, evidence_for=[evil])
        elif role_of(asked) is Role.CRITIC:
            says = partial(review, problems=[evil])
        else:
            says = partial(tip, reasons=[evil])
        return reply(says(ticker) for ticker in tickers_of(asked))

    ended, _ = shown(hostile, "--explain")
    assert "evil" in ended.out
    (call, *_) = kalshi("inspect", "llm", "--sim", "--json").json["data"]
    word_by_word = kalshi("inspect", "llm", call["call_id"], "--sim")
    assert r"\x1b]0;owned" in word_by_word.out.replace("u001b", "x1b")
    for out in (ended.out, word_by_word.out):
        assert not [sign for sign in out if not sign.isprintable() and sign != "\n"]


def test_a_dry_run_shows_every_word_and_asks_nobody(shown, kalshi, desk):
    ended, asked = shown(sensible, "--dry-run")
    assert (ended.code, asked) == (0, [])
    for told in ("calibration", "<market>", desk, "nobody is asked", "set aside", "$0.08"):
        assert told in ended.out, told
    assert kalshi("inspect", "llm", "--sim", "--json").json["data"] == []
    assert kalshi("inspect", "analyses", "--sim", "--json").json["data"] == []
    preview = shown(sensible, "--dry-run", "--json")[0].json["data"]
    _, (first, *_) = shown(sensible, "--no-advance")
    (planned,) = preview["previews"][0]["planned"]
    assert (planned["prompt"]["system"], planned["model"]) == (first.system, "grok-4")
    calls = kalshi("inspect", "llm", "--sim", "--json").json["data"]
    assert preview["estimate"] == calls[-1]["reserved"]


def test_many_markets_from_a_pipe_get_a_line_each(shown, kalshi, monkeypatch, desk):
    rows = kalshi("inspect", "markets", "--sim", "--json").json["data"]
    tickers = [row["ticker"] for row in rows[:5]]
    with served(sensible) as server:
        monkeypatch.setenv("XAI_API_HOST", server.host)
        ended = kalshi("analyze", "-", *GROK, stdin="\n".join(tickers))
    assert ended.code == 0
    for ticker in tickers:
        assert ticker in ended.out
    events = len({row["event_ticker"] for row in rows[:5]})
    assert f"{events} of {events} events" in ended.err
    assert f"{events} of {events} events" not in ended.out


def test_one_call_with_every_word(analyze, kalshi):
    _, (call, *_) = analyze(sensible)
    shown = kalshi("inspect", "llm", call["call_id"], "--sim")
    assert shown.code == 0
    for words in ("System", "calibration", "Asked", "<market>", "Answer", "because", USD):
        assert words in shown.out
    missing = kalshi("inspect", "llm", "nothing", "--sim")
    assert missing.code == 3


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("role", {"forecaster", "critic", "trader"}),
        ("model", {"grok-4.3@localhost"}),
        ("strategy", {"unused"}),
    ],
)
def test_what_the_calls_cost_together(analyze, kalshi, by, names):
    analyze(sensible)
    costs = kalshi("inspect", "llm", "--sim", "--by", by, "--json").json["data"]
    assert {line["name"] for line in costs["lines"]} == names
    assert costs["total"] == "0.0003703701"  # three times 1,234,567 ticks
    assert sum(line["calls"] for line in costs["lines"]) == 3
    shown = kalshi("inspect", "llm", "--sim", "--by", by, "--since", "1d")
    assert "$0.0003703701" in shown.out


def test_no_credits_end_the_asking_until_a_doctor_looks(analyze, kalshi, desk, monkeypatch):
    none = Failure("RESOURCE_EXHAUSTED", "no credits left")
    assert analyze(lambda _: none)[0].code == 6
    ended, calls = analyze(sensible)
    assert (ended.code, len(calls)) == (6, 1)  # nobody was asked
    with served(sensible) as server:
        monkeypatch.setenv("XAI_API_HOST", server.host)
        monkeypatch.setenv("KALSHI_TRADING__FORECASTER", "grok")
        rows = kalshi("doctor", "--sim", "--json").json["data"]["checks"]
    found = {row["name"]: row for row in rows}
    assert found["AI key"]["result"] == "ok"
    assert found["AI model grok-4"]["detail"].startswith("served by stand-in")
    assert found["AI model grok-4"]["result"] == "warning"
    assert "5.0" in found["AI budget"]["detail"]
    assert analyze(sensible)[0].code == 0


def test_what_was_asked_already_is_shown_and_not_paid_again(analyze):
    analyze(sensible)
    ended, calls = analyze(sensible, "--no-advance")
    assert (ended.code, len(calls)) == (0, 3)
    assert len(ended.json["data"]["reused"]) == 1
    assert ended.json["data"]["spent"] == "0.0000000000"


def test_a_person_sees_that_an_earlier_forecast_stands(shown):
    shown(sensible)
    ended, _ = shown(sensible, "--no-advance")
    (line,) = (line for line in ended.out.splitlines() if line.startswith("reused"))
    assert "UNCHANGED: asked from the same" in line


def test_the_first_ctrl_c_waits_for_what_is_paid_for_and_asks_nothing_more(tmp_path):
    """The Forecaster is being asked: its answer is heard and settled, and no Critic is asked."""
    kalshi, running = Program(tmp_path), {}
    kalshi.run("ingest", "--sim", "--seed", "7")
    ticker = kalshi.data("inspect", "markets", "--sim")[0]["ticker"]

    def interrupted(asked):
        running["it"].send_signal(signal.SIGINT)
        return replace(sensible(asked), delay_s=0.5)

    with served(interrupted) as server:
        reached = {"XAI_API_KEY": KEY, "XAI_API_HOST": server.host}
        desk = Program(tmp_path, reached)
        running["it"] = desk.start("analyze", ticker, *GROK, "--json")
        ended = running["it"].ended()
    assert ended.code == 130, ended.err
    assert ended.envelope["ok"]
    assert "once more to leave at once" in ended.err
    (forecast,) = ended.data["forecasts"]
    assert "after a stop" in forecast["rationale"]
    rows = kalshi.rows("SELECT role, outcome, cost_source, cost_units FROM ai_calls")
    assert rows == [("forecaster", "answered", "server", TICKS)]


def test_prompts_of_ones_own_have_their_version_on_every_call(analyze, kalshi, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "forecaster.md").write_text("You are my forecaster.")
    ended, (first, second, _) = analyze(sensible, "--prompt", str(mine))
    assert ended.code == 0, ended.err
    whole = kalshi("inspect", "llm", first["call_id"], "--sim", "--json").json["data"]
    assert whole["system"] == "You are my forecaster."
    assert first["prompt_version"] != second["prompt_version"]
    assert len(ended.json["data"]["forecasts"][0]["prompt_version"]) == 16
    edited = mine / "forecaster.md"
    edited.write_text("You are another.")
    again, calls = analyze(sensible, "--prompt", str(edited))
    assert (again.code, calls[3]["prompt_version"]) != (0, first["prompt_version"])
    for wrong in (tmp_path / "nothing.md", tmp_path):
        refused = kalshi("analyze", *GROK, "--prompt", str(wrong))
        assert (refused.code, "prompt" in refused.err) == (4, True)


def test_what_was_looked_up_is_shown_with_the_call(analyze, kalshi, monkeypatch):
    monkeypatch.setenv("KALSHI_AI__RESEARCH", "web_search")
    _, (call, *_) = analyze(made_up)
    assert (call["tools"], call["searches"]) == ("web_search", 1)
    shown = kalshi("inspect", "llm", call["call_id"], "--sim").out
    assert "1 searches with web_search" in shown
    assert "https://stand-in.invalid/" in shown


def test_whoever_answers_instead_of_xai_is_named(analyze):
    ended, _ = analyze(sensible)
    assert "not xAI" in " ".join(ended.json["warnings"])
