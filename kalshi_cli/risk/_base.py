"""What a control sees and answers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms, LaterTerms, exit_terms, terms_by
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.identity import DeskState, Env
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.market import Event, Market, Quote
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import Order, OrderIntent, Purpose
from kalshi_cli.domain.position import Position
from kalshi_cli.portfolio.exposure import Claim

Group = tuple[str, str]
"""What exposure is counted by: a kind ("market", "event", "cluster", ...) and which one."""


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """What is known of a market. `rejected_by` is the filter that dropped it, `later_fees` what
    follows the `fees` in force.
    """

    market: Market
    event: Event
    category: str
    quote: Quote
    book: OrderBook | None
    fees: FeeTerms
    forecast: Forecast | None
    rejected_by: str | None
    later_fees: tuple[LaterTerms, ...] = ()

    def fees_of(self, intent: OrderIntent) -> FeeTerms:
        """What an order is charged by, at worst: what waits may fill as late as it expires."""
        return self.fees_by(intent.expires_us) if intent.post_only else exit_terms(self.fees)

    def fees_by(self, until_us: int | None) -> FeeTerms:
        """The dearest terms of what may trade until then, by `exit_terms`."""
        return terms_by(self.fees, self.later_fees, until_us)


@dataclass(frozen=True, slots=True)
class RiskState:
    """One frozen view of everything the controls may read.

    Money is dollars. `cash` is the account's cash before the collateral of live orders, which the
    controls subtract themselves, and `cash_by_shard` where it lies, empty where the exchange does
    not tell. `positions` are all owners'; `orders` are all live ones (resting
    and unknown count as filled). `event_of`, `category_of` and `clusters_of` cover every ticker
    held, ordered or asked about; a cluster is what tends to lose together: the underlying (the
    series) and the settlement day.
    `last_exit_us` is when (owner, ticker) was last left; `entries_last_hour` counts entry orders of
    the last hour of market time, `orders_last_minute` all orders of the last minute,
    `entries_today` the entries of the last 24 hours by (strategy, ticker). Nothing is sent before
    `cooling_until_us`, after everything on the exchange was cancelled; `traded_forecasts` are
    (strategy, ticker, forecast) that had an entry; `unresolved` are tickers where it is not
    known how things stand, and why; `unexplained` are contracts that the exchange says are held and
    no fill on record explains, at the most that they may have cost; `missing` says what of the
    account could not be read or explained, and is empty where nothing is. `paused_shards` are the
    parts of the exchange that take no orders now; None where the exchange does not tell. On
    `triggered_shards` the order group takes no entries. `barred` are categories that this key may
    not trade.
    """

    env: Env
    desk: DeskState
    limits: Limits
    equity: Money
    bankroll: Money
    cash: Money
    cash_by_shard: Mapping[int, Money]
    day_start_equity: Money
    peak_equity: Money
    facts: Mapping[str, MarketFacts]
    positions: tuple[Position, ...]
    unexplained: tuple[Position, ...]
    orders: tuple[Order, ...]
    event_of: Mapping[str, str]
    category_of: Mapping[str, str]
    clusters_of: Mapping[str, frozenset[str]]
    exclusive_events: frozenset[str]
    entries_last_hour: int
    orders_last_minute: int
    entries_today: Mapping[tuple[str, str], int]
    cooling_until_us: int | None
    last_exit_us: Mapping[tuple[str, str], int]
    traded_forecasts: frozenset[tuple[str, str, str]]
    unresolved: Mapping[str, str]
    missing: str
    paused_shards: frozenset[int] | None
    triggered_shards: frozenset[int]
    barred: frozenset[str]
    at_risk: dict[Group, "AtRisk"] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What follows from the rest, once it was asked for: every intent is held to the same."""
    held: dict[tuple[str, str], list[Position]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Positions by (ticker, owner), once they were asked for."""


@dataclass(frozen=True, slots=True)
class AtRisk:
    """What one group of markets or owners may lose: claims by event, and all their worst states."""

    claims: dict[str, list[Claim]]
    worst: Money


@dataclass(frozen=True, slots=True)
class Denial:
    """Which control refused, with its number against its limit (both as text, in their units)."""

    code: str
    detail: str
    value: str
    limit: str


ENTRIES = frozenset({Purpose.ENTRY, Purpose.QUOTE})
EVERYTHING = frozenset(Purpose)


class Control(ABC):
    """Pure. Controls run by `rank`, each on the purposes it declares; the first denial counts.

    What its `code` means the docstrings of its file say, and `remedy` what a person may do.

    One that `recounts` is asked again in the transaction that journals an entry: what it looks at
    may have been written since by another lane.
    """

    code: ClassVar[str]
    remedy: ClassVar[str]
    rank: ClassVar[int]
    purposes: ClassVar[frozenset[Purpose]]
    recounts: ClassVar[bool] = False

    @abstractmethod
    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        """None to let the intent pass."""
