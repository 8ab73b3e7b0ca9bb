"""The store: one transaction a unit of work, never open across a network or AI call.

    async with store.unit() as unit:
        live = await unit.orders.live()
        ...
        await unit.commit()

Leaving without `commit` rolls back. All methods raise `StoreUnusable` when the database cannot be
read or written; a write that answers nothing may do so, or be refused, only with what comes next
in its unit, at the latest its commit. Every amount is exact and every instant market time, unless
it says wall.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, TypeVar

from kalshi_cli.domain.account import CashMovement, Settlement
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.limits import LimitChange
from kalshi_cli.domain.market import Event, Listing, Market, Quote, Series
from kalshi_cli.domain.marks import Behind
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import Fill, Order, OrderIntent
from kalshi_cli.domain.position import Position, RoundTrip
from kalshi_cli.domain.shares import Rebalanced
from kalshi_cli.domain.strategy_fault import StrategyFault
from kalshi_cli.domain.trail import Cause
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.filters._base import Verdict
from kalshi_cli.ports.ai_ledger import AiLedger
from kalshi_cli.ports.exchange import SeenAgain
from kalshi_cli.ports.funnel import Funnel
from kalshi_cli.ports.making import Making
from kalshi_cli.ports.trials import Trials
from kalshi_cli.risk._base import Denial

Result = TypeVar("Result")

NO_VERDICTS: Mapping[str, Verdict] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Saved:
    """How many rows a bulk write found new, changed, and as they were."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A market with everything known around it."""

    market: Market
    quote: Quote
    event: Event
    series: Series

    @property
    def category(self) -> str:
        return self.event.category or self.series.category

    @property
    def listing(self) -> Listing:
        return Listing(self.market, self.quote)


class Catalog(Protocol):
    """Series, events, markets and one quote row a market; quote history only where asked."""

    async def save_series(self, series: Sequence[Series], at_us: int) -> Saved: ...

    async def save_events(self, events: Sequence[Event], at_us: int) -> Saved: ...

    async def save_listings(
        self,
        listings: Sequence[Listing],
        at_us: int,
        verdicts: Mapping[str, Verdict] = NO_VERDICTS,
    ) -> Saved:
        """Insert or update markets and their quotes; their events must be there.

        A market that changed has the verdict given with it, else none, and one whose event or
        series changes loses its own.
        """
        ...

    async def save_verdicts(self, verdicts: Mapping[str, Verdict]) -> None:
        """Keep what became of markets, as read in this unit."""
        ...

    async def unscreened(self, mark: int, now_us: int) -> tuple[str, ...]:
        """Active markets without a verdict of the filters of this mark that holds now; in order."""
        ...

    async def undropped(self, mark: int, now_us: int) -> tuple[str, ...]:
        """Active markets that are eligible, or `unscreened`; in order."""
        ...

    async def verdict_counts(self, mark: int, now_us: int) -> Mapping[str | None, int]:
        """Active markets by what dropped them (None: eligible), of those not `unscreened`."""
        ...

    async def unseen(self, since_us: int) -> tuple[str, ...]:
        """Active markets whose quotes are from before an instant; in order."""
        ...

    async def seen_again(self, seen: Sequence[SeenAgain]) -> None:
        """Move only the time of quotes that are still what their fingerprints tell."""
        ...

    async def known_listings(self, since_us: int) -> Mapping[int, str]:
        """Tickers by the fingerprint of what the store has of them, if quoted since an instant."""
        ...

    async def known_series(self) -> Mapping[str, str]:
        """Each series' category, by ticker."""
        ...

    async def known_events(self, event_tickers: Collection[str]) -> frozenset[str]: ...

    async def entries(self, tickers: Collection[str] | None = None) -> tuple[CatalogEntry, ...]:
        """The named markets, or all; in ticker order."""
        ...

    async def known_markets(self, tickers: Collection[str]) -> frozenset[str]:
        """Those of the named markets that the store knows."""
        ...

    async def near(self, ticker: str) -> tuple[str, ...]:
        """Known markets called nearly so, the likeliest first: three at most, none that is far."""
        ...

    async def watched(self) -> frozenset[str]:
        """Known markets that we hold, have live orders in, or have forecast and did not settle."""
        ...

    async def record_quotes(self, quotes: Sequence[Quote], why: str) -> None:
        """Append to the quote history: at decisions (`decision`) and for held markets (`held`)."""
        ...

    async def drop_counts(self, run_id: str, counts: Mapping[str, int]) -> None:
        """Record how many markets each filter dropped in a pass (the funnel)."""
        ...

    async def marker(self, name: str) -> int | None:
        """An instant the desk remembers, such as the last full pass."""
        ...

    async def set_marker(self, name: str, instant_us: int) -> None: ...


