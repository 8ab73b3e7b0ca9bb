"""`--limits-reason` and `inspect limits`."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from kalshi_cli.cli.render.limits import show_limits
from kalshi_cli.domain.money import Money
from kalshi_cli.ports.rows.desk import LimitChangeRow
from kalshi_cli.risk._usage import Usage
from kalshi_cli.steps.limiting import LimitRow, LimitsInUse


@pytest.mark.usefixtures("eighty_columns")
def test_a_changed_limit_is_told_with_who_and_why(kalshi, kalshi_home: Path, monkeypatch):
    monkeypatch.setenv("LOGNAME", "ann")
    assert kalshi("track", "--sim", "--seed", "7").code == 0
    monkeypatch.setenv("KALSHI_RISK__MAX_POSITIONS", "20")
    assert kalshi("track", "--sim", "--limits-reason", "ten\nmore markets").code == 0
    monkeypatch.setenv("KALSHI_RISK__MAX_POSITIONS", "unlimited")
    assert kalshi("trade", "--sim").code == 0
    assert kalshi("trade", "--sim", "--dry-run").code == 0
    data = kalshi("inspect", "limits", "--json").json["data"]
    changed = [row for row in data["changes"] if row["old"] is not None]
    assert [(row["name"], row["old"], row["new"], row["who"], row["why"]) for row in changed] == [
        ("risk.max_positions", "20", '"unlimited"', "ann", "not said"),
        ("risk.max_positions", "15", "20", "ann", "ten more markets"),
    ]
    rows = {row["name"]: row for row in data["limits"]}
    assert rows["risk.max_positions"]["value"] == '"unlimited"'
    assert rows["risk.max_positions"]["usage"]["bound"] is None
    assert rows["risk.max_account_exposure"]["usage"]["bound"] == "9000.000000"  # 90 % of $10,000
    assert rows["trading.max_single_position"]["usage"] is None
    assert data["liquidation"] == data["day_start"] == data["peak"]
    shown = kalshi("inspect", "limits").out
    assert max(map(len, shown.splitlines())) <= 80
    assert "20 to unlimited" in " ".join(shown.split())


def test_without_a_store_every_limit_is_told_all_the_same(kalshi, kalshi_home: Path):
    data = kalshi("inspect", "limits", "--sim", "--json").json["data"]
    assert data["bankroll"] is None
    assert data["changes"] == []
    assert len(data["limits"]) > 20


def test_the_reason_belongs_to_commands_that_trade(kalshi, kalshi_home: Path):
    assert kalshi("ingest", "--sim", "--limits-reason", "x").code == 2


@pytest.mark.parametrize(
    ("name", "used", "bound", "told"),
    [
        ("risk.max_market_exposure", "503.16", "485.05", "by KXA; over since the bankroll fell"),
        ("risk.max_market_exposure", "485.05", "485.05", "by KXA"),
        ("risk.max_category_exposure", "9", "8", "over since the limit or the bankroll changed"),
        ("risk.max_daily_loss", "9", "8", "over: only exits until 00:00Z and `kalshi resume`"),
    ],
)
def test_a_limit_that_is_exceeded_says_why_and_what_holds(name, used, bound, told):
    usage = Usage(Money.parse(used), Money.parse(bound), "KXA")
    row = LimitsInUse(None, (LimitRow(name, "0.05", usage),), ())
    changed = LimitChangeRow("risk.max_category_exposure", "0.4", "0.3", "ann", "", "r", 0, 0)
    console = Console(file=StringIO(), width=200)
    show_limits(replace(row, changes=(changed,)), console)
    (line,) = [line for line in console.file.getvalue().splitlines() if line.startswith(name)]
    assert told in line
    assert ("no new entries" in line) is (used > bound and "loss" not in name)


def test_what_losses_are_measured_by_is_told_in_one_line():
    worth = {"liquidation": "9420.10", "day_start": "9692.00", "peak": "10001.5"}
    found = LimitsInUse(
        Money.parse("9500"), (), (), **{k: Money.parse(v) for k, v in worth.items()}
    )
    console = Console(file=StringIO(), width=200)
    show_limits(found, console)
    told = "$9,420.10, all sold now; day began at $9,692.00, peak $10,001.50"
    assert f"losses by  {told}" in console.file.getvalue().splitlines()
    show_limits(replace(found, contested=("KXA", "KXB")), console)
    assert "in 2 markets held where an order of ours rests" in console.file.getvalue()


def test_free_cash_is_over_its_reserve_where_it_is_less():
    assert Usage(Money.parse("3"), Money.parse("4"), is_floor=True).is_over
    assert not Usage(Money.parse("4"), Money.parse("3"), is_floor=True).is_over
    assert not Usage(5, None).is_over
    assert Usage(5, 4).is_over
