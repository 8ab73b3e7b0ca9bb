"""The commands end to end, on the embedded exchange: each alone, and all of them in a loop."""

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest

from kalshi_cli.bootstrap import by_hand
from kalshi_cli.bootstrap.desk import OpenDesk
from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.cli.app import Branch, load, names, overview
from kalshi_cli.cli.documents import ROOT, documents
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.errors import ClockOff, LeaseHeld, NotFound, StillHeld, Unauthorized, Unavailable

LOOK_UPS = (
    "positions",
    "orders",
    "fills",
    "round-trips",
    "tape",
    "markets",
    "analyses",
    "runs",
    "denials",
)


def test_the_steps_one_by_one_are_a_desk(kalshi):
    ingested = kalshi("ingest", "--sim", "--seed", "7", "--json").json
    assert ingested["ok"]
    assert ingested["env"] == "sim"
    dropped = sum(number for _, number in ingested["data"]["dropped"])
    assert ingested["data"]["eligible"] + dropped == ingested["data"]["open_markets"] > 0
    analyzed = kalshi("analyze", "--json").json["data"]
    assert analyzed["forecaster"] == "baseline"
    assert analyzed["forecasts"]
    rehearsed = kalshi("trade", "--dry-run", "--no-advance", "--json").json["data"]
    assert rehearsed["dry_run"]
    assert rehearsed["orders"] == []
    assert kalshi("inspect", "orders", "--json").json["data"] == []
    traded = kalshi("trade", "--no-advance", "--json").json["data"]
    assert len(traded["orders"]) == len(rehearsed["passed"]) > 0
    assert kalshi("track", "--json").json["ok"]
    assert kalshi("evaluate", "--json").json["data"]["waiting"] == len(analyzed["forecasts"])
    checked = kalshi("inspect-db", "--json")
    assert checked.code == 0
    assert checked.json["data"]["exchange_cash"] == checked.json["data"]["audit"]["cash"]


@pytest.mark.usefixtures("eighty_columns")
def test_the_loop_tells_each_cycle_and_ends_with_what_to_type_next(kalshi):
    ran = kalshi("--quiet", "run-loop", "--sim", "--cycles", "2", "--seed", "7")
    assert ran.code == 0
    assert ran.out.count("equity") == 1
    assert "2 cycles" in ran.out
    assert "kalshi inspect round-trips" in ran.out
    assert "baseline: " in ran.out
    live = kalshi("inspect", "orders", "--live-only", "--json").json["data"]
    held = kalshi("inspect", "positions", "--json").json["data"]
    entries = sum(order["purpose"] != "exit" for order in live)
    told = [line.split() for line in ran.out.splitlines() if line.startswith("left ")]
    assert [(*words[:3], words[-2]) for words in told] == [
        ("left", "live", str(entries), "kalshi"),
        ("left", "held", str(len(held)), "kalshi"),
    ]
    assert [words[-1] for words in told] == ["cancel-all", "flatten"]
    assert max(len(line) for line in ran.out.splitlines() if "eligible" not in line) <= 80
    again = kalshi("run-loop", "--once", "--json").out.splitlines()
    cycle, last = map(json.loads, again)
    assert cycle["data"]["number"] == 1
    assert last["data"]["stopped"]["cycles"] == 1
    once = kalshi("run-loop", "--once").out
    assert "\n1 cycle, " in once
    assert "directional_trading: unresolved, no event has ended" in once
    for name in LOOK_UPS:
        shown = kalshi("inspect", name)
        assert shown.code == 0
        assert max(map(len, shown.out.splitlines())) <= 80, name
        assert isinstance(kalshi("inspect", name, "--json").json["data"], list)
    assert kalshi("status").code == kalshi("sim", "status").code == 0


