"""Orders: what is wanted, what was sent, what the exchange says, and the states between.

`INTENT` is committed before the request and means *may have been sent*. `LEGAL` is the whole
state machine as data; `fold_report` and `fold_fill` are the only ways an order moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from kalshi_cli.domain.code import Code
from kalshi_cli.domain.instant import AHEAD, SECOND
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Money, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import IntegrityError


class TimeInForce(StrEnum):
    """The exchange's own values. A market order is an IOC at a bounded price: there is no other."""

    GTC = "good_till_canceled"
    IOC = "immediate_or_cancel"
    FOK = "fill_or_kill"


class Purpose(StrEnum):
    """Why an order exists; controls declare which purposes they apply to."""

    ENTRY = "entry"
    EXIT = "exit"
    QUOTE = "quote"


class OrderState(Code):
    """The state of an order."""

    INTENT = (
        "intent",
        "written down before it was sent: it may have been",
        "`kalshi track` finds out what became of it",
    )
    NOT_SENT = ("not_sent", "it never left this machine", "nothing: nothing traded")
    REJECTED = (
        "rejected",
        "the exchange refused it, and nothing traded",
        "`kalshi inspect order ID` has its words",
    )
    UNKNOWN = (
        "unknown",
        "sent, and no answer tells what became of it",
        "wait: it is searched for, and meanwhile nothing new is risked there",
    )
    ABSENT = (
        "absent",
        "searched for, and not found at the exchange",
        "nothing; should it show up after all, it is adopted",
    )
    RESTING = ("resting", "it waits in the book", "`kalshi cancel ID` takes it back")
    PARTIALLY_FILLED = (
        "partially_filled",
        "a part of it traded, and the rest waits",
        "`kalshi cancel ID` takes the rest back",
    )
    FILLED = ("filled", "all of it traded", "nothing")
    CANCELED = (
        "canceled",
        "taken back, by us or by the exchange; what had filled stays",
        "nothing; `kalshi inspect order ID` tells by whom",
    )
    EXPIRED = ("expired", "its time was over; what had filled stays", "nothing")


class Pending(StrEnum):
    """A request about the order whose effect is not known yet."""

    NONE = "none"
    CANCEL = "cancel"
    AMEND = "amend"


