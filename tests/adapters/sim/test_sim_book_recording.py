"""Reading recorded books: small ones written here, and the real ones where they are at hand."""

from pathlib import Path

import pytest
from fakes.streams import T0_MS, Frame, delta, snapshot, ticker_frame, watch, write

from kalshi_cli.adapters.sim.recordings.books import (
    SIDES_COUNTED,
    UNDECIDED,
    UNPLACED,
    UNWATCHED,
    load_books,
    streams_of,
)
from kalshi_cli.adapters.sim.recordings.frames import COUNTS, PRICES
from kalshi_cli.adapters.sim.recordings.stretches import StreamReader
from kalshi_cli.domain.grid import TAPERED_DECI_CENT
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import ONE_DOLLAR, Price
from kalshi_cli.engine.book_tape import BookRecording
from kalshi_cli.errors import ConfigError

TICKER, OTHER, UNKNOWN = "KXAA-26MAY130900-00", "KXAA-26MAY130915-15", "KXAA-26MAY130930-30"
OUTCOMES = f"ticker,result\n{TICKER},yes\n{OTHER},no\n"


def frames(ticker: str = TICKER) -> list[Frame]:
    """Ten bought of YES at 0.43 in two orders between two tickers, and a cancellation of 3."""
    return [
        watch(ticker),
        snapshot(1, ticker, yes_dollars_fp=[["0.4000", "50.00"]],
                 no_dollars_fp=[["0.5700", "40.00"]]),
        delta(2, ticker, "yes", "0.4000", "1.00", 100),
        ticker_frame(ticker, 100, last="0.4000", size="1.00", volume="100.00"),
        delta(3, ticker, "no", "0.5700", "-3.00", 200),
        delta(4, ticker, "no", "0.5700", "-6.00", 300),
        delta(5, ticker, "no", "0.5700", "-4.00", 300),
        ticker_frame(ticker, 300, last="0.4300", size="4.00", volume="120.00"),
        delta(6, ticker, "yes", "0.4100", "9.00", 400),
    ]  # fmt: skip


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    found = tmp_path / "streams"
    found.mkdir()
    write(found / "a.jsonl.gz", frames())
    write(found / "b.jsonl", frames(UNKNOWN))
    (found / "outcomes.csv").write_text(OUTCOMES)
    return found


def test_a_market_is_what_its_frames_tell(directory: Path):
    books = load_books(directory)
    recording, tape = books.recording, books.tapes[TICKER]
    (event,) = recording.events
    (recorded,) = event.markets
    market = recorded.market
    assert (event.event.event_ticker, event.event.series_ticker) == ("KXAA-26MAY130900", "KXAA")
    assert market.open_us == event.open_us == 1_000 * (T0_MS + 100) + 250
    assert market.close_us == 1_000 * T0_MS + 15 * MINUTE
    assert recorded.finalized_us == market.close_us + 6 * MINUTE
    assert market.floor_strike == "80193.52"
    assert (recorded.result, recorded.value) == (Result.YES, ONE_DOLLAR)
    assert list(tape.prints.price) == [4_300, 4_300]
    assert list(tape.prints.units) == [600, 400]
    assert list(tape.prints.bought) == [1, 1]
    assert list(tape.statistics.volume) == [10_000, 12_000]
    assert recording.set_aside[UNDECIDED] == 1
    assert recording.digest == load_books(directory).recording.digest


def test_one_file_is_a_recording_too_with_the_outcomes_beside_it(directory: Path):
    books = load_books(directory / "a.jsonl.gz")
    assert list(books.tapes) == [TICKER]
    assert books.recording.set_aside[UNDECIDED] == 0
    assert books.recording.digest != load_books(directory).recording.digest
    with pytest.raises(ConfigError, match="no market with a book and a result"):
        load_books(directory / "b.jsonl")


