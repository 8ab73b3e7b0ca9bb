"""Books rebuilt from the recorded streams against the recorded ticker: every recording there is."""

import gzip
import json
from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from kalshi_cli.adapters.sim.recordings.books import streams_of
from kalshi_cli.adapters.sim.recordings.frames import COUNTS
from kalshi_cli.adapters.sim.recordings.stretches import MarketStream
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.book_levels import BookLevels
from kalshi_cli.engine.book_tape import Changes, Stretch
from studies.book_agreement import DUE, Agreement, agreement, exact, streams_in

FOUND = {
    "forward_shadow_20260513T055209Z": Agreement(42, 42, 0, 0),
    "particle_shadow_spotmerge_smoke_20260511T120911Z": Agreement(29, 29, 0, 0),
    "run_20260513T1259Z": Agreement(857, 857, 3, 0),
    "run_20260513T1333Z": Agreement(908, 908, 13, 10),
    "run_20260513T1522Z": Agreement(627, 627, 37, 0),
    "run_20260513T1541Z": Agreement(465, 465, 7, 0),
    "run_20260513T1556Z": Agreement(302, 302, 36, 0),
    "run_20260513T1610Z": Agreement(457, 457, 25, 0),
    "run_20260513T1626Z": Agreement(379, 379, 49, 0),
    "run_20260513T1640Z": Agreement(385, 385, 54, 0),
    "run_20260513T1712Z": Agreement(362, 362, 26, 0),
    "run_20260513T1722Z": Agreement(373, 373, 42, 0),
    "run_20260513T1737Z": Agreement(409, 409, 23, 0),
    "run_20260513T1808Z": Agreement(442, 442, 19, 0),
    "run_20260513T1819Z": Agreement(565, 565, 24, 0),
    "run_20260513T202034Z": Agreement(844, 844, 12, 0),
}
"""What each recording gave when it was measured: all that could be compared agreed."""


def read_of(shared_data: Path, name: str) -> list[MarketStream]:
    return streams_in(shared_data / "orderbook_stream" / f"{name}.jsonl.gz")


def test_over_all_recordings_the_bound_holds_whatever_is_left_out(shared_data: Path):
    """The ten tickers from before a book began, counted as disagreements, do not break it."""
    assert {path.name for path in streams_of(shared_data / "orderbook_stream")} == {
        f"{name}.jsonl.gz" for name in FOUND
    }
    whole = sum(FOUND.values(), Agreement())
    assert (whole.compared, whole.one_sided, whole.before) == (7_446, 370, 10)
    assert whole.share == 1.0
    assert whole.worst_share >= DUE


Recording = tuple[str, list[MarketStream]]


@pytest.fixture(scope="module", params=FOUND)
def recording(request: pytest.FixtureRequest, shared_data: Path) -> Recording:
    """The name of each, and what it holds; read once."""
    return request.param, read_of(shared_data, request.param)


def test_a_recording_agrees_with_its_ticker(recording: Recording):
    """Within a cent and 100 ms, and in fact at that very instant, to the contract."""
    name, streams = recording
    found = agreement(streams)
    assert found.share >= DUE, found
    assert found == FOUND[name]
    told = [exact(stream) for stream in streams]
    assert sum(equal for _, equal in told) == sum(count for count, _ in told)
    assert sum(count for count, _ in told) == found.compared + found.one_sided


def test_a_recording_has_no_gap_and_ends_its_markets_empty(recording: Recording):
    """A market whose end was recorded is swept by the exchange: the last change empties it."""
    closed = 0
    name, streams = recording
    for stream in streams:
        assert len(stream.stretches) == 1
        (stretch,) = stream.stretches
        last = stream.tickers[-1]
        if not COUNTS[last.yes_bid_size_fp] and not COUNTS[last.yes_ask_size_fp]:
            closed += 1
            assert rebuilt(stretch).touch == (0, 10_000)
    assert closed == (0 if "shadow" in name else 2 if name.endswith("1259Z") else 1)


def rebuilt(stretch: Stretch) -> BookLevels:
    book = BookLevels()
    book.snapshot(stretch.bids, stretch.asks, stretch.start_us)
    for at_us, on_bid, price, by in stretch.changes.rows():
        book.change(Side.BID if on_bid else Side.ASK, price, by, at_us)
    book.settle()
    return book


def test_the_tickers_from_before_a_book_came_late(shared_data: Path):
    """In 1333Z the exchange's ticker channel lagged. These ten came 6 s and more after their
    instant, which is up to 6 s before the first frame of that market; changes took 0.9 s at most.
    """
    name = "run_20260513T1333Z"
    begun = {
        stream.tickers[0].market_ticker: min(stretch.start_us for stretch in stream.stretches)
        for stream in read_of(shared_data, name)
    }
    early: list[float] = []
    slowest = 0.0
    with gzip.open(shared_data / "orderbook_stream" / f"{name}.jsonl.gz") as lines:
        for line in lines:
            frame = json.loads(line)
            if "ts_ms" not in frame["msg"]:
                continue
            late_s = frame["recv_ns"] / 1e9 - frame["msg"]["ts_ms"] / 1e3
            ahead_s = begun[frame["msg"]["market_ticker"]] / 1e6 - frame["msg"]["ts_ms"] / 1e3
            if frame["type"] == "orderbook_delta":
                slowest = max(slowest, late_s)
            elif ahead_s > 0.001:
                assert ahead_s < 6
                early.append(late_s)
    assert len(early) == FOUND[name].before
    assert min(early) > 6
    assert slowest < 0.9


def test_a_book_that_misses_one_change_in_two_hundred_does_not_pass(shared_data: Path):
    """The measure can fail: the same stream with changes left out."""
    damaged = [
        replace(stream, stretches=[thinned(stretch) for stretch in stream.stretches])
        for stream in read_of(shared_data, "run_20260513T1640Z")
    ]
    assert agreement(damaged).share < DUE


def thinned(stretch: Stretch) -> Stretch:
    rows = [row for number, row in enumerate(stretch.changes.rows()) if number % 200 != 7]
    at_us, on_bid, price, by = zip(*rows, strict=True)
    changes = Changes(array("q", at_us), array("b", on_bid), array("h", price), array("q", by))
    return replace(stretch, changes=changes)
