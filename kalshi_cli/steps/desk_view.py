"""Everything the decisions read, as of one instant."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms, LaterTerms, terms_by
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.domain.markout import Markout
from kalshi_cli.domain.marks import Behind, behind, resting, without
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import Order
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.shares import Rebalanced
from kalshi_cli.domain.trial import HitRate, Trial
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.filters._base import Rejection
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.snapshots import Watermarks
from kalshi_cli.ports.trials import Signal
from kalshi_cli.steps.valuation import Prices, Valuation, ordered_in, value


@dataclass(frozen=True, slots=True)
class DeskView:
    """The desk at `now_us`.

    `entries` are the eligible markets and, whatever became of them, all that are held, ordered,
    forecast or asked for besides. Markets a verdict has dropped may be a hundred thousand more.
    `unbooked` are orders whose fills are reported and in no position yet. `markouts` are those of
    the last week, `incentives` the programmes that run now, by ticker. `trials` are those under
    way, `hit_rates` what those of the last thirty days came to. `rebalanced` are shares that were
    put in the place of the config file's. `cash` is the ledger's, as it was when `positions` were
    read: what was bought or sold is in both or in neither. `seen` is what others wanted beside our
    orders when the books were last read and put on record, lately. `last` is what was wanted in
    markets held that do not trade, before they ceased to.
    """

    now_us: int
    state: DeskState
    entries: Mapping[str, CatalogEntry]
    eligible: tuple[str, ...]
    rejected: Mapping[str, Rejection]
    forecasts: Mapping[str, Forecast]
    positions: tuple[Position, ...]
    orders: tuple[Order, ...]
    unbooked: tuple[Order, ...]
    plans: Mapping[tuple[str, str], ExitPlan]
    traded_forecasts: frozenset[tuple[str, str, str]]
    entries_last_hour: int
    orders_last_minute: int
    entries_today: Mapping[tuple[str, str], int]
    cooling_until_us: int | None
    last_exit_us: Mapping[tuple[str, str], int]
    triggered_shards: frozenset[int]
    barred: frozenset[str]
    watermarks: Watermarks
    cash: Money
    markouts: tuple[Markout, ...] = ()
    incentives: Mapping[str, tuple[IncentiveProgram, ...]] = field(default_factory=dict)
    trials: tuple[Trial, ...] = ()
    hit_rates: Mapping[Signal, HitRate] = field(default_factory=dict)
    rebalanced: Rebalanced | None = None
    seen: Mapping[str, Behind] = field(default_factory=dict)
    last: Mapping[str, Behind] = field(default_factory=dict)

    def terms(self, ticker: str) -> FeeTerms:
        """The fee terms in force in a market."""
        return self.entries[ticker].fee_terms(self.now_us)

    def later_terms(self, ticker: str) -> tuple[LaterTerms, ...]:
        """The fee terms that follow those in force, as far as they are known ahead."""
        return self.entries[ticker].later_terms(self.now_us)

    def terms_by(self, ticker: str, until_us: int | None) -> FeeTerms:
        """The dearest terms of what may trade until an instant, by `exit_terms`."""
        return terms_by(self.terms(ticker), self.later_terms(ticker), until_us)

    def book_of_others(self, book: OrderBook) -> OrderBook:
        """A book without the orders that are ours."""
        own = (order for order in self.orders if order.intent.ticker == book.ticker)
        return without(book, resting(own))

    def prices(self, books: Mapping[str, OrderBook]) -> Prices:
        """What the desk's worth is told by, our own orders left out."""
        return Prices(self.entries, books, self.orders, self.seen, self.last)

    def valued(self, cash: Money, books: Mapping[str, OrderBook]) -> Valuation:
        """The desk's worth by these books, and by quotes for markets without one."""
        return value(cash, self.positions, self.prices(books))

    def others(self, books: Mapping[str, OrderBook]) -> Mapping[str, Behind]:
        """What others want where something is held and an order of ours rests."""
        contested = self.contested()
        own = ordered_in(order for order in self.orders if order.intent.ticker in contested)
        return {t: behind(books[t], resting(each)) for t, each in own.items() if t in books}

    def contested(self) -> frozenset[str]:
        """Markets held where an order of ours rests: only a book tells what others pay there."""
        return frozenset(p.ticker for p in self.positions) & {o.intent.ticker for o in self.orders}
