"""The embedded exchange as a server on loopback: in this loop, or in a thread of its own."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import httpx
import pytest
from fakes.signature import PREFIX, signature
from fakes.worlds import begin_once, kept_worlds

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.sim.http.loopback import listen
from kalshi_cli.adapters.sim.serving import ExchangeServer
from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.domain.instant import parse_rfc3339


@asynccontextmanager
async def served(simulation: Simulation, *, speed: float = 0) -> AsyncIterator[ExchangeServer]:
    """A simulation served in this loop; unless told otherwise, its time stands still."""
    stop, started = asyncio.Event(), asyncio.Event()
    with listen(0) as listener:
        server = ExchangeServer(simulation, listener, speed=speed)
        serving = asyncio.ensure_future(server.serve(stop, started.set))
        starting = asyncio.ensure_future(started.wait())
        await asyncio.wait((serving, starting), return_when=asyncio.FIRST_COMPLETED)
        try:
            yield server
        finally:
            stop.set()
            await serving


EPOCH = "2027-01-06T17:00:00Z"
"""Noon of a Wednesday in New York: trading is open for hours, whenever the tests run."""


class ServedExchange:
    """A generated world that begins at `EPOCH` and lives as fast as we do.

    A context manager that runs it in a thread.
    """

    def __init__(self, seed: int) -> None:
        self._clock = SystemClock()
        with pytest.MonkeyPatch.context() as patch:
            begin_once(patch.setattr, kept_worlds())
            self.simulation: Simulation = open_simulation(
                None, seed=seed, epoch_us=parse_rfc3339(EPOCH)
            )
        self._listener = listen(0)
        self._server = ExchangeServer(self.simulation, self._listener)
        self._loop = asyncio.new_event_loop()
        self._stop, self._started = asyncio.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="exchange")

    @property
    def variables(self) -> dict[str, str]:
        """What points the program here."""
        clock = self._server.address.clock
        assert clock is not None
        return {
            "KALSHI_SIM_CLOCK": json.dumps(clock.as_json()),
            "KALSHI_BASE_URL": f"{self._server.address.base_url}{PREFIX}",
            "KALSHI_WS_URL": self._server.address.ws_url,
            "KALSHI_API_KEY": self.simulation.key_id,
            "KALSHI_PRIVATE_KEY": self.simulation.private_key_pem,
        }

    def holds_still(self) -> None:
        """Trading pauses: a fill between two commands would be news, and no mistake."""
        assert httpx.post(f"{self._server.address.base_url}/sim/pause").status_code == 200

    def buys_one(self) -> str:
        """Somebody with the account's key takes a contract from the tightest book; its ticker."""
        base = self.variables["KALSHI_BASE_URL"]
        with httpx.Client(base_url=base) as http:
            markets = http.get("/markets", params={"status": "open"}).json()["markets"]
            best = min((m for m in markets if "0.2" < m["yes_bid_dollars"] < "0.8"), key=_spread)
            body = {
                "ticker": best["ticker"],
                "client_order_id": "somebody-else",
                "side": "bid",
                "count": "1.00",
                "price": best["yes_ask_dollars"],
                "time_in_force": "immediate_or_cancel",
                "self_trade_prevention_type": "taker_at_cross",
            }
            path = "/portfolio/events/orders"
            answer = http.post(path, json=body, headers=self._signed("POST", path))
            assert answer.json().get("fill_count") == "1.00", answer.text
        return str(best["ticker"])

    def _signed(self, method: str, path: str) -> dict[str, str]:
        stamp = str(self._clock.wall() // 1_000)
        text = f"{stamp}{method}{PREFIX}{path}"
        return {
            "KALSHI-ACCESS-KEY": self.simulation.key_id,
            "KALSHI-ACCESS-TIMESTAMP": stamp,
            "KALSHI-ACCESS-SIGNATURE": signature(self.simulation.private_key_pem, text),
        }

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._server.serve(self._stop, self._started.set))

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._listener.close()
        self.simulation.close()


def _spread(market: dict[str, Any]) -> float:
    return float(market["yes_ask_dollars"]) - float(market["yes_bid_dollars"])