@pytest.mark.parametrize("name", [name for name in names() if isinstance(load(name), Branch)])
def test_summaries_are_whole_and_fit_the_screen(kalshi, name):
    shown = kalshi(name, "--help").out
    listed = shown[shown.index("Commands:") : shown.index("Options:")]
    assert "..." not in listed
    assert max(map(len, shown.splitlines())) <= 80
    for command in load(name).commands.values():
        words = command.help.split(".")[0].split()
        assert all(word in listed.split() or f"{word}." in listed.split() for word in words)


def test_a_market_explains_itself(kalshi):
    kalshi("run-loop", "--sim", "--once", "--seed", "7")
    ticker = kalshi("inspect", "markets", "--limit", "1", "--json").json["data"][0]["ticker"]
    trace = kalshi("why", ticker, "--json").json["data"]["trace"]
    assert trace["market"]["ticker"] == ticker
    assert trace["analyses"] or trace["rejected"]
    shown = kalshi("why", ticker).out
    assert ticker in shown
    assert "filters" in shown


def test_nothing_is_invented_before_the_exchange_was_seen(kalshi):
    kalshi("halt", "--sim", "--reason", "a storm")
    summary = kalshi("status", "--json").json["data"]["summary"]
    assert (summary["state"], summary["state_reason"]) == ("halted", "a storm")
    assert (summary["state_since_at"], summary["cash"]) == (None, None)
    shown = kalshi("status").out.splitlines()
    assert shown[0].split() == ["state", "halted:", "a", "storm"]
    assert ["cash", "-"] in [line.split() for line in shown]
    assert kalshi("resume", "--sim").code == kalshi("track", "--sim").code == 0
    after = kalshi("status", "--json").json["data"]["summary"]
    assert after["cash"] == "10000.000000"


def test_a_halt_stops_orders_until_a_person_lifts_it(kalshi):
    kalshi("run-loop", "--sim", "--once", "--seed", "7")
    halted = kalshi("halt", "--reason", "a storm", "--json").json["data"]
    assert (halted["before"], halted["after"], halted["reason"]) == ("active", "halted", "a storm")
    assert recorded(kalshi) == ["halt", "run-loop"]
    kalshi("sim", "advance", "6h")
    kalshi("ingest")
    kalshi("analyze")
    refused = kalshi("trade", "--json")
    assert refused.code == 6
    assert refused.json["error"]["code"] == "halted"
    assert refused.json["data"]["orders"] == []
    assert "a storm" in kalshi("status").out
    assert kalshi("resume", "--json").json["data"]["after"] == "active"
    assert recorded(kalshi)[:2] == ["resume", "trade"]
    assert "resume, " in kalshi("status").out
    assert kalshi("trade", "--json").json["data"]["orders"]


@pytest.mark.parametrize(
    "command",
    [("halt", "--reason", "s"), ("halt", "--flatten", "--reason", "s"), ("flatten",)],
)
def test_who_sends_orders_away_is_one_run_under_its_own_name(kalshi, command):
    kalshi("run-loop", "--sim", "--once", "--seed", "7")
    assert kalshi("inspect", "orders", "--json").json["data"]
    assert kalshi(*command).code == 0
    assert recorded(kalshi) == [command[0], "run-loop"]


@pytest.mark.parametrize("command", [("halt", "--reason", "s"), ("flatten",)])
def test_a_run_has_no_end_while_its_orders_are_sent(kalshi, monkeypatch, command):
    """Killed there, it shows that it was."""
    kalshi("run-loop", "--sim", "--once", "--seed", "7")
    whole, ends = OpenDesk.carry_out, []

    async def watched(desk, kind, target):
        told = await desk.store.reports.runs()
        ends.extend((run.command, run.reason) for run in told if run.run_id == desk.run.run_id)
        return await whole(desk, kind, target)

    monkeypatch.setattr(OpenDesk, "carry_out", watched)
    assert kalshi(*command).code == 0
    assert ends == [(command[0], None)]
    assert recorded(kalshi) == [command[0], "run-loop"]


