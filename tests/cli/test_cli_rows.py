"""What a person sees of rows: a page, and that there are more."""

from io import StringIO

import pytest
from rich.console import Console

from kalshi_cli.cli.render.rows import show_positions
from kalshi_cli.domain.marks import Mark
from kalshi_cli.domain.money import NO_MONEY, Contracts
from kalshi_cli.domain.side import Outcome
from kalshi_cli.ports.reports import PositionRow


def a_row(ticker: str) -> PositionRow:
    return PositionRow(
        ticker=ticker,
        title="",
        event_ticker="E",
        category="",
        owner="x",
        outcome=Outcome.YES,
        count=Contracts(100),
        average=0.4,
        cost=NO_MONEY,
        mark=Mark(NO_MONEY, is_mid=True),
        unrealized=NO_MONEY,
        realized=NO_MONEY,
        fees=NO_MONEY,
        bid=None,
        ask=None,
        quoted_us=None,
        status=None,
        payout=None,
        opened_us=None,
    )


@pytest.mark.parametrize(
    ("most", "tickers", "says_more"), [(2, ["A", "B"], True), (3, ["A", "B", "C"], False)]
)
def test_a_page_of_positions_says_whether_there_are_more(most, tickers, says_more):
    console = Console(file=StringIO(), width=80)
    show_positions([a_row(ticker) for ticker in "ABC"], console, most=most)
    _, _, _, *lines = console.file.getvalue().splitlines()
    assert [line.split()[0] for line in lines if "yes" in line] == tickers
    assert any("--limit 0 shows all" in line for line in lines) is says_more


def test_zero_shows_every_position():
    console = Console(file=StringIO(), width=80)
    show_positions([a_row(ticker) for ticker in "ABC"], console, most=0)
    assert "more" not in console.file.getvalue()