class Forecasts(Protocol):
    async def add(self, forecasts: Sequence[Forecast]) -> None: ...

    async def latest(self, tickers: Collection[str]) -> Mapping[str, Forecast]:
        """The newest forecast of each ticker."""
        ...

    async def paid_since(self, since_us: int) -> Mapping[str, tuple[int, ...]]:
        """When each ticker was forecast for money, at or after an instant."""
        ...


@dataclass(frozen=True, slots=True)
class InMarket:
    """What the desk has in one market: positions of all owners, live orders, and orders of which
    the exchange reports more filled than the ledger has fills of.
    """

    positions: tuple[Position, ...]
    orders: tuple[Order, ...]
    unbooked: tuple[Order, ...]


Weigh = Callable[[InMarket], None]


class Journal(Protocol):
    """Orders, their trails, and denials. `record` commits nothing by itself: commit, then send."""

    async def record(
        self,
        order: Order,
        lease_token: str,
        wall: Callable[[], int],
        detail: str = "",
        *,
        weigh: Weigh | None = None,
    ) -> None:
        """Insert an INTENT, checking the lease's token and expiry in this transaction.

        `detail` is for the trail: what was seen when it was decided. `weigh` is shown what the
        desk has in the order's market, as of this transaction, and raises where that speaks
        against the order.

        `wall` tells real time when the lease is checked, for which a transaction may have waited.
        Raises `LeaseHeld` when the lease is not ours, `DuplicateEntry` when the (strategy, ticker,
        forecast) already has a live entry, `Refused` when the id is taken: here, or with what comes
        next in the transaction, its commit at the latest. `weigh` and `wall` may be called in
        another thread.
        """
        ...

    async def save(self, order: Order, cause: Cause, detail: str = "") -> None:
        """Update a journalled order, and add to its trail; the order's message where no detail."""
        ...

    async def live(self) -> tuple[Order, ...]:
        """Orders that may still trade: INTENT, UNKNOWN, RESTING, PARTIALLY_FILLED."""
        ...

    async def unplaced(self, tickers: Collection[str]) -> tuple[Order, ...]:
        """Orders in these markets that the exchange may show under an id that we do not know.

        They are INTENT or UNKNOWN, or were taken for ABSENT, REJECTED or NOT_SENT.
        """
        ...

    async def given_up(self, since_us: int) -> tuple[Order, ...]:
        """Orders that were taken for ABSENT at or after an instant, and still are."""
        ...

    async def unbooked(self) -> tuple[Order, ...]:
        """Orders of which the exchange reports more filled than the ledger has fills of.

        Every order that ever filled is looked at.
        """
        ...

    async def find(
        self,
        *,
        client_order_ids: Collection[str] | None = None,
        order_ids: Collection[str] | None = None,
    ) -> tuple[Order, ...]: ...

    async def entries_since(self, since_us: int) -> int:
        """Entry orders sent at or after an instant."""
        ...

    async def orders_since(self, since_us: int) -> int:
        """Orders of any purpose journalled at or after an instant."""
        ...

    async def entries_by_market(self, since_us: int) -> Mapping[tuple[str, str], int]:
        """Entry orders sent at or after an instant, by (strategy, ticker)."""
        ...

    async def forbidden_since(self, since_us: int) -> frozenset[str]:
        """Markets where the exchange refused this key an order at or after an instant."""
        ...

    async def traded_forecasts(self, tickers: Collection[str]) -> frozenset[tuple[str, str, str]]:
        """(strategy, ticker, forecast_id) of every entry that was sent, dead or alive.

        One that the exchange refused took no part in anything: three refusals count as an entry.
        """
        ...

    async def deny(
        self, denials: Sequence[tuple[OrderIntent, Denial]], run_id: str, at_us: int
    ) -> None:
        """Record what was wanted, and what refused it."""
        ...

    async def drop_denials(self, before_us: int, *, most: int) -> int:
        """Drop the oldest denials from before an instant; how many were dropped.

        Those stay where an order of the same strategy and market is live, or a position is open.
        """
        ...


