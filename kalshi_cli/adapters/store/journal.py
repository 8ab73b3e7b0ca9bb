"""Orders, committed before they are sent, and the denials that kept others from being sent."""

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import case, delete, exists, func, null, or_, select, update

from kalshi_cli.adapters.store import ledger_mapping as mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.fencing import LEASE_EXPIRES, check_lease
from kalshi_cli.adapters.store.prepared import Prepared, Values, given
from kalshi_cli.adapters.store.transaction import Transaction, chunks
from kalshi_cli.adapters.store.worker import Rows
from kalshi_cli.domain.order import (
    DEAD,
    FORBIDDEN,
    LIVE,
    NEVER_SEEN,
    UNRESOLVED,
    Order,
    OrderIntent,
    OrderState,
    Purpose,
)
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import DuplicateEntry, IntegrityError, Refused
from kalshi_cli.ports.journal import InMarket, Weigh
from kalshi_cli.risk._base import Denial

ORDER_COLUMNS = mapping.order_columns()
_CHANGING = (
    "limit_price_units", "count_units", "expires_us", "state", "pending", "order_id",
    "filled_units", "message", "updated_us", "asked_price_units", "asked_count_units",
    "asked_expires_us", "unanchored_us",
)  # fmt: skip
REFUSALS_A_FORECAST = 3
"""So often may the exchange refuse an entry on a forecast before that forecast is let be."""
_ALL_ORDERS = select(*ORDER_COLUMNS).order_by(t.ORDERS.c.created_us, t.ORDERS.c.sequence)
_LIVE = Prepared(_ALL_ORDERS.where(t.ORDERS.c.state.in_(LIVE)))
_GIVEN_UP = Prepared(
    _ALL_ORDERS.where(
        t.ORDERS.c.state == OrderState.ABSENT.value, t.ORDERS.c.updated_us >= given("since_us")
    )
)
_UNPLACED = _ALL_ORDERS.where(t.ORDERS.c.state.in_(UNRESOLVED | NEVER_SEEN))
_BOOKED = (
    select(func.coalesce(func.sum(t.FILLS.c.count_units), 0))
    .where(t.FILLS.c.order_id == t.ORDERS.c.order_id)
    .scalar_subquery()
)
_ALL_UNBOOKED = _ALL_ORDERS.where(
    t.ORDERS.c.order_id.is_not(None),
    t.ORDERS.c.filled_units > 0,
    t.ORDERS.c.filled_units > _BOOKED,
)
_UNBOOKED = Prepared(_ALL_UNBOOKED)
_UNBOOKED_IN = Prepared(_ALL_UNBOOKED.where(t.ORDERS.c.ticker == given("ticker")))
_LIVE_IN = Prepared(
    _ALL_ORDERS.where(t.ORDERS.c.ticker == given("ticker"), t.ORDERS.c.state.in_(LIVE))
)
_HELD_IN = Prepared(select(*t.POSITIONS.c).where(t.POSITIONS.c.ticker == given("ticker")))
_CLASHING = Prepared(
    select(t.ORDERS.c.client_order_id).where(
        or_(
            t.ORDERS.c.client_order_id == given("client_order_id"),
            t.ORDERS.c.entry_key == given("entry_key"),  # NULL is equal to nothing
        )
    )
)
_SAVE = (
    update(t.ORDERS)
    .where(t.ORDERS.c.client_order_id == given("mine"))
    .values({name: given(f"new_{name}") for name in _CHANGING})
)
_SAVE_LIVE = Prepared(_SAVE)
_SAVE_DEAD = Prepared(_SAVE.values(entry_key=null()))
_SENT_ENTRY = (t.ORDERS.c.purpose == Purpose.ENTRY.value) & (
    t.ORDERS.c.state != OrderState.NOT_SENT.value
)
_SINCE = t.ORDERS.c.created_us >= given("since_us")
_ENTRIES_SINCE = Prepared(select(func.count()).where(_SENT_ENTRY, _SINCE))
_ORDERS_SINCE = Prepared(select(func.count()).where(_SINCE))
_OWNED = (t.ORDERS.c.strategy, t.ORDERS.c.ticker)
_ENTRIES_BY_MARKET = Prepared(
    select(*_OWNED, func.count()).where(_SENT_ENTRY, _SINCE).group_by(*_OWNED)
)
_FORBIDDEN_SINCE = Prepared(
    select(t.ORDERS.c.ticker)
    .distinct()
    .where(
        _SINCE,
        t.ORDERS.c.state == OrderState.REJECTED.value,
        t.ORDERS.c.message.startswith(FORBIDDEN),
    )
)


