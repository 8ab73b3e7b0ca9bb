"""Faults planned for a served exchange, as a client of its stream meets them on a socket."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from fakes.served import served
from fakes.signature import signature
from fakes.signed_client import SignedClient
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from kalshi_cli.adapters.sim.faults.plan import (
    Duplicate,
    FaultPlan,
    Gap,
    Reordering,
    Reset,
    Rule,
    Stall,
)
from kalshi_cli.adapters.sim.simulation import Simulation

PATH = "/trade-api/ws/v2"


@dataclass
class Watcher:
    """A subscriber to one book, and an owner whose orders move it."""

    simulation: Simulation
    owner: SignedClient
    stream: ClientConnection
    ticker: str
    placed: int = 0

    def break_by(self, *rules: Rule) -> None:
        self.simulation.host.plan_faults(FaultPlan(rules))

    async def move(self, times: int) -> None:
        """Each order of ours makes one delta."""
        for _ in range(times):
            self.placed += 1
            answer = await self.owner.place(
                ticker=self.ticker, client_order_id=f"m{self.placed}", price="0.0100"
            )
            assert answer.status_code == 201, answer.text

    async def frame(self) -> dict[str, Any]:
        return json.loads(await asyncio.wait_for(self.stream.recv(), 5))

    async def seqs(self, frames: int) -> list[int]:
        return [(await self.frame())["seq"] for _ in range(frames)]


@pytest.fixture
async def watcher(simulation: Simulation) -> AsyncIterator[Watcher]:
    stamp = str(simulation.clock.wall() // 1_000)
    headers = {
        "KALSHI-ACCESS-KEY": simulation.key_id,
        "KALSHI-ACCESS-TIMESTAMP": stamp,
        "KALSHI-ACCESS-SIGNATURE": signature(simulation.private_key_pem, f"{stamp}GET{PATH}"),
    }
    async with served(simulation) as server, SignedClient(simulation) as owner:
        ticker = (await owner.markets())[0]["ticker"]
        url = f"{server.address.ws_url}{PATH}"
        async with connect(url, additional_headers=headers) as stream:
            params = {"channels": ["orderbook_delta"], "market_tickers": [ticker]}
            await stream.send(json.dumps({"id": 1, "cmd": "subscribe", "params": params}))
            watcher = Watcher(simulation, owner, stream, ticker)
            assert [(await watcher.frame())["type"] for _ in range(2)] == [
                "subscribed",
                "orderbook_snapshot",
            ]
            yield watcher


async def test_without_faults_no_number_is_missing(watcher: Watcher):
    await watcher.move(3)
    assert await watcher.seqs(3) == [2, 3, 4]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Gap, [2, 4, 5]),
        (Duplicate, [2, 3, 3, 4, 5]),
        (Reordering, [2, 4, 3, 5]),
    ],
)
async def test_what_becomes_of_frames(watcher: Watcher, rule, expected):
    watcher.break_by(rule(channel="orderbook_delta", ticker=watcher.ticker, nth=2))
    await watcher.move(4)
    assert await watcher.seqs(len(expected)) == expected


async def test_a_stall_holds_everything_back(watcher: Watcher):
    watcher.break_by(Stall(channel="orderbook_delta", nth=1, ms=300))
    began = time.monotonic()
    await watcher.move(2)
    assert await watcher.seqs(2) == [2, 3]
    assert time.monotonic() - began >= 0.3


async def test_a_reset_breaks_the_connection_without_a_word(watcher: Watcher):
    watcher.break_by(Reset(channel="orderbook_delta", nth=2))
    await watcher.move(2)
    assert await watcher.seqs(1) == [2]
    with pytest.raises(ConnectionClosedError) as broken:
        await watcher.frame()
    assert broken.value.rcvd is None  # no close frame came
