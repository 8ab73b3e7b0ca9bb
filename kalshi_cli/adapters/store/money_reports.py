"""Reports on orders and money: the journal, the fills, closed trades, and the tape of it all.

Tables and parts of a unit are asked for inside the report that needs them: the others do not pay.
"""

from collections.abc import Collection

from sqlalchemy import func, or_, select

from kalshi_cli.adapters.store import ledger_mapping as mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.position_reports import POSITION_QUERY, Ours, position_row
from kalshi_cli.adapters.store.queries import AnySelect, Reading, filtered, newest
from kalshi_cli.adapters.store.transaction import AnyRow, Transaction
from kalshi_cli.domain.money import NO_MONEY, Money, total
from kalshi_cli.domain.order import LIVE, Order, OrderState, Purpose
from kalshi_cli.domain.trail import OrderEvent
from kalshi_cli.ports.rows.markets import TapeRow
from kalshi_cli.ports.rows.trading import (
    FillRow,
    OrderRow,
    PositionRow,
    RoundTripRow,
    StrategyRow,
)


class MoneyReports(Reading):
    async def orders(
        self,
        *,
        ticker: str | None = None,
        strategy: str | None = None,
        states: Collection[OrderState] | None = None,
        purposes: Collection[Purpose] | None = None,
        since_us: int | None = None,
        limit: int | None = None,
    ) -> tuple[OrderRow, ...]:
        table = t.ORDERS.c
        query = filtered(_select_orders(), {table.ticker: ticker, table.strategy: strategy})
        if states is not None:
            query = query.where(table.state.in_(states))
        if purposes is not None:
            query = query.where(table.purpose.in_(purposes))
        query = newest(query, table.created_us, table.sequence, since_us=since_us, limit=limit)
        async with self._opened() as transaction:
            found = await transaction.rows(query)
        return tuple(_order_row(mapping.order_from(row)) for row in found)

    async def order(self, some_id: str) -> OrderRow | None:
        table = t.ORDERS.c
        query = _select_orders().where(
            or_(table.client_order_id == some_id, table.order_id == some_id)
        )
        async with self._opened() as transaction:
            row = await transaction.first(query)
        return None if row is None else _order_row(mapping.order_from(row))

    async def order_events(self, client_order_id: str) -> tuple[OrderEvent, ...]:
        table = t.ORDER_EVENTS.c
        query = select(*list(t.ORDER_EVENTS.c)[1:]).where(table.client_order_id == client_order_id)
        async with self._opened() as transaction:
            found = await transaction.rows(query.order_by(table.event_id))
        return tuple(map(mapping.event_from, found))

    async def fills(
        self,
        *,
        ticker: str | None = None,
        owner: str | None = None,
        order_id: str | None = None,
        since_us: int | None = None,
        limit: int | None = None,
    ) -> tuple[FillRow, ...]:
        table, orders = t.FILLS.c, t.ORDERS.c
        query = select(*table, orders.client_order_id, orders.purpose).join_from(
            t.FILLS, t.ORDERS, orders.order_id == table.order_id, isouter=True
        )
        query = filtered(
            query, {table.ticker: ticker, table.owner: owner, table.order_id: order_id}
        )
        query = newest(query, table.at_us, table.fill_id, since_us=since_us, limit=limit)
        async with self._opened() as transaction:
            found = await transaction.rows(query)
        return tuple(map(_fill_row, found))

    async def round_trips(
        self,
        *,
        ticker: str | None = None,
        owner: str | None = None,
        since_us: int | None = None,
        limit: int | None = None,
    ) -> tuple[RoundTripRow, ...]:
        table = t.ROUND_TRIPS.c
        query = select(*table, t.MARKETS.c.title).join_from(
            t.ROUND_TRIPS, t.MARKETS, t.MARKETS.c.ticker == table.ticker, isouter=True
        )
        query = filtered(query, {table.ticker: ticker, table.owner: owner})
        query = newest(query, table.closed_us, table.round_trip_id, since_us=since_us, limit=limit)
        async with self._opened() as transaction:
            found = await transaction.rows(query)
        return tuple(_trip_row(row) for row in found)

    async def tape(
        self, *, ticker: str | None = None, since_us: int | None = None, limit: int | None = None
    ) -> tuple[TapeRow, ...]:
        from kalshi_cli.adapters.store.ledger import SqlLedger
        from kalshi_cli.adapters.store.tape import replay

        async with self._opened() as transaction:
            history = await SqlLedger(transaction).history()
            movements = await transaction.rows(select(*t.CASH_MOVEMENTS.c))
            orders = select(t.ORDERS.c.order_id, t.ORDERS.c.purpose)
            purposes = await transaction.rows(orders.where(t.ORDERS.c.order_id.is_not(None)))
        tape = replay(
            history,
            map(mapping.movement_from, movements),
            {order_id: Purpose(purpose) for order_id, purpose in purposes},
        )
        wanted = [
            row
            for row in reversed(tape)
            if (ticker is None or row.ticker == ticker)
            and (since_us is None or row.at_us >= since_us)
        ]
        return tuple(wanted[:limit])

    async def strategies(self) -> tuple[StrategyRow, ...]:
        ordered, filling = t.ORDERS.c, t.FILLS.c
        async with self._opened() as transaction:
            ours = await Ours.read(transaction)
            held = [
                position_row(row, (NO_MONEY, NO_MONEY), ours)
                for row in await transaction.rows(POSITION_QUERY)
            ]
            live = select(ordered.strategy, func.count()).where(ordered.state.in_(LIVE))
            orders = await _counts(transaction, live.group_by(ordered.strategy))
            fills = select(filling.owner, func.count()).group_by(filling.owner)
            filled = await _counts(transaction, fills)
            refused = select(t.DENIALS.c.strategy, func.count()).group_by(t.DENIALS.c.strategy)
            denied = await _counts(transaction, refused)
            trips = [
                mapping.trip_from(row) for row in await transaction.rows(select(*t.ROUND_TRIPS.c))
            ]
        traded = orders.keys() | filled.keys() | denied.keys()
        owners = sorted({row.owner for row in held} | traded)
        return tuple(
            _strategy_row(
                owner,
                [row for row in held if row.owner == owner],
                [trip.pnl for trip in trips if trip.owner == owner],
                live_orders=orders.get(owner, 0),
                fills=filled.get(owner, 0),
                denials=denied.get(owner, 0),
            )
            for owner in owners
        )


