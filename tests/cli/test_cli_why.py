"""`why` of all markets on one screen: as many reasons as it has room for, most frequent first."""

import re
from io import StringIO

from rich.console import Console

from kalshi_cli.cli.render.why import shared, show_why_nothing
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.stop import At, Stop, StopDay
from kalshi_cli.ports.rows.trading import FunnelRow
from kalshi_cli.steps.why import StrategyFunnel, WhyNothing


def nothing(strategies: tuple[StrategyFunnel, ...], *, filters: int = 0) -> WhyNothing:
    """Three hours without an order, by so many filters and these strategies."""
    return WhyNothing(
        since_us=0,
        until_us=3 * HOUR,
        state=DeskState.ACTIVE,
        state_reason="",
        last_run=None,
        orders=0,
        filters=tuple(FunnelRow("r", f"F{n}", n + 1) for n in range(filters)),
        strategies=strategies,
    )


def shown(found: WhyNothing) -> list[str]:
    """The lines on a terminal of 80 by 24."""
    console = Console(file=StringIO(), width=80, height=24, force_terminal=True)
    show_why_nothing(found, console)
    return re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue()).splitlines()


def test_rows_are_shared_one_each_in_turn_and_a_cut_list_says_so_in_a_line_of_its_own():
    assert shared([2, 3], 20) == [2, 3]
    assert shared([2, 9], 8) == [2, 5]  # six rows of the second: five, and one to say so
    assert shared([9, 9], 4) == [1, 1]
    assert shared([4], 0) == [1]


def test_a_screen_of_80_by_24_is_filled_and_no_more():
    ends = tuple(
        StopDay(0, "s", At.STRATEGY, f"CODE_{n}", 1, 30 - n, None, None) for n in range(20)
    )
    found = nothing((StrategyFunnel("s", 1, 9, ends),), filters=4)
    lines = shown(found)
    assert len(lines) == 21  # but for that of a column that has no room, which all have here
    assert "4 F3" in lines[2]
    assert lines[0].split("  ")[-1].startswith("3 h 0 min to")
    assert lines[-1] == (
        "and 6 more: 16 CODE_14, 15 CODE_15, 14 CODE_16, 13 CODE_17, 12 CODE_18, 11 CODE…"
    )
    piped = Console(file=StringIO(), width=80, soft_wrap=True)
    show_why_nothing(found, piped)
    assert "CODE_19" in piped.file.getvalue()


def test_a_near_miss_of_a_long_ticker_fits_80_columns():
    near = Stop("s", "KXHOOPGAME-27JAN0419DALPHO-DAL", At.CONTROL, "MAX_POSITIONS", "16", "15")
    ends = (StopDay(0, "s", At.CONTROL, "MAX_POSITIONS", 1, 4, near, 0),)
    found = nothing((StrategyFunnel("s", 1, 9, ends),))
    lines = shown(found)
    assert max(map(len, lines)) <= 80
    (row,) = [line for line in lines if "KXHOOPGAME" in line]
    assert row.split()[-3:] == ["16", "15", "markets"]  # the unit once


def test_three_strategies_share_a_screen_of_80_by_24():
    """Twenty reasons each: every count that fits on a line is told, and nothing runs over."""
    near = Stop(
        "s", "KXHOOPGAME-27JAN0419DALPHO-DAL", At.STRATEGY, "CLOSING", "60000000", "90000000"
    )
    ends = tuple(
        StopDay(0, "s", At.STRATEGY, f"A_LONG_CODE_{n}", 1, 20 - n, near, 0) for n in range(20)
    )
    found = nothing(tuple(StrategyFunnel(name, 1, 9, ends) for name in ("r", "s", "t")), filters=4)
    lines = shown(found)
    assert len(lines) <= 22
    assert max(map(len, lines)) <= 80
    told = [line for line in lines if line.startswith("and 1")]
    assert len(told) == 3
    assert all("more: 19 A_LONG_CODE_1, " in t or "more: 18 A_LONG_CODE_2, " in t for t in told)
