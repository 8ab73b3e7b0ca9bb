"""The generated world: participants of its own around processes that only it knows in full.

Events appear for ever, each with one latent process, makers, noise traders and informed traders.
Everything but books and statistics is drawn again from (seed, epoch) when needed, so a snapshot is
small and a restored world goes on byte for byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.instant import DAY, to_rfc3339
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.occasion import (
    Occasion,
    draw_occasion,
    first_number,
    listed_at,
    occasion_of,
    series_of,
)
from kalshi_cli.engine.pit import Pit, PitState
from kalshi_cli.engine.series_plan import SERIES, SeriesPlan, plan_of
from kalshi_cli.engine.world import (
    Execution,
    Listed,
    Matched,
    Moved,
    Occurrence,
    Printed,
    Tally,
)
from kalshi_cli.errors import InvalidValue, NotFound

EPOCH_US = 1_799_020_800_000_000
"""2027-01-04T00:00Z, where an in-process world begins."""
RETENTION_US = 3 * DAY
"""How long a finalized event is still known."""


@dataclass(frozen=True, slots=True)
class OccasionState:
    """An event that the world still knows, and its pits in order of legs."""

    series: str
    number: int
    pits: tuple[PitState, ...]


@dataclass(frozen=True, slots=True)
class GeneratedState:
    """A whole world as data. `started` is whether the first listings have been told."""

    seed: int
    epoch_us: int
    now_us: int
    started: bool
    next_numbers: tuple[int, ...]
    occasions: tuple[OccasionState, ...]
    own_prints: tuple[Printed, ...]


@dataclass(frozen=True, slots=True)
class _Stage:
    """An occasion with its pits."""

    occasion: Occasion
    pits: tuple[Pit, ...]

    def state(self) -> OccasionState:
        pits = tuple(pit.state() for pit in self.pits)
        return OccasionState(self.occasion.plan.ticker, self.occasion.number, pits)


class GeneratedWorld:
    """A `World` that is a pure function of its seed, its epoch and our commands.

    It begins with markets already open, with some history of trading behind them: the first
    `advance` lists them. Prints of our own takes are told by the next `advance`.
    """

    def __init__(
        self, seed: int, epoch_us: int = EPOCH_US, *, state: GeneratedState | None = None
    ) -> None:
        self.seed = seed
        self.epoch_us = epoch_us
        self._stages: dict[str, _Stage] = {}
        self._pits: dict[str, tuple[Pit, _Stage]] = {}
        self._past: Pit | None = None
        if state is None:
            self._begin()
        else:
            self._resume(state)

    def _begin(self) -> None:
        self._now_us = self.epoch_us
        self._started = False
        self._own_prints: list[Printed] = []
        self._next = [first_number(plan, self.epoch_us) for plan in SERIES]
        self._reach_back()
        for stage in self._appear(self.epoch_us):
            for pit in stage.pits:
                pit.run(self.epoch_us)

    def _resume(self, state: GeneratedState) -> None:
        if len(state.next_numbers) != len(SERIES):
            raise InvalidValue("The snapshot is of a world with other series.")
        self._now_us, self._started = state.now_us, state.started
        self._own_prints = list(state.own_prints)
        self._next = list(state.next_numbers)
        for known in state.occasions:
            stage = self._stage(plan_of(known.series), known.number)
            for pit, pit_state in zip(stage.pits, known.pits, strict=True):
                pit.resume(pit_state)

    @classmethod
    def restore(cls, state: GeneratedState) -> "GeneratedWorld":
        """The world that `state` was taken from. Raises `InvalidValue` if it does not fit."""
        return cls(state.seed, state.epoch_us, state=state)

    @property
    def state(self) -> GeneratedState:
        """Everything that cannot be drawn again, as data."""
        return GeneratedState(
            seed=self.seed,
            epoch_us=self.epoch_us,
            now_us=self._now_us,
            started=self._started,
            next_numbers=tuple(self._next),
            occasions=tuple(stage.state() for stage in self._stages.values()),
            own_prints=tuple(self._own_prints),
        )

    @property
    def world_id(self) -> str:
        return f"generated:{self.seed}:{to_rfc3339(self.epoch_us)}"

    @property
    def description(self) -> str:
        return (
            f"Generated markets, seed {self.seed}: fictional events, makers, noise and informed "
            "traders; orders of ours wait in price-time priority and are picked off when stale."
        )

    @property
    def now_us(self) -> int:
        return self._now_us

    def advance(self, to_us: int) -> tuple[Occurrence, ...]:
        """Move to an instant; the first call also lists what is there already."""
        if to_us < self._now_us:
            raise InvalidValue("A world does not go back in time.")
        since, self._now_us = self._now_us, to_us
        happened: list[Occurrence] = [*self._first_listings(), *self._own_prints]
        self._own_prints = []
        happened.extend(
            _listing(stage.occasion, MarketStatus.INITIALIZED) for stage in self._appear(to_us)
        )
        for stage in self._stages.values():
            happened.extend(_moves(stage.occasion, since, to_us))
            for pit in stage.pits:
                happened.extend(pit.run(to_us))
        self._forget()
        happened.sort(key=_when)
        return tuple(happened)

    def ladders(self, ticker: str) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        book = self._pit(ticker).book(self._now_us)
        return _levels(book.levels(Side.BID)), _levels(book.levels(Side.ASK))

    def tally(self, ticker: str) -> Tally:
        return self._pit(ticker).tally(self._now_us)

    def take(
        self, ticker: str, side: Side, limit: Price, count: Contracts
    ) -> tuple[Execution, ...]:
        hits, prints = self._pit(ticker).take(side, limit.units, count.units, self._now_us)
        self._own_prints.extend(prints)
        return tuple(Execution(Price(price), Contracts(units)) for price, _, units in hits)

    def join(self, ticker: str, order_id: str, side: Side, price: Price, count: Contracts) -> None:
        pit = self._pit(ticker)
        if not pit.is_open(self._now_us):
            raise InvalidValue(f"{ticker} does not trade now.")
        if count > NO_CONTRACTS:
            pit.book(self._now_us).join(side, price.units, order_id, count.units)

    def leave(self, ticker: str, order_id: str) -> None:
        self._pit(ticker).book(self._now_us).leave(order_id)

    def reduce(self, ticker: str, order_id: str, count: Contracts) -> None:
        self._pit(ticker).book(self._now_us).reduce(order_id, count.units)

    def ahead(self, ticker: str, order_id: str) -> Contracts:
        return Contracts(self._pit(ticker).book(self._now_us).ahead(order_id))

    def set_trading(self, ticker: str, *, active: bool) -> None:
        self._pit(ticker).set_trading(active, self._now_us)

    def quotes_at(self, ticker: str, at_us: int) -> tuple[Price | None, Price | None]:
        known = self._pits.get(ticker)
        quotes = (known[0] if known else self._redrawn(ticker)).quotes_at(at_us)
        bid, ask = quotes.bids[:1], quotes.asks[:1]
        return Price(bid[0][0]) if bid else None, Price(ask[0][0]) if ask else None

    def _redrawn(self, ticker: str) -> Pit:
        """A pit that the world forgot, as history has it; the last one stays at hand."""
        if self._past is None or self._past.ticker != ticker:
            occasion = occasion_of(self.seed, self.epoch_us, ticker)
            tickers = [market.ticker for market in occasion.markets]
            self._past = Pit(self.seed, occasion, tickers.index(ticker))
        return self._past

    def truth(self, ticker: str) -> float | None:
        """E[outcome | all that has happened]; the outcome itself once determined."""
        pit, stage = self._find(ticker)
        occasion = stage.occasion
        if self._now_us >= occasion.times.determined_us:
            return float(occasion.outcomes[stage.pits.index(pit)][1])
        return pit.truth(self._now_us)

    def crowd(self, ticker: str) -> float:
        """E[outcome | what is public]: the price that makers quote around, before their bias."""
        return self._pit(ticker).crowd(self._now_us)

    def _pit(self, ticker: str) -> Pit:
        return self._find(ticker)[0]

    def _find(self, ticker: str) -> tuple[Pit, _Stage]:
        found = self._pits.get(ticker)
        if found is None:
            raise NotFound(f"There is no market {ticker}.")
        return found

    def _reach_back(self) -> None:
        """Begin each series with the events that are open at the epoch."""
        for i, plan in enumerate(SERIES):
            number = self._next[i]
            while listed_at(plan, self.epoch_us, number) > self.epoch_us:
                number -= 1
            self._next[i] = min(self._next[i], number + 1)

    def _appear(self, to_us: int) -> Iterator[_Stage]:
        """Put up the events that are listed by an instant and still trade at the start."""
        for i, plan in enumerate(SERIES):
            while listed_at(plan, self.epoch_us, self._next[i]) <= to_us:
                number = self._next[i]
                self._next[i] += 1
                stage = self._stage(plan, number)
                if stage.occasion.times.closed_us > self.epoch_us:
                    yield stage
                else:
                    self._drop(stage)

    def _stage(self, plan: SeriesPlan, number: int) -> _Stage:
        occasion = draw_occasion(self.seed, self.epoch_us, plan, number)
        pits = tuple(Pit(self.seed, occasion, leg) for leg in range(len(occasion.legs)))
        stage = _Stage(occasion, pits)
        self._stages[occasion.event.event_ticker] = stage
        self._pits.update({pit.ticker: (pit, stage) for pit in pits})
        return stage

    def _drop(self, stage: _Stage) -> None:
        del self._stages[stage.occasion.event.event_ticker]
        for pit in stage.pits:
            del self._pits[pit.ticker]

    def _forget(self) -> None:
        horizon = self._now_us - RETENTION_US
        for stage in list(self._stages.values()):
            if stage.occasion.times.finalized_us < horizon:
                self._drop(stage)

    def _first_listings(self) -> list[Occurrence]:
        if self._started:
            return []
        self._started = True
        listings: list[Occurrence] = []
        for stage in self._stages.values():
            opened = stage.occasion.times.open_us <= self.epoch_us
            status = MarketStatus.ACTIVE if opened else MarketStatus.INITIALIZED
            listings.append(_listing(stage.occasion, status, self.epoch_us))
        return listings


def _listing(occasion: Occasion, status: MarketStatus, at_us: int | None = None) -> Listed:
    markets = tuple(replace(market, status=status) for market in occasion.markets)
    when = occasion.times.listed_us if at_us is None else at_us
    return Listed(when, series_of(occasion.plan), occasion.event, markets)


def _moves(occasion: Occasion, since: int, to_us: int) -> Iterator[Moved]:
    """The changes of status after one instant and up to another."""
    times = occasion.times
    stages = (
        (times.open_us, MarketStatus.ACTIVE),
        (times.closed_us, MarketStatus.CLOSED),
        (times.determined_us, MarketStatus.DETERMINED),
        (times.finalized_us, MarketStatus.FINALIZED),
    )
    for at_us, status in stages:
        if not since < at_us <= to_us:
            continue
        for market, (result, value) in zip(occasion.markets, occasion.outcomes, strict=True):
            if status is MarketStatus.DETERMINED:
                yield Moved(at_us, market.ticker, status, result, value)
            else:
                yield Moved(at_us, market.ticker, status)


def _when(occurrence: Occurrence) -> tuple[int, int, str]:
    """In order of time; at one instant listings first, then moves, then trades."""
    if isinstance(occurrence, Listed):
        return occurrence.at_us, 0, occurrence.event.event_ticker
    if isinstance(occurrence, Moved):
        return occurrence.at_us, 1, occurrence.ticker
    ticker = occurrence.ticker if isinstance(occurrence, Matched) else occurrence.trade.ticker
    return occurrence.at_us, 2, ticker


def _levels(totals: list[tuple[int, int]]) -> tuple[Level, ...]:
    return tuple(Level(Price(price), Contracts(units)) for price, units in totals)
