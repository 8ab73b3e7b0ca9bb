"""Sending one order so that it can never be sent twice or lost.

The intent is committed before the request. Just before sending, the halt and the lease are checked
again. What the exchange or the wire answered becomes a state; an unknown outcome stays UNKNOWN
until `reconcile` finds the order or proves it absent.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.identity import HALT_FILE, DeskState, client_order_id
from kalshi_cli.domain.instant import MILLISECOND, SECOND, format_span
from kalshi_cli.domain.order import (
    FORBIDDEN,
    NEVER_SEEN,
    UNRESOLVED,
    Order,
    OrderIntent,
    OrderState,
    Purpose,
    TimeInForce,
)
from kalshi_cli.domain.reduction import entered_since, reduction
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import ExitExceeds, Halted, Refused, Unauthorized
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.ports.archive import Archive
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.desk import Run
from kalshi_cli.ports.exchange import (
    Permit,
    Placement,
    PlacementKind,
    Trading,
)
from kalshi_cli.ports.journal import InMarket, Weigh
from kalshi_cli.ports.store import (
    Lease,
    Store,
    Unit,
)
from kalshi_cli.ports.treasury import Treasury
from kalshi_cli.risk.cooling import is_cooling
from kalshi_cli.steps.charging import Charging
from kalshi_cli.steps.following import amend
from kalshi_cli.steps.groups import EntryGroups, group_for, heed

THROTTLE_RETRIES = 3
SENT_WITHIN_US = 10 * SECOND
"""Real time from the decision to the request: later, the machine slept, or everything is stuck."""
WEIGHED_FOR_US = 100 * MILLISECOND
"""Market time for which an exit stays weighed: what waited longer to be sent is weighed again."""
COOLING_UNTIL = "cooling_until"
"""The marker of the instant before which nothing is sent: see `steps.emptying`."""


Reserve = Callable[[Unit], Awaitable[None]]
"""Looks at what the transaction has that journals an entry, and raises where it may not be."""


@dataclass(slots=True)
class Desk:
    """Who is sending: the account's ports, the lease, the run, and how many orders it has sent.

    `halt_file` tells why a person put a file there that halts the desk; None where nobody did.
    `archive` and `treasury` are what the exchange keeps of the account beside its live lists; None
    where it keeps nothing there. `groups` are what entries join; None where they join none.
    `nonce` is the store's own, which never changes; None until it was read. `charging` is what the
    AI cost whom, as far as that was read.
    """

    trading: Trading
    store: Store
    clock: Clock
    lease: Lease
    run: Run
    halt_file: Callable[[], str | None] = lambda: None
    sequence: int = 0
    in_flight: set[str] = field(default_factory=set)
    archive: Archive | None = None
    treasury: Treasury | None = None
    groups: EntryGroups | None = None
    nonce: bytes | None = None
    charging: Charging = field(default_factory=Charging)


async def send(
    desk: Desk,
    intent: OrderIntent,
    plan: ExitPlan | None = None,
    *,
    book: OrderBook | None = None,
    reserve: Reserve | None = None,
    beside: Collection[Order] | None = None,
) -> Order:
    """Journal an intent, with the exit plan of an entry, and send it; returns what it became.

    `book` is what it was decided on, for the order's trail. `reserve` is shown the transaction that
    journals an entry, and raises where its capital is taken. `beside` are the live orders that an
    exit was decided beside: it does not go beside an entry of its owner that came since, which
    would buy back what it sells, or trade with it.

    Raises `LeaseHeld` when another process trades the account now, `DuplicateEntry` when this
    forecast already has a live entry here, `ExitExceeds` when more might leave than is held,
    `CapitalTaken` when somebody else took what it needs,
    `StoreUnusable` when the intent cannot be journalled, `OrderGroupTriggered` and
    `OrderGroupUnknown` when an entry has no group to join. In all of them nothing was sent.
    Raises `Unauthorized` once the exchange refused it for the key's sake: nor will it take others.
    """
    decided_wall_us = desk.clock.wall()
    group_id = await _joined(desk, intent)
    told = "" if book is None else seen(book)
    weigh = partial(_check_exit, intent, beside) if intent.purpose is Purpose.EXIT else None
    order = await _journal(desk, intent, plan, told, reserve, weigh)
    try:
        allowed = partial(_check_going, desk, order, decided_wall_us, weigh)
        placement = await _place(desk, order, allowed, group_id)
        after = await _became(desk, order, placement)
        if desk.groups is not None and group_id:
            await heed(desk.groups, desk.store, group_id, placement.code)
        if placement.kind is PlacementKind.UNAUTHORIZED:
            raise Unauthorized(
                f"The exchange takes no orders of this key: {placement.message or placement.code}.",
                remedy="Nothing more is sent. `kalshi doctor` shows what the key may do.",
            )
        return after
    finally:
        desk.in_flight.discard(order.client_order_id)


async def _joined(desk: Desk, intent: OrderIntent) -> str:
    """The group of an entry. An exit joins none: what triggers one must not keep us in."""
    if desk.groups is None or intent.purpose is Purpose.EXIT:
        return ""
    return await group_for(desk.groups, desk.store, desk.clock, intent.exchange_index)


async def _journal(
    desk: Desk,
    intent: OrderIntent,
    plan: ExitPlan | None,
    detail: str,
    reserve: Reserve | None,
    weigh: Weigh | None,
) -> Order:
    now = desk.clock.now()
    desk.sequence += 1
    sequence = desk.sequence  # its own, whatever another lane sends while this one waits its turn
    async with desk.store.unit() as unit:
        if desk.nonce is None:
            desk.nonce = await unit.desk.nonce()
        order = Order(
            client_order_id=client_order_id(
                desk.nonce,
                desk.run.number,
                intent.strategy,
                intent.ticker,
                sequence,
            ),
            intent=intent,
            state=OrderState.INTENT,
            created_us=now,
            updated_us=now,
            run_id=desk.run.run_id,
            sequence=sequence,
        )
        if reserve is not None:
            await reserve(unit)
        token, wall = desk.lease.token, desk.clock.wall
        await unit.journal.record(order, token, wall, detail, weigh=weigh)
        if plan is not None:
            await _plan(unit, plan)
        desk.in_flight.add(order.client_order_id)  # before anybody can read it in the journal
        try:
            await unit.commit()
        except BaseException:
            desk.in_flight.discard(order.client_order_id)
            raise
    return order


async def _plan(unit: Unit, plan: ExitPlan) -> None:
    """Keep a plan; what is held is left by the plan that it was entered with."""
    key = (plan.ticker, plan.owner)
    held = {(position.ticker, position.owner) for position in await unit.ledger.positions()}
    if key not in held or key not in await unit.plans.all():
        await unit.plans.save(plan)


def _check_exit(intent: OrderIntent, beside: Collection[Order] | None, here: InMarket) -> None:
    """Weigh an exit where nothing can come between: in the transaction that records it."""
    if any(order.intent.strategy == intent.strategy for order in here.unbooked):
        raise ExitExceeds(
            f"Fills in {intent.ticker} are not on record yet: what is held there is not known.",
            remedy="Nothing was sent. `kalshi track` looks again.",
        )
    if beside is not None and entered_since(intent, here.orders, beside):
        raise ExitExceeds(
            f"An order came to {intent.ticker} since it was looked at: it may fill too.",
            remedy="Nothing was sent. `kalshi track` looks again.",
        )
    found = reduction(intent, here.positions, here.orders)
    if not found.fits:
        raise ExitExceeds(
            f"{found.leaving.spoken} contracts would leave {intent.ticker}, "
            f"{found.held.spoken} are held.",
            remedy="Nothing was sent. `kalshi track` looks again.",
        )


async def _weigh_again(desk: Desk, order: Order, weigh: Weigh) -> None:
    """Weigh an exit that waited since it was journalled: fills may have been booked meanwhile."""
    if 0 <= desk.clock.now() - order.created_us <= WEIGHED_FOR_US:
        return
    async with desk.store.unit(reads=True) as unit:
        positions = await unit.ledger.positions()
        live, unbooked = await unit.journal.live(), await unit.journal.unbooked()
    ticker = order.intent.ticker
    others = [each for each in live if each.client_order_id != order.client_order_id]
    here = InMarket(
        tuple(each for each in positions if each.ticker == ticker),
        tuple(each for each in others if each.intent.ticker == ticker),
        tuple(each for each in unbooked if each.intent.ticker == ticker),
    )
    weigh(here)


def permit(desk: Desk, purpose: Purpose, decided_wall_us: int) -> Permit:
    """What a write that may add risk asks just before it goes, when every wait is over."""
    return partial(_check_sending, desk, purpose, decided_wall_us)


async def _check_sending(desk: Desk, purpose: Purpose, decided_wall_us: int) -> None:
    """Raises `Halted`, `LeaseHeld` or, where the decision is too old, `Refused`: nothing may be
    sent for this purpose now.
    """
    waited_us = desk.clock.wall() - decided_wall_us
    if waited_us > SENT_WITHIN_US:
        raise Refused(f"It was decided {format_span(waited_us)} ago, by what was known then.")
    await heed_halt_file(desk)
    brakes = await desk.store.brakes(COOLING_UNTIL)
    state, cooling = brakes.state, brakes.cooling_until_us
    if state is DeskState.HALTED or (state is not DeskState.ACTIVE and purpose is not Purpose.EXIT):
        raise Halted(f"The desk is {state.said}.")
    if is_cooling(cooling, desk.clock.now()):
        raise Refused("Everything was cancelled: nothing is sent for a minute.")
    desk.lease.check()


async def _check_going(desk: Desk, order: Order, decided_wall_us: int, weigh: Weigh | None) -> None:
    """What an order asks just before it goes; an exit that waited is weighed again first: the
    halt and the lease are asked when every wait is over.
    """
    if weigh is not None:
        await _weigh_again(desk, order, weigh)
    await _check_sending(desk, order.intent.purpose, decided_wall_us)


async def heed_halt_file(desk: Desk) -> None:
    """Halt the desk where the file says so. Taking the file away resumes nothing.

    Why is read again for as long as it is there: at first sight nothing may be in it yet.
    """
    reason = desk.halt_file()
    if reason is None:
        return
    async with desk.store.unit() as unit:
        was = await unit.desk.standing()
        if was.state is DeskState.HALTED and (was.who != HALT_FILE or was.reason == reason):
            return
        await unit.desk.set_state(
            DeskState.HALTED,
            reason=reason,
            who=HALT_FILE,
            at_us=desk.clock.now(),
            wall_us=desk.clock.wall(),
        )
        await unit.commit()


async def _place(desk: Desk, order: Order, allowed: Permit, group_id: str) -> Placement:
    placement = await _try(desk, order, allowed, group_id)
    for _ in range(THROTTLE_RETRIES):
        if placement.kind is not PlacementKind.THROTTLED:
            break
        asked_too_often = partial(_not_taken_yet, now_us=desk.clock.now())
        folds = {order.client_order_id: asked_too_often}
        await amend(desk.store, folds, Cause.ANSWER, _told(placement))
        await desk.clock.sleep_until(desk.clock.now() + SECOND)
        placement = await _try(desk, order, allowed, group_id)
    return placement


def _not_taken_yet(order: Order, now_us: int) -> Order | None:
    return replace(order, updated_us=now_us) if order.state in UNRESOLVED else None


async def _try(desk: Desk, order: Order, allowed: Permit, group_id: str) -> Placement:
    placement = await desk.trading.place(
        order.client_order_id, order.intent, group_id=group_id, permit=allowed
    )
    if placement.kind is PlacementKind.NOT_SENT:
        desk.lease.check()  # who lost it writes nothing more
    return placement


async def _became(desk: Desk, order: Order, placement: Placement) -> Order:
    fold = partial(_after, placement=placement, now_us=desk.clock.now())
    (after,) = await amend(
        desk.store, {order.client_order_id: fold}, Cause.ANSWER, _told(placement)
    )
    return after


def is_forbidden(order: Order) -> bool:
    """Whether the exchange refused an order because this key may not trade it."""
    return order.state is OrderState.REJECTED and order.message.startswith(FORBIDDEN)


def _told(placement: Placement) -> str:
    """The answer in words, for the trail."""
    sizes = ""
    if placement.kind is PlacementKind.ACCEPTED:
        sizes = f"{placement.order_id}: {placement.filled} filled, {placement.remaining} resting"
    return " ".join(filter(None, (placement.kind, sizes, placement.code, placement.message)))


def seen(book: OrderBook) -> str:
    """The top of a book in words; a side without size is not there."""

    def best(levels: Sequence[Level]) -> str:
        return f"{levels[0].count} at {levels[0].price}" if levels else "nothing"

    return f"bid {best(book.bids)}, ask {best(book.asks)}"


def _after(order: Order, placement: Placement, now_us: int) -> Order:
    """The order's state after an answer.

    While this process was stopped, another may have learned what became of it: that stands. An
    order that it gave up comes back only by an answer that accepts it.
    """
    accepted = placement.kind is PlacementKind.ACCEPTED
    if order.state not in UNRESOLVED and not (accepted and order.state in NEVER_SEEN):
        return replace(order, updated_us=now_us)
    message = " ".join(filter(None, (placement.code, placement.message)))
    match placement.kind:
        case PlacementKind.ACCEPTED:
            known = replace(order, order_id=placement.order_id, filled=placement.filled)
            return known.moved(_accepted_state(order, placement), now_us, message)
        case PlacementKind.REFUSED | PlacementKind.UNAUTHORIZED:
            return order.moved(OrderState.REJECTED, now_us, message)
        case PlacementKind.FORBIDDEN:
            told = message.removeprefix(FORBIDDEN).lstrip()
            return order.moved(OrderState.REJECTED, now_us, f"{FORBIDDEN} {told}".rstrip())
        case PlacementKind.THROTTLED | PlacementKind.NOT_SENT:
            return order.moved(OrderState.NOT_SENT, now_us, message)
        case PlacementKind.DUPLICATE | PlacementKind.UNKNOWN:
            return order.moved(OrderState.UNKNOWN, now_us, message)


def _accepted_state(order: Order, placement: Placement) -> OrderState:
    if placement.filled == order.intent.count:
        return OrderState.FILLED
    if order.intent.time_in_force is not TimeInForce.GTC or not placement.remaining:
        return OrderState.CANCELED
    return OrderState.PARTIALLY_FILLED if placement.filled else OrderState.RESTING
