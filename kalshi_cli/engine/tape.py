"""The tape world: recorded prints on their own clock, with a book built around the last one.

A recording has no order book. What stands in for it is stated in `TapeWorld.description` and must
be shown wherever results are: a fixed spread and size, and fills that the recorded prints allow.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.instant import DAY, to_rfc3339
from kalshi_cli.domain.money import ONE_DOLLAR, Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.playback import Playback, Played, in_order, told
from kalshi_cli.engine.recording import Prints, RecordedMarket, Recording
from kalshi_cli.engine.tape_queue import Waiting, found, own_ahead, reached, resized
from kalshi_cli.engine.world import Execution, Matched, Occurrence, Printed, Tally
from kalshi_cli.errors import InvalidValue

HALF_SPREAD = 200
"""Raw price units between the last print and each side of the book: 2 cents."""
DISPLAYED = 100 * 100
"""Raw contract units shown on each side: 100 contracts."""


@dataclass(frozen=True, slots=True)
class TapePit:
    """What is ours in one market: our orders, and what we took of each side.

    What was taken counts since the print with index `seen`, the last one then. `paused_us` is since
    when the market is paused on demand.
    """

    ticker: str
    waiting: tuple[Waiting, ...] = ()
    seen: int = -1
    bid_taken: int = 0
    ask_taken: int = 0
    paused_us: int | None = None


@dataclass(frozen=True, slots=True)
class TapeState:
    """A tape world as data."""

    played: Played
    pits: tuple[TapePit, ...] = ()


class TapeWorld:
    """A `World` that replays a recording. `advance` lists an event when it opens.

    Raises `InvalidValue` for the state of another recording.
    """

    def __init__(self, recording: Recording, *, state: TapeState | None = None) -> None:
        self.recording = recording
        self._playback = Playback(recording, None if state is None else state.played)
        self._pits = {} if state is None else {pit.ticker: pit for pit in state.pits}

    @property
    def state(self) -> TapeState:
        pits = tuple(self._pits[ticker] for ticker in sorted(self._pits))
        return TapeState(self._playback.state, pits)

    @property
    def world_id(self) -> str:
        return f"tape:{self.recording.digest}:{to_rfc3339(self.recording.start_us)}"

    @property
    def description(self) -> str:
        aside = "; ".join(f"{n:,} {why}" for why, n in self.recording.set_aside.items() if n)
        return (
            f"Recorded markets, {self.recording.name}. The book is built, not recorded: "
            f"{HALF_SPREAD // 100} cents either side of the last print, {DISPLAYED // 100} "
            "contracts a side, no side at or beyond $0 and $1, none before the first print. "
            "What we take is gone until the next print. A resting order fills when a later print "
            "trades through its price, or at its price once the prints there exceed the queue "
            "shown when it joined, never for more than was printed; the tape does not react to "
            "us. Open interest is the recorded final one, reached in proportion to volume. Results "
            "are as recorded, determined at the expected expiration. Fees: quadratic, multiplier "
            f"1. Set aside: {aside or 'nothing'}."
        )

    @property
    def now_us(self) -> int:
        return self._playback.now_us

    def advance(self, to_us: int) -> tuple[Occurrence, ...]:
        """Move to an instant; everything on the tape until then, in order of time."""
        since, happened = self._playback.move(to_us)
        for event in self._playback.live:
            for recorded in event.markets:
                happened.extend(self._play(recorded, since, to_us))
                if to_us >= recorded.market.close_us:
                    self._pits.pop(recorded.market.ticker, None)
        return in_order(happened)

    def ladders(self, ticker: str) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        recorded = self._playback.market(ticker)
        return self._ladder(recorded, Side.BID), self._ladder(recorded, Side.ASK)

    def tally(self, ticker: str) -> Tally:
        """Statistics of the recorded prints; our own takes are not among them."""
        recorded = self._playback.market(ticker)
        prints = recorded.prints
        at_us = min(self.now_us, recorded.market.close_us)
        index = self._index(recorded)
        volume = _total(prints, index)
        day_ago = bisect_right(prints.at_us, at_us - DAY) - 1
        whole = _total(prints, len(prints) - 1)
        open_interest = recorded.open_interest.units * volume // whole if whole else 0
        return Tally(
            last=None if index < 0 else Price(prints.price[index]),
            volume=Contracts(volume),
            volume_24h=Contracts(volume - _total(prints, day_ago)),
            open_interest=Contracts(open_interest),
        )

    def take(
        self, ticker: str, side: Side, limit: Price, count: Contracts
    ) -> tuple[Execution, ...]:
        recorded = self._playback.market(ticker)
        level = self._displayed(recorded, side.opposite)
        if level is None or side.sign * (limit.units - level[0]) < 0 or count.units <= 0:
            return ()
        price, shown = level
        taken = min(shown, count.units)
        pit = self._pit(recorded)
        if side is Side.BID:
            self._pits[ticker] = replace(pit, ask_taken=pit.ask_taken + taken)
        else:
            self._pits[ticker] = replace(pit, bid_taken=pit.bid_taken + taken)
        self._playback.print_own(ticker, side, price, taken)
        return (Execution(Price(price), Contracts(taken)),)

    def join(self, ticker: str, order_id: str, side: Side, price: Price, count: Contracts) -> None:
        """Rest. Behind the stated size, unless the price improves the displayed quote."""
        recorded = self._playback.market(ticker)
        if not self._playback.is_open(recorded):
            raise InvalidValue(f"{ticker} does not trade now.")
        level = self._displayed(recorded, side)
        if level is None:
            ahead = DISPLAYED
        elif level[0] == price.units:
            ahead = level[1]
        else:
            ahead = 0 if side.sign * (price.units - level[0]) > 0 else DISPLAYED
        waiting = Waiting(order_id, side, price.units, count.units, ahead)
        pit = self._pit(recorded)
        self._pits[ticker] = replace(pit, waiting=(*pit.waiting, waiting))

    def leave(self, ticker: str, order_id: str) -> None:
        pit = self._pit(self._playback.market(ticker))
        left = tuple(order for order in pit.waiting if order.order_id != order_id)
        self._pits[ticker] = replace(pit, waiting=left)

    def reduce(self, ticker: str, order_id: str, count: Contracts) -> None:
        pit = self._pit(self._playback.market(ticker))
        left = resized(pit.waiting, order_id, count.units)
        self._pits[ticker] = replace(pit, waiting=left)

    def ahead(self, ticker: str, order_id: str) -> Contracts:
        """The queue as estimated at its price, and our own orders before it."""
        pit = self._pit(self._playback.market(ticker))
        others = found(pit.waiting, order_id).ahead
        return Contracts(others + own_ahead(pit.waiting, order_id))

    def set_trading(self, ticker: str, *, active: bool) -> None:
        """While paused the tape runs on unseen: its prints fill nothing and are not told."""
        pit = self._pit(self._playback.market(ticker))
        since = self.now_us if pit.paused_us is None else pit.paused_us
        self._pits[ticker] = replace(pit, paused_us=None if active else since)

    def quotes_at(self, ticker: str, at_us: int) -> tuple[Price | None, Price | None]:
        """The built quotes around the last print of that moment."""
        recorded = self._playback.market(ticker)
        index = bisect_right(recorded.prints.at_us, at_us) - 1
        if index < 0 or not recorded.market.open_us <= at_us < recorded.market.close_us:
            return None, None
        last = recorded.prints.price[index]
        return _built(last, Side.BID), _built(last, Side.ASK)

    def truth(self, ticker: str) -> float | None:
        """Nobody knows the truth behind a recording."""
        self._playback.market(ticker)
        return None

    def _index(self, recorded: RecordedMarket) -> int:
        """The last print so far, or until the pause; -1 before the first."""
        pit = self._pits.get(recorded.market.ticker)
        at_us = self.now_us if pit is None or pit.paused_us is None else pit.paused_us
        return bisect_right(recorded.prints.at_us, at_us) - 1

    def _pit(self, recorded: RecordedMarket) -> TapePit:
        """What is ours in a market now: the last print replenished what we took before it."""
        ticker, index = recorded.market.ticker, self._index(recorded)
        pit = self._pits.get(ticker, TapePit(ticker))
        if pit.seen == index:
            return pit
        return TapePit(ticker, pit.waiting, index, paused_us=pit.paused_us)

    def _displayed(self, recorded: RecordedMarket, side: Side) -> tuple[int, int] | None:
        """Price and units that others show on a side; None where there is nothing."""
        index = self._index(recorded)
        if index < 0 or not self._playback.is_open(recorded):
            return None
        price = _built(recorded.prints.price[index], side)
        pit = self._pit(recorded)
        left = DISPLAYED - (pit.bid_taken if side is Side.BID else pit.ask_taken)
        if price is None or left <= 0 or self._crosses(pit, side, price.units):
            return None
        return price.units, left

    def _ladder(self, recorded: RecordedMarket, side: Side) -> tuple[Level, ...]:
        if not self._playback.is_open(recorded):
            return ()
        totals: dict[int, int] = {}
        level = self._displayed(recorded, side)
        if level is not None:
            totals[level[0]] = level[1]
        for order in self._pit(recorded).waiting:
            if order.side is side:
                totals[order.price] = totals.get(order.price, 0) + order.units
        ordered = sorted(totals.items(), reverse=side is Side.BID)
        return tuple(Level(Price(price), Contracts(units)) for price, units in ordered)

    @staticmethod
    def _crosses(pit: TapePit, side: Side, price: int) -> bool:
        """Whether a built quote would cross an order of ours: the book then shows ours alone."""
        return any(
            order.side is side.opposite and side.sign * (price - order.price) >= 0
            for order in pit.waiting
        )

    def _play(
        self, recorded: RecordedMarket, since: int, to_us: int
    ) -> Iterator[Matched | Printed]:
        """The prints after one instant and up to another, and what they fill of ours."""
        prints, ticker = recorded.prints, recorded.market.ticker
        pit = self._pits.get(ticker)
        if pit is not None and pit.paused_us is not None:
            return
        waiting = () if pit is None else pit.waiting
        first, last = bisect_right(prints.at_us, since), bisect_right(prints.at_us, to_us)
        for index in range(first, last):
            yield told(prints, ticker, index)
            if waiting:
                hits = Side.ASK if prints.bought[index] else Side.BID
                waiting, fills = reached(waiting, prints.price[index], prints.units[index], hits)
                for order_id, price, units in fills:
                    execution = Execution(Price(price), Contracts(units))
                    yield Matched(prints.at_us[index], ticker, order_id, execution)
        if pit is not None and waiting != pit.waiting:
            self._pits[ticker] = replace(pit, waiting=waiting)


def _built(last: int, side: Side) -> Price | None:
    """The quote that stands in for a side of the book; None beyond the grid."""
    price = last - side.sign * HALF_SPREAD
    return Price(price) if 0 < price < ONE_DOLLAR.units else None


def _total(prints: Prints, index: int) -> int:
    return prints.total[index] if index >= 0 else 0