_O = OrderState
_ANSWERS = frozenset(
    {_O.RESTING, _O.PARTIALLY_FILLED, _O.FILLED, _O.CANCELED, _O.REJECTED, _O.NOT_SENT}
)
_SEEN = frozenset({_O.RESTING, _O.PARTIALLY_FILLED, _O.FILLED, _O.CANCELED, _O.EXPIRED})
LEGAL: Mapping[OrderState, frozenset[OrderState]] = MappingProxyType(
    {
        _O.INTENT: _ANSWERS | {_O.UNKNOWN},
        _O.UNKNOWN: _ANSWERS | {_O.EXPIRED, _O.ABSENT},
        _O.RESTING: frozenset({_O.PARTIALLY_FILLED, _O.FILLED, _O.CANCELED, _O.EXPIRED}),
        _O.PARTIALLY_FILLED: frozenset({_O.FILLED, _O.CANCELED, _O.EXPIRED}),
        _O.FILLED: frozenset(),
        _O.CANCELED: frozenset(),
        _O.EXPIRED: frozenset(),
        _O.REJECTED: _SEEN,
        _O.NOT_SENT: _SEEN,
        _O.ABSENT: _SEEN,
    }
)
UNRESOLVED = frozenset({_O.INTENT, _O.UNKNOWN})
WORKING = frozenset({_O.RESTING, _O.PARTIALLY_FILLED})
LIVE = UNRESOLVED | WORKING
NEVER_SEEN = frozenset({_O.NOT_SENT, _O.REJECTED, _O.ABSENT})
"""Taken for not being at the exchange; should it be there after all, it is adopted."""
READS_LAG_US = 10 * SECOND
"""How long a read may show an order as it was before a change."""
DEAD = frozenset({_O.NOT_SENT, _O.REJECTED, _O.ABSENT, _O.FILLED, _O.CANCELED, _O.EXPIRED})


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """An order wanted, sized and not yet checked. `limit` is the YES price in dollars.

    `fair` is the probability the strategy trades on; `forecast_id` names it where there is one.
    `expires_us` (market time) and `cancel_on_pause` go with GTC only: whether the exchange shall
    cancel it when trading pauses. `reason` is for people.
    """

    strategy: str
    ticker: str
    event_ticker: str
    side: Side
    limit: Price
    count: Contracts
    time_in_force: TimeInForce
    purpose: Purpose
    reason: str
    post_only: bool = False
    reduce_only: bool = False
    fair: float | None = None
    forecast_id: str | None = None
    expires_us: int | None = None
    exchange_index: int = 0
    cancel_on_pause: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What can be changed of an order: YES price in dollars, whole count (what filled included)."""

    limit: Price
    count: Contracts
    expires_us: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """One row of the journal: an intent with its identity and how far it has come.

    `filled` is what the exchange has reported; the fills themselves are the ledger. `asked` are
    the terms of a change whose outcome is not known: until it is, the larger and the worse count.
    `unanchored_us` is since when (market time) an entry's forecast has no market to lean on.
    """

    client_order_id: str
    intent: OrderIntent
    state: OrderState
    created_us: int
    updated_us: int
    run_id: str
    sequence: int
    order_id: str | None = None
    pending: Pending = Pending.NONE
    filled: Contracts = NO_CONTRACTS
    message: str = ""
    asked: Terms | None = None
    unanchored_us: int | None = None

    @property
    def whole(self) -> Contracts:
        """Contracts that it may come to, what filled included."""
        count = self.intent.count
        return count if self.asked is None else max(count, self.asked.count)

    @property
    def remaining(self) -> Contracts:
        """Contracts that may still trade; none once the order is dead."""
        return NO_CONTRACTS if self.state in DEAD else self.whole - self.filled

    @property
    def worst_limit(self) -> Price:
        """The YES price it may still trade at, in dollars."""
        if self.asked is None:
            return self.intent.limit
        worst = max if self.intent.side is Side.BID else min
        return worst(self.intent.limit, self.asked.limit)

    @property
    def at_worst(self) -> OrderIntent:
        """What may still trade, at the worst price and as late as it may."""
        ends = [self.intent.expires_us, *([] if self.asked is None else [self.asked.expires_us])]
        return replace(
            self.intent,
            limit=self.worst_limit,
            count=self.remaining,
            expires_us=None if None in ends else max(end for end in ends if end is not None),
        )

    def moved(self, state: OrderState, at_us: int, message: str = "") -> "Order":
        """The order in another state. Raises `IntegrityError` for an illegal transition."""
        if state is not self.state and state not in LEGAL[self.state]:
            raise IntegrityError(
                f"Order {self.client_order_id} cannot go from {self.state} to {state}.",
                remedy="Run `kalshi inspect-db` and compare with the exchange.",
            )
        over = state in DEAD
        return replace(
            self,
            state=state,
            updated_us=at_us,
            message=message or self.message,
            pending=Pending.NONE if over else self.pending,
            asked=None if over else self.asked,
        )

    def changing(self, asked: Terms, at_us: int) -> "Order":
        """The order once other terms are asked for."""
        return replace(self, asked=asked, pending=Pending.AMEND, updated_us=at_us)

    def changed(self, terms: Terms, at_us: int) -> "Order":
        """The order under other terms."""
        intent = replace(
            self.intent, limit=terms.limit, count=terms.count, expires_us=terms.expires_us
        )
        return replace(self, intent=intent, updated_us=at_us).unchanged()

    def unchanged(self) -> "Order":
        """The order, with no change of terms under way."""
        pending = Pending.NONE if self.pending is Pending.AMEND else self.pending
        return replace(self, asked=None, pending=pending)


FORBIDDEN = "forbidden"
"""How the message of an order begins that was refused because this key may not trade it."""


class ExchangeOrderStatus(StrEnum):
    """The status words of the exchange's order objects."""

    RESTING = "resting"
    CANCELED = "canceled"
    EXECUTED = "executed"


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order as the exchange tells it."""

    order_id: str
    client_order_id: str | None
    ticker: str
    side: Side
    price: Price
    initial: Contracts
    filled: Contracts
    remaining: Contracts
    status: ExchangeOrderStatus
    created_us: int
    expires_us: int | None = None
    exchange_index: int = 0


def has_terms(report: OrderReport, intent: OrderIntent) -> bool:
    """Whether a report is of this intent; an order that may only reduce can have been cut."""
    whole = report.initial == intent.count
    cut = intent.reduce_only and report.initial < intent.count
    same = (report.ticker, report.side, report.price) == (intent.ticker, intent.side, intent.limit)
    return same and (whole or cut)


@dataclass(frozen=True, slots=True)
class Fill:
    """Part of an order executed: `price` is the YES price, `fee` what the exchange charged."""

    fill_id: str
    order_id: str
    ticker: str
    side: Side
    price: Price
    count: Contracts
    is_taker: bool
    fee: Money
    at_us: int
    exchange_index: int = 0


def reported_state(report: OrderReport, expires_us: int | None, now_us: int) -> OrderState:
    """The state that a report of the exchange means."""
    if report.status is ExchangeOrderStatus.EXECUTED:
        return OrderState.FILLED
    if report.status is ExchangeOrderStatus.RESTING:
        return OrderState.PARTIALLY_FILLED if report.filled else OrderState.RESTING
    if not report.remaining and report.filled == report.initial:
        return OrderState.FILLED
    expired = expires_us is not None and now_us >= expires_us
    return OrderState.EXPIRED if expired else OrderState.CANCELED


def fold_report(order: Order, report: OrderReport, now_us: int) -> Order:
    """The order after a report. Old news (fewer fills, life after death) is ignored."""
    if report.filled < order.filled:
        return order
    before, order = order, _with_terms_told(order, report, now_us)
    known = replace(order, order_id=report.order_id, filled=report.filled)
    state = reported_state(report, order.intent.expires_us, now_us)
    if state in LEGAL[order.state]:
        return known.moved(state, now_us)
    return known if known == before else replace(known, updated_us=now_us)


def _with_terms_told(order: Order, report: OrderReport, now_us: int) -> Order:
    """What a report of a resting order tells of its terms, and of what was asked for.

    Those asked for say that the change was made. The same ones as before say that none was, once
    reads no longer lag; from then on other terms were made by hand, and what rests was not
    canceled. Until then they may be those of a change before the last.
    One that is over tells how large it had become only by what it filled.
    """
    if report.status is not ExchangeOrderStatus.RESTING:
        return _grown(order, report.filled, report.price, now_us)
    is_sure = not -AHEAD <= now_us - order.updated_us < READS_LAG_US
    expires_us = order.intent.expires_us if order.asked is None else order.asked.expires_us
    told = Terms(report.price, report.filled + report.remaining, expires_us)
    if (told.limit, told.count) != (order.intent.limit, order.intent.count):
        if is_sure or _is_asked_for(report, told, order):
            order = order.changed(told, now_us)
    elif is_sure:
        order = order.unchanged()
    if is_sure and order.pending is Pending.CANCEL:
        return replace(order, pending=Pending.NONE)
    return order


def _is_asked_for(report: OrderReport, told: Terms, order: Order) -> bool:
    """Whether these are the terms that were asked for. Of an order that was to be made smaller more
    may have filled than was known then: so much larger is what it has become.
    """
    asked = order.asked
    if asked is None or told.limit != asked.limit:
        return False
    return told.count >= asked.count and report.remaining <= asked.count - order.filled


def _grown(order: Order, filled: Contracts, limit: Price, now_us: int) -> Order:
    """The order with the size it must have had: nothing fills beyond its own."""
    if filled <= order.intent.count:
        return order
    if order.asked is None:
        return order.changed(Terms(limit, filled, order.intent.expires_us), now_us)
    count = max(order.asked.count, filled)
    return order.changed(replace(order.asked, limit=limit, count=count), now_us)


def fold_fill(order: Order, filled: Contracts, now_us: int) -> Order:
    """The order once its fills add up to `filled`. A dead order accepts fills too."""
    if filled <= order.filled:
        return order
    if filled > order.whole:
        raise IntegrityError(
            f"Order {order.client_order_id} filled {filled} of {order.intent.count} contracts.",
            remedy="The exchange reports an overfill: run `kalshi halt` and compare by hand.",
        )
    if order.asked is not None:
        order = _grown(order, filled, order.asked.limit, now_us)
    counted = replace(order, filled=filled, updated_us=now_us)
    full = filled == order.whole
    state = OrderState.FILLED if full else OrderState.PARTIALLY_FILLED
    return counted.moved(state, now_us) if state in LEGAL[order.state] else counted
