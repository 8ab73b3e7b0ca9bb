"""The exchange: market data for everyone, trading for the account.

Reads raise `Unavailable` (or its `MalformedAnswer`), `ExchangeRefusal` or `ConfigError` (bad
credentials). A list comes in pages: `Page.cursor` is `""` at the end; rows that cannot be trusted
are named in `unusable`, never guessed. Writes do not raise for what the exchange or the wire did:
their outcome is data.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, NamedTuple, Protocol, TypeVar

from kalshi_cli.domain.account import Balance, CashMovement, ExchangePosition, Settlement
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.market import Event, Listing, Series, Trade
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts
from kalshi_cli.domain.order import Fill, OrderIntent, OrderReport

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Unusable:
    """A row that was refused: what it was, and why; and of which market, where it says so."""

    what: str
    reason: str
    ticker: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list. `cursor` asks for the next; `""` means this was the last."""

    items: tuple[Row, ...]
    cursor: str = ""
    unusable: tuple[Unusable, ...] = ()


class SeenAgain(NamedTuple):
    """A listing that still reads as its fingerprint tells, at `at_us`."""

    ticker: str
    fingerprint: int
    at_us: int


NOTHING: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EventListing:
    """An event with its markets and their quotes; `unusable` names the markets left out.

    `seen_again` are markets that read as the one who asks knows them, and need no second look.
    """

    event: Event
    listings: tuple[Listing, ...]
    unusable: tuple[Unusable, ...] = ()
    seen_again: tuple[SeenAgain, ...] = ()


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """Whether one shard of the exchange is open and trades."""

    exchange_index: int
    description: str
    exchange_active: bool
    trading_active: bool


@dataclass(frozen=True, slots=True)
class ExchangeStatus:
    """Whether the exchange answers and trades at all; shard 0 speaks for the whole.

    `shards` is empty where the exchange does not tell them apart.
    """

    exchange_active: bool
    trading_active: bool
    resumes_us: int | None = None
    shards: tuple[ShardStatus, ...] = ()
    unusable: tuple[Unusable, ...] = ()


class MarketData(Protocol):
    """Public reads. Quotes and books carry the market time at which they were read."""

    async def exchange_status(self) -> ExchangeStatus: ...

    async def series(self) -> Page[Series]:
        """Every series; not paged by the exchange."""
        ...

    async def open_events(
        self, cursor: str = "", known: Mapping[int, str] = NOTHING
    ) -> Page[EventListing]:
        """Open events with nested markets, combos excluded; `unusable` counts markets too.

        `known` are tickers by the fingerprint of what is known of them already.
        """
        ...

    async def event(self, event_ticker: str) -> EventListing:
        """One event whatever its status. Raises `NotFound`."""
        ...

    async def events_named(self, tickers: Collection[str]) -> Page[EventListing]:
        """The named events whatever their status; unknown ones are simply absent."""
        ...

    async def updated_markets(self, since_us: int, cursor: str = "") -> Page[Listing]:
        """Markets whose metadata changed at or after an instant, combos excluded."""
        ...

    async def listings(self, tickers: Collection[str]) -> Page[Listing]:
        """The named markets whatever their status; unknown tickers are simply absent."""
        ...

    async def books(self, tickers: Collection[str]) -> Mapping[str, OrderBook]:
        """Order books; a ticker is absent where its book was unusable."""
        ...

    async def trades(
        self, ticker: str, min_us: int = 0, cursor: str = "", max_us: int | None = None
    ) -> Page[Trade]:
        """Public prints of one market, newest first, of these instants and between them."""
        ...


