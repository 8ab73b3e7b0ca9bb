"""How far a recording has been played: what is listed, what lives, and the prints of our takes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kalshi_cli.domain.market import MarketStatus, Trade
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.recording import Prints, RecordedEvent, RecordedMarket, Recording
from kalshi_cli.engine.world import Listed, Moved, Occurrence, Printed
from kalshi_cli.errors import InvalidValue, NotFound

_NEVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Played:
    """A playback as data. `digest` names the recording, `listed` counts its events so far.

    `own_prints` are still to be told.
    """

    digest: str
    now_us: int
    listed: int = 0
    own_prints: tuple[Printed, ...] = ()
    own_trades: int = 0


class Playback:
    """Plays a recording. Raises `InvalidValue` for the state of another one."""

    def __init__(self, recording: Recording, played: Played | None) -> None:
        if played is None:
            played = Played(recording.digest, recording.start_us)
        if played.digest != recording.digest:
            raise InvalidValue("The snapshot is of another recording.")
        self.recording = recording
        self.now_us = played.now_us
        self._listed = played.listed
        self._own_prints = list(played.own_prints)
        self._own_trades = played.own_trades
        self.live = list(recording.events[: played.listed])
        self._bury(played.now_us)
        self._change_us = self.now_us
        self._markets = {
            recorded.market.ticker: recorded
            for event in recording.events
            for recorded in event.markets
        }

    @property
    def state(self) -> Played:
        return Played(
            self.recording.digest,
            self.now_us,
            self._listed,
            tuple(self._own_prints),
            self._own_trades,
        )

    def move(self, to_us: int) -> tuple[int, list[Occurrence]]:
        """Go to an instant: where it was before, and what was listed and moved on the way.

        `live` then holds every event that lived on the way.
        """
        if to_us < self.now_us:
            raise InvalidValue("A world does not go back in time.")
        since, self.now_us = self.now_us, to_us
        happened: list[Occurrence] = [*self._own_prints]
        self._own_prints = []
        if to_us >= self._change_us:
            self._bury(since)
            happened += self._list_new(to_us)
            for event in self.live:
                happened.extend(_moves(event, since, to_us))
            self._change_us = self._next_change()
        return since, happened

    def market(self, ticker: str) -> RecordedMarket:
        found = self._markets.get(ticker)
        if found is None:
            raise NotFound(f"There is no market {ticker}.")
        return found

    def is_open(self, recorded: RecordedMarket) -> bool:
        return recorded.market.open_us <= self.now_us < recorded.market.close_us

    def print_own(self, ticker: str, side: Side, price: int, units: int) -> None:
        """A take of ours, on `side`: its print is told with the next move."""
        self._own_trades += 1
        trade = Trade(
            trade_id=f"{ticker}.own.{self._own_trades}",
            ticker=ticker,
            price=Price(price),
            count=Contracts(units),
            taker_side=side.value,
            at_us=self.now_us,
        )
        self._own_prints.append(Printed(self.now_us, trade))

    def _next_change(self) -> int:
        """Before which instant nothing is listed, moves or is to be buried: looking for that costs
        more than a second of the tape, and a second is often how far it moves.
        """
        now_us = self.now_us
        coming = [event.open_us for event in self.recording.events[self._listed :][:1]]
        for event in self.live:
            coming += [at_us for each in event.markets for at_us in each.ends_us if at_us > now_us]
            if event.finalized_us <= now_us:
                coming.append(now_us + 1)
        return min(coming, default=_NEVER)

    def _bury(self, at_us: int) -> None:
        self.live = [event for event in self.live if event.finalized_us > at_us]

    def _list_new(self, to_us: int) -> Iterator[Listed]:
        events = self.recording.events
        while self._listed < len(events) and events[self._listed].open_us <= to_us:
            event = events[self._listed]
            self._listed += 1
            self.live.append(event)
            markets = tuple(
                replace(recorded.market, status=MarketStatus.ACTIVE) for recorded in event.markets
            )
            series = self.recording.series[event.event.series_ticker]
            yield Listed(event.open_us, series, event.event, markets)


def told(prints: Prints, ticker: str, index: int) -> Printed:
    """A recorded print as it is told."""
    at_us = prints.at_us[index]
    side = Side.BID if prints.bought[index] else Side.ASK
    price, units = Price(prints.price[index]), Contracts(prints.units[index])
    return Printed(at_us, Trade(f"{ticker}.{index}", ticker, price, units, side.value, at_us))


def in_order(happened: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    """In order of time; at one instant listings first, then moves, then trades."""
    return tuple(sorted(happened, key=_when))


def _moves(event: RecordedEvent, since: int, to_us: int) -> Iterator[Moved]:
    """The changes of status after one instant and up to another."""
    for recorded in event.markets:
        closed_us, determined_us, finalized_us = recorded.ends_us
        ticker, ended = recorded.market.ticker, (recorded.result, recorded.value)
        if since < closed_us <= to_us:
            yield Moved(closed_us, ticker, MarketStatus.CLOSED)
        if since < determined_us <= to_us:
            yield Moved(determined_us, ticker, MarketStatus.DETERMINED, *ended)
        if since < finalized_us <= to_us:
            yield Moved(finalized_us, ticker, MarketStatus.FINALIZED)


def _when(occurrence: Occurrence) -> tuple[int, int]:
    rank = 0 if isinstance(occurrence, Listed) else 1 if isinstance(occurrence, Moved) else 2
    return occurrence.at_us, rank
