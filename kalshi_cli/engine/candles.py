"""Candlesticks: what was traded and quoted in each minute, hour or day of a market's life.

Periods end on the minute and the hour, days at midnight in New York (as recorded of Kalshi). Only
periods that are over have a candle; one in which nothing traded and no quote moved has none, unless
it is a day or the first of all.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from kalshi_cli.domain.instant import HOUR, MINUTE, from_datetime, to_datetime
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Price
from kalshi_cli.engine.schedule import EASTERN

QuotesAt = Callable[[int], tuple[Price, Price]]
"""Bid and ask at an instant that has passed."""

DAILY = 1440
_LOOKS = {1: MINUTE, 60: 5 * MINUTE, DAILY: HOUR}
"""How often quotes are looked at within a candle, by its length in minutes."""
PERIODS = frozenset(_LOOKS)


@dataclass(frozen=True, slots=True)
class Range:
    """First, lowest, highest and last price of a period."""

    open: Price
    low: Price
    high: Price
    close: Price

    @property
    def is_flat(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class Candle:
    """One period, its end included. `price` is None where nothing traded.

    `mean` weighs prices by contracts; `previous` is the last price before the period.
    """

    end_us: int
    bid: Range
    ask: Range
    price: Range | None
    mean: Price | None
    previous: Price | None
    volume: Contracts
    open_interest: Contracts


@dataclass(frozen=True)
class History:
    """What a market's candles are made of: its life, its trades, what was quoted.

    `trades` are all that there were after `known_us`, oldest first, up to `now_us`; `volume` and
    `open_interest` are of now, and open interest is told in proportion to volume: the trades known,
    and whatever was traded before. `quotes_at` is asked for instants from `open_us` to before
    `close_us`.
    """

    open_us: int
    close_us: int
    now_us: int
    known_us: int
    trades: Sequence[Trade]
    volume: Contracts
    open_interest: Contracts
    quotes_at: QuotesAt

    @cached_property
    def times(self) -> list[int]:
        return [trade.at_us for trade in self.trades]

    @cached_property
    def totals(self) -> list[int]:
        """Units traded up to the nth known trade, those that are not known included."""
        known = sum(trade.count.units for trade in self.trades)
        is_whole = self.known_us <= self.open_us
        totals = [0 if is_whole else max(0, self.volume.units - known)]
        for trade in self.trades:
            totals.append(totals[-1] + trade.count.units)
        return totals


def candles(history: History, minutes: int, start_us: int, end_us: int) -> Iterator[Candle | None]:
    """The candles that end from one instant to another, both included; None for a dull period."""
    for begin, end in periods(history, minutes, start_us, end_us):
        yield _candle(history, minutes, begin, end)


def latest_before(history: History, minutes: int, start_us: int) -> Candle | None:
    """The newest candle that ends before an instant, carried on to the first period after it.

    Nothing trades in it: its prices are null, but for the last one before. Since no quote moves and
    nothing trades in a period without a candle, the newest candle closed as the last period did.
    """
    begin, end = _last_period(history, minutes, min(start_us, history.now_us) - 1)
    if end <= history.open_us or max(begin, history.open_us) < history.known_us:
        return None
    bid, ask = history.quotes_at(min(end, history.close_us - 1))
    traded = bisect_right(history.times, end)
    return Candle(
        end_us=_around(start_us, minutes)[1],
        bid=Range(bid, bid, bid, bid),
        ask=Range(ask, ask, ask, ask),
        price=None,
        mean=None,
        previous=history.trades[traded - 1].price if traded else None,
        volume=NO_CONTRACTS,
        open_interest=_open_interest(history, history.totals[traded]),
    )


def _last_period(history: History, minutes: int, by_us: int) -> tuple[int, int]:
    """The last period that is over by an instant and begins while the market is open."""
    begin, end = _around(by_us, minutes)
    if end > by_us:
        begin, end = _around(begin, minutes)
    return (begin, end) if begin < history.close_us else _around(history.close_us, minutes)


def periods(
    history: History, minutes: int, start_us: int, end_us: int
) -> Iterator[tuple[int, int]]:
    """Begin and end of the periods of a market's known life that end in a span and are over.

    One that ends now is not: something may still be traded now.
    """
    first = max(start_us, history.open_us + 1, history.known_us)
    if first > history.now_us:
        return
    begin, end = _around(first, minutes)
    while end <= min(end_us, history.now_us - 1) and begin < history.close_us:
        if max(begin, history.open_us) >= history.known_us:
            yield begin, end
        begin, end = end, _around(end + 1, minutes)[1]


def _around(at_us: int, minutes: int) -> tuple[int, int]:
    """Begin and end of the period that an instant lies in; the end is in, the begin is not."""
    if minutes != DAILY:
        step = minutes * MINUTE
        end = -(-at_us // step) * step
        return end - step, end
    day = to_datetime(at_us - 1).astimezone(EASTERN).date()
    return _midnight(day), _midnight(day + timedelta(days=1))


def _midnight(day: date) -> int:
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=EASTERN))


def _candle(history: History, minutes: int, begin: int, end: int) -> Candle | None:
    bid, ask = _quoted(history, begin, end, _LOOKS[minutes])
    first, after = (bisect_right(history.times, at_us) for at_us in (begin, end))
    traded = history.trades[first:after]
    dull = not traded and bid.is_flat and ask.is_flat
    if dull and minutes != DAILY and begin > history.open_us:
        return None
    units = sum(trade.count.units for trade in traded)
    paid = sum(trade.price.units * trade.count.units for trade in traded)
    return Candle(
        end_us=end,
        bid=bid,
        ask=ask,
        price=_range([trade.price for trade in traded]) if traded else None,
        mean=Price(round(paid / units)) if traded else None,
        previous=history.trades[first - 1].price if first else None,
        volume=Contracts(units),
        open_interest=_open_interest(history, history.totals[after]),
    )


def _quoted(history: History, begin: int, end: int, look: int) -> tuple[Range, Range]:
    """What was bid and asked, looked at on the clock and at both ends."""
    first, last = max(begin, history.open_us), min(end, history.close_us - 1)
    between = range((first // look + 1) * look, last, look)
    quotes = [history.quotes_at(at_us) for at_us in (first, *between, last)]
    return _range([bid for bid, _ in quotes]), _range([ask for _, ask in quotes])


def _range(prices: Sequence[Price]) -> Range:
    return Range(prices[0], min(prices), max(prices), prices[-1])


def _open_interest(history: History, traded_units: int) -> Contracts:
    if not history.volume:
        return NO_CONTRACTS
    return Contracts(history.open_interest.units * traded_units // history.volume.units)
