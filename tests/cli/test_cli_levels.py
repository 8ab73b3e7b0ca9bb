"""Where what is held is left, in its own prices, and how far away that is."""

import re
from dataclasses import replace
from io import StringIO

import pytest
from fakes.decisions import a_plan, changed
from rich.console import Console

from kalshi_cli.cli.render.levels import OWN, show_held, widened
from kalshi_cli.cli.render.rows import without_bid
from kalshi_cli.domain.book import Level
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.marks import Mark
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.side import Outcome
from kalshi_cli.ports.rows.trading import PositionRow

PLAN = a_plan("KXA-1", "mine", entry_confidence=0.8, entry_fair=0.5)
ROW = PositionRow(
    ticker="KXA-1",
    title="Will it?",
    event_ticker="KXA",
    category="Weather",
    owner="mine",
    outcome=Outcome.NO,
    count=Contracts.parse("10.00"),
    average=Money.parse("0.60"),
    cost=Money.parse("6.00"),
    mark=Mark(Money.parse("5.80"), is_mid=True),
    unrealized=Money.parse("-0.20"),
    realized=NO_MONEY,
    fees=NO_MONEY,
    net=Money.parse("-0.20"),
    bid=Level(Price(4_000), Contracts(100)),
    ask=Level(Price(4_400), Contracts(100)),
    quoted_us=0,
    status=MarketStatus.ACTIVE,
    payout=None,
    opened_us=0,
    plan=PLAN,
)


def shown(row: PositionRow, *, width: int = 80, terminal: bool = False) -> list[str]:
    console = Console(file=StringIO(), width=width, force_terminal=terminal, soft_wrap=not terminal)
    show_held([row], console)
    return re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue()).splitlines()


def test_a_plan_that_leaves_nowhere_is_not_shown():
    assert not [line for line in shown(ROW) if "Exits" in line]
    assert not [line for line in shown(replace(ROW, plan=None)) if "Exits" in line]


def test_what_is_not_ours_is_named_and_who_leaves_it():
    told = "external, which nothing sells but `kalshi close`: KXA-1"
    assert told in shown(replace(ROW, owner=EXTERNAL, plan=None))
    assert not [line for line in shown(ROW) if "external" in line]


def test_levels_stand_beside_what_the_bid_has_to_go():
    """0.44 is asked for YES, so 56 cents are bid for NO."""
    plan = changed(PLAN, stop=Price(4_525), target=Price(7_025), trail=Price(1_000))
    for terminal in (False, True):
        lines = shown(replace(ROW, plan=changed(plan, peak=Price(5_800))), terminal=terminal)
        assert all(len(line) <= 80 for line in lines)
        row = lines[lines.index("Exits") + 3]
        cells = ["KXA-1", "56c", "45.25c (-10.75c)", "48c (-8c)", "70.25c (+14.25c)", "-"]
        assert re.split(r"\s{2,}", row.strip())[:6] == cells


def test_without_a_bid_a_level_stands_alone():
    plan = changed(PLAN, stop=Price(4_500), leave_by_us=72 * HOUR)
    lines = shown(replace(ROW, ask=None, plan=plan, leave_us=72 * HOUR))
    row = re.split(r"\s{2,}", lines[lines.index("Exits") + 3].strip())
    assert row[:6] == ["KXA-1", "-", "45c", "-", "-", "01-04 00:00"]


def test_what_was_put_farther_is_marked_and_told_once_with_what_was_asked_for():
    plan = changed(PLAN, stop=Price(2_528), asked_stop=Price(3_000), asked_trail=Price(500))
    why = (
        "farther than asked: nearer than twice the spread and both fees it would sell to the spread"
    )
    told = f"2 {why}; the farthest, KXA-1: a trail of 5c was asked, there is none"
    assert widened([plan]) == told
    alone = replace(plan, asked_trail=None)
    assert widened([alone]) == f"1 {why}; KXA-1: a stop of 30c was asked, it is 25.28c"
    assert widened([PLAN]) == ""
    lines = shown(replace(ROW, plan=plan))
    row = re.split(r"\s{2,}", lines[lines.index("Exits") + 3].strip())
    assert row[2:4] == ["25.28c (-30.72c)*", "-*"]
    assert " ".join(lines).count(told) == 1


def test_the_last_moment_is_an_instant_also_where_the_close_says_it():
    row = replace(ROW, plan=changed(PLAN, before_close_us=HOUR), leave_us=27 * HOUR)
    lines = shown(row)
    cells = re.split(r"\s{2,}", lines[lines.index("Exits") + 3].strip())
    assert cells[5:] == ["01-02 03:00"]


@pytest.mark.parametrize(
    ("changed", "cell", "told"),
    [
        ({"ask": None}, "no bid", "no bid: nobody bids for it now, so that it counts as $0"),
        ({}, "$5.80*", "* no mid within 10c: what it would bring if sold now"),
        ({"status": MarketStatus.CLOSED}, "$5.80~", "~ its market does not trade"),
        ({"status": None}, "$5.80!", "! the exchange does not tell of its market"),
    ],
)
def test_a_mark_that_is_no_mid_says_what_it_is(changed, cell, told):
    """NO is held: who asks for YES is who bids for it."""
    row = replace(ROW, mark=replace(ROW.mark, is_mid=False), plan=None, **changed)
    lines = shown(row)
    assert re.split(r"\s{2,}", lines[3].strip())[4] == cell
    assert lines[4].startswith(told)
    assert [line.split()[0] for line in lines[5:]] == ["P&L"]
    assert shown(replace(ROW, plan=None, **changed))[3].count("$5.80 ") == 1


def test_what_was_realized_on_what_is_held_stands_beside_its_worth():
    """A dollar of profit on what was sold, and 25 cents of fees."""
    row = replace(ROW, realized=Money.parse("1.00"), fees=Money.parse("0.25"), plan=None)
    *_, last = lines = shown(row)
    assert re.split(r"\s{2,}", lines[3].strip())[5:] == ["-$0.20", "+$0.75"]
    assert last == "P&L -$0.20, before fees; realized +$0.75, by sales of a part and all fees"


def test_what_equity_leaves_out_for_want_of_a_bid_is_told_with_its_cost():
    row = replace(ROW, ask=None, mark=Mark(NO_MONEY, is_mid=False))
    told = "2 positions without a bid (cost $12.00) as $0"
    assert without_bid([ROW, row, row]) == told
    assert without_bid([ROW]) == ""


def test_on_a_screen_of_80_a_position_is_one_line_and_words_stay_whole():
    name = "KXHIGHMIA-27JAN03-B78.5-LONG"
    plan = changed(PLAN, stop=Price(4_525), asked_stop=Price(5_000), target=Price(7_025))
    row = replace(ROW, ticker=name, plan=changed(plan, ticker=name, trail=Price(1_000), peak=None))
    lines = shown(row, terminal=True)
    at = lines.index("Exits")
    assert all(len(line) <= 80 for line in lines)
    assert lines[at + 3].split() == [name, "56c", "45.25c*", "by", "10c", "70.25c", "-"]
    assert lines[at + 4] == "prices of what is held"
    assert "(" not in "".join(lines[at:])


def test_a_trail_that_saw_no_bid_tells_how_far_it_is():
    lines = shown(replace(ROW, plan=changed(PLAN, trail=Price(1_000))))
    assert "by 10c" in lines[lines.index("Exits") + 3]


def test_whose_levels_come_first_is_told():
    lines = shown(replace(ROW, plan=changed(PLAN, stop=Price(4_525))), terminal=True)
    assert OWN in lines