_DROPPABLE = (
    select(t.DENIALS.c.denial_id)
    .where(
        t.DENIALS.c.at_us < given("before_us"),
        ~exists().where(
            t.ORDERS.c.ticker == t.DENIALS.c.ticker,
            t.ORDERS.c.strategy == t.DENIALS.c.strategy,
            t.ORDERS.c.state.in_(LIVE),
        ),
        ~exists().where(
            t.POSITIONS.c.ticker == t.DENIALS.c.ticker,
            t.POSITIONS.c.owner == t.DENIALS.c.strategy,
            t.POSITIONS.c.net_units != 0,
        ),
    )
    .order_by(t.DENIALS.c.denial_id)
    .limit(given("most"))
)
_DROP_DENIALS = Prepared(delete(t.DENIALS).where(t.DENIALS.c.denial_id.in_(_DROPPABLE)))


class SqlJournal:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def record(
        self,
        order: Order,
        lease_token: str,
        wall: Callable[[], int],
        detail: str = "",
        *,
        weigh: Weigh | None = None,
    ) -> None:
        entry_key = _entry_key(order)
        # Asked before the insert, because PostgreSQL gives up the transaction when a key clashes.
        keys = {"client_order_id": order.client_order_id, "entry_key": entry_key}
        checks = ((LEASE_EXPIRES, {"token": lease_token}), (_CLASHING, keys))
        here = {"ticker": order.intent.ticker}
        scale = ((_HELD_IN, here), (_LIVE_IN, here), (_UNBOOKED_IN, here)) if weigh else ()

        def check(found: list[Rows]) -> None:
            leases, clashing, *weighed = found
            check_lease(leases, wall())
            _check_unique(clashing, order.client_order_id)
            if weigh is not None:
                held, live, unbooked = weighed
                positions = tuple(map(mapping.position_from, held))
                weigh(InMarket(positions, _orders(live), _orders(unbooked)))

        await self._transaction.check((*checks, *scale), check)
        row = {**mapping.order_row(order), "entry_key": entry_key, "lease_token": lease_token}
        await self._transaction.append(t.ORDERS, [row])
        await self._add_to_trail(order, Cause.INTENT, detail)

    async def save(self, order: Order, cause: Cause, detail: str = "") -> None:
        row = mapping.order_row(order)
        changes = {f"new_{name}": row[name] for name in _CHANGING}
        # The entry key of what is dead is given back for good: an order that turns up again after
        # all must not clash.
        saved = _SAVE_DEAD if order.state in DEAD else _SAVE_LIVE
        keyed = {"mine": order.client_order_id, **changes}
        if not await self._transaction.write_prepared(saved, keyed):
            raise IntegrityError(
                f"Order {order.client_order_id} is not in the journal.",
                remedy="Run `kalshi inspect-db`.",
            )
        await self._add_to_trail(order, cause, detail or order.message)

    async def _add_to_trail(self, order: Order, cause: Cause, detail: str) -> None:
        row = {
            "client_order_id": order.client_order_id,
            "cause": cause.value,
            "state": order.state.value,
            "pending": order.pending.value,
            "filled_units": order.filled.units,
            "detail": detail,
            "at_us": order.updated_us,
        }
        await self._transaction.append(t.ORDER_EVENTS, [row])

    async def live(self) -> tuple[Order, ...]:
        return _orders(await self._transaction.rows(_LIVE))

    async def unplaced(self, tickers: Collection[str]) -> tuple[Order, ...]:
        return _orders(await self._transaction.rows_among(_UNPLACED, t.ORDERS.c.ticker, tickers))

    async def given_up(self, since_us: int) -> tuple[Order, ...]:
        return _orders(await self._transaction.rows(_GIVEN_UP, {"since_us": since_us}))

    async def unbooked(self) -> tuple[Order, ...]:
        return _orders(await self._transaction.rows(_UNBOOKED))

    async def find(
        self,
        *,
        client_order_ids: Collection[str] | None = None,
        order_ids: Collection[str] | None = None,
    ) -> tuple[Order, ...]:
        found: dict[str, Order] = {}
        for column, ids in (
            (t.ORDERS.c.client_order_id, client_order_ids),
            (t.ORDERS.c.order_id, order_ids),
        ):
            rows = await self._transaction.rows_among(_ALL_ORDERS, column, ids or ())
            found.update((order.client_order_id, order) for order in _orders(rows))
        return tuple(sorted(found.values(), key=lambda order: (order.created_us, order.sequence)))

    async def entries_since(self, since_us: int) -> int:
        return await self._transaction.number(_ENTRIES_SINCE, {"since_us": since_us}) or 0

    async def orders_since(self, since_us: int) -> int:
        return await self._transaction.number(_ORDERS_SINCE, {"since_us": since_us}) or 0

    async def entries_by_market(self, since_us: int) -> dict[tuple[str, str], int]:
        rows = await self._transaction.rows(_ENTRIES_BY_MARKET, {"since_us": since_us})
        return {(strategy, ticker): count for strategy, ticker, count in rows}

    async def forbidden_since(self, since_us: int) -> frozenset[str]:
        rows = await self._transaction.rows(_FORBIDDEN_SINCE, {"since_us": since_us})
        return frozenset(ticker for (ticker,) in rows)

    async def traded_forecasts(self, tickers: Collection[str]) -> frozenset[tuple[str, str, str]]:
        table = t.ORDERS.c
        traded: set[tuple[str, str, str]] = set()
        refused = case((table.state == OrderState.REJECTED.value, 1), else_=0)
        is_used_up = or_(func.count() > func.sum(refused), func.sum(refused) >= REFUSALS_A_FORECAST)
        for part in chunks(set(tickers)):
            query = (
                select(table.strategy, table.ticker, table.forecast_id)
                .where(_SENT_ENTRY, table.forecast_id.is_not(None), table.ticker.in_(part))
                .group_by(table.strategy, table.ticker, table.forecast_id)
                .having(is_used_up)
            )
            traded.update((row[0], row[1], row[2]) for row in await self._transaction.rows(query))
        return frozenset(traded)

    async def deny(
        self, denials: Sequence[tuple[OrderIntent, Denial]], run_id: str, at_us: int
    ) -> None:
        rows = [
            {
                "run_id": run_id,
                "strategy": intent.strategy,
                "ticker": intent.ticker,
                "purpose": intent.purpose.value,
                "code": denial.code,
                "detail": denial.detail,
                "value": denial.value,
                "limit": denial.limit,
                "at_us": at_us,
                "side": intent.side.value,
                "price_units": intent.limit.units,
                "count_units": intent.count.units,
                "forecast_id": intent.forecast_id,
            }
            for intent, denial in denials
        ]
        await self._transaction.append(t.DENIALS, rows)

    async def drop_denials(self, before_us: int, *, most: int) -> int:
        given_ = {"before_us": before_us, "most": most}
        return await self._transaction.write_prepared(_DROP_DENIALS, given_)


def _check_unique(clashing: Sequence[Values], client_order_id: str) -> None:
    if not clashing:
        return
    if any(found == client_order_id for (found,) in clashing):
        raise Refused(
            f"Order {client_order_id} was journalled before; nothing was sent.",
            remedy="Run `kalshi inspect-db`.",
        )
    raise DuplicateEntry(
        f"Order {clashing[0][0]} already stands for this strategy, market and forecast.",
        remedy="Nothing was sent; a newer forecast may trade once it is filled or gone.",
    )


def _orders(rows: Sequence[Values]) -> tuple[Order, ...]:
    return tuple(map(mapping.order_from, rows))


def _entry_key(order: Order) -> str | None:
    intent = order.intent
    if intent.purpose is not Purpose.ENTRY or intent.forecast_id is None:
        return None
    return f"{intent.strategy}/{intent.ticker}/{intent.forecast_id}"
