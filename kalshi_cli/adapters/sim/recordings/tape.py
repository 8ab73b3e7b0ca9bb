"""Read a recorded tape: `markets.csv.gz`, `events.csv.gz` and `trades.parquet` of a directory.

The older schema of the exchange: whole cents and whole contracts. What cannot be played is counted
under the reason why, never guessed.
"""

import csv
import gzip
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import LINEAR_CENT
from kalshi_cli.domain.instant import parse_rfc3339
from kalshi_cli.domain.market import Event, Market, MarketStatus, Result, Series, payout
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.engine.recording import Prints, RecordedEvent, RecordedMarket, Recording
from kalshi_cli.errors import ConfigError, InvalidValue

if TYPE_CHECKING:
    import pyarrow

MARKETS, EVENTS, TRADES = "markets.csv.gz", "events.csv.gz", "trades.parquet"
UNDECIDED = "markets without a recorded result"
EARLIER = "prints before the first market opened"
UNKNOWN = "prints of tickers that are not in the recording's markets"
UNPLAYED = "prints of markets without a recorded result"
OUTSIDE = "prints outside their market's trading hours"
UNPRICED = "prints at no price between $0 and $1, or of no contracts"
_REMEDY = f"Name a directory that holds {MARKETS}, {EVENTS} and {TRADES}."

Row = Mapping[str, str]


def load_recording(directory: Path) -> Recording:
    """Read the recording in a directory. Raises `ConfigError` for files missing or unreadable."""
    try:
        return _load(directory)
    except ConfigError:
        raise
    except (OSError, EOFError, ValueError, KeyError, InvalidValue, InvalidOperation) as error:
        what = f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"The recording in {directory} cannot be read ({what}).", remedy=_REMEDY
        ) from error


def _load(directory: Path) -> Recording:
    for name in (MARKETS, EVENTS, TRADES):
        if not (directory / name).is_file():
            raise ConfigError(f"There is no {name} in {directory}.", remedy=_REMEDY)
    rows, event_rows = _rows(directory / MARKETS), _rows(directory / EVENTS)
    if not rows or not event_rows:
        raise ConfigError(f"The recording in {directory} is empty.", remedy=_REMEDY)
    start_us = min(parse_rfc3339(row["open_time"]) for row in rows)
    decided = {row["ticker"]: row for row in rows if row["result"]}
    columns = _columns(directory / TRADES)
    desk = _Sorter(start_us, decided, frozenset(row["ticker"] for row in rows))
    prints = {ticker: found for ticker, found in desk.split(columns) if found is not None}
    aside = {UNDECIDED: len(rows) - len(decided), **desk.aside}
    return Recording(
        name=directory.name,
        digest=_digest(directory),
        start_us=start_us,
        series={row["series_ticker"]: _series(row) for row in event_rows},
        events=_events(event_rows, decided, prints),
        set_aside=aside,
    )


