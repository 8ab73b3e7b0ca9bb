"""Why a market was or was not traded: one trace from the ingested row to the fill."""

from collections.abc import Sequence
from dataclasses import dataclass

from kalshi_cli.errors import NotFound
from kalshi_cli.filters._base import Filter, Rejection
from kalshi_cli.ports.reports import (
    AnalysisRow,
    DenialRow,
    FillRow,
    MarketRow,
    OrderRow,
    PositionRow,
    Reports,
    RoundTripRow,
)
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.selection import screen

NEWEST = 5
"""How many rows of each kind a trace keeps."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What became of a market, stage by stage. `rejected` is None where every filter kept it.

    The filters judge the market as it was last read.
    """

    market: MarketRow
    rejected: Rejection | None
    analyses: tuple[AnalysisRow, ...]
    denials: tuple[DenialRow, ...]
    orders: tuple[OrderRow, ...]
    fills: tuple[FillRow, ...]
    positions: tuple[PositionRow, ...]
    round_trips: tuple[RoundTripRow, ...]


async def explain(
    store: Store, reports: Reports, *, filters: Sequence[Filter], ticker: str
) -> Trace:
    """Trace a market. Raises `NotFound` for one that was never read."""
    rows = await reports.markets(ticker=ticker)
    async with store.unit() as unit:
        entries = await unit.catalog.entries(tickers=[ticker])
    if not rows or not entries:
        raise NotFound(
            f"No market {ticker} was ever read.", remedy="`kalshi inspect markets` lists them."
        )
    (entry,) = entries
    screened = screen(entries, filters, entry.quote.at_us)
    return Trace(
        market=rows[0],
        rejected=screened.rejected.get(ticker),
        analyses=await reports.analyses(ticker=ticker, limit=NEWEST),
        denials=await reports.denials(ticker=ticker, limit=NEWEST),
        orders=await reports.orders(ticker=ticker, limit=NEWEST),
        fills=await reports.fills(ticker=ticker, limit=NEWEST),
        positions=await reports.positions(ticker=ticker),
        round_trips=await reports.round_trips(ticker=ticker, limit=NEWEST),
    )
