"""What rests at the exchange and is not ours, or not as we know it."""

from collections.abc import Collection, Iterable

from kalshi_cli.domain.order import DEAD, NEVER_SEEN, READS_LAG_US, Order, OrderReport, has_terms
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.store import Store


async def foreign_among(
    store: Store, clock: Clock, resting: Collection[OrderReport]
) -> tuple[OrderReport, ...]:
    """What of it is not ours, for whoever follows nothing."""
    async with store.unit(reads=True) as unit:
        ours = await unit.journal.find(
            order_ids=[report.order_id for report in resting],
            client_order_ids=names_of(resting),
        )
    return foreign_of(resting, ours, clock.now())


def foreign_of(
    resting: Iterable[OrderReport], ours: Collection[Order], now_us: int
) -> tuple[OrderReport, ...]:
    """What rests under no id of ours, or under one with terms that we never sent, or long after it
    was told to be over. An order without an answer has no id of the exchange, as one by hand has
    none of ours: these are no match.
    """
    own = {order.client_order_id: order for order in ours}
    lives = [order for order in ours if not is_long_over(order, now_us)]
    known = {id_ for order in lives for id_ in (order.order_id, order.client_order_id)} - {None}
    return tuple(
        report
        for report in resting
        if is_impostor(report, own.get(report.client_order_id or ""))
        or not {report.order_id, report.client_order_id} & known
    )


def is_long_over(order: Order, now_us: int) -> bool:
    """Whether the exchange told that an order was over, so long ago that no read lags."""
    was_seen = order.state in DEAD and order.state not in NEVER_SEEN
    return was_seen and now_us - order.updated_us >= READS_LAG_US


def is_impostor(report: OrderReport, order: Order | None) -> bool:
    """Whether a report bears the id of an order of ours that was never seen, with other terms."""
    return order is not None and order.order_id is None and not has_terms(report, order.intent)


def names_of(reports: Iterable[OrderReport]) -> list[str]:
    """Our ids, or what others gave for one."""
    return [report.client_order_id for report in reports if report.client_order_id]
