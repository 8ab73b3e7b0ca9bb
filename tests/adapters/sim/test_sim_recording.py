"""Reading recordings: small ones written here, and the real one where it is at hand."""

import csv
import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kalshi_cli.adapters.sim.recordings.tape import load_recording
from kalshi_cli.domain.instant import DAY
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import ONE_DOLLAR, Contracts
from kalshi_cli.engine.tape import TapeWorld
from kalshi_cli.engine.world import Listed, Moved, Printed
from kalshi_cli.errors import ConfigError

OPEN = datetime(2024, 8, 15, 14, tzinfo=UTC)
MARKET = {
    "ticker": "HIGHAA-1-T70", "event_ticker": "HIGHAA-1", "yes_sub_title": "69 or below",
    "open_time": "2024-08-15T14:00:00Z", "close_time": "2024-08-17T03:59:00Z",
    "expected_expiration_time": "2024-08-17T14:00:00Z",
    "latest_expiration_time": "2024-08-23T14:00:00Z", "settlement_timer_seconds": "3600",
    "open_interest": "50", "result": "no", "can_close_early": "True", "strike_type": "less",
    "cap_strike": "70.0", "floor_strike": "", "rules_primary": "As the report says.",
    "settlement_value": "",
}  # fmt: skip
EVENT = {
    "event_ticker": "HIGHAA-1", "series_ticker": "KXHIGHAA", "sub_title": "On Aug 16",
    "title": "Highest temperature in Aa on Aug 16?", "category": "Climate and Weather",
    "mutually_exclusive": "True", "strike_date": "2024-08-17T03:59:00Z",
}  # fmt: skip


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_trades(path: Path, rows: list[tuple[str, datetime, int, int, str]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ("ticker", "created_time", "count", "yes_price", "taker_side")
    columns = list(zip(*rows, strict=True)) or [()] * 5
    kinds = (pa.string(), pa.timestamp("us", "UTC"), pa.int32(), pa.int16(), pa.string())
    arrays = [pa.array(list(c), kind) for c, kind in zip(columns, kinds, strict=True)]
    pq.write_table(pa.table(arrays, names=names), path)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    found = tmp_path / "tape"
    found.mkdir()
    undecided = {**MARKET, "ticker": "HIGHAA-1-T80", "result": ""}
    winner = {**MARKET, "ticker": "HIGHAA-1-T90", "result": "yes", "settlement_value": "100.0"}
    write_csv(found / "markets.csv.gz", [MARKET, undecided, winner])
    write_csv(found / "events.csv.gz", [EVENT])
    hour = timedelta(hours=1)
    write_trades(found / "trades.parquet", [
        ("HIGHAA-1-T90", OPEN + 2 * hour, 7, 60, "no"),
        ("HIGHAA-1-T90", OPEN + hour, 5, 55, "yes"),
        ("HIGHAA-1-T90", OPEN - hour, 5, 50, "yes"),
        ("HIGHAA-1-T90", OPEN + 48 * hour, 5, 99, "yes"),
        ("HIGHAA-1-T90", OPEN + hour, 5, 100, "yes"),
        ("HIGHAA-1-T80", OPEN + hour, 5, 50, "yes"),
        ("HIGHAA-1-X", OPEN + hour, 5, 50, "yes"),
        ("HIGHAA-1-X", OPEN - hour, 5, 50, "yes"),
    ])  # fmt: skip
    return found


def test_prints_are_sorted_and_what_is_not_played_is_counted(directory: Path) -> None:
    recording = load_recording(directory)
    assert {why: n for why, n in recording.set_aside.items() if n} == {
        "markets without a recorded result": 1,
        "prints before the first market opened": 2,
        "prints of tickers that are not in the recording's markets": 1,
        "prints of markets without a recorded result": 1,
        "prints outside their market's trading hours": 1,
        "prints at no price between $0 and $1, or of no contracts": 1,
    }
    loser, winner = recording.events[0].markets
    assert (loser.result, len(loser.prints)) == (Result.NO, 0)
    assert (winner.result, winner.value) == (Result.YES, ONE_DOLLAR)
    assert list(winner.prints.price) == [5_500, 6_000]
    assert list(winner.prints.total) == [500, 1_200]
    assert list(winner.prints.bought) == [1, 0]
    assert winner.open_interest == Contracts(5_000)
    assert winner.market.cap_strike == "70.0"
    assert recording.series["KXHIGHAA"].fees.fee_type == "quadratic"
    assert recording.digest == load_recording(directory).digest


@pytest.mark.parametrize("name", ["markets.csv.gz", "events.csv.gz", "trades.parquet"])
@pytest.mark.parametrize("damage", ["missing", "garbage", "cut"])
def test_a_damaged_recording_is_one_clear_error(directory: Path, name: str, damage: str) -> None:
    path = directory / name
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            b"nothing of the kind" if damage == "garbage" else whole[: len(whole) // 2]
        )
    with pytest.raises(ConfigError) as caught:
        load_recording(directory)
    assert "trades.parquet" in caught.value.remedy


def test_a_row_that_cannot_be_read_is_one_clear_error(directory: Path) -> None:
    write_csv(directory / "markets.csv.gz", [{**MARKET, "open_time": "yesterday"}])
    with pytest.raises(ConfigError, match="yesterday"):
        load_recording(directory)
    write_csv(directory / "markets.csv.gz", [{"ticker": "only"}])
    with pytest.raises(ConfigError):
        load_recording(directory)


def test_every_print_of_the_real_recording_is_accounted_for(shared_data: Path) -> None:
    """Counts as published with the data: 943,218 prints, 806,734 of markets with a result."""
    recording = load_recording(shared_data / "weather")
    aside = recording.set_aside
    played = sum(len(m.prints) for event in recording.events for m in event.markets)
    assert played == 806_734
    assert played + sum(n for why, n in aside.items() if why.startswith("prints")) == 943_218
    assert aside["markets without a recorded result"] == 252
    assert len(recording.events) == 756
    for event in recording.events:
        assert sum(m.value.units for m in event.markets) == ONE_DOLLAR.units


def test_a_month_of_the_real_recording_pays_every_result(shared_data: Path) -> None:
    recording = load_recording(shared_data / "weather")
    world = TapeWorld(recording)
    assert world.world_id.endswith("2024-08-15T14:00:00Z")
    first = world.advance(world.now_us)
    assert len([o for o in first if isinstance(o, Listed)]) == 3
    end = world.now_us + 30 * DAY
    happened = world.advance(end)
    paid = {o.ticker: o.value for o in happened if isinstance(o, Moved) and o.value is not None}
    due = [
        recorded
        for event in recording.events
        for recorded in event.markets
        if recorded.market.expires_us <= end
    ]
    assert len(due) > 400
    assert paid == {recorded.market.ticker: recorded.value for recorded in due}
    printed = sum(isinstance(o, Printed) for o in happened)
    assert printed == sum(
        sum(at <= end for at in recorded.prints.at_us)
        for event in recording.events
        for recorded in event.markets
    )