def _select_orders() -> AnySelect:
    return select(*mapping.order_columns())


async def _counts(transaction: Transaction, query: AnySelect) -> dict[str, int]:
    return {row[0]: row[1] for row in await transaction.rows(query)}


def _strategy_row(
    owner: str,
    held: list[PositionRow],
    trips: list[Money],
    *,
    live_orders: int,
    fills: int,
    denials: int,
) -> StrategyRow:
    realized = total([row.realized for row in held])
    unrealized = total([row.unrealized for row in held])
    fees = total([row.fees for row in held])
    return StrategyRow(
        strategy=owner,
        open_positions=sum(1 for row in held if row.count),
        live_orders=live_orders,
        fills=fills,
        round_trips=len(trips),
        won=sum(1 for pnl in trips if pnl > NO_MONEY),
        realized=realized,
        unrealized=unrealized,
        fees=fees,
        net=realized + unrealized - fees,
        denials=denials,
    )


def _fill_row(row: AnyRow) -> FillRow:
    *fill, client_order_id, purpose = row
    its = None if purpose is None else Purpose(purpose)
    return FillRow(*mapping.fill_from(tuple(fill)), client_order_id, its)


def _trip_row(row: AnyRow) -> RoundTripRow:
    trip = mapping.trip_from(row[:-1])
    return RoundTripRow(trip, row[-1] or "", trip.pnl)


def _order_row(order: Order) -> OrderRow:
    intent = order.intent
    return OrderRow(
        client_order_id=order.client_order_id,
        order_id=order.order_id,
        run_id=order.run_id,
        strategy=intent.strategy,
        ticker=intent.ticker,
        event_ticker=intent.event_ticker,
        purpose=intent.purpose,
        side=intent.side,
        limit=intent.limit,
        count=intent.count,
        filled=order.filled,
        time_in_force=intent.time_in_force,
        post_only=intent.post_only,
        state=order.state,
        pending=order.pending,
        fair=intent.fair,
        forecast_id=intent.forecast_id,
        reason=intent.reason,
        message=order.message,
        created_us=order.created_us,
        updated_us=order.updated_us,
        expires_us=intent.expires_us,
    )
