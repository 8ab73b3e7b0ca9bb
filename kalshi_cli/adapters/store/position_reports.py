"""Reports on positions: what is held, what it is worth, and the plan to leave it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from sqlalchemy import and_, func, select

from kalshi_cli.adapters.store import ledger_mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.market_mapping import level_from, payout_from
from kalshi_cli.adapters.store.plans import plan_from
from kalshi_cli.adapters.store.queries import CATEGORY, Reading, filtered, with_catalog
from kalshi_cli.adapters.store.snapshots import seen_of_others
from kalshi_cli.adapters.store.transaction import AnyRow, Transaction
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.marks import (
    NOBODY,
    UNLISTED,
    Behind,
    Resting,
    by_quote,
    position_mark,
    resting,
)
from kalshi_cli.domain.money import NO_MONEY, ZERO_PRICE, Money
from kalshi_cli.domain.order import LIVE, Order
from kalshi_cli.domain.side import held_terms
from kalshi_cli.ports.rows.trading import PositionRow

_MARKETS, _QUOTES = t.MARKETS.c, t.QUOTES.c
_SIDES = (
    _QUOTES.bid_price_units,
    _QUOTES.bid_count_units,
    _QUOTES.ask_price_units,
    _QUOTES.ask_count_units,
)
_HELD = len(t.POSITIONS.c)
POSITION_QUERY = with_catalog(
    select(
        *t.POSITIONS.c,
        *_SIDES,
        _QUOTES.at_us,
        _MARKETS.title,
        _MARKETS.event_ticker,
        CATEGORY,
        _MARKETS.status,
        _MARKETS.result,
        _MARKETS.settlement_value_units,
        _MARKETS.close_us,
        *t.EXIT_PLANS.c,
    ).select_from(
        t.POSITIONS.outerjoin(
            t.EXIT_PLANS,
            and_(
                t.EXIT_PLANS.c.ticker == t.POSITIONS.c.ticker,
                t.EXIT_PLANS.c.owner == t.POSITIONS.c.owner,
            ),
        )
    ),
    t.POSITIONS.c.ticker,
)


@dataclass(frozen=True, slots=True)
class Ours:
    """What of the quotes is ours, and what others wanted beside that when books were last read."""

    resting: Mapping[str, Resting]
    seen: Mapping[str, Behind]

    @classmethod
    async def read(cls, transaction: Transaction) -> Self:
        ordered, held = t.ORDERS.c, t.POSITIONS.c
        query = select(*ledger_mapping.order_columns()).where(
            ordered.state.in_(LIVE),
            ordered.ticker.in_(select(held.ticker).where(held.net_units != 0)),
        )
        by_ticker: dict[str, list[Order]] = defaultdict(list)
        for row in await transaction.rows(query):
            order = ledger_mapping.order_from(row)
            by_ticker[order.intent.ticker].append(order)
        own = {ticker: resting(orders) for ticker, orders in by_ticker.items()}
        return cls(own, await seen_of_others(transaction))


def position_row(row: AnyRow, over: tuple[Money, Money], ours: Ours) -> PositionRow:
    """Of a row of `POSITION_QUERY`; `over` is what earlier trips earned and their fees."""
    position = ledger_mapping.position_from(row[:_HELD])
    earned, charged = over
    realized, fees = position.realized - earned, position.fees - charged
    bid_units, bid_count, ask_units, ask_count, quoted_us, title, event, category, *end = row[
        _HELD:
    ]
    bid, ask = level_from(bid_units, bid_count), level_from(ask_units, ask_count)
    stands, result, value, close_us, *planned = end
    status = None if stands is None else MarketStatus(stands)
    paid = payout_from(result, value)
    own, seen = ours.resting.get(position.ticker, {}), ours.seen.get(position.ticker, NOBODY)
    standing = UNLISTED if title is None else by_quote(status, paid, (bid, ask), own, seen)
    worth = position_mark(position, standing)
    outcome, count, _ = held_terms(position.net, ZERO_PRICE)
    plan = None if planned[0] is None else plan_from(planned)
    return PositionRow(
        ticker=position.ticker,
        title=title or "",
        event_ticker=event or "",
        category=category,
        owner=position.owner,
        outcome=outcome,
        count=count,
        average=position.average,
        cost=position.cost,
        mark=worth,
        unrealized=worth.value - position.cost,
        realized=realized,
        fees=fees,
        net=worth.value - position.cost + realized - fees,
        bid=standing.bid,
        ask=standing.ask,
        quoted_us=quoted_us,
        status=status,
        payout=paid,
        opened_us=position.opened_us,
        plan=plan,
        leave_us=None if plan is None else plan.leaves_us(close_us),
    )


async def _earlier_trips(transaction: Transaction) -> dict[tuple[str, str], tuple[Money, Money]]:
    """What the round trips of each open position's market and owner earned, and their fees."""
    held, trips = t.POSITIONS.c, t.ROUND_TRIPS.c
    sums = (
        select(
            held.ticker,
            held.owner,
            func.sum(trips.proceeds_units - trips.entry_cost_units),
            func.sum(trips.fees_units),
        )
        .join_from(
            t.POSITIONS,
            t.ROUND_TRIPS,
            and_(trips.ticker == held.ticker, trips.owner == held.owner),
        )
        .where(held.net_units != 0)
        .group_by(held.ticker, held.owner)
    )
    rows = await transaction.rows(sums)
    return {
        (ticker, owner): (Money(int(gross)), Money(int(fees)))
        for ticker, owner, gross, fees in rows
    }


class PositionReports(Reading):
    async def positions(
        self, *, ticker: str | None = None, owner: str | None = None, limit: int | None = None
    ) -> tuple[PositionRow, ...]:
        held = t.POSITIONS.c
        query = POSITION_QUERY.where(held.net_units != 0).order_by(held.ticker, held.owner)
        query = query.limit(limit)
        async with self._opened() as transaction:
            found = await transaction.rows(
                filtered(query, {held.ticker: ticker, held.owner: owner})
            )
            over = await _earlier_trips(transaction)
            ours = await Ours.read(transaction)
        return tuple(
            position_row(row, over.get((row[0], row[1]), (NO_MONEY, NO_MONEY)), ours)
            for row in found
        )