class PlacementKind(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    THROTTLED = "throttled"
    DUPLICATE = "duplicate"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Placement:
    """What became of an order that was sent.

    ACCEPTED: `order_id`, `filled` and `remaining` are the exchange's. REFUSED: nothing traded,
    `code` is the exchange's. UNAUTHORIZED: so it is for the key's sake, and will be for the next
    order. FORBIDDEN: this key may not trade this market, if any. THROTTLED: not executed, the same
    id may be sent again. DUPLICATE: the id exists already: fetch and adopt. NOT_SENT: refused
    before the first byte. UNKNOWN: anything may have happened; never send again, look for it.
    """

    kind: PlacementKind
    order_id: str | None = None
    filled: Contracts = NO_CONTRACTS
    remaining: Contracts = NO_CONTRACTS
    code: str = ""
    message: str = ""


class CancellationKind(StrEnum):
    CANCELED = "canceled"
    GONE = "gone"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What became of a cancel. GONE is no proof of a cancel: read the order."""

    kind: CancellationKind
    reduced_by: Contracts = NO_CONTRACTS
    code: str = ""
    message: str = ""


class AmendmentKind(StrEnum):
    AMENDED = "amended"
    GONE = "gone"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Amendment:
    """What became of a change to an order.

    AMENDED: `filled` traded at once, `remaining` rests now; None where the exchange told no sizes,
    because none changed. REFUSED: the order is as it was. GONE is no proof of an end, and
    UNKNOWN is no proof of anything: read the order.
    """

    kind: AmendmentKind
    filled: Contracts | None = None
    remaining: Contracts | None = None
    code: str = ""
    message: str = ""


class OutcomeKind(StrEnum):
    DONE = "done"
    GONE = "gone"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request that is about no single order.

    DONE: `made_id` names what was made, if anything. GONE: the thing is not there.
    DUPLICATE: the same request was accepted before. REFUSED: nothing was done. UNKNOWN: look.
    """

    kind: OutcomeKind
    made_id: str = ""
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class OrderAddress:
    """What a request must say of an order to reach it: its id, market and shard."""

    order_id: str
    ticker: str
    exchange_index: int = 0


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """How many contracts trade before a resting order does."""

    order_id: str
    ticker: str
    ahead: Contracts


Permit = Callable[[], Awaitable[None]]
"""Asked when nothing is left to wait for: raises `KalshiError` where nothing may be sent."""


class Trading(Protocol):
    """The account: orders, fills, positions, settlements, cash.

    `group_id` puts orders into an order group. Batches are answered in the order that was asked,
    each order for itself; where the answer to a batch is lost, all of it is UNKNOWN.
    """

    async def place(
        self,
        client_order_id: str,
        intent: OrderIntent,
        *,
        group_id: str = "",
        permit: Permit | None = None,
    ) -> Placement:
        """Send one order, if `permit` allows it just before. Never retries on its own."""
        ...

    async def place_batch(
        self, orders: Sequence[tuple[str, OrderIntent]], *, group_id: str = ""
    ) -> tuple[Placement, ...]:
        """Send several orders, with their ids. After an answer that is lost, nothing more goes."""
        ...

    async def cancel(self, order_id: str, ticker: str, exchange_index: int) -> Cancellation:
        """Cancel one order."""
        ...

    async def cancel_batch(self, orders: Sequence[OrderAddress]) -> tuple[Cancellation, ...]:
        """Cancel several orders."""
        ...

    async def cancel_all(self) -> Outcome:
        """Cancel whatever rests, on every shard, foreign orders too.

        Orders that are placed in the minute after may go as well.
        """
        ...

    async def amend(
        self, order_id: str, intent: OrderIntent, *, permit: Permit | None = None
    ) -> Amendment:
        """Make an order's price, whole count (what filled included) and expiry those of `intent`.

        Sent if `permit` allows it just before: it may risk more than the order did.
        Only a smaller count or another expiry keeps its place in the queue. A new price may trade.
        """
        ...

    async def decrease(self, order: OrderAddress, remaining: Contracts) -> Amendment:
        """Leave fewer contracts resting; the order keeps its place in the queue."""
        ...

    async def queue_positions(self, tickers: Collection[str]) -> Page[QueuePosition]:
        """What is ahead of the account's resting orders in the named markets."""
        ...

    async def data_as_of(self) -> int:
        """About when the exchange last brought up to date what reads of the account show."""
        ...

    async def order(self, order_id: str) -> OrderReport | None:
        """One order; None when the exchange does not know it (yet: reads lag writes)."""
        ...

    async def orders(
        self, *, resting_only: bool = False, min_us: int = 0, cursor: str = ""
    ) -> Page[OrderReport]:
        """Orders of the account, newest first. There is no look-up by client_order_id."""
        ...

    async def fills(self, *, min_us: int = 0, cursor: str = "") -> Page[Fill]:
        """Fills of the account at or after an instant, newest first."""
        ...

    async def positions(self, cursor: str = "") -> Page[ExchangePosition]:
        """Unsettled net positions that are not zero."""
        ...

    async def settlements(self, *, min_us: int = 0, cursor: str = "") -> Page[Settlement]:
        """Settlements of the account at or after an instant, newest first."""
        ...

    async def cash_movements(self, *, min_us: int = 0, cursor: str = "") -> Page[CashMovement]:
        """Deposits and withdrawals, each newest first.

        Those asked for before an instant are left out, page by page: some may be told all the same.
        """
        ...

    async def balance(self) -> Balance: ...