def test_a_market_recorded_in_two_files_has_two_stretches(directory: Path):
    later = [watch(TICKER), snapshot(1, TICKER), delta(2, TICKER, "yes", "0.5000", "1.00", 60_000)]
    write(directory / "c.jsonl", later)
    write(directory / "d.jsonl", frames())  # the same again
    books = load_books(directory)
    assert len(books.tapes[TICKER].stretches) == 2
    assert books.recording.set_aside["stretches recorded twice"] == 1


def test_a_market_whose_close_is_not_told_is_set_aside(directory: Path):
    write(directory / "c.jsonl", frames(OTHER)[1:])
    assert load_books(directory).recording.set_aside[UNWATCHED] == 1


@pytest.mark.parametrize("damage", ["no streams", "no outcomes", "bad outcome", "bad close"])
def test_a_damaged_recording_is_one_clear_error(directory: Path, damage: str):
    if damage == "no streams":
        for path in streams_of(directory):
            path.unlink()
    elif damage == "no outcomes":
        (directory / "outcomes.csv").unlink()
    elif damage == "bad outcome":
        (directory / "outcomes.csv").write_text(f"ticker,result\n{TICKER},maybe\n")
    else:
        write(directory / "a.jsonl.gz", [watch(TICKER, "soon"), *frames()[1:]])
    with pytest.raises(ConfigError) as caught:
        load_books(directory)
    assert "outcomes.csv" in caught.value.remedy


SHORT = "run_20260513T1556Z.jsonl.gz"


@pytest.fixture(scope="module")
def real(shared_data: Path) -> BookRecording:
    return load_books(shared_data / "orderbook_stream" / SHORT)


def test_a_real_recording_is_played_whole(real: BookRecording):
    """Its market of 16:00Z was recorded from 15:56:23 to its end, that of 16:15Z to 16:05."""
    first, second = (event.markets[0] for event in real.recording.events)
    assert (first.result, second.result) == (Result.NO, Result.YES)
    for recorded in (first, second):
        (stretch,) = real.tapes[recorded.market.ticker].stretches
        assert stretch.start_us == recorded.market.open_us
        prices = {price for price, _ in (*stretch.bids, *stretch.asks)} | {*stretch.changes.price}
        assert all(TAPERED_DECI_CENT.contains(Price(price)) for price in prices)
    assert not any(n for why, n in real.recording.set_aside.items() if why != UNPLACED)


def test_real_volume_counts_both_sides_of_a_trade(shared_data: Path, real: BookRecording):
    """The ticker's own `dollar_volume` is half of it, and so is what the levels lost in trades."""
    reader = StreamReader()
    reader.read(shared_data / "orderbook_stream" / SHORT)
    for ticker, stream in reader.streams.items():
        told = sorted(stream.tickers, key=lambda msg: msg.time)
        for msg in told:
            assert msg.dollar_volume == COUNTS[msg.volume_fp] // (SIDES_COUNTED * 100)
        traded = (COUNTS[told[-1].volume_fp] - COUNTS[told[0].volume_fp]) // SIDES_COUNTED
        prints = real.tapes[ticker].prints
        assert sum(prints.units) <= traded
        assert sum(prints.units) > 0.97 * traded


def test_every_real_last_trade_is_a_print(shared_data: Path, real: BookRecording):
    """Whatever was inferred, each ticker's last trade is there, at its price, by its instant."""
    reader = StreamReader()
    reader.read(shared_data / "orderbook_stream" / SHORT)
    missing = asked = 0
    for ticker, stream in reader.streams.items():
        prints = real.tapes[ticker].prints
        told = set(zip(prints.price, prints.units, strict=True))
        volume = None
        for msg in sorted(stream.tickers, key=lambda msg: msg.time):
            if volume not in {None, msg.volume_fp}:
                asked += 1
                last = PRICES[msg.price_dollars], COUNTS[msg.last_trade_size_fp]
                missing += last not in told
            volume = msg.volume_fp
    assert asked > 300
    assert missing == 0
