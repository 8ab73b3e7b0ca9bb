"""`kalshi strategies`: a person writes one, sees it, runs it, breaks it, and forgives it."""

import sqlite3
import subprocess
import sys

FLIPPER = "quick_flip_scalping"


def test_a_strategy_that_cannot_be_written_is_one_clear_line(kalshi, kalshi_home):
    kalshi_home.mkdir()
    (kalshi_home / "strategies").write_text("in the way of the folder")
    refused = kalshi("strategies", "new", "mine")
    assert (refused.code, "Traceback" in refused.err) == (4, False)
    assert f"error: {kalshi_home / 'strategies'} cannot be written: " in refused.err


def test_a_new_strategy_passes_its_test_and_trades_with_one_line_of_the_config(kalshi, kalshi_home):
    kalshi("ingest", "--sim", "--seed", "7")
    made = kalshi("strategies", "new", "fresh_drift", "--json").json["data"]
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            made["test"],
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert "3 passed" in ran.stdout

    listed = {row["name"]: row for row in kalshi("strategies", "list", "--json").json["data"]}
    assert (listed["fresh_drift"]["runs"], listed["directional_trading"]["runs"]) == (False, True)
    (kalshi_home / "config.toml").write_text(f"[allocation]\n{made['config_line']}\n")
    listed = {row["name"]: row for row in kalshi("strategies", "list", "--json").json["data"]}
    assert (listed["fresh_drift"]["runs"], listed["fresh_drift"]["share"]) == (True, 0.05)
    kalshi("analyze", "--forecaster", "oracle")
    traded = kalshi("trade", "--only", "fresh_drift", "--no-advance", "--json").json["data"]
    assert {order["strategy"] for order in traded["passed"]} == {"fresh_drift"}
    (told,) = [each for each in traded["funnel"] if each["code"] == "GAP"]
    assert (told["strategy"], told["nearest"]["limit"]) == ("fresh_drift", "0.0500")


def test_a_strategy_for_which_nothing_is_left_is_told_which_line_makes_room(kalshi, kalshi_home):
    kalshi("strategies", "new", "mine")
    config = kalshi_home / "config.toml"
    every = "[trading]\nstrategies = ['directional_trading', 'market_making', '{}']\n[allocation]\n"
    config.write_text(every.format(FLIPPER) + "others.mine = 0.05\n")
    refused = kalshi("strategies", "list")
    assert refused.code == 4
    line = refused.err.splitlines()[-1]
    assert "The shares of what runs come to 1.05 times the bankroll" in line
    assert "lower one under [allocation], such as directional_trading = 0.35" in line
    config.write_text(every.format(FLIPPER) + "others.mine = 0.05\ndirectional_trading = 0.35\n")
    listed = {row["name"]: row for row in kalshi("strategies", "list", "--json").json["data"]}
    assert (listed["mine"]["runs"], listed["directional_trading"]["share"]) == (True, 0.35)


def test_a_strategy_that_runs_without_a_share_is_told_how_to_give_it_one(kalshi, kalshi_home):
    kalshi("ingest", "--sim", "--seed", "7")
    kalshi("strategies", "new", "mine")
    (kalshi_home / "config.toml").write_text("[trading]\nstrategies = ['mine']\n")
    listed = kalshi("strategies", "list").out
    assert "no share" in listed
    told = "mine has no share of the capital: write others.mine = 0.05 under [allocation]"
    assert told in listed
    traded = kalshi("trade", "--no-advance", "--json").json["data"]
    (stop,) = [row for row in traded["funnel"] if row["strategy"] == "mine"]
    assert (stop["code"], stop["nearest"]) == ("NO_SHARE", None)


def test_a_strategy_that_fails_is_disabled_shown_and_forgiven(kalshi, kalshi_home):
    kalshi("ingest", "--sim", "--seed", "7")
    path = kalshi_home / "strategies" / "moody.py"
    path.parent.mkdir(parents=True)
    path.write_text("raise RuntimeError('a bad day')")
    (kalshi_home / "config.toml").write_text(
        "[trading]\nmax_strategy_faults = 2\n[allocation]\nothers.moody = 0.05\n"
    )
    (row,) = [
        r for r in kalshi("strategies", "list", "--json").json["data"] if r["name"] == "moody"
    ]
    assert (row["runs"], row["unloadable"]) == (False, "moody.py: RuntimeError: a bad day")
    assert "broken" in kalshi("strategies", "list").out
    for _ in range(2):
        traded = kalshi("trade", "--no-advance", "--json").json["data"]
        (broken,) = traded["broken"]
        assert broken["error"] == "ImportError: moody.py: RuntimeError: a bad day"
        assert not broken["is_disabled"]
    told = kalshi("trade", "--no-advance")
    assert "kalshi strategies forgive moody" in told.out
    shown = kalshi("strategies", "show", "moody").out
    assert "broken" in shown
    assert "a bad day" in shown
    assert "is asked again" in kalshi("strategies", "forgive", "moody").out
    assert "has no fault on record" in kalshi("strategies", "forgive", "moody").out
    assert kalshi("strategies", "list", "--json").json["data"]


