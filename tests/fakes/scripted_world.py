"""A world that does what a test tells it: one event, plain books, scheduled happenings."""

from dataclasses import dataclass, field

from kalshi_cli.domain.book import Level, reaches
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import LINEAR_CENT, PriceGrid
from kalshi_cli.domain.instant import DAY
from kalshi_cli.domain.market import Event, Market, MarketStatus, Result, Series, Trade
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.world import Execution, Listed, Matched, Moved, Occurrence, Printed, Tally

START_US = 1_700_000_000_000_000


@dataclass(frozen=True, slots=True)
class Hit:
    """Somebody takes `count` from the book, whatever the price."""

    at_us: int
    ticker: str
    side: Side
    count: Contracts


@dataclass(slots=True)
class Resting:
    order_id: str
    price: int
    units: int


@dataclass(slots=True)
class ScriptedWorld:
    tickers: tuple[str, ...] = ("KXT-1-A", "KXT-1-B")
    fees: FeeTerms = field(default_factory=lambda: FeeTerms("quadratic"))
    grid: PriceGrid = LINEAR_CENT
    now: int = START_US
    script: list[Hit | Moved] = field(default_factory=list)
    books: dict[tuple[str, Side], list[Resting]] = field(default_factory=dict)
    listed: bool = False
    printed: int = 0
    paused: set[str] = field(default_factory=set)
    opens: dict[str, int] = field(default_factory=dict)
    """When markets open that do not trade from the start."""
    shards: dict[str, int] = field(default_factory=dict)

    @property
    def world_id(self) -> str:
        return "scripted"

    @property
    def description(self) -> str:
        return "A scripted world."

    @property
    def now_us(self) -> int:
        return self.now

    def quote(self, ticker: str, side: Side, price: str, count: str) -> None:
        """Others rest an order at a price."""
        self._insert(
            ticker, side, Resting("", Price.parse(price).units, Contracts.parse(count).units)
        )

    def settle(self, ticker: str, at_us: int, result: Result, value: Price | None = None) -> None:
        """Script the end of a market: closed, determined a second later, finalized after two."""
        self.script += [
            Moved(at_us, ticker, MarketStatus.CLOSED),
            Moved(at_us + 1_000_000, ticker, MarketStatus.DETERMINED, result, value),
            Moved(at_us + 2_000_000, ticker, MarketStatus.FINALIZED),
        ]

    def advance(self, to_us: int) -> tuple[Occurrence, ...]:
        happened: list[Occurrence] = []
        if not self.listed:
            self.listed = True
            happened.append(self._listing())
        due = sorted((s for s in self.script if s.at_us <= to_us), key=lambda s: s.at_us)
        self.script = [s for s in self.script if s.at_us > to_us]
        for step in due:
            if isinstance(step, Moved):
                happened.append(step)
                self._follow(step)
            elif step.ticker not in self.paused:
                happened += self._hit(step)
        self.now = to_us
        return tuple(happened)

    def ladders(self, ticker: str) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        return self._ladder(ticker, Side.BID), self._ladder(ticker, Side.ASK)

    def tally(self, ticker: str) -> Tally:
        return Tally(None, NO_CONTRACTS, NO_CONTRACTS, NO_CONTRACTS)

    def take(
        self, ticker: str, side: Side, limit: Price, count: Contracts
    ) -> tuple[Execution, ...]:
        left, done = count.units, []
        for resting in list(self._book(ticker, side.opposite)):
            if left <= 0 or not reaches(side, limit, Price(resting.price)):
                break
            if resting.order_id:
                continue
            traded = min(left, resting.units)
            left -= traded
            self._reduce(ticker, side.opposite, resting, traded)
            done.append(Execution(Price(resting.price), Contracts(traded)))
        return tuple(done)

    def join(self, ticker: str, order_id: str, side: Side, price: Price, count: Contracts) -> None:
        self._insert(ticker, side, Resting(order_id, price.units, count.units))

    def leave(self, ticker: str, order_id: str) -> None:
        for side in Side:
            book = self._book(ticker, side)
            book[:] = [resting for resting in book if resting.order_id != order_id]

    def reduce(self, ticker: str, order_id: str, count: Contracts) -> None:
        for side in Side:
            for resting in self._book(ticker, side):
                if resting.order_id == order_id:
                    resting.units = count.units

    def ahead(self, ticker: str, order_id: str) -> Contracts:
        for side in Side:
            before = 0
            for resting in self._book(ticker, side):
                if resting.order_id == order_id:
                    return Contracts(before)
                before += resting.units
        return NO_CONTRACTS

    def set_trading(self, ticker: str, *, active: bool) -> None:
        """While a market is paused, scripted hits come to nothing."""
        (self.paused.discard if active else self.paused.add)(ticker)

    def quotes_at(self, ticker: str, at_us: int) -> tuple[Price | None, Price | None]:
        return None, None

    def truth(self, ticker: str) -> float | None:
        return 0.5

    def _listing(self) -> Listed:
        markets = tuple(
            Market(
                ticker=ticker,
                event_ticker="KXT-1",
                title="A market",
                status=MarketStatus.INITIALIZED if ticker in self.opens else MarketStatus.ACTIVE,
                open_us=self.opens.get(ticker, START_US),
                close_us=START_US + DAY,
                latest_expiration_us=START_US + 2 * DAY,
                grid=self.grid,
                exchange_index=self.shards.get(ticker, 0),
            )
            for ticker in self.tickers
        )
        series = Series("KXT", "A series", "Tests", self.fees)
        return Listed(self.now, series, Event("KXT-1", "KXT", "An event"), markets)

    def _follow(self, moved: Moved) -> None:
        """Ours are gone when a market trades again, and everything when it closes."""
        for side in Side:
            if moved.status is MarketStatus.ACTIVE:
                book = self._book(moved.ticker, side)
                book[:] = [resting for resting in book if not resting.order_id]
            elif moved.status is not MarketStatus.INACTIVE:
                self.books.pop((moved.ticker, side), None)

    def _hit(self, hit: Hit) -> list[Occurrence]:
        left, happened = hit.count.units, list[Occurrence]()
        for resting in list(self._book(hit.ticker, hit.side.opposite)):
            traded = min(left, resting.units)
            if traded <= 0:
                break
            left -= traded
            price, count = Price(resting.price), Contracts(traded)
            self._reduce(hit.ticker, hit.side.opposite, resting, traded)
            if resting.order_id:
                execution = Execution(price, count)
                happened.append(Matched(hit.at_us, hit.ticker, resting.order_id, execution))
            self.printed += 1
            trade = Trade(f"t{self.printed}", hit.ticker, price, count, hit.side, hit.at_us)
            happened.append(Printed(hit.at_us, trade))
        return happened

    def _book(self, ticker: str, side: Side) -> list[Resting]:
        return self.books.setdefault((ticker, side), [])

    def _insert(self, ticker: str, side: Side, resting: Resting) -> None:
        book = self._book(ticker, side)
        book.append(resting)
        book.sort(key=lambda each: -side.sign * each.price)

    def _reduce(self, ticker: str, side: Side, resting: Resting, units: int) -> None:
        resting.units -= units
        if not resting.units:
            self._book(ticker, side).remove(resting)

    def _ladder(self, ticker: str, side: Side) -> tuple[Level, ...]:
        sizes: dict[int, int] = {}
        for resting in self._book(ticker, side):
            sizes[resting.price] = sizes.get(resting.price, 0) + resting.units
        return tuple(Level(Price(price), Contracts(units)) for price, units in sizes.items())