def test_a_run_whose_orders_could_not_be_sent_ends_with_the_reason(kalshi, monkeypatch):
    kalshi("run-loop", "--sim", "--once", "--seed", "7")

    def down(*_given, **_terms):
        raise Unavailable("The exchange cannot be reached.")

    monkeypatch.setattr("kalshi_cli.bootstrap.opening.open_desk", down)
    assert kalshi("flatten").code == Unavailable.exit_code
    flattened = kalshi("inspect", "runs", "--json").json["data"][0]
    assert flattened["command"] == "flatten"
    assert flattened["reason"] == "The exchange cannot be reached."


def test_a_run_that_could_not_sell_all_is_not_done(kalshi, monkeypatch):
    kalshi("run-loop", "--sim", "--once", "--seed", "7")

    async def unsold(*_given):
        raise StillHeld("Still held: KXA.", (), remedy="")

    monkeypatch.setattr(OpenDesk, "carry_out", unsold)
    assert kalshi("flatten").code == StillHeld.exit_code
    assert kalshi("inspect", "runs", "--json").json["data"][0]["reason"] == "Still held: KXA."


def test_a_run_that_was_asked_for_what_there_is_not_says_so_in_words(kalshi):
    kalshi("ingest", "--sim", "--seed", "7")
    assert kalshi("close", "KXNOPE").code == NotFound.exit_code
    shown = kalshi("inspect", "runs", "--limit", "1").out
    assert "never began: Nothing is held in KXNOPE." in " ".join(shown.split())


def test_a_turn_that_lost_the_lease_shares_no_run_with_the_next(kalshi, monkeypatch):
    """Some of its orders may have been sent, under the numbers of its run."""
    kalshi("run-loop", "--sim", "--once", "--seed", "7")
    whole, runs = OpenDesk.carry_out, []

    async def lost_at_first(desk, kind, target):
        runs.append(desk.run.run_id)
        if len(runs) == 1:
            raise LeaseHeld("Another process has taken over this account.")
        return await whole(desk, kind, target)

    monkeypatch.setattr(OpenDesk, "carry_out", lost_at_first)
    assert kalshi("flatten").code == 0
    assert len(set(runs)) == len(runs) == 2


MISSPELLED = (
    "[allocation.others]\nmy_edge = 1.5\n",
    "[risk]\nmax_positons = 3\n",
    '[tradng]\nstrategies = ["market_making"]\n',
)
NONE_SUCH = '[trading]\nstrategies = ["none_such"]\n'


@pytest.mark.parametrize("wrong", [*MISSPELLED, NONE_SUCH])
def test_a_desk_is_halted_whatever_is_wrong_with_how_it_trades(kalshi, kalshi_home, wrong):
    kalshi("run-loop", "--sim", "--once", "--seed", "7")
    assert kalshi("inspect", "orders", "--live-only", "--json").json["data"]
    (kalshi_home / "config.toml").write_text(wrong)
    assert kalshi("trade").code == 4
    halted = kalshi("halt", "--json")
    assert (halted.code, halted.json["data"]["after"]) == (0, "halted")
    (kalshi_home / "config.toml").unlink()
    assert kalshi("inspect", "orders", "--live-only", "--json").json["data"] == []


@pytest.mark.parametrize("wrong", MISSPELLED)
def test_who_cannot_sell_under_bad_settings_halts_all_the_same(kalshi, kalshi_home, wrong):
    kalshi("run-loop", "--sim", "--cycles", "2", "--seed", "7")
    held = kalshi("inspect", "positions", "--json").json["data"]
    assert held
    (kalshi_home / "config.toml").write_text(wrong)
    halted = kalshi("halt", "--flatten", "--json")
    changed = halted.json["data"]
    assert (halted.code, changed["before"], changed["after"]) == (4, "active", "halted")
    assert halted.json["error"]["message"].startswith("Nothing was sold: ")
    assert halted.json["error"]["remedy"].endswith("Then `kalshi flatten` sells.")
    assert halted.err.count("error: ") == 1
    (kalshi_home / "config.toml").unlink()
    assert kalshi("inspect", "orders", "--live-only", "--json").json["data"] == []
    after = kalshi("inspect", "positions", "--json").json["data"]
    assert [row["count"] for row in after] == [row["count"] for row in held]
    assert kalshi("status", "--json").json["data"]["summary"]["state"] == "halted"


