"""`evaluate --rebalance` acts, says so, and is undone.

Thirty events that are over are enough of a record. Directional trading returned 10 and 20 cents a
dollar in turn, quick flips lost as much: 30 % go down to 25 %, and the 5 points go to who earns.
"""

import sqlite3
from pathlib import Path

import pytest

from kalshi_cli.adapters.sim.world.files import WorldFiles
from kalshi_cli.adapters.sim.world.hold import Hold

OWN = "[trading]\nstrategies = ['directional_trading', 'quick_flip_scalping']\n"
SHARES = "[allocation]\ndirectional_trading = {}\nquick_flip_scalping = {}\nothers.mine = 0.30\n"
OLD = OWN + SHARES.format(0.40, 0.30)
MOVED = [
    ("allocation.directional_trading", "0.4", "0.45"),
    ("allocation.quick_flip_scalping", "0.3", "0.25"),
]


def write(home: Path, text: str) -> None:
    (home / "config.toml").write_text(text)


@pytest.fixture
def recorded(kalshi, kalshi_home: Path, monkeypatch) -> Path:
    """A home whose desk has a record, and shares of 40, 30 and 30 %."""
    monkeypatch.setenv("LOGNAME", "ann")
    kalshi("strategies", "new", "mine")
    write(kalshi_home, OLD)
    assert kalshi("track", "--sim", "--seed", "7").code == 0
    dollar, rows = 1_000_000, []
    for n in range(30):
        earned = dollar if n % 2 else 2 * dollar
        for owner, pnl in (("directional_trading", earned), ("quick_flip_scalping", -earned)):
            rows.append((f"{owner}{n}", f"KX{owner}-{n}", owner, 10 * dollar + pnl, n))
    with sqlite3.connect(kalshi_home / "sim" / "desk.db") as store:
        store.executemany(
            "INSERT INTO round_trips VALUES (?, ?, ?, 'bid', 1000, 10000000, ?, 0, ?, 1, 'test')",
            [(key, ticker, owner, proceeds, n) for key, ticker, owner, proceeds, n in rows],
        )
    store.close()
    return kalshi_home


def in_force(kalshi) -> dict[str, tuple[float, float | None]]:
    rows = kalshi("inspect", "strategies", "--json").json["data"]
    return {row["strategy"]: (row["fraction"], row["configured"]) for row in rows}


def changes(kalshi) -> list[tuple[str, ...]]:
    rows = kalshi("inspect", "limits", "--json").json["data"]["changes"]
    return [tuple(r[k] for k in ("name", "old", "new", "who", "why")) for r in rows if r["old"]]


def test_what_the_record_speaks_for_is_in_force_told_and_undone(kalshi, recorded):
    told = kalshi("evaluate", "--rebalance", "--dry-run", "--json").json["data"]
    assert {row["measured"]["strategy"]: row["new"] for row in told["shares"]} == {
        "directional_trading": 0.45,
        "quick_flip_scalping": 0.25,
        "mine": 0.30,
    }
    assert told["changes"] is None
    shown = kalshi("evaluate", "--by", "strategy").out
    assert "Closed trades by strategy, net of fees, before AI; events may go on\n" in shown
    assert in_force(kalshi)["directional_trading"] == (0.40, None)

    done = kalshi("evaluate", "--rebalance", "--json").json["data"]["changes"]
    assert [tuple(each["change"].values()) for each in done] == MOVED
    assert in_force(kalshi) == {
        "directional_trading": (0.45, 0.40),
        "quick_flip_scalping": (0.25, 0.30),
        "mine": (0.30, None),
    }
    newest = changes(kalshi)[:2]
    assert [row[:4] for row in reversed(newest)] == [(*each, "ann") for each in MOVED]
    assert newest[1][4].startswith("directional_trading: an edge is shown, +0.14")
    shown = kalshi("inspect", "limits").out
    assert "rebalanced, config file 0.4" in shown
    assert "0.45, not 0.4" in kalshi("inspect", "strategies").out
    rows = kalshi("strategies", "list", "--json").json["data"]
    listed = {row["name"]: row["share"] for row in rows}
    assert (listed["directional_trading"], listed["quick_flip_scalping"]) == (0.45, 0.25)

    assert kalshi("trade", "--no-advance").code == 0  # which is no change of anybody's
    assert len(changes(kalshi)) == 2
    again = kalshi("evaluate", "--rebalance")  # nothing closed since
    assert (again.code, "No share was changed." in again.out) == (0, True)

    undone = kalshi("evaluate", "--rebalance", "--undo")
    assert "allocation.directional_trading 0.45 to 0.4" in undone.out
    assert in_force(kalshi)["directional_trading"] == (0.40, None)
    assert changes(kalshi)[0][3:] == ("ann", "back to the config file's shares")
    nothing = kalshi("evaluate", "--rebalance", "--undo", "--json").json["data"]
    assert (nothing["changes"], nothing["shares"]) == ([], None)


def test_the_config_file_wins_as_soon_as_it_says_anything_else(kalshi, recorded):
    assert kalshi("evaluate", "--rebalance").code == 0
    write(recorded, OWN + SHARES.format(0.38, 0.30))
    assert in_force(kalshi)["quick_flip_scalping"] == (0.30, None)
    assert kalshi("trade", "--no-advance", "--limits-reason", "mine").code == 0
    assert changes(kalshi)[:2] == [
        ("allocation.quick_flip_scalping", "0.25", "0.3", "ann", "mine"),
        ("allocation.directional_trading", "0.45", "0.38", "ann", "mine"),
    ]
    write(recorded, OLD)  # what was put over it once is gone for good
    assert in_force(kalshi)["directional_trading"] == (0.40, None)


def test_a_variable_drops_the_shares_in_force_and_whoever_set_it_is_told(
    kalshi, recorded, monkeypatch
):
    assert kalshi("evaluate", "--rebalance").code == 0
    quiet = kalshi("trade", "--no-advance", "--json")
    assert not any("rebalance" in warning for warning in quiet.json["warnings"])
    monkeypatch.setenv("KALSHI_ALLOCATION__DIRECTIONAL_TRADING", "0.38")
    told = kalshi("trade", "--no-advance", "--json").json["warnings"]
    assert [warning for warning in told if "rebalance" in warning] == [
        "the shares that a rebalance put in force are dropped for good: the settings now say other "
        "shares than those it began from (directional_trading 0.38, not 0.4)"
    ]
    monkeypatch.delenv("KALSHI_ALLOCATION__DIRECTIONAL_TRADING")
    assert in_force(kalshi)["directional_trading"] == (0.40, None)


def test_while_somebody_else_has_the_world_no_share_moves(kalshi, recorded, monkeypatch):
    monkeypatch.setitem(Hold.__init__.__kwdefaults__, "patience_s", 0.1)
    hold = Hold(WorldFiles.under(recorded).lock)
    try:
        refused = kalshi("evaluate", "--rebalance", "--json")
        assert (refused.code, refused.json["error"]["code"]) == (6, "world_held")
        assert refused.json["error"]["remedy"] == "Stop it, run this again, then start it anew."
        assert kalshi("evaluate", "--rebalance", "--dry-run").code == 0
    finally:
        hold.release()
    assert in_force(kalshi)["directional_trading"] == (0.40, None)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--undo"], "belong to --rebalance"),
        (["--dry-run"], "belong to --rebalance"),
        (["--rebalance", "--dry-run", "--undo"], "give one"),
    ],
)
def test_options_that_say_how_want_to_know_what(kalshi, options, told):
    ended = kalshi("evaluate", *options)
    assert (ended.code, told in ended.err) == (2, True)
