"""Which positions the stream says to leave now, and what else asks to be acted on. Pure.

A guard takes in what is held and what the stream tells, and answers with data: which exits are
armed, which quotes are to go, what is to be booked or kept, and why the exchange must be read. It
believes a book while the stream stands behind it; one that is lost arms nothing, and nothing rests
on it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace

from kalshi_cli.domain.account import ExchangePosition
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import NO_CONTRACTS
from kalshi_cli.domain.order import Fill, Order, OrderReport
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Exit, ExitPlan
from kalshi_cli.exits._pricing import exit_price
from kalshi_cli.ports.stream import (
    BookLost,
    Change,
    EventFees,
    Link,
    MarketChange,
    Read,
    Resync,
    StreamEvent,
)
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.leaving import exit_intent, reason_to_leave
from kalshi_cli.steps.pulling import QuotesToGo
from kalshi_cli.steps.readiness import Readiness
from kalshi_cli.strategies._base import Strategy

PAUSE_US = 5 * SECOND
"""Between two exits, or two refusals of one, by the same owner in the same market: what came of the
first must be on record before there is another.
"""
REFUSED_PAUSE_US = 60 * SECOND
"""After the exchange refused an exit, as it does while it pauses."""
_RECONCILED = frozenset({Read.ORDERS, Read.FILLS, Read.POSITIONS, Read.MARKETS})
"""Reads that reconciliation makes."""
_OF_MONEY = frozenset(
    {
        Change.ACTIVATED,
        Change.DEACTIVATED,
        Change.CLOSE_DATE_UPDATED,
        Change.DETERMINED,
        Change.SETTLED,
        Change.PRICE_LEVEL_STRUCTURE_UPDATED,
    }
)
"""What happens to a market that what we hold or have ordered there depends on."""
Owned = tuple[str, str]
"""(ticker, owner)."""
Changes = tuple[int, int]
"""See `ports.store.Store.changes`."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the stream told of the account, to be booked."""

    fills: tuple[Fill, ...]
    reports: tuple[OrderReport, ...]

    def __bool__(self) -> bool:
        return bool(self.fills or self.reports)


@dataclass(frozen=True, slots=True)
class FeesTold:
    """An event's own terms as they were told at an instant; None where its series' hold again."""

    fees: FeeTerms | None
    at_us: int


