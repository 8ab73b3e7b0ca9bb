"""An account with a long past: facts move from the live lists to the archive, or to nowhere."""

from collections.abc import Collection
from dataclasses import dataclass, field

from fakes.exchange import FakeExchange
from fakes.exchange_desks import FakeArchive

from kalshi_cli.domain.account import Settlement
from kalshi_cli.domain.market import Listing
from kalshi_cli.domain.order import Fill, OrderReport
from kalshi_cli.errors import Unavailable
from kalshi_cli.ports.archive import Cutoffs
from kalshi_cli.ports.exchange import Page


@dataclass
class PastArchive(FakeArchive):
    """What was put away, told a page of two at a time; `down` archives answer nothing."""

    cutoff_us: int = 0
    old_orders: list[OrderReport] = field(default_factory=list)
    old_fills: list[Fill] = field(default_factory=list)
    old_markets: list[Listing] = field(default_factory=list)
    down: bool = False
    asked: int = 0

    async def cutoffs(self) -> Cutoffs:
        self._answer()
        return Cutoffs(self.cutoff_us, self.cutoff_us, self.cutoff_us)

    async def listings(self, tickers: Collection[str]) -> Page[Listing]:
        self._answer()
        return Page(tuple(row for row in self.old_markets if row.market.ticker in tickers))

    async def orders(self, *, min_us: int = 0, cursor: str = "") -> Page[OrderReport]:
        self._answer()
        return _page([o for o in self.old_orders if o.created_us >= min_us], cursor)

    async def fills(self, *, min_us: int = 0, cursor: str = "") -> Page[Fill]:
        self._answer()
        return _page([fill for fill in self.old_fills if fill.at_us >= min_us], cursor)

    def _answer(self) -> None:
        self.asked += 1
        if self.down:
            raise Unavailable("the archive is down")


async def put_away(exchange: FakeExchange, archive: PastArchive) -> tuple[Settlement, ...]:
    """Everything that is over by now leaves the live lists; settlements are told nowhere."""
    archive.cutoff_us = exchange.clock.now()
    page = await exchange.listings(
        [ticker for ticker, market in exchange.markets.items() if market.result is not None]
    )
    archive.old_markets += page.items
    for listing in page.items:
        del exchange.markets[listing.market.ticker]
    over = [r for r in exchange.reports.values() if not r.remaining or r.status != "resting"]
    archive.old_orders += over
    for report in over:
        del exchange.reports[report.order_id]
    archive.old_fills += exchange.all_fills
    settled = tuple(exchange.all_settlements)
    exchange.all_fills, exchange.all_settlements = [], []
    return settled


def _page(rows: list[OrderReport] | list[Fill], cursor: str) -> Page:
    start = int(cursor or 0)
    end = start + 2
    return Page(tuple(rows[start:end]), str(end) if end < len(rows) else "")