def test_a_strategy_that_there_is_not_stops_no_sale(kalshi, kalshi_home):
    kalshi("run-loop", "--sim", "--cycles", "2", "--seed", "7")
    (kalshi_home / "config.toml").write_text(NONE_SUCH)
    halted = kalshi("halt", "--flatten", "--json").json["data"]
    assert halted["after"] == "halted"
    assert halted["sales"]


def test_a_halt_file_stops_the_sale_and_not_the_halt(kalshi, kalshi_home):
    kalshi("run-loop", "--sim", "--once", "--seed", "7")
    (kalshi_home / "HALT").write_text("pulled the plug\n")
    halted = kalshi("halt", "--flatten", "--json")
    assert (halted.code, halted.json["data"]["after"]) == (6, "halted")
    told = "Nothing was sold: the desk is halted: pulled the plug."
    assert halted.json["error"]["message"] == told
    assert halted.json["error"]["remedy"].endswith("Then `kalshi flatten` sells.")
    assert kalshi("inspect", "orders", "--live-only", "--json").json["data"] == []


@pytest.mark.parametrize("command", [("halt",), ("halt", "--flatten"), ("flatten",)])
def test_what_a_loop_did_on_hearing_of_it_is_told_as_well(kalshi, monkeypatch, command):
    """It obeys the new state at once, before anybody asks it to cancel and to sell."""
    kalshi("run-loop", "--sim", "--cycles", "2", "--seed", "7")
    live = kalshi("inspect", "orders", "--live-only", "--json").json["data"]
    held = kalshi("inspect", "positions", "--json").json["data"]
    assert min(len(live), len(held)) > 1
    change = by_hand.change_state
    does = "flatten" if "flatten" in " ".join(command) else "cancel-all"

    async def obeyed_at_once(environment, settings, state, **terms):
        changed = await change(environment, settings, state, **terms)
        opened = open_desk(
            environment, settings, command="run-loop", trades=True, single_step=False
        )
        with suppress(StillHeld):  # nobody may bid for it
            async with opened as desk:
                await desk.carry_out(does, "ours")
        return changed

    monkeypatch.setattr(by_hand, "change_state", obeyed_at_once)
    ended = kalshi(*command, "--json")
    told = ended.json["data"]
    after = {each["ticker"]: each for each in kalshi("inspect", "positions", "--json").json["data"]}
    if does == "cancel-all":
        assert told["orders"].startswith(f"{len(live)} canceled")
        assert told["sales"] == []
        return
    assert {each["ticker"]: each["held"] for each in told["sales"]} == {
        each["ticker"]: each["count"] for each in held
    }
    assert {each["ticker"] for each in told["sales"] if each["left"] != "0.00"} == set(after)
    if not ended.code:
        assert told["orders"].startswith(f"{len(live)} canceled; flat (")


@pytest.mark.parametrize(
    ("command", "state"),
    [(("halt",), "halted"), (("halt", "--flatten"), "flatten"), (("flatten",), "flatten")],
)
@pytest.mark.parametrize("error", [Unavailable, ClockOff, Unauthorized])
def test_who_stops_a_desk_hears_so_though_the_exchange_is_away(
    kalshi, monkeypatch, command, state, error
):
    """Whether it cannot be reached, or will not have it: what could not be sold, a loop sells."""
    kalshi("run-loop", "--sim", "--once", "--seed", "7")

    def down(*_given, **_terms):
        raise error("The exchange cannot be reached.")

    monkeypatch.setattr("kalshi_cli.bootstrap.opening.open_desk", down)
    stopped = kalshi(*command)
    assert stopped.code == error.exit_code
    assert stopped.out.startswith(f"The desk is {DeskState(state).said} (it was active): by hand")
    assert stopped.err.rstrip().endswith("error: The exchange cannot be reached.")
    assert kalshi("status", "--json").json["data"]["summary"]["state"] == state


