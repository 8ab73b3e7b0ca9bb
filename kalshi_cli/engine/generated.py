"""The generated world: participants of its own around processes that only it knows in full.

Events appear for ever, each with one latent process, makers, noise traders and informed traders.
Everything but touched books and statistics is drawn again when needed, so a snapshot is small and a
restored world goes on byte for byte. To advance, it visits only what is due: an agenda holds the
next moment of each event's life and the next taker of each market.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from heapq import heappop, heappush

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.instant import HOUR, to_rfc3339
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import NO_CONTRACTS, REMEMBERED, Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.occasion import Occasion, draw_occasion, occasion_of, series_of
from kalshi_cli.engine.pit import Pit, PitState
from kalshi_cli.engine.series_plan import SeriesPlan
from kalshi_cli.engine.times import first_closing_after, listed_at, longest_aftermath
from kalshi_cli.engine.world import (
    Execution,
    Listed,
    Matched,
    Moved,
    Occurrence,
    Printed,
    Tally,
)
from kalshi_cli.engine.world_plan import DEFAULT_PLAN, Genesis, WorldPlan
from kalshi_cli.errors import InvalidValue, NotFound

EPOCH_US = 1_799_020_800_000_000
"""2027-01-04T00:00Z, where an in-process world begins."""
RETENTION_US = 12 * HOUR
"""How long a finalized event is still at hand: longer than any hop of the exchange."""
_RECALLED = 64
_ANSWERS = frozenset({MarketStatus.DETERMINED, MarketStatus.AMENDED})


class _Due(IntEnum):
    """What the agenda holds."""

    LISTING = 0
    MOVE = 1
    TAKER = 2
    END = 3


@dataclass(frozen=True, slots=True)
class GeneratedState:
    """A whole world as data, for whoever knows its plan.

    `started` is whether the first listings have been told. `pits` are in order of ticker.
    """

    seed: int
    epoch_us: int
    digest: str
    now_us: int
    started: bool
    pits: tuple[PitState, ...]
    own_prints: tuple[Printed, ...]


class GeneratedWorld:
    """A `World` that is a pure function of its seed, its epoch, its plan and our commands.

    It begins with markets already open, with some history of trading behind them: the first
    `advance` lists them. Prints of our own takes are told by the next `advance`.
    """

    def __init__(
        self,
        seed: int,
        epoch_us: int = EPOCH_US,
        plan: WorldPlan = DEFAULT_PLAN,
        *,
        state: GeneratedState | None = None,
    ) -> None:
        self.genesis = Genesis(seed, epoch_us, plan)
        self._stages: dict[str, tuple[Pit, ...]] = {}
        self._pits: dict[str, Pit] = {}
        self._recalled: dict[str, Pit] = {}
        self._attended: dict[str, Pit] = {}
        self._agenda: list[tuple[int, _Due, str, int]] = []
        if state is None:
            self._begin()
        else:
            self._resume(state)

    def _begin(self) -> None:
        self._now_us, self._started = self.genesis.epoch_us, False
        self._own_prints: list[Printed] = []
        self._set_up(0, {})
        for pit in self._pits.values():
            pit.run(self._now_us)
            self._await_taker(pit)

    def _resume(self, state: GeneratedState) -> None:
        genesis = self.genesis
        made_of = state.seed, state.epoch_us, state.digest
        if made_of != (genesis.seed, genesis.epoch_us, genesis.plan.digest):
            raise InvalidValue("The snapshot is of another world.")
        self._now_us, self._started = state.now_us, state.started
        self._own_prints = list(state.own_prints)
        self._set_up(self._now_us, {pit.ticker: pit for pit in state.pits})
        for ticker, pit in self._pits.items():
            self._await_taker(pit)
            if pit.has_ours:
                self._attended[ticker] = pit

    @classmethod
    def restore(cls, state: GeneratedState, plan: WorldPlan = DEFAULT_PLAN) -> "GeneratedWorld":
        """The world that `state` was taken from. Raises `InvalidValue` if it does not fit."""
        return cls(state.seed, state.epoch_us, plan, state=state)

    @property
    def state(self) -> GeneratedState:
        """Everything that cannot be drawn again, as data."""
        kept = (self._pits[ticker].state(self._now_us) for ticker in sorted(self._pits))
        return GeneratedState(
            seed=self.genesis.seed,
            epoch_us=self.genesis.epoch_us,
            digest=self.genesis.plan.digest,
            now_us=self._now_us,
            started=self._started,
            pits=tuple(state for state in kept if state is not None),
            own_prints=tuple(self._own_prints),
        )

    @property
    def world_id(self) -> str:
        genesis = self.genesis
        own = f":{genesis.plan.digest}" if genesis.plan.digest else ""
        return f"generated:{genesis.seed}:{to_rfc3339(genesis.epoch_us)}{own}"

    @property
    def description(self) -> str:
        return (
            f"Generated markets, seed {self.genesis.seed}: fictional events, makers, noise and "
            "informed traders; orders of ours wait in price-time priority and are picked off when "
            "stale."
        )

    @property
    def now_us(self) -> int:
        return self._now_us

    def advance(self, to_us: int) -> tuple[Occurrence, ...]:
        """Move to an instant; the first call also lists what is there already."""
        if to_us < self._now_us:
            raise InvalidValue("A world does not go back in time.")
        happened: list[Occurrence] = [*self._first_listings(), *self._own_prints]
        self._own_prints = []
        self._now_us = to_us
        while self._agenda and self._agenda[0][0] <= to_us:
            happened.extend(self._attend_to(*heappop(self._agenda)[1:]))
        for ticker, pit in tuple(self._attended.items()):
            happened.extend(pit.run(to_us))
            if not pit.has_ours:
                del self._attended[ticker]
        happened.sort(key=_when)
        return tuple(happened)

    def _attend_to(self, due: _Due, name: str, number: int) -> Iterator[Occurrence]:
        match due:
            case _Due.LISTING:
                yield from self._list(name, number)
            case _Due.MOVE:
                stage = self._stages[name]
                self._await_move(stage[0].occasion, number + 1)
                yield from _moves(stage[0].occasion, number)
                for pit in stage:  # a close ends what is left of trading, also where none is due
                    yield from pit.run(self._now_us)
            case _Due.TAKER:
                pit = self._pits[name]
                yield from pit.run(self._now_us)
                self._await_taker(pit)
            case _Due.END:
                self._drop(name)

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
            pit.join(side, price.units, order_id, count.units, self._now_us)
            self._attended[ticker] = pit

    def leave(self, ticker: str, order_id: str) -> None:
        self._pit(ticker).leave(order_id)

    def reduce(self, ticker: str, order_id: str, count: Contracts) -> None:
        self._pit(ticker).own_book.reduce(order_id, count.units)

    def ahead(self, ticker: str, order_id: str) -> Contracts:
        return Contracts(self._pit(ticker).own_book.ahead(order_id))

    def set_trading(self, ticker: str, *, active: bool) -> None:
        self._pit(ticker).set_trading(self._now_us, active=active)

    def quotes_at(self, ticker: str, at_us: int) -> tuple[Price | None, Price | None]:
        quotes = self._ever(ticker).quotes_at(at_us)
        bid, ask = quotes.bids[:1], quotes.asks[:1]
        return Price(bid[0][0]) if bid else None, Price(ask[0][0]) if ask else None

    def truth(self, ticker: str) -> float | None:
        """E[outcome | all that has happened]; the outcome itself once determined."""
        pit = self._ever(ticker)
        occasion = pit.occasion
        if self._now_us >= occasion.times.determined_us:
            return float(occasion.outcomes()[pit.leg][1])
        return pit.truth(self._now_us)

    def crowd(self, ticker: str) -> float:
        """E[outcome | what is public]: the price that makers quote around, before their bias."""
        return self._ever(ticker).crowd(self._now_us)

    def _pit(self, ticker: str) -> Pit:
        found = self._pits.get(ticker)
        if found is None:
            raise NotFound(f"There is no market {ticker}.")
        return found

    def _ever(self, ticker: str) -> Pit:
        """A pit at hand, or one that was forgotten: as history has it, without its statistics."""
        found = self._pits.get(ticker) or self._recalled.get(ticker)
        if found is None:
            occasion = occasion_of(self.genesis, ticker)
            if occasion.times.listed_us > self._now_us:
                raise NotFound(f"There is no market {ticker} yet.")
            if len(self._recalled) >= _RECALLED:
                self._recalled.clear()
            found = Pit(occasion, occasion.tickers.index(ticker))
            self._recalled[ticker] = found
        return found

    def _set_up(self, since_us: int, kept: dict[str, PitState]) -> None:
        """Put up the events that are known now, trading from an instant on."""
        epoch_us, horizon = self.genesis.epoch_us, self._now_us - RETENTION_US
        for plan in self.genesis.plan.listed.values():
            earliest = max(epoch_us, horizon - longest_aftermath(plan))
            number = first_closing_after(plan, epoch_us, earliest)
            while listed_at(plan, epoch_us, number) <= self._now_us:
                occasion = draw_occasion(self.genesis, plan, number)
                times = occasion.times
                if times.closed_us > epoch_us and times.finalized_us >= horizon:
                    self._put_up(occasion, since_us, kept)
                    self._await_move(occasion, _moves_until(occasion, self._now_us))
                number += 1
            self._await_listing(plan, number)

    def _put_up(self, occasion: Occasion, since_us: int, kept: dict[str, PitState]) -> None:
        pits = tuple(Pit(occasion, leg) for leg in range(len(occasion.legs)))
        self._stages[occasion.event.event_ticker] = pits
        for pit in pits:
            pit.start(since_us, kept.get(pit.ticker))
            self._pits[pit.ticker] = pit

    def _list(self, series: str, number: int) -> Iterator[Listed]:
        plan = self.genesis.plan.series_named(series)
        self._await_listing(plan, number + 1)
        occasion = draw_occasion(self.genesis, plan, number)
        if occasion.times.closed_us > self.genesis.epoch_us:
            self._put_up(occasion, 0, {})
            for pit in self._stages[occasion.event.event_ticker]:
                self._await_taker(pit)
            self._await_move(occasion, 0)
            yield _listing(occasion, MarketStatus.INITIALIZED, occasion.times.listed_us)

    def _await_listing(self, plan: SeriesPlan, number: int) -> None:
        at_us = listed_at(plan, self.genesis.epoch_us, number)
        heappush(self._agenda, (at_us, _Due.LISTING, plan.ticker, number))

    def _await_move(self, occasion: Occasion, index: int) -> None:
        """The change of status with an index is next; after the last one the event is dropped."""
        moves, name = occasion.times.moves(), occasion.event.event_ticker
        if index < len(moves):
            heappush(self._agenda, (moves[index][0], _Due.MOVE, name, index))
        else:
            end_us = occasion.times.finalized_us + RETENTION_US + 1
            heappush(self._agenda, (end_us, _Due.END, name, 0))

    def _await_taker(self, pit: Pit) -> None:
        if pit.due_us is not None:
            heappush(self._agenda, (pit.due_us, _Due.TAKER, pit.ticker, 0))

    def _first_listings(self) -> list[Occurrence]:
        if self._started:
            return []
        self._started = True
        epoch_us = self.genesis.epoch_us
        listings: list[Occurrence] = []
        for stage in self._stages.values():
            occasion = stage[0].occasion
            behind = _moves_until(occasion, epoch_us)
            status = occasion.times.moves()[behind - 1][1] if behind else MarketStatus.INITIALIZED
            listings.append(_listing(occasion, status, epoch_us))
        return listings

    def _drop(self, event_ticker: str) -> None:
        for pit in self._stages.pop(event_ticker):
            del self._pits[pit.ticker]
            self._attended.pop(pit.ticker, None)


def _listing(occasion: Occasion, status: MarketStatus, at_us: int) -> Listed:
    return Listed(at_us, series_of(occasion.plan), occasion.event, occasion.markets(status, at_us))


def _moves_until(occasion: Occasion, at_us: int) -> int:
    """How many changes of status an event has behind it at an instant."""
    return sum(moved_us <= at_us for moved_us, _ in occasion.times.moves())


def _moves(occasion: Occasion, index: int) -> Iterator[Moved]:
    at_us, status = occasion.times.moves()[index]
    told = occasion.answers(at_us) if status in _ANSWERS else ((None, None),) * len(occasion.legs)
    for ticker, (result, value) in zip(occasion.tickers, told, strict=True):
        yield Moved(at_us, ticker, status, result, value)


def _when(occurrence: Occurrence) -> tuple[int, int, str]:
    """In order of time; at one instant listings first, then moves, then trades."""
    if isinstance(occurrence, Listed):
        return occurrence.at_us, 0, occurrence.event.event_ticker
    if isinstance(occurrence, Moved):
        return occurrence.at_us, 1, occurrence.ticker
    ticker = occurrence.ticker if isinstance(occurrence, Matched) else occurrence.trade.ticker
    return occurrence.at_us, 2, ticker


def _levels(totals: list[tuple[int, int]]) -> tuple[Level, ...]:
    return tuple([_level(price, units) for price, units in totals])


@lru_cache(maxsize=REMEMBERED)
def _level(price: int, units: int) -> Level:
    """Whoever lists markets, and then asks for their books, sees the same levels again."""
    return Level(Price(price), Contracts(units))