def _rows(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _digest(directory: Path) -> str:
    digest = blake2b(digest_size=10)
    for name in (MARKETS, EVENTS, TRADES):
        digest.update((directory / name).read_bytes())
    return digest.hexdigest()


def _series(row: Row) -> Series:
    title = row["title"].split(" on ")[0]
    return Series(row["series_ticker"], title, row["category"], FeeTerms("quadratic"), "daily")


def _events(
    rows: list[Row], decided: Mapping[str, Row], prints: Mapping[str, Prints]
) -> tuple[RecordedEvent, ...]:
    legs: dict[str, list[Row]] = defaultdict(list)
    for row in decided.values():
        legs[row["event_ticker"]].append(row)
    events = [
        _event(row, legs[row["event_ticker"]], prints) for row in rows if legs[row["event_ticker"]]
    ]
    return tuple(sorted(events, key=lambda event: (event.open_us, event.event.event_ticker)))


def _event(row: Row, legs: list[Row], prints: Mapping[str, Prints]) -> RecordedEvent:
    event = Event(
        event_ticker=row["event_ticker"],
        series_ticker=row["series_ticker"],
        title=row["title"],
        sub_title=row["sub_title"],
        category=row["category"],
        mutually_exclusive=row["mutually_exclusive"] == "True",
        strike_us=parse_rfc3339(row["strike_date"]) if row["strike_date"] else None,
    )
    markets = tuple(
        _market(leg, row["title"], prints.get(leg["ticker"], _NO_PRINTS)) for leg in legs
    )
    return RecordedEvent(event, markets, min(each.market.open_us for each in markets))


def _market(row: Row, title: str, prints: Prints) -> RecordedMarket:
    result = Result(row["result"])
    value = payout(result, _cents(row["settlement_value"]))
    if value is None:
        raise InvalidValue(f"{row['ticker']} has a scalar result without its value.")
    market = Market(
        ticker=row["ticker"],
        event_ticker=row["event_ticker"],
        title=f"{title} {row['yes_sub_title']}",
        status=MarketStatus.INITIALIZED,
        open_us=parse_rfc3339(row["open_time"]),
        close_us=parse_rfc3339(row["close_time"]),
        latest_expiration_us=parse_rfc3339(row["latest_expiration_time"]),
        grid=LINEAR_CENT,
        expected_expiration_us=parse_rfc3339(row["expected_expiration_time"]),
        strike_type=row["strike_type"],
        floor_strike=row["floor_strike"] or None,
        cap_strike=row["cap_strike"] or None,
        rules_primary=row["rules_primary"],
        can_close_early=row["can_close_early"] == "True",
        settlement_timer_s=int(row["settlement_timer_seconds"]),
        updated_us=parse_rfc3339(row["open_time"]),
    )
    open_interest = Contracts(int(row["open_interest"]) * 100)
    return RecordedMarket(market, prints, result, value, open_interest)


def _cents(text: str) -> Price | None:
    """A settlement value, in cents in this schema."""
    return Price(int(Decimal(text) * 100)) if text else None


@dataclass(frozen=True, slots=True)
class _Columns:
    """All prints, ordered by ticker and time. `runs` holds (ticker, first, end)."""

    at_us: "array[int]"
    cents: "array[int]"
    counts: "array[int]"
    bought: "array[int]"
    runs: tuple[tuple[str, int, int], ...]


_NO_PRINTS = Prints(array("q"), array("q"), array("q"), array("q"), array("q"))


def _columns(path: Path) -> _Columns:
    """Read the prints, and give back the memory that only reading them took."""
    import pyarrow as pa

    columns = _read_columns(path)
    pa.default_memory_pool().release_unused()
    return columns


def _read_columns(path: Path) -> _Columns:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(
            path, columns=["ticker", "created_time", "count", "yes_price", "taker_side"]
        )
    except pa.ArrowException as error:
        raise ConfigError(f"{path} cannot be read: {error}.", remedy=_REMEDY) from error
    tickers = table.column("ticker").combine_chunks()
    order = pc.sort_indices(
        pa.table({"t": tickers.cast(pa.string()), "at": table.column("created_time")}),
        sort_keys=[("t", "ascending"), ("at", "ascending")],
    )

    def column(values: "pyarrow.ChunkedArray") -> "array[int]":
        if values.null_count:
            raise ConfigError(f"{path} has prints with missing fields.", remedy=_REMEDY)
        return _array(pc.take(values.combine_chunks(), order).cast(pa.int64()))

    names = pc.take(tickers.cast(pa.string()), order)
    return _Columns(
        at_us=column(table.column("created_time").cast(pa.timestamp("us", "UTC"))),
        cents=column(table.column("yes_price")),
        counts=column(table.column("count")),
        bought=column(pc.equal(table.column("taker_side").cast(pa.string()), "yes")),
        runs=tuple(_runs(pc.run_end_encode(names))),
    )


def _runs(encoded: "pyarrow.RunEndEncodedArray") -> Iterator[tuple[str, int, int]]:
    first = 0
    for ticker, end in zip(encoded.values.to_pylist(), encoded.run_ends.to_pylist(), strict=True):
        yield ticker, first, end
        first = end


def _array(column: "pyarrow.Array") -> "array[int]":
    """A column of 64-bit integers as an array, through its buffer."""
    values = array("q")
    data = memoryview(column.buffers()[1]).cast("B")
    values.frombytes(data[8 * column.offset : 8 * (column.offset + len(column))])
    return values


class _Sorter:
    """Tells the prints that are played from those set aside, and counts the latter."""

    def __init__(self, start_us: int, decided: Mapping[str, Row], known: frozenset[str]) -> None:
        self._start_us = start_us
        self._decided = decided
        self._known = known
        self.aside: Counter[str] = Counter()

    def split(self, columns: _Columns) -> Iterator[tuple[str, Prints | None]]:
        for ticker, first, end in columns.runs:
            if ticker in self._decided:
                yield ticker, self._played(columns, self._decided[ticker], first, end)
                continue
            early = sum(at < self._start_us for at in columns.at_us[first:end])
            self.aside[EARLIER] += early
            self.aside[UNPLAYED if ticker in self._known else UNKNOWN] += end - first - early

    def _played(self, columns: _Columns, row: Row, first: int, end: int) -> Prints:
        open_us, close_us = parse_rfc3339(row["open_time"]), parse_rfc3339(row["close_time"])
        kept = array("q")
        for index in range(first, end):
            at_us = columns.at_us[index]
            if at_us < self._start_us:
                self.aside[EARLIER] += 1
            elif not open_us <= at_us < close_us:
                self.aside[OUTSIDE] += 1
            elif not 0 < columns.cents[index] < 100 or columns.counts[index] <= 0:
                self.aside[UNPRICED] += 1
            else:
                kept.append(index)
        units = _picked(columns.counts, kept, lambda count: count * 100)
        return Prints(
            at_us=_picked(columns.at_us, kept, int),
            price=_picked(columns.cents, kept, lambda cents: cents * 100),
            units=units,
            bought=_picked(columns.bought, kept, int),
            total=array("q", accumulate(units)),
        )


def _picked(
    column: "array[int]", kept: "array[int]", convert: Callable[[int], int]
) -> "array[int]":
    return array("q", [convert(column[index]) for index in kept])
