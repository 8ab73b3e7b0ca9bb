"""What the desk was worth, and what each strategy had earned, at instants on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import delete, func, select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.market_mapping import Values, level_from
from kalshi_cli.adapters.store.prepared import Prepared, given
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.domain.book import Level
from kalshi_cli.domain.instant import DAY, MINUTE
from kalshi_cli.domain.marks import Behind
from kalshi_cli.domain.money import Money
from kalshi_cli.ports.snapshots import (
    Performance,
    Snapshot,
    Watermarks,
)

DAY_BEGINS_WITHIN_US = 30 * MINUTE
"""How old the worth may be that a day begins with: what a desk lost that stood still for a week is
no loss of today.
"""


@dataclass(frozen=True, slots=True)
class _Queries:
    """Built when first asked for: reports import this module, and need not make its tables."""

    paid_in: Prepared
    before: Prepared
    today: Prepared
    peak: Prepared
    newest: Prepared
    performance: Prepared


@cache
def _queries() -> _Queries:
    balances, earned = t.BALANCE_SNAPSHOTS.c, t.PERFORMANCE_SNAPSHOTS.c
    at_us, risk = balances.at_us, balances.liquidation_units - balances.paid_in_units
    since = at_us >= given("since_us")
    before = select(risk).where(at_us < given("day_us"), since).order_by(at_us.desc()).limit(1)
    today = select(risk).where(since).order_by(at_us).limit(1)
    return _Queries(
        paid_in=Prepared(select(func.sum(t.CASH_MOVEMENTS.c.amount_units))),
        before=Prepared(before),
        today=Prepared(today),
        peak=Prepared(select(func.max(risk)).where(since)),
        newest=Prepared(select(*balances).order_by(at_us.desc()).limit(1)),
        performance=Prepared(
            select(*earned).where(earned.at_us == given("at_us")).order_by(earned.strategy)
        ),
    )


class SqlSnapshots:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(
        self,
        snapshot: Snapshot,
        performance: Sequence[Performance],
        seen: Mapping[str, Behind],
    ) -> None:
        row = {
            "at_us": snapshot.at_us,
            "cash_units": snapshot.cash.units,
            "equity_units": snapshot.equity.units,
            "liquidation_units": snapshot.liquidation.units,
            "unmarked": snapshot.unmarked,
            "positions": snapshot.positions,
            "paid_in_units": snapshot.paid_in.units,
        }
        await self._transaction.upsert(t.BALANCE_SNAPSHOTS, [row])
        rows = [
            {
                "at_us": earned.at_us,
                "strategy": earned.strategy,
                "realized_units": earned.realized.units,
                "unrealized_units": earned.unrealized.units,
                "fees_units": earned.fees.units,
                "ai_cost_units": earned.ai_cost.units,
                "round_trips": earned.round_trips,
            }
            for earned in performance
        ]
        await self._transaction.upsert(t.PERFORMANCE_SNAPSHOTS, rows)
        await self._transaction.write(delete(t.SEEN_OF_OTHERS))
        behind = [
            {
                "ticker": ticker,
                "at_us": snapshot.at_us,
                **_level("bid", others.bid),
                **_level("ask", others.ask),
            }
            for ticker, others in sorted(seen.items())
        ]
        await self._transaction.append(t.SEEN_OF_OTHERS, behind)

    async def seen(self, since_us: int = 0) -> Mapping[str, Behind]:
        return await seen_of_others(self._transaction, since_us)

    async def performance(self, at_us: int) -> tuple[Performance, ...]:
        rows = await self._transaction.rows(_queries().performance, {"at_us": at_us})
        return tuple(_performance_from(row) for row in rows)

    async def watermarks(self, day: int, peak_since_us: int = 0) -> Watermarks:
        asked, day_us = _queries(), day * DAY
        told = await self._transaction.number(asked.paid_in)
        paid_in = told or 0
        began = {"day_us": day_us, "since_us": day_us - DAY_BEGINS_WITHIN_US}
        day_start = await self._transaction.number(asked.before, began)
        if day_start is None:
            day_start = await self._transaction.number(asked.today, {"since_us": day_us})
        peak = await self._transaction.number(asked.peak, {"since_us": peak_since_us})
        return Watermarks(
            day_start=_worth(day_start, paid_in),
            peak=_worth(peak, paid_in),
            last=await newest_snapshot(self._transaction),
            paid_in=None if told is None else Money(told),
        )


async def newest_snapshot(transaction: Transaction) -> Snapshot | None:
    row = await transaction.first(_queries().newest)
    return None if row is None else _snapshot_from(row)


@cache
def _seen() -> Prepared:
    """Apart from the others: those who look at positions need none of their tables."""
    others = t.SEEN_OF_OTHERS.c
    bid = (others.bid_price_units, others.bid_count_units)
    ask = (others.ask_price_units, others.ask_count_units)
    return Prepared(select(others.ticker, *bid, *ask).where(others.at_us >= given("since_us")))


async def seen_of_others(transaction: Transaction, since_us: int = 0) -> Mapping[str, Behind]:
    rows = await transaction.rows(_seen(), {"since_us": since_us})
    return {row[0]: Behind(level_from(*row[1:3]), level_from(*row[3:])) for row in rows}


def _level(side: str, level: Level | None) -> dict[str, int | None]:
    return {
        f"{side}_price_units": None if level is None else level.price.units,
        f"{side}_count_units": None if level is None else level.count.units,
    }


def _snapshot_from(values: Values) -> Snapshot:
    at_us, cash, equity, liquidation, unmarked, positions, paid_in = values
    return Snapshot(
        at_us,
        Money(cash),
        Money(equity),
        Money(liquidation),
        unmarked,
        positions,
        Money(paid_in),
    )


def _performance_from(values: Values) -> Performance:
    at_us, strategy, realized, unrealized, fees, ai_cost, round_trips = values
    money = (Money(realized), Money(unrealized), Money(fees), Money(ai_cost))
    return Performance(at_us, strategy, *money, round_trips)


def _worth(earned: int | None, paid_in: int) -> Money | None:
    """What the desk would be worth had all that is paid in by now been there then."""
    return None if earned is None else Money(earned + paid_in)
