"""What the exchange tells of our orders: those of unknown outcome, those that work, those not ours.

A failed or partial read is never evidence that an order is gone.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.order import (
    NEVER_SEEN,
    UNRESOLVED,
    Order,
    OrderReport,
    OrderState,
    fold_report,
    has_terms,
)
from kalshi_cli.domain.trail import Cause
from kalshi_cli.ports.archive import Archive
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.archived import archived_orders, orders_since
from kalshi_cli.steps.foreign import foreign_of, is_impostor, is_long_over, names_of

SEARCHES = 5
SEARCH_PAUSE = SECOND
GIVEN_UP_FOR = HOUR
"""How long each pass looks once more for an order that was given up."""
ASKED_ONE_BY_ONE = 20
"""Orders that no longer rest; where there are more, the whole list is read instead."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Orders that changed, resting orders that are not ours, and what nobody expected.

    `impostors` are those of the foreign that bear an id of ours, with other terms than we sent. One
    of ours that rests though it was told to be over counts as foreign, and alarms.
    """

    changed: tuple[Order, ...]
    foreign: tuple[OrderReport, ...]
    impostors: tuple[OrderReport, ...]
    alarms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Orders of unknown outcome that changed, and those still unknown.

    `impostors` are reports under an id of ours with terms that we never sent: they are not adopted.
    `alarms` tell of orders that were given up and are there after all.
    """

    changed: tuple[Order, ...]
    unresolved: tuple[Order, ...]
    impostors: tuple[OrderReport, ...]
    alarms: tuple[str, ...]


async def resolve(
    trading: Trading,
    store: Store,
    clock: Clock,
    in_flight: Collection[str],
    archive: Archive | None = None,
) -> Resolved:
    """Search for orders of unknown outcome; adopt what shows up, give up after five misses.

    Those that were given up lately are looked for once more, for as reads lag they may be there.
    `in_flight` is asked after the journal was read, so that an order journalled meanwhile is never
    taken for one that is lost.
    """
    async with store.unit(reads=True) as unit:
        live = await unit.journal.live()
        given_up = await unit.journal.given_up(clock.now() - GIVEN_UP_FOR)
    missing = {
        order.client_order_id: order
        for order in live
        if order.state in UNRESOLVED and order.client_order_id not in in_flight
    }
    known = {**{order.client_order_id: order for order in given_up}, **missing}
    found, doubted = await _search(trading, archive, clock, known.values(), missing.keys())
    now = clock.now()
    impostors = {k: report for k, report in found.items() if not has_terms(report, known[k].intent)}
    folds = {
        key: partial(_adopted, report=report, now_us=now)
        for key, report in found.items()
        if key not in impostors
    }
    gone = [key for key in missing if key not in found and key not in doubted]
    folds |= {key: partial(_absent, now_us=now) for key in gone}
    changed = await amend(store, folds, Cause.SEARCH)
    open_ = [key for key in missing if key in doubted or key in impostors]
    left = await amend(store, {key: partial(_unknown, now_us=now) for key in open_}, Cause.SEARCH)
    return Resolved(
        changed=changed,
        unresolved=tuple(order for order in left if order.state in UNRESOLVED),
        impostors=tuple(impostors.values()),
        alarms=tuple(
            resurrection(OrderState.ABSENT, order)
            for order in changed
            if order.client_order_id not in missing
        ),
    )


async def _search(
    trading: Trading,
    archive: Archive | None,
    clock: Clock,
    orders: Collection[Order],
    missing: Collection[str],
) -> tuple[Mapping[str, OrderReport], Collection[str]]:
    """What is told under the ids of these orders, and the ids that are not told and may be there
    all the same: not all was read that was asked for, or a row of their market was refused.

    It is asked again, five times in all, as long as one of the `missing` ids is not there.
    """
    found: dict[str, OrderReport] = {}
    is_whole, unreadable = True, set[str]()
    if not orders:
        return found, ()
    names = {order.client_order_id for order in orders}
    since = min(order.created_us for order in orders) - MINUTE
    for attempt in range(SEARCHES):
        if attempt and not set(missing) - found.keys():
            break
        if attempt:
            await clock.sleep_until(clock.now() + SEARCH_PAUSE)
        reports = await orders_since(trading, archive, clock, since)
        is_whole = is_whole and not reports.doubt
        unreadable |= reports.unreadable.keys()
        for report in reports.items:
            if report.client_order_id in names:
                found.setdefault(report.client_order_id, report)
    lost = [order for order in orders if order.client_order_id not in found]
    doubted = (o for o in lost if not is_whole or o.intent.ticker in unreadable)
    return found, {order.client_order_id for order in doubted}


def _unknown(order: Order, now_us: int) -> Order:
    """An intent that nobody is sending any more has an unknown outcome."""
    return order.moved(OrderState.UNKNOWN, now_us) if order.state is OrderState.INTENT else order