@pytest.mark.parametrize("wrong", MISSPELLED)
def test_orders_are_taken_back_whatever_is_wrong_with_the_settings(kalshi, kalshi_home, wrong):
    kalshi("run-loop", "--sim", "--once", "--seed", "7")
    first, *others = kalshi("inspect", "orders", "--live-only", "--json").json["data"]
    assert others
    (kalshi_home / "config.toml").write_text(wrong)
    assert kalshi("cancel", first["client_order_id"]).code == 0
    assert kalshi("cancel-all").code == 0
    assert kalshi("flatten").code == 4
    (kalshi_home / "config.toml").unlink()
    assert kalshi("inspect", "orders", "--live-only", "--json").json["data"] == []


def test_what_halts_a_desk_is_told_where_its_settings_cannot_be_read(kalshi, kalshi_home):
    kalshi_home.mkdir()
    (kalshi_home / "config.toml").write_text("home = [")
    refused = kalshi("halt")
    assert refused.code == 4
    assert f"A file {kalshi_home / 'HALT'} halts whoever trades there." in refused.err


@pytest.mark.parametrize(
    "line",
    [
        "status",
        "inspect orders",
        "inspect-db",
        "evaluate",
        "evaluate --rebalance --dry-run",
        "migrate --check",
        "strategies list",
        "doctor",
        "halt",
    ],
)
def test_who_reads_or_stops_needs_no_log(kalshi, kalshi_home, line):
    kalshi("run-loop", "--sim", "--once", "--seed", "7")
    file = kalshi_home / "logs" / "kalshi.log"
    file.unlink()
    file.mkdir()  # nobody can write there, whoever runs this
    ended = kalshi(*line.split())
    assert ended.code == 0
    assert f"warning: nothing is logged: {file} cannot be written" in ended.err
    assert kalshi("trade").code == 4


def recorded(kalshi):
    """The commands that are runs, the newest first, each of them ended."""
    rows = kalshi("inspect", "runs", "--json").json["data"]
    assert {row["reason"] for row in rows} <= {"done", "1 cycle done"}, rows
    return [row["command"] for row in rows]


def test_a_halt_file_is_told_before_anybody_trades(kalshi, kalshi_home):
    kalshi("ingest", "--sim", "--seed", "7")
    file = kalshi_home / "HALT"
    file.write_text("pulled the plug\n")
    told = kalshi("status", "--json").json["data"]
    assert told["halt_file"] == {"path": str(file), "said": "pulled the plug"}
    summary = told["summary"]
    assert (summary["state"], summary["state_reason"]) == ("halted", "pulled the plug")
    shown = " ".join(kalshi("status").out.split())
    assert shown.startswith("state halted: pulled the plug")
    assert "nothing is sent while" in shown
    file.unlink()
    told = kalshi("status", "--json").json["data"]
    assert (told["halt_file"], told["summary"]["state"]) == (None, "active")


def test_an_empty_halt_file_is_told_in_one_line(kalshi, kalshi_home):
    kalshi("ingest", "--sim", "--seed", "7")
    file = kalshi_home / "HALT"
    file.touch()
    shown = " ".join(kalshi("status").out.split())
    assert shown.startswith("state halted: a HALT file without a reason HALT file nothing is sent")
    refused = kalshi("resume")
    (line,) = [each for each in refused.err.splitlines() if each.startswith("error: ")]
    told = "error: The desk is halted: a HALT file without a reason."
    assert (refused.code, line) == (6, f"{told} Take {file} away first.")


