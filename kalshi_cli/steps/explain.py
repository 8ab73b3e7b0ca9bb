"""Why a market was or was not traded, and what became of an order: from the row to the fill."""

from collections.abc import Sequence
from dataclasses import dataclass

from kalshi_cli.domain.trail import OrderEvent
from kalshi_cli.errors import NotFound
from kalshi_cli.filters._base import Filter, Rejection
from kalshi_cli.ports.reports import Reports
from kalshi_cli.ports.rows.ai import AiCallTexts
from kalshi_cli.ports.rows.desk import RunRow
from kalshi_cli.ports.rows.markets import AnalysisRow, MarketRow
from kalshi_cli.ports.rows.trading import (
    DenialRow,
    FillRow,
    OrderRow,
    PositionRow,
    RoundTripRow,
)
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.naming import called, hint
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
    (ticker,) = await called(store, [ticker])
    rows = await reports.markets(ticker=ticker)
    async with store.unit() as unit:
        entries = await unit.catalog.entries(tickers=[ticker])
    if not rows or not entries:
        raise NotFound(
            f"No market {ticker} was ever read.",
            remedy=await hint(store, ticker, "`kalshi inspect markets` lists them."),
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


@dataclass(frozen=True, slots=True)
class Trail:
    """An order from what caused it to what came of it.

    `market` is as it was last read, None where it never was; `analysis` the forecast it trades on.
    `run` is the command that sent it, `denials` what the same run refused this strategy here
    before, newest first, and `events` and `fills` are oldest first. `round_trips` are those of its
    owner in this market that it was a part of, and `since` its owner's later orders here.
    """

    order: OrderRow
    market: MarketRow | None
    analysis: AnalysisRow | None
    run: RunRow | None
    denials: tuple[DenialRow, ...]
    events: tuple[OrderEvent, ...]
    fills: tuple[FillRow, ...]
    round_trips: tuple[RoundTripRow, ...]
    since: tuple[OrderRow, ...]


async def ai_call(reports: Reports, call_id: str) -> AiCallTexts:
    """A call to a language model, with every word of it. Raises `NotFound`."""
    found = await reports.ai_call(call_id)
    if found is None:
        raise NotFound(
            f"No AI call {call_id} is on record.", remedy="`kalshi inspect llm` lists them."
        )
    return found


async def follow_order(reports: Reports, some_id: str) -> Trail:
    """The trail of an order, by our id or the exchange's. Raises `NotFound`."""
    order = await reports.order(some_id)
    if order is None:
        raise NotFound(
            f"No order {some_id} is on record.", remedy="`kalshi inspect orders` lists them."
        )
    ticker, owner = order.ticker, order.strategy
    fills = () if order.order_id is None else await reports.fills(order_id=order.order_id)
    filled_us = {row.fill.at_us for row in fills}
    denials = await reports.denials(ticker=ticker, strategy=owner, run_id=order.run_id)
    analyses: tuple[AnalysisRow, ...] = ()
    if order.forecast_id is not None:
        analyses = await reports.analyses(forecast_id=order.forecast_id)
    return Trail(
        order=order,
        market=next(iter(await reports.markets(ticker=ticker)), None),
        analysis=next(iter(analyses), None),
        run=next(iter(await reports.runs(run_id=order.run_id)), None),
        denials=tuple(row for row in denials if row.at_us <= order.created_us)[:NEWEST],
        events=await reports.order_events(order.client_order_id),
        fills=fills[::-1],
        round_trips=tuple(
            row
            for row in await reports.round_trips(ticker=ticker, owner=owner)
            if any(row.trip.opened_us <= at_us <= row.trip.closed_us for at_us in filled_us)
        ),
        since=tuple(
            row
            for row in await reports.orders(
                ticker=ticker, strategy=owner, since_us=order.created_us
            )
            if row.client_order_id != order.client_order_id
        )[::-1][:NEWEST],
    )