def _adopted(order: Order, report: OrderReport, now_us: int) -> Order:
    return fold_report(_unknown(order, now_us), report, now_us)


def _absent(order: Order, now_us: int) -> Order:
    """Given up, unless another pass heard of it while this one searched."""
    if order.state not in UNRESOLVED:
        return order
    unknown = order.moved(OrderState.UNKNOWN, now_us)
    return unknown.moved(OrderState.ABSENT, now_us, "the exchange has no such order")


async def amend(
    store: Store,
    folds: Mapping[str, Callable[[Order], Order | None]],
    cause: Cause,
    detail: str | Mapping[str, str] = "",
) -> tuple[Order, ...]:
    """Change journalled orders by id; returns them as they are now.

    What changes goes into its trail; with a `detail`, or one of its own by id, what stays as it was
    does too, but nothing where a fold answers None: what there was to say does not hold any more.
    Reading, folding and saving is one transaction, so two lanes cannot lose each other's news.
    """
    if not folds:
        return ()
    orders: list[Order] = []
    async with store.unit() as unit:
        for order in await unit.journal.find(client_order_ids=list(folds)):
            name = order.client_order_id
            after = folds[name](order)
            said = detail if isinstance(detail, str) else detail.get(name, "")
            if after is not None and (after != order or said):
                await unit.journal.save(after, cause, said)
            orders.append(after or order)
        await unit.commit()
    return tuple(orders)


async def follow(
    trading: Trading,
    store: Store,
    clock: Clock,
    resting: Collection[OrderReport],
    archive: Archive | None = None,
) -> Followed:
    """Bring working orders up to date; what rests and is not ours is foreign.

    An order that was taken for absent, rejected or not sent and rests after all is adopted, and
    alarms.
    """
    async with store.unit(reads=True) as unit:
        working = [o for o in await unit.journal.live() if o.state not in UNRESOLVED]
        ours = await unit.journal.find(
            order_ids=[report.order_id for report in resting],
            client_order_ids=names_of(resting),
        )
    reports = {report.order_id: report for report in resting}
    own = {order.client_order_id: order for order in ours}
    impostors = [r for r in resting if is_impostor(r, own.get(r.client_order_id or ""))]
    mine = [r for r in resting if r not in impostors]
    lost = {o.client_order_id for o in ours if o.state in NEVER_SEEN}
    news = {o.client_order_id: reports.get(o.order_id or "") for o in working}
    news |= {r.client_order_id: r for r in mine if r.client_order_id in lost}
    ended = [o for o in working if news[o.client_order_id] is None and o.order_id]
    told = await _ended(trading, archive, clock, ended)
    news |= {order.client_order_id: told.get(order.order_id or "") for order in ended}
    after = await amend(
        store,
        {
            key: partial(fold_report, report=report, now_us=clock.now())
            for key, report in news.items()
            if report is not None
        },
        Cause.REPORT,
    )
    now = clock.now()
    over = {o.order_id: o for o in ours if is_long_over(o, now)}
    return Followed(
        changed=tuple(order for order in after if order not in working),
        foreign=foreign_of(resting, ours, now),
        impostors=tuple(impostors),
        alarms=tuple(
            resurrection(own[order.client_order_id].state, order)
            for order in after
            if order.client_order_id in lost
        )
        + tuple(_not_over(over[r.order_id]) for r in mine if r.order_id in over),
    )


async def _ended(
    trading: Trading, archive: Archive | None, clock: Clock, orders: Sequence[Order]
) -> dict[str, OrderReport]:
    """What became of orders that no longer rest, by the exchange's id; some may be archived."""
    if not orders:
        return {}
    since = min(order.created_us for order in orders) - MINUTE
    if len(orders) > ASKED_ONE_BY_ONE:
        found = await orders_since(trading, archive, clock, since)
        return {report.order_id: report for report in found.items}
    asked = [await trading.order(order.order_id) for order in orders if order.order_id]
    told = {report.order_id: report for report in asked if report is not None}
    if len(told) < len(orders):
        old = await archived_orders(archive, clock, since)
        told |= {report.order_id: report for report in old.items}
    return told


def imposture(report: OrderReport) -> str:
    """The alarm for a report that bears an id of ours and is not what we sent."""
    return (
        f"order {report.client_order_id} exists at the exchange with other terms: {report.side} "
        f"{report.initial} {report.ticker} at {report.price}"
    )


def _not_over(order: Order) -> str:
    """The alarm for an order that rests though the exchange told otherwise."""
    return (
        f"order {order.client_order_id} in {order.intent.ticker} rests at the exchange, which told "
        f"that it was {order.state}: cancel it there"
    )


def resurrection(before: OrderState, order: Order) -> str:
    """The alarm for an order that was given up and exists after all."""
    return (
        f"order {order.client_order_id} in {order.intent.ticker} was given up as {before}, but the "
        f"exchange has it: adopted as {order.state}"
    )