def test_a_loop_on_a_halted_desk_says_so_and_what_to_type(kalshi, kalshi_home):
    kalshi("ingest", "--sim", "--seed", "7")
    file = kalshi_home / "HALT"
    file.write_text("pulled the plug\n")
    ran = kalshi("run-loop", "--cycles", "3", "--forecaster", "baseline").out
    why = "The desk is halted: pulled the plug; nothing is sent, exits included, and a loop asks "
    why += "nobody until the HALT"
    assert ran.count(why) == 2  # when it was met, and on the last screen
    before, last = ran.split("Next:")
    assert "sent 1" not in before
    assert [text.strip() for text in last.splitlines()][1:3] == [f"rm {file}", "kalshi resume"]


def test_flatten_and_resume_say_what_holds_from_then_on(kalshi):
    kalshi("track", "--sim", "--seed", "7")
    assert "Nothing new is entered until `kalshi resume`." in kalshi("flatten").out
    assert kalshi("resume").out.startswith("The desk is active (it was flattening)")
    again = kalshi("resume").out
    assert again == "The desk is active, as it was: there was nothing to resume.\n"


def test_an_order_is_cancelled_and_a_position_closed_by_hand(kalshi):
    kalshi("run-loop", "--sim", "--cycles", "3", "--seed", "7")
    held = kalshi("inspect", "positions", "--json").json["data"]
    sold = [kalshi("close", row["ticker"], "--json") for row in held[:2]]
    assert {each.code for each in sold} <= {0, 6}  # 6: nobody bids for it
    told = [sale for each in sold if not each.code for sale in each.json["data"]["sales"]]
    trips = kalshi("inspect", "round-trips", "--json").json["data"]
    gross = {each["trip"]["ticker"]: each["trip"]["proceeds"] for each in trips}
    assert {each["ticker"]: each["proceeds"] for each in told if each["left"] == "0.00"} == gross
    live = kalshi("inspect", "orders", "--live-only", "--json").json["data"]
    for row in live[:1]:
        assert kalshi("cancel", row["client_order_id"], "--json").json["ok"]
        after = kalshi("inspect", "orders", "--ticker", row["ticker"], "--json").json["data"]
        states = {each["client_order_id"]: each["state"] for each in after}
        assert states[row["client_order_id"]] == "canceled"
    assert kalshi("inspect-db").code == 0


def test_tickers_come_from_a_pipe(kalshi):
    kalshi("ingest", "--sim", "--seed", "7")
    rows = kalshi("inspect", "markets", "--limit", "2", "--json").json["data"]
    tickers = [row["ticker"] for row in rows]
    asked = kalshi("analyze", "-", "--json", stdin="\n".join(tickers) + "\n").json["data"]
    told = {each["ticker"] for each in asked["forecasts"] + asked["skipped"]}
    assert told == set(tickers)


def test_the_oracle_is_labelled_wherever_results_are_shown(kalshi):
    ran = kalshi("run-loop", "--sim", "--once", "--forecaster", "oracle")
    assert ran.code == 0
    assert "oracle" in ran.out.lower()
    assert "oracle" in kalshi("inspect", "analyses").out.lower()


def test_doctor_and_migrate_are_content_with_a_new_desk(kalshi):
    assert kalshi("migrate", "--check").code == 0
    well = kalshi("doctor", "--sim", "--json")
    assert well.code == 0
    assert {each["result"] for each in well.json["data"]["checks"]} == {"ok"}
    assert kalshi("track", "--sim").code == 0  # looking made no store
    assert kalshi("migrate", "--json").json["data"]["steps"] == []


def test_a_world_is_set_aside_and_not_deleted(kalshi, kalshi_home: Path):
    kalshi("ingest", "--sim", "--seed", "7")
    assert kalshi("ingest", "--seed", "8").code == 2
    assert kalshi("sim", "reset").code == 0
    assert list(kalshi_home.rglob("world.db*"))
    assert kalshi("sim", "status", "--seed", "8", "--json").json["data"]["seed"] == 8


