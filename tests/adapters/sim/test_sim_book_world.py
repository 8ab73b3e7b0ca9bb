"""Recorded books behind the same exchange: kept, continued after a restart, paid as recorded."""

from pathlib import Path

import pytest
from fakes.signed_client import SignedClient
from fakes.streams import delta, snapshot, ticker_frame, watch, write

from kalshi_cli.adapters.sim.oracle import OracleForecaster
from kalshi_cli.adapters.sim.simulation import open_simulation
from kalshi_cli.domain.instant import MINUTE, SECOND
from kalshi_cli.errors import ConfigError, UsageError

TICKER = "KXAA-26MAY130915-15"


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """Asks of 40 at 0.43. Twelve are sold to the bids of 50 at 0.40 after two seconds."""
    directory = tmp_path / "streams"
    directory.mkdir()
    (directory / "outcomes.csv").write_text(f"ticker,result\n{TICKER},yes\n")
    return write(directory / "a.jsonl.gz", [
        watch(TICKER),
        snapshot(1, TICKER, yes_dollars_fp=[["0.4000", "50.00"]],
                 no_dollars_fp=[["0.5700", "40.00"]]),
        delta(2, TICKER, "yes", "0.3000", "1.00", 0),
        ticker_frame(TICKER, 0, last="0.4000", size="1.00", volume="100.00"),
        delta(3, TICKER, "yes", "0.4000", "-50.00", 1_000),
        delta(4, TICKER, "yes", "0.4000", "12.00", 1_500),
        delta(5, TICKER, "yes", "0.4000", "-12.00", 2_000),
        ticker_frame(TICKER, 2_000, last="0.4000", size="12.00", volume="124.00"),
        delta(6, TICKER, "yes", "0.3000", "1.00", 899_000),
    ])  # fmt: skip


async def test_orders_take_wait_fill_and_are_paid_across_restarts(tmp_path: Path, books: Path):
    home, world = tmp_path / "home", f"books:{books.parent}"
    async with open_simulation(home, world=world) as simulation, SignedClient(simulation) as client:
        (market,) = await client.markets()
        assert (market["yes_bid_dollars"], market["yes_ask_size_fp"]) == ("0.4000", "40.00")
        taken = await client.place(ticker=TICKER, price="0.4300", count="15.00",
                                   time_in_force="immediate_or_cancel")  # fmt: skip
        assert taken.json()["fill_count"] == "15.00"
        waiting = await client.place(ticker=TICKER, price="0.4000", count="20.00")
        assert waiting.json()["remaining_count"] == "20.00"
        world_id = simulation.world_id
    async with open_simulation(home) as simulation, SignedClient(simulation) as client:
        assert (simulation.world_id, simulation.status().world) == (world_id, world)
        (market,) = await client.markets()
        assert (market["yes_bid_size_fp"], market["yes_ask_size_fp"]) == ("70.00", "25.00")
        simulation.advance(simulation.now_us + 10 * SECOND)
    async with open_simulation(home) as simulation, SignedClient(simulation) as client:
        fills = (await client.get("/portfolio/fills"))["fills"]
        assert sorted((fill["count_fp"], fill["is_taker"]) for fill in fills) == [
            ("12.00", False), ("15.00", True),
        ]  # fmt: skip
        simulation.advance(simulation.now_us + 25 * MINUTE)
        (row,) = (await client.get("/portfolio/settlements"))["settlements"]
        assert (row["ticker"], row["market_result"], row["revenue"]) == (TICKER, "yes", 2_700)
        with pytest.raises(ConfigError, match="recording"):
            OracleForecaster(simulation, 0.0, seed=1)
    with pytest.raises(UsageError, match="exists is books"):
        open_simulation(home, world="generated")


@pytest.mark.parametrize("choice", ["books", "books:", "book:a"])
def test_a_world_that_is_none_is_refused(choice: str):
    with pytest.raises(UsageError, match="no world"):
        open_simulation(None, world=choice)


def test_a_missing_recording_is_one_clear_error_and_leaves_no_world(tmp_path: Path):
    with pytest.raises(ConfigError, match="nothing"):
        open_simulation(tmp_path, world=f"books:{tmp_path / 'nothing'}")
    simulation = open_simulation(tmp_path)
    assert simulation.status().world == "generated"
    simulation.close()