@dataclass(slots=True)
class Guard:
    """`held` is None until somebody looked; `armed` are the exits to be sent, `quotes` says
    which quotes are to go.
    """

    exits: Sequence[Exit]
    held: Readiness | None = None
    books: dict[str, OrderBook] = field(default_factory=dict)
    armed: set[Owned] = field(default_factory=set)
    strategies: InitVar[Sequence[Strategy]] = ()
    quotes: QuotesToGo = field(init=False)
    _fills: list[Fill] = field(default_factory=list)
    _reports: list[OrderReport] = field(default_factory=list)
    _nets: dict[str, ExchangePosition] = field(default_factory=dict)
    _due: dict[str, None] = field(default_factory=dict)
    _paused: dict[Owned, int] = field(default_factory=dict)
    _raised: dict[Owned, ExitPlan] = field(default_factory=dict)
    _fees: dict[str, FeesTold] = field(default_factory=dict)
    _changes: Changes | None = None
    _positions: dict[str, list[Position]] = field(default_factory=dict)
    """What is held, by market, as `_orders` are: a change of a book asks for one market only."""
    _orders: dict[str, list[Order]] = field(default_factory=dict)

    def __post_init__(self, strategies: Sequence[Strategy]) -> None:
        self.quotes = QuotesToGo(strategies)

    @property
    def watched(self) -> frozenset[str]:
        """The markets whose books matter: those held or ordered."""
        return frozenset() if self.held is None else frozenset(self.held.view.entries)

    @property
    def is_urgent(self) -> bool:
        """Whether there is an exit to be sent, or a quote to be taken away."""
        return bool(self.armed or self.quotes.pulled)

    @property
    def has_news(self) -> bool:
        """Whether there is anything to book, or to read."""
        told = self._fills or self._reports or self._nets or self._fees
        return bool(told or self._due or self._raised)

    @property
    def plans(self) -> Mapping[Owned, ExitPlan]:
        """The exit plans, with the best bids that trailing stops have seen since they were read."""
        if self.held is None:
            return {}
        read = self.held.view.plans
        return {**read, **self._raised} if self._raised else read

    def owe(self, reason: str) -> None:
        """The exchange must be read."""
        self._due[reason] = None

    def hear(self, event: StreamEvent, now_us: int) -> None:
        """Take in what the stream tells, at this instant of market time."""
        match event:
            case OrderBook():
                self.books[event.ticker] = event
                if self.held is not None:
                    self._raise_peaks(event, self.held.view)
                    self._arm(event.ticker, self._view_of(self.held, now_us))
                self._pull(event.ticker)
            case BookLost():
                self.books.pop(event.ticker, None)
                self._speak_against(event.ticker, "its book is lost", now_us)
                self.armed -= {each for each in self.armed if each[0] == event.ticker}
            case Fill() | OrderReport() | ExchangePosition():
                self._hear_of_account(event)
            case MarketChange() if event.ticker in self.watched and event.change in _OF_MONEY:
                change = event.change.replace("_", " ")
                self._due[f"{event.ticker} {change}"] = None
                self._speak_against(event.ticker, f"the market was {change}", now_us)
            case Resync() if event.read in _RECONCILED:
                self._due[f"{event.read}: {event.reason}"] = None
            case EventFees():
                self._fees[event.event_ticker] = FeesTold(event.fees, now_us)
            case Link() if not event.connected:
                self._lose_all("the stream is down", now_us)
            case _:
                pass

    def _hear_of_account(self, event: Fill | OrderReport | ExchangePosition) -> None:
        match event:
            case Fill():
                self._fills.append(event)
            case OrderReport():
                self._reports.append(event)
            case ExchangePosition():
                self._nets[event.ticker] = event

    def as_it_was(self, changes: Changes | None, now_us: int) -> Readiness | None:
        """What is held at this instant, where the store has not changed since it was read.

        None where it has, or nobody can tell, or orders of the last minute are to be counted anew.
        """
        held = self.held
        if held is None or changes is None or changes != self._changes:
            return None
        return None if held.view.orders_last_minute else held.later(now_us)

    def see(self, held: Readiness, changes: Changes | None = None) -> None:
        """Take in what is held now, which must contain every fill that was handed over.

        `changes` is what the store told of its changes before it was read.

        What was to go still is, while it rests: what spoke against it may be told only once.
        """
        if self.held is not None and self.held.view.state is not held.view.state:
            self._due[f"the desk is {held.view.state}"] = None
        self.held, self._changes = held, changes
        self._positions, self._orders = defaultdict(list), defaultdict(list)
        for position in held.view.positions:
            self._positions[position.ticker].append(position)
        for order in held.view.orders:
            self._orders[order.intent.ticker].append(order)
        self._keep_raised()
        watched = self.watched
        self.books = {ticker: book for ticker, book in self.books.items() if ticker in watched}
        self.armed.clear()
        if self.quotes.see(held.view.orders, held.view.now_us):
            self._due["a quote may rest that was asked to go"] = None
        view = self._view_of(held, held.view.now_us)
        for ticker in self.books:
            self._arm(ticker, view)
            self._pull(ticker)
        for ticker, told in self._nets.items():
            ours = (position.net for position in self._positions.get(ticker, ()))
            if sum(ours, NO_CONTRACTS) != told.net:
                self._due[f"the exchange says that {told.net} of {ticker} are held"] = None
        self._nets.clear()

    def pause(self, owned: Owned, now_us: int, span_us: int = PAUSE_US) -> None:
        """An exit was sent or refused there: leave it alone for a while."""
        self._paused[owned] = now_us + span_us
        self.armed.discard(owned)

    def _is_paused(self, owned: Owned, now_us: int) -> bool:
        """By a clock that was set back since, nothing is."""
        return 0 < self._paused.get(owned, now_us) - now_us <= REFUSED_PAUSE_US

    def take_pulled(self, now_us: int) -> dict[Order, str]:
        """The quotes that are to go, once, and why."""
        return self.quotes.take(() if self.held is None else self.held.view.orders, now_us)

    def take_told(self) -> Told:
        """What is to be booked, once."""
        told = Told(tuple(self._fills), tuple(self._reports))
        self._fills, self._reports = [], []
        return told

    @property
    def fees(self) -> Mapping[str, FeesTold]:
        """What events charge of their own, to be kept; it stands until `forget_fees`."""
        return dict(self._fees)

    def forget_fees(self, kept: Mapping[str, FeesTold]) -> None:
        """These are kept; what was told meanwhile is still to be."""
        self._fees = {name: told for name, told in self._fees.items() if kept.get(name) != told}

    def take_due(self) -> tuple[str, ...]:
        """Why the exchange must be read, once; empty where it need not."""
        due, self._due = tuple(self._due), {}
        return due

    def _lose_all(self, why: str, now_us: int) -> None:
        """No book is known any more: the exchange is read, though not at each try to connect."""
        if self.books:
            self._due[why] = None
        self.books.clear()
        self.armed.clear()
        for ticker in self.watched:
            self._speak_against(ticker, why, now_us)

    def take_raised(self) -> tuple[ExitPlan, ...]:
        """The plans whose peak has risen, to be kept; they stand until a look shows them kept."""
        return tuple(self._raised.values())

    def forget_raised(self) -> None:
        """They are kept, and no look will show it."""
        self._raised.clear()

    def _raise_peaks(self, book: OrderBook, view: DeskView) -> None:
        """Follow the best bid of what is held with a trailing stop."""
        for position in self._positions.get(book.ticker, ()):
            owned = (position.ticker, position.owner)
            plan = self._raised.get(owned) or view.plans.get(owned)
            if plan is not None and plan.levels.trail is not None:
                seen = plan.seeing(exit_price(position, view.book_of_others(book)))
                if seen is not plan:
                    self._raised[owned] = seen

    def _keep_raised(self) -> None:
        """Forget what is on record by now, and what was of another position."""
        if self.held is None:
            return
        plans = self.held.view.plans
        raised, self._raised = self._raised, {}
        for owned, seen in raised.items():
            plan = plans.get(owned)
            if plan is not None and plan.made_us == seen.made_us and plan.seeing(seen.peak) != plan:
                self._raised[owned] = plan.seeing(seen.peak)

    def _view_of(self, held: Readiness, now_us: int) -> DeskView:
        """What exits are decided by at this instant."""
        return replace(held.view, now_us=now_us, plans=self.plans)

    def _in_market(self, ticker: str, view: DeskView) -> DeskView:
        """The view with the orders of one market, for nothing there asks for any other's."""
        return replace(view, orders=tuple(self._orders.get(ticker, ()))) if view.orders else view

    def _arm(self, ticker: str, view: DeskView) -> None:
        """Arm the exits of a market that have a reason, and somebody to leave to."""
        view = self._in_market(ticker, view)
        for position in self._positions.get(ticker, ()):
            owned = (position.ticker, position.owner)
            reason = reason_to_leave(position, view, self.books, self.exits)
            if (
                reason is not None
                and not self._is_paused(owned, view.now_us)
                and exit_intent(position, reason, view, self.books) is not None
            ):
                self.armed.add(owned)
            else:
                self.armed.discard(owned)

    def _speak_against(self, ticker: str, why: str, now_us: int) -> None:
        self.quotes.speak_against(ticker, self._orders.get(ticker, ()), why, now_us)

    def _pull(self, ticker: str) -> None:
        """Take away the quotes of a market that their strategy takes back."""
        if self.held is None:
            return
        view, book = self._in_market(ticker, self.held.view), self.books.get(ticker)
        others = None if book is None else view.book_of_others(book)
        self.quotes.judge(view.orders, others)
