"""Read recorded books: a stream's file, or a directory of them, with `outcomes.csv` beside.

Everything is in the exchange's own order, by the instants that its frames carry. What cannot be
played is counted under the reason why, never guessed.
"""

import csv
from array import array
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path

from kalshi_cli.adapters.sim.recordings.frames import COUNTS, PRICES, TickerMsg, WatchMsg, instant
from kalshi_cli.adapters.sim.recordings.stretches import StreamReader
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import TAPERED_DECI_CENT
from kalshi_cli.domain.instant import MINUTE, SECOND, parse_rfc3339
from kalshi_cli.domain.market import Event, Market, MarketStatus, Result, Series
from kalshi_cli.domain.money import ONE_DOLLAR, ZERO_PRICE, Contracts
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.book_tape import BookRecording, BookTape, Statistics, Stretch, Touches
from kalshi_cli.engine.inferred_prints import Action, Ticked, infer, read
from kalshi_cli.engine.recording import Prints, RecordedEvent, RecordedMarket, Recording
from kalshi_cli.errors import ConfigError, InvalidValue

OUTCOMES = "outcomes.csv"
STREAMS = ("*.jsonl", "*.jsonl.gz")
SIDES_COUNTED = 2
"""The ticker's volume counts both sides of a trade: its own `dollar_volume` is half of it, and half
of it is what the levels lose."""
DETERMINED_AFTER = 5 * MINUTE
PAID_AFTER = MINUTE
"""Results came without their times. From close to payment it takes six minutes at the median."""

UNDECIDED = "markets without a recorded result"
UNWATCHED = "markets without a recorded close or book"
LOST = "changes lost after a gap"
TWICE = "stretches recorded twice"
UNPLACED = "contracts traded in no change that could be told"
_REMEDY = f"Name a recorded stream (.jsonl.gz), or a directory of them, with {OUTCOMES} beside it."


def load_books(path: Path) -> BookRecording:
    """Read the recording. Raises `ConfigError` for files missing or unreadable."""
    try:
        return _load(path)
    except ConfigError as error:
        raise ConfigError(str(error), remedy=_REMEDY) from error
    except (OSError, ValueError, KeyError, InvalidValue) as error:
        what = f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"The recording {path} cannot be read ({what}).", remedy=_REMEDY
        ) from error


def streams_of(path: Path) -> list[Path]:
    """The files of a recording, by name."""
    if path.is_file():
        return [path]
    return sorted(found for pattern in STREAMS for found in path.glob(pattern))


def _load(path: Path) -> BookRecording:
    files = streams_of(path)
    outcomes = (path if path.is_dir() else path.parent) / OUTCOMES
    if not files or not outcomes.is_file():
        raise ConfigError(f"{path} holds no recorded streams with their {OUTCOMES}.")
    with outcomes.open(newline="", encoding="utf-8") as rows:
        results = {row["ticker"]: Result(row["result"]) for row in csv.DictReader(rows)}
    reader = StreamReader()
    for file in files:
        reader.read(file)
    return _assemble(path.name, _digest([*files, outcomes]), reader, results)


def _digest(files: Iterable[Path]) -> str:
    digest = blake2b(digest_size=10)
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _assemble(
    name: str, digest: str, reader: StreamReader, results: Mapping[str, Result]
) -> BookRecording:
    aside = {UNDECIDED: 0, UNWATCHED: 0, LOST: reader.lost, TWICE: 0, UNPLACED: 0}
    tapes: dict[str, BookTape] = {}
    events: list[RecordedEvent] = []
    for ticker, stream in sorted(reader.streams.items()):
        if stream.watched is None or not stream.stretches:
            aside[UNWATCHED] += 1
        elif ticker not in results:
            aside[UNDECIDED] += 1
        else:
            stretches = _apart(stream.stretches)
            aside[TWICE] += len(stream.stretches) - len(stretches)
            tapes[ticker], unplaced = _tape(stretches, stream.tickers)
            aside[UNPLACED] += unplaced // 100
            events.append(_event(stream.watched, tapes[ticker], results[ticker]))
    if not events:
        raise ConfigError("The recording holds no market with a book and a result.")
    events.sort(key=lambda event: (event.open_us, event.event.event_ticker))
    series = {event.event.series_ticker: _series(event.event.series_ticker) for event in events}
    recording = Recording(name, digest, events[0].open_us, series, tuple(events), aside)
    return BookRecording(recording, tapes)


