"""What the stream tells of the account, into the books, and of fees, on record: the same code and
the same place as for what is read.

News may come twice, late and in any order. What they do not settle is left to reconciliation, or to
the next reading of all events.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from kalshi_cli.domain.fees import FeeChange, FeeTerms
from kalshi_cli.domain.market import Event
from kalshi_cli.domain.order import (
    NEVER_SEEN,
    Fill,
    Order,
    OrderReport,
    OrderState,
    fold_report,
    has_terms,
)
from kalshi_cli.domain.trail import Cause
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.booking import book_told
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.following import amend
from kalshi_cli.steps.guarding import FeesTold

TOLD = "told by the stream"
"""The id of a change of fees that is in no list. An event has one: the last that was told."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was new. `unclear` says why the exchange must be read; it may be empty."""

    fills: tuple[Fill, ...]
    changed: tuple[Order, ...]
    alarms: tuple[str, ...]
    unclear: tuple[str, ...]


async def hear(
    data: MarketData, desk: Desk, fills: Sequence[Fill], reports: Sequence[OrderReport]
) -> Heard:
    """Fold reports into our orders, and book fills."""
    changed, unclear = await _follow(desk, reports)
    if not fills:
        return Heard((), changed, (), unclear)
    booked = await book_told(data, desk.trading, desk.store, desk.clock, fills)
    nowhere = [f"the exchange does not tell of {ticker}" for ticker in sorted(booked.unlisted)]
    whys = [why for why in booked.whys if why]
    return Heard(booked.fills, changed, booked.alarms, (*unclear, *whys, *nowhere))


async def hear_fees(store: Store, told: Mapping[str, FeesTold]) -> None:
    """Keep events' own terms as changes in force since they were told, by event.

    All events are then due to be read, and what they say counts from there on. Of an event that is
    unknown, or has these terms already, nothing is kept.
    """
    if not told:
        return
    async with store.unit(reads=True) as unit:
        events = await unit.catalog.events(told)
    if not events:
        return
    async with store.unit() as unit:
        known = await unit.catalog.fee_changes()
        new = [
            FeeChange(TOLD, event.series_ticker, name, told[name].fees, told[name].at_us)
            for name, event in events.items()
            if _own_terms(event, known, told[name].at_us) != told[name].fees
        ]
        if not new:
            return
        coming = {(each.change_id, each.event_ticker): each for each in (*known, *new)}
        await unit.catalog.save_fee_changes(list(coming.values()))
        await unit.commit()


def _own_terms(event: Event, changes: Sequence[FeeChange], at_us: int) -> FeeTerms | None:
    """What an event charges of its own at an instant; None where its series' terms hold."""
    came = [c for c in changes if c.event_ticker == event.event_ticker and c.from_us <= at_us]
    return came[-1].fees if came else event.fees


async def _follow(
    desk: Desk, reports: Sequence[OrderReport]
) -> tuple[tuple[Order, ...], tuple[str, ...]]:
    """Our orders that changed; and why reconciliation must look at others.

    One that is being sent is left to its sender, who waits for the answer.
    """
    if not reports:
        return (), ()
    async with desk.store.unit(reads=True) as unit:
        known = await unit.journal.find(
            order_ids=[report.order_id for report in reports],
            client_order_ids=[r.client_order_id for r in reports if r.client_order_id],
        )
    now, unclear = desk.clock.now(), list[str]()
    folds: dict[str, Callable[[Order], Order]] = {}
    for order in known:
        if order.client_order_id in desk.in_flight:
            continue
        told = [r for r in reports if _is_of(r, order)]
        strange = any(not has_terms(report, order.intent) for report in told)
        if order.state in NEVER_SEEN or (strange and order.order_id is None):
            unclear.append(f"{order.client_order_id} was told of as it was not sent")
        else:
            folds[order.client_order_id] = partial(_told, reports=told, now_us=now)
    after = await amend(desk.store, folds, Cause.REPORT)
    return tuple(order for order in after if order not in known), tuple(unclear)


def _is_of(report: OrderReport, order: Order) -> bool:
    ours = {report.order_id, report.client_order_id} & {order.order_id, order.client_order_id}
    return bool(ours - {None})


def _told(order: Order, reports: Sequence[OrderReport], now_us: int) -> Order:
    """An order after reports, which may be older than what is known."""
    for report in reports:
        unknown = order.state is OrderState.INTENT
        before = order.moved(OrderState.UNKNOWN, now_us) if unknown else order
        order = fold_report(before, report, now_us)
    return order