class Ledger(Protocol):
    """Append-only facts of money, and what is derived from them."""

    async def add_fills(self, fills: Sequence[tuple[Fill, str]]) -> tuple[Fill, ...]:
        """Append (fill, owner); returns those not known before, oldest first."""
        ...

    async def unknown(self, fills: Collection[Fill]) -> tuple[Fill, ...]:
        """Those of these fills that are not on record."""
        ...

    async def filled(self, order_ids: Collection[str]) -> Mapping[str, Contracts]:
        """Contracts filled of each order, by the ledger."""
        ...

    async def last_fill_us(self) -> int | None: ...

    async def new_settlements(self, settlements: Sequence[Settlement]) -> tuple[Settlement, ...]:
        """Those that are not known, or changed since, with the revision that they would get."""
        ...

    async def add_settlements(self, settlements: Sequence[Settlement]) -> tuple[Settlement, ...]:
        """Append settlements; returns those not known. A changed one gets the next revision."""
        ...

    async def last_settlement_us(self) -> int | None: ...

    async def settled(self, ticker: str) -> Settlement | None:
        """The newest revision of a market's settlement."""
        ...

    async def add_cash(self, movements: Sequence[CashMovement]) -> tuple[CashMovement, ...]:
        """Append cash movements; returns those not known before.

        One that reverses another is left out until that one is known.
        """
        ...

    async def history(
        self, tickers: Collection[str] | None = None
    ) -> tuple[tuple[Fill, str] | Settlement, ...]:
        """Fills (with owner) and settlements in the order they happened."""
        ...

    async def cash(self) -> Money:
        """Cash derived from the ledger: what the exchange should have."""
        ...

    async def cash_by_shard(self) -> Mapping[int, Money]:
        """The same by the exchange's shards."""
        ...

    async def movements(self) -> tuple[CashMovement, ...]:
        """All cash movements, oldest first."""
        ...

    async def paid_in(self) -> Money | None:
        """All cash movements together; None before the account was first seen."""
        ...

    async def positions(self, *, open_only: bool = True) -> tuple[Position, ...]: ...

    async def save_positions(self, positions: Sequence[Position]) -> None: ...

    async def save_round_trips(self, tickers: Collection[str], trips: Sequence[RoundTrip]) -> None:
        """Replace the round trips of these markets: a late fill may merge two that were over."""
        ...

    async def round_trip_counts(self) -> Mapping[str, int]:
        """How many round trips each owner has behind it."""
        ...

    async def last_exits(self) -> Mapping[tuple[str, str], int]:
        """When each (owner, ticker) was last left."""
        ...