def _apart(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """In order of time; of two that overlap the first."""
    kept: list[Stretch] = []
    for stretch in sorted(stretches, key=lambda stretch: stretch.start_us):
        if not kept or stretch.start_us > kept[-1].end_us:
            kept.append(stretch)
    return tuple(kept)


def _tape(stretches: tuple[Stretch, ...], msgs: Sequence[TickerMsg]) -> tuple[BookTape, int]:
    """A market's tape, and the traded units that could not be placed on it."""
    told = sorted(msgs, key=lambda msg: instant(msg.ts_ms, msg.time))
    tickers = [_ticked(msg) for msg in told]
    trades: list[Action] = []
    touches: list[tuple[int, int, int]] = []
    unplaced = 0
    for number, stretch in enumerate(stretches):
        seen = read(stretch)
        touches += seen.touches
        after = stretches[number + 1 :]
        end_us = after[0].start_us if after else None
        inside = [
            ticker
            for ticker in tickers
            if stretch.start_us <= ticker.at_us and (end_us is None or ticker.at_us < end_us)
        ]
        placed, missed = infer(seen.actions, inside)
        trades += placed
        unplaced += missed
    columns = [array("q", column) for column in zip(*touches, strict=True)]
    return BookTape(stretches, _prints(trades), _statistics(told), Touches(*columns)), unplaced


def _ticked(msg: TickerMsg) -> Ticked:
    return Ticked(
        at_us=instant(msg.ts_ms, msg.time),
        traded=COUNTS[msg.volume_fp] // SIDES_COUNTED,
        last_price=PRICES[msg.price_dollars],
        last_units=COUNTS[msg.last_trade_size_fp],
    )


def _prints(trades: Iterable[Action]) -> Prints:
    rows = [
        (action.at_us, price, units, int(action.hits is Side.ASK))
        for action in trades
        for price, units in action.taken
    ]
    at_us, prices, units, bought = (
        array("q", column) for column in (zip(*rows, strict=True) if rows else ((),) * 4)
    )
    return Prints(at_us, prices, units, bought, array("q", accumulate(units)))


def _statistics(told: Sequence[TickerMsg]) -> Statistics:
    return Statistics(
        at_us=array("q", [instant(msg.ts_ms, msg.time) for msg in told]),
        last=array("q", [PRICES[msg.price_dollars] for msg in told]),
        volume=array("q", [COUNTS[msg.volume_fp] for msg in told]),
        open_interest=array("q", [COUNTS[msg.open_interest_fp] for msg in told]),
    )


def _series(ticker: str) -> Series:
    return Series(ticker, ticker, "Crypto", FeeTerms("quadratic"))


def _event(watched: WatchMsg, tape: BookTape, result: Result) -> RecordedEvent:
    """An event of one market: `SERIES-EVENT-STRIKE` is all that is told of it."""
    event_ticker = watched.market_ticker.rpartition("-")[0]
    series_ticker = event_ticker.partition("-")[0]
    title = f"{series_ticker} at {watched.close_time}, strike {watched.strike}"
    open_us, close_us = tape.stretches[0].start_us, parse_rfc3339(watched.close_time)
    market = Market(
        ticker=watched.market_ticker,
        event_ticker=event_ticker,
        title=title,
        status=MarketStatus.INITIALIZED,
        open_us=open_us,
        close_us=close_us,
        latest_expiration_us=close_us + DETERMINED_AFTER,
        grid=TAPERED_DECI_CENT,
        expected_expiration_us=close_us + DETERMINED_AFTER,
        floor_strike=str(watched.strike),
        settlement_timer_s=PAID_AFTER // SECOND,
        updated_us=open_us,
    )
    value = ONE_DOLLAR if result is Result.YES else ZERO_PRICE
    interest = tape.statistics.open_interest
    recorded = RecordedMarket(
        market, tape.prints, result, value, Contracts(interest[-1] if interest else 0)
    )
    event = Event(event_ticker, series_ticker, title, category="Crypto")
    return RecordedEvent(event, (recorded,), open_us)
