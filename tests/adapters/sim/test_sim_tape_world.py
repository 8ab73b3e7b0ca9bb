"""A recorded world behind the same exchange: kept, continued, and honest about what it knows."""

from pathlib import Path

import pytest
from fakes.signed_client import SignedClient

from kalshi_cli.adapters.sim.oracle import OracleForecaster
from kalshi_cli.adapters.sim.simulation import open_simulation
from kalshi_cli.domain.instant import DAY, HOUR
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import ConfigError, UsageError


@pytest.fixture
def tape(shared_data: Path) -> str:
    return f"tape:{shared_data / 'weather'}"


def test_a_missing_recording_is_one_clear_error_and_leaves_no_world(tmp_path):
    with pytest.raises(ConfigError):
        open_simulation(tmp_path, world=f"tape:{tmp_path / 'nothing'}")
    simulation = open_simulation(tmp_path)
    assert simulation.status().world == "generated"
    simulation.close()


async def test_real_markets_trade_settle_and_go_on_after_a_restart(tmp_path, tape):
    async with open_simulation(tmp_path, world=tape) as simulation:
        simulation.advance(simulation.now_us + 6 * HOUR)
        async with SignedClient(simulation) as client:
            market = (await client.markets())[0]
            answer = await client.place(
                ticker=market["ticker"],
                price=market["yes_ask_dollars"],
                time_in_force="immediate_or_cancel",
            )
            assert answer.json()["fill_count"] == "1.00"
        world_id, cash = simulation.world_id, simulation.status().cash
        with pytest.raises(ConfigError, match="recording"):
            OracleForecaster(simulation, 0.0, seed=1)
    async with open_simulation(tmp_path) as simulation:
        assert (simulation.world_id, simulation.status().cash) == (world_id, cash)
        assert simulation.status().world == tape
        simulation.advance(simulation.now_us + 3 * DAY)
        async with SignedClient(simulation) as client:
            (row,) = (await client.get("/portfolio/settlements"))["settlements"]
            paid = Money(row["revenue"] * 10_000)
        assert row["ticker"] == market["ticker"]
        assert simulation.status().cash == cash + paid
    with pytest.raises(UsageError, match="exists is tape"):
        open_simulation(tmp_path, world="generated")