class Plans(Protocol):
    async def save(self, plan: ExitPlan) -> None: ...

    async def all(self) -> Mapping[tuple[str, str], ExitPlan]:
        """Plans of open positions, by (ticker, owner)."""
        ...

    async def remove(self, ticker: str, owner: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The desk's worth at an instant. `equity` is cash plus marks, `liquidation` cash plus bids.

    `cash` is the ledger's, and `paid_in` what had come to it by then without trading.
    """

    at_us: int
    cash: Money
    equity: Money
    liquidation: Money
    unmarked: int
    positions: int
    paid_in: Money


@dataclass(frozen=True, slots=True)
class Performance:
    """What one strategy earned up to an instant."""

    at_us: int
    strategy: str
    realized: Money
    unrealized: Money
    fees: Money
    ai_cost: Money
    round_trips: int


@dataclass(frozen=True, slots=True)
class Watermarks:
    """What to measure from.

    `day_start` (the last snapshot before the day, if it is of its last half an hour, else the first
    of the day) and `peak` are liquidation values, for the limits on losses: as they would be had
    everything that was ever paid in been there, so that money that comes is no gain, and money that
    goes no loss.
    """

    day_start: Money | None
    peak: Money | None
    last: Snapshot | None


class Snapshots(Protocol):
    async def add(
        self,
        snapshot: Snapshot,
        performance: Sequence[Performance],
        seen: Mapping[str, Behind],
    ) -> None:
        """Put a snapshot on record; what was `seen` of others takes the place of what was then."""
        ...

    async def seen(self, since_us: int = 0) -> Mapping[str, Behind]:
        """What others wanted at the last snapshot, by ticker, where an order of ours rested in a
        market that was held and its book was read; nothing where that was before an instant.
        """
        ...

    async def performance(self, at_us: int) -> tuple[Performance, ...]:
        """What was put down with the snapshot of an instant, by strategy."""
        ...

    async def watermarks(self, day: int, peak_since_us: int = 0) -> Watermarks:
        """The watermarks of a market-time day; the peak is that at or after an instant."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """One invocation of a command that writes. `number` counts them."""

    run_id: str
    number: int


class GroupState(StrEnum):
    """Whether entries may join an order group: not once it is triggered, until it is reset.

    RESUMED: triggered, and a person wants it reset before the next entry.
    """

    WORKING = "working"
    TRIGGERED = "triggered"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class KeptGroup:
    """The order group that the entries of one shard join."""

    exchange_index: int
    group_id: str
    state: GroupState
    made_us: int


class TransferState(StrEnum):
    """What is known of a transfer between shards. INTENT may have been sent."""

    INTENT = "intent"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class KeptTransfer:
    """A transfer between shards, on record before it is sent; `who` asked for it."""

    client_transfer_id: str
    run_id: str
    source: int
    destination: int
    amount: Money
    who: str
    state: TransferState
    asked_us: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class DeskRequest:
    """What another process asks of whoever holds the lease: see `steps.requests`."""

    request_id: int
    kind: str
    target: str
    asked_wall_us: int
    answer: str | None = None
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The run state, why it is so, and who made it so; both empty where nobody ever changed it."""

    state: DeskState
    reason: str
    who: str


class Desk(Protocol):
    """Runs, the run state, order groups, transfers, and requests between processes."""

    async def start_run(self, command: str, at_us: int, wall_us: int) -> Run: ...

    async def end_run(self, run_id: str, at_us: int, wall_us: int, reason: str) -> None: ...

    async def is_under_way(self, run_id: str) -> bool:
        """Whether a run has no end on record."""
        ...

    async def state(self) -> DeskState: ...

    async def standing(self) -> Standing: ...

    async def set_state(
        self, state: DeskState, *, reason: str, who: str, at_us: int | None, wall_us: int
    ) -> None:
        """Change the run state and keep the change on record; `at_us` is None where market time
        is not known.
        """
        ...

    async def limits(self) -> Mapping[str, str]:
        """The limits that were last in force, by name; empty before the first were recorded."""
        ...

    async def change_limits(
        self,
        changes: Sequence[LimitChange],
        *,
        run_id: str,
        who: str,
        why: str,
        at_us: int,
        wall_us: int,
    ) -> None:
        """Keep changes of limits on record."""
        ...

    async def rebalanced(self) -> Rebalanced | None:
        """Shares that were put in the place of the config file's; None where none were, and `VOID`
        where those on record are such as nobody can have: who leaves a position needs none.
        """
        ...

    async def rebalance(
        self, rebalanced: Rebalanced | None, lease_token: str, wall: Callable[[], int]
    ) -> None:
        """Put shares in the place of those there were, or none. Raises `LeaseHeld` and
        `LeaseRanOut` where the lease is not ours, which `wall` tells in this transaction.
        """
        ...

    async def strategy_faults(self) -> Mapping[str, StrategyFault]:
        """The strategies whose last pass went wrong, by name."""
        ...

    async def keep_fault(self, fault: StrategyFault) -> None:
        """Keep a strategy's newest fault, in the place of the one before."""
        ...

    async def forgive(self, strategy: str) -> bool:
        """Forget a strategy's faults; whether it had any."""
        ...

    async def nonce(self) -> bytes:
        """The installation's nonce, from which client order ids are derived."""
        ...

    async def order_groups(self) -> Mapping[int, KeptGroup]:
        """The order group of each shard that had an entry."""
        ...

    async def keep_group(self, group: KeptGroup) -> None:
        """Make a group the one of its shard."""
        ...

    async def turn_groups(
        self, after: GroupState, *, before: Collection[GroupState], group_id: str | None = None
    ) -> int:
        """Change the state of one group or all, where it is as told before; how many changed."""
        ...

    async def record_transfer(self, transfer: KeptTransfer) -> None:
        """Put a transfer on record, which commits nothing by itself: commit, then send."""
        ...

    async def turn_transfer(
        self, client_transfer_id: str, state: TransferState, message: str
    ) -> None:
        """Keep what became of a transfer."""
        ...

    async def open_transfers(self) -> tuple[KeptTransfer, ...]:
        """Transfers whose outcome is not known, oldest first."""
        ...

    async def ask(self, kind: str, target: str, wall_us: int) -> int:
        """Leave a request for the lease holder; returns its id."""
        ...

    async def requests(self) -> tuple[DeskRequest, ...]:
        """Requests that nobody has taken, oldest first."""
        ...

    async def take(self, request_id: int, wall_us: int) -> bool:
        """Claim a request, to carry it out or to withdraw it; False where somebody has already.

        Whoever takes it answers it. It is never handed out again, so nothing is done twice.
        """
        ...

    async def request(self, request_id: int) -> DeskRequest | None: ...

    async def answer(self, request_id: int, answer: str, exit_code: int, wall_us: int) -> None: ...


class Unit(Protocol):
    """One transaction."""

    @property
    def catalog(self) -> Catalog: ...
    @property
    def forecasts(self) -> Forecasts: ...
    @property
    def funnel(self) -> Funnel: ...
    @property
    def ai(self) -> AiLedger: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def making(self) -> Making: ...
    @property
    def plans(self) -> Plans: ...
    @property
    def snapshots(self) -> Snapshots: ...
    @property
    def trials(self) -> Trials: ...
    @property
    def desk(self) -> Desk: ...

    async def commit(self) -> None: ...


Write = Callable[[Unit], Awaitable[None]]
"""A write that answers nothing."""


@dataclass(frozen=True, slots=True)
class Brakes:
    """The desk's run state, and the instant before which nothing is sent, if there is one."""

    state: DeskState
    cooling_until_us: int | None


class Store(Protocol):
    def unit(self, *, reads: bool = False) -> AbstractAsyncContextManager[Unit]:
        """A transaction. One that only `reads` sees what was committed, and waits for nobody."""
        ...

    async def write(self, work: Callable[[Unit], Awaitable[Result]]) -> Result:
        """What `work` returns, once it is committed, in one transaction with what other tasks write
        just then.

        It may run twice, since where one of them fails each is written alone; so it changes nothing
        but its unit. `StoreBusy` is raised to all of them. Whoever is cancelled before `work`
        begins leaves nothing; later it is written all the same, unless that fails.
        """
        ...

    def begin(self, work: Callable[[Unit], Awaitable[Result]]) -> Awaitable[Result]:
        """The same, in line at once: before all that is asked for later, whoever waits first."""
        ...

    async def brakes(self, cooling: str) -> Brakes:
        """What may keep an order back, as committed now, in as little time as can be.

        `cooling` is the marker of the instant before which nothing is sent.
        """
        ...

    def changes(self) -> tuple[int, int] | None:
        """Another value than before, once anybody has committed since; None where nobody can tell.

        It takes so little time that it can be asked before every look.
        """
        ...


class Lease(Protocol):
    """The right to trade an account, on real time, renewed from a thread while held."""

    @property
    def token(self) -> str: ...

    def check(self) -> None:
        """Raises `LeaseHeld` if the lease has run out or was taken."""
        ...
