"""A recorded stream's frames: sequence, gaps, the recorder's own words, and lines that are none."""

import gzip
import json
from pathlib import Path

import pytest
from fakes.streams import T0_MS, Frame, delta, snapshot, watch

from kalshi_cli.adapters.sim.recordings.stretches import StreamReader
from kalshi_cli.errors import ConfigError

ONE, TWO = "KXAA-26MAY130900-00", "KXAA-26MAY130915-15"


def reader_of(*frames: Frame) -> StreamReader:
    reader = StreamReader()
    reader.feed(json.dumps(frame).encode() for frame in frames)
    reader.end()
    return reader


def test_a_stretch_is_a_snapshot_and_the_changes_after_it():
    """NO levels are YES asks at the rest of the dollar; instants have microseconds."""
    reader = reader_of(
        watch(ONE),
        snapshot(1, ONE, yes_dollars_fp=[["0.4000", "10.50"]], no_dollars_fp=[["0.5570", "1.00"]]),
        delta(2, ONE, "yes", "0.4100", "3.25", 1_200),
        delta(3, ONE, "no", "0.5570", "-1.00", 1_201),
    )
    stream = reader.streams[ONE]
    (stretch,) = stream.stretches
    assert (stretch.bids, stretch.asks) == (((4_000, 1_050),), ((4_430, 100),))
    assert list(stretch.changes.rows()) == [
        (1_000 * (T0_MS + 1_200) + 250, 1, 4_100, 325),
        (1_000 * (T0_MS + 1_201) + 250, 0, 4_430, -100),
    ]
    assert (stretch.start_us, stretch.end_us) == tuple(stretch.changes.at_us)
    assert stream.watched is not None
    assert stream.watched.strike == 80193.52
    assert reader.lost == 0


def test_a_gap_ends_the_stretch_and_loses_all_until_the_next_snapshot():
    reader = reader_of(
        snapshot(1, ONE),
        delta(2, ONE, "yes", "0.4000", "1.00", 1),
        delta(4, ONE, "yes", "0.4100", "1.00", 2),
        delta(5, ONE, "yes", "0.4200", "1.00", 3),
        snapshot(6, ONE, yes_dollars_fp=[["0.4000", "7.00"]]),
        delta(7, ONE, "yes", "0.4300", "1.00", 4),
    )
    first, second = reader.streams[ONE].stretches
    assert [len(first.changes), len(second.changes), reader.lost] == [1, 1, 2]
    assert second.bids == ((4_000, 700),)


def test_another_subscription_begins_anew():
    reader = reader_of(
        snapshot(1, ONE),
        delta(2, ONE, "yes", "0.4000", "1.00", 1),
        snapshot(1, TWO),
        delta(2, TWO, "yes", "0.5000", "1.00", 2),
        delta(3, ONE, "yes", "0.4100", "1.00", 3),
    )
    assert [len(reader.streams[ticker].stretches) for ticker in (ONE, TWO)] == [1, 1]
    assert reader.lost == 1


def test_markets_of_one_subscription_share_its_sequence():
    reader = reader_of(
        snapshot(1, ONE),
        snapshot(2, TWO),
        delta(3, ONE, "yes", "0.4000", "1.00", 1),
        delta(4, TWO, "yes", "0.5000", "1.00", 2),
        snapshot(5, ONE),
        delta(6, ONE, "yes", "0.4000", "1.00", 3),
    )
    assert [len(reader.streams[ticker].stretches) for ticker in (ONE, TWO)] == [1, 1]
    assert len(reader.streams[ONE].stretches[0].changes) == 2
    assert reader.lost == 0


def test_a_snapshot_that_nothing_follows_tells_no_instant():
    assert reader_of(watch(ONE), snapshot(1, ONE)).streams[ONE].stretches == []


@pytest.mark.parametrize(
    "line",
    [
        b"nothing",
        b'{"type": "orderbook_delta", "seq": 1}',
        json.dumps(delta(2, ONE, "yes", "0.40001", "1.00", 0)).encode(),
        json.dumps({**watch(ONE), "type": "something"}).encode(),
    ],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_line_that_is_no_frame_is_one_clear_error(line: bytes, name: str, tmp_path: Path):
    path = tmp_path / name
    body = json.dumps(snapshot(1, ONE)).encode() + b"\n" + line + b"\n"
    path.write_bytes(gzip.compress(body) if name.endswith("gz") else body)
    with pytest.raises(ConfigError, match=name):
        StreamReader().read(path)


def test_a_cut_file_is_one_clear_error(tmp_path: Path):
    path = tmp_path / "a.jsonl.gz"
    whole = gzip.compress(b"\n".join([json.dumps(snapshot(1, ONE)).encode()] * 500))
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match="stream"):
        StreamReader().read(path)