def test_config_init_writes_a_file_that_changes_nothing(kalshi, kalshi_home: Path):
    before = kalshi("config", "show", "--json").json["data"]
    assert kalshi("config", "init").code == 0
    assert (kalshi_home / "config.toml").is_file()
    assert kalshi("config", "show", "--json").json["data"] == before
    assert kalshi("config", "init").code == 4


def test_config_show_masks_secrets(kalshi, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KALSHI_API_KEY", "a-very-secret-id")
    monkeypatch.setenv("KALSHI_DATABASE", "postgresql://me:hunter22@host/desk")
    shown = kalshi("config", "show", "--origin").out
    assert "KALSHI_API_KEY" in shown
    assert "a-very-secret-id" not in shown
    assert "hunter22" not in shown


def test_the_log_has_the_run_and_no_traceback_on_the_screen(kalshi, kalshi_home, monkeypatch):
    from kalshi_cli.bootstrap.desk import OpenDesk

    async def broken(_self: object) -> None:
        raise RuntimeError("a fault of our own")

    monkeypatch.setattr(OpenDesk, "ingest", broken)
    ended = kalshi("ingest", "--sim", "--json")
    assert ended.code == 1
    assert ended.json["error"]["code"] == "unexpected"
    assert "Traceback" not in ended.err
    assert "a fault of our own" in (kalshi_home / "logs" / "kalshi.log").read_text()
    assert "Traceback" in kalshi("ingest", "-v").err


@pytest.mark.parametrize("name", names())
def test_every_command_has_a_summary_a_panel_and_an_example(name: str):
    summary, panel = overview(name)
    assert summary.endswith(".")
    assert len(summary) <= 66
    assert panel
    command = load(name)
    leaves = command.commands.values() if isinstance(command, Branch) else [command]
    assert all(f"Example: kalshi {name}" in (leaf.help or "") for leaf in leaves)


@pytest.mark.parametrize("name", names())
def test_every_help_fits_eighty_columns(kalshi, name: str):
    ended = kalshi(name, "--help")
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "--json" in ended.out


@pytest.mark.parametrize("path", documents())
def test_the_generated_documents_are_current(path: str):
    assert (ROOT / path).read_text() == documents()[path]


def test_shell_completion_knows_commands_and_options(kalshi, monkeypatch):
    monkeypatch.setenv("_KALSHI_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "kalshi insp")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert kalshi().out.split() == ["inspect", "inspect-db"]
    monkeypatch.setenv("COMP_WORDS", "kalshi run-loop --cy")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert kalshi().out.split() == ["--cycles"]


def test_recorded_markets_play_too(kalshi, shared_data: Path):
    world = f"tape:{shared_data / 'weather'}"
    ran = kalshi("run-loop", "--sim", "--world", world, "--cycles", "2", "--json")
    assert ran.code == 0
    last = json.loads(ran.out.splitlines()[-1])
    assert last["data"]["world"]


def test_the_overview_lists_every_command_once_in_its_panel(kalshi):
    shown = kalshi("--help").out.splitlines()
    assert max(map(len, shown)) <= 80
    for name in names():
        summary, panel = overview(name)
        (at,) = [at for at, line in enumerate(shown) if line.split()[:1] == [name]]
        assert shown[at].endswith(summary)
        headings = [line for line in shown[:at] if line.endswith(":")]
        assert headings[-1] == f"{panel}:"


def test_help_has_no_word_of_the_library(kalshi):
    """Types and ranges are told as people say them."""
    page = documents()["COMMANDS_REFERENCE.md"]
    assert re.findall(r"<\w+(?:\[\w+\]| range)?>|x>=|<=x", page) == []
    assert "[default: 30; 1 or more]" in page
    assert "[0 to 3600]" in page
    assert re.search(r"^  order  Our id of the order", kalshi("cancel", "--help").out, re.MULTILINE)