def test_the_share_of_ones_own_strategy_shows_its_use(kalshi, kalshi_home):
    kalshi("strategies", "new", "mine")
    (kalshi_home / "config.toml").write_text("[allocation]\nothers.mine = 0.05\n")
    kalshi("track", "--sim", "--seed", "7")
    rows = kalshi("inspect", "limits", "--json").json["data"]["limits"]
    names = [each["name"] for each in rows]
    kin = names.index("allocation.others")
    assert names[kin + 1 : kin + 2] == ["allocation.others.mine"]
    row = rows[kin + 1]
    used = [row["value"], *(float(row["usage"][name]) for name in ("used", "bound"))]
    assert used == ["0.05", 0, 500]  # a twentieth of $10,000


def test_a_strategy_that_is_missing_stops_trading_and_nothing_else(kalshi, kalshi_home):
    """What takes risk away, what looks, and what writes the missing file: none is refused."""
    kalshi("ingest", "--sim", "--seed", "7")
    (kalshi_home / "config.toml").write_text("[allocation]\nothers.mine = 0.05\n")
    for line in (
        "status",
        "halt --reason test",
        "cancel-all",
        "flatten",
        "resume",
        "track --no-advance",
        "inspect positions",
        "inspect limits",
        "config show",
    ):
        assert kalshi(*line.split()).code == 0, line
    for line in ("config show", "strategies list"):
        warned = "warning: allocation.others names 'mine', which is no strategy. `kalshi strategies"
        assert warned in kalshi(*line.split()).err, line
    for line in ("analyze", "trade", "trade --dry-run", "run-loop --once", "why KXNONE"):
        ended = kalshi(*line.split())
        assert (ended.code, "allocation.others names 'mine'" in ended.err) == (4, True), line
    diagnosed = kalshi("doctor", "--json").json
    (row,) = [each for each in diagnosed["data"]["checks"] if each["name"] == "strategies"]
    assert row["result"] == "FAILED"
    assert row["remedy"].startswith("`kalshi strategies new mine` writes one")
    assert diagnosed["error"]["code"] == "config_error"
    assert kalshi("strategies", "new", "mine").code == 0
    assert kalshi("doctor").code == 0
    assert kalshi("trade", "--dry-run").code == 0


def test_what_a_strategys_signals_came_to_is_shown_with_what_it_proves(kalshi, kalshi_home):
    kalshi("ingest", "--sim", "--seed", "7")
    (file,) = kalshi_home.glob("*/desk.db")
    trial = (
        "('quick_flip_scalping', 'T', {}, 'E', 'Economics', 'bid', 5000, 6000, 4000, 9, '{}', 9, 0,"
        " 100)"
    )
    endings = ["hit"] * 150 + ["stopped"] * 50
    rows = ", ".join(trial.format(at, ending) for at, ending in enumerate(endings))
    with sqlite3.connect(file) as store:
        store.execute(
            "INSERT INTO trials (strategy, ticker, at_us, event_ticker, signal, side,"
            " entry_price_units, target_price_units, stop_price_units, until_us, ending, ended_us,"
            f" slip_units, spread_units) VALUES {rows}"
        )
    store.close()
    shown = kalshi("strategies", "show", FLIPPER)
    assert "Economics: 150 of 200 trials hit, 0.697 proven" in shown.out
    assert "160 paper trades in four markets and not one win" in shown.out  # of its predecessors
    (rate,) = kalshi("strategies", "show", FLIPPER, "--json").json["data"]["hit_rates"]
    assert (rate["signal"], rate["trials"], rate["hits"]) == ("Economics", 200, 150)


def test_a_paragraph_of_a_strategys_words_is_one_line_for_any_width(kalshi):
    kalshi("ingest", "--sim", "--seed", "7")
    shown = kalshi("strategies", "show", FLIPPER, "--json").json["data"]["description"]
    assert "\n\n" in shown
    assert "\n" not in shown.replace("\n\n", "")
