"""`/sim`: what a test harness does to a served exchange from outside."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fakes.served import served

from kalshi_cli.adapters.sim.serving import ExchangeServer
from kalshi_cli.adapters.sim.simulation import Simulation
from kalshi_cli.domain.instant import HOUR, MINUTE, to_rfc3339

STATUS = "/trade-api/v2/exchange/status"


@dataclass
class Harness:
    server: ExchangeServer
    http: httpx.AsyncClient

    async def ask(self, method: str, path: str, body: object = None, code: int = 200) -> Any:
        answer = await self.http.request(method, path, json=body)
        assert answer.status_code == code, answer.text
        return answer.json()


@pytest.fixture
async def harness(simulation: Simulation) -> AsyncIterator[Harness]:
    async with (
        served(simulation) as server,
        httpx.AsyncClient(base_url=server.address.base_url) as http,
    ):
        yield Harness(server, http)


async def test_it_says_how_the_world_stands(harness: Harness, simulation: Simulation):
    found = await harness.ask("GET", "/sim")
    assert found["world_id"] == simulation.world_id
    assert (found["seed"], found["cash"], found["orders"]) == (5, "10000.000000", 0)
    assert found["now"] == to_rfc3339(simulation.now_us)
    assert found["markets"]["active"] > 0
    assert found["clock"]["speed"] == 0


async def test_the_world_moves_on_demand(harness: Harness, simulation: Simulation):
    before = simulation.now_us
    moved = await harness.ask("POST", "/sim/advance", {"span": "6h"})
    assert simulation.now_us == before + 6 * HOUR
    assert moved["now"] == to_rfc3339(simulation.now_us)
    assert moved["clock"]["virtual0"] == simulation.now_us
    later = to_rfc3339(simulation.now_us + MINUTE)
    assert (await harness.ask("POST", "/sim/advance", {"to": later}))["now"] == later
    for body in ({}, {"span": "1h", "to": later}, {"span": "soon"}, {"to": "2000-01-01T00:00:00Z"}):
        await harness.ask("POST", "/sim/advance", body, code=400)
    assert simulation.now_us == before + 6 * HOUR + MINUTE


async def test_faults_are_planned_watched_and_forgotten(harness: Harness):
    rule = {"fault": "too_many_requests", "path": "/exchange/*", "nth": 2}
    planned = await harness.ask("PUT", "/sim/faults", {"seed": 3, "rules": [rule]})
    assert planned == {"seed": 3, "rules": [{**rule, "matched": 0, "struck": 0}]}
    answers = [(await harness.http.get(STATUS)).status_code for _ in range(3)]
    assert answers == [200, 429, 200]
    (counted,) = (await harness.ask("GET", "/sim/faults"))["rules"]
    assert (counted["matched"], counted["struck"]) == (3, 1)
    assert (await harness.ask("DELETE", "/sim/faults"))["rules"] == []
    refused = await harness.ask("PUT", "/sim/faults", {"rules": [{"fault": "plague"}]}, code=400)
    assert "plague" in refused["error"]["details"]


async def test_trading_pauses_and_resumes(harness: Harness, simulation: Simulation):
    everything = await harness.ask("POST", "/sim/pause")
    assert everything["markets"] > 0
    assert simulation._exchange.state.paused_shards
    assert await harness.ask("POST", "/sim/resume") == everything
    assert not simulation._exchange.state.paused_shards
    ticker = next(iter(simulation._exchange.catalog.markets))
    assert await harness.ask("POST", "/sim/pause", {"ticker": ticker}) == {"markets": 1}
    assert await harness.ask("POST", "/sim/resume", {"ticker": ticker}) == {"markets": 1}
    await harness.ask("POST", "/sim/pause", {"ticker": "NOBODY"}, code=404)
    await harness.ask("POST", "/sim/pause", {"shard": 9}, code=400)


async def test_money_comes_and_goes(harness: Harness):
    deposited = await harness.ask("POST", "/sim/deposit", {"amount": "12.50"})
    assert deposited["movement_id"]
    await harness.ask("POST", "/sim/deposit", {"amount": "-2.50"})
    assert (await harness.ask("GET", "/sim"))["cash"] == "10010.000000"
    for amount in ("0.00", "0.005", "money", "-99999.00"):
        await harness.ask("POST", "/sim/deposit", {"amount": amount}, code=400)


async def test_it_is_all_on_the_log(harness: Harness, simulation: Simulation):
    before = simulation.host.seq
    await harness.ask("POST", "/sim/deposit", {"amount": "1.00"})
    await harness.ask("POST", "/sim/pause")
    await harness.ask("POST", "/sim/advance", {"span": "1m"})
    log = [type(each).__name__ for _, each in simulation.host._store.commands_after(before)]
    assert log == ["Deposit", "SetTrading", "Advance"]


async def test_a_page_in_a_browser_may_not(harness: Harness):
    answer = await harness.http.post("/sim/pause", headers={"Origin": "http://example.com"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("GET", "/sim/nothing", 404), ("GET", "/simulation", 404), ("POST", "/sim/faults", 405)],
)
async def test_nothing_else_is_there(harness: Harness, method, path, code):
    await harness.ask(method, path, code=code)
