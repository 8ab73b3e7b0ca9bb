"""The embedded exchange as a server on loopback that lives in real time, as Kalshi's demo does."""

import asyncio
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import httpx
import uvicorn
from fakes.signed_client import PREFIX, signature

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.domain.instant import SECOND

TICK_US = SECOND // 4


class ServedExchange:
    """A generated world that begins now; a context manager that runs it in a thread."""

    def __init__(self, seed: int) -> None:
        self._clock = SystemClock()
        self.simulation: Simulation = open_simulation(None, seed=seed, epoch_us=self._clock.wall())
        self._socket = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(self.simulation.app, log_level="critical", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="exchange")

    @property
    def variables(self) -> dict[str, str]:
        """What points the program here."""
        port = self._socket.getsockname()[1]
        return {
            "KALSHI_BASE_URL": f"http://127.0.0.1:{port}/trade-api/v2",
            "KALSHI_API_KEY": self.simulation.key_id,
            "KALSHI_PRIVATE_KEY": self.simulation.private_key_pem,
        }

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
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        living = asyncio.ensure_future(self._live())
        await self._server.serve(sockets=[self._socket])
        living.cancel()
        with suppress(asyncio.CancelledError):
            await living

    async def _live(self) -> None:
        """Keep the world's clock at real time; in the server's loop, so between requests."""
        while True:
            self.simulation.advance(max(self._clock.wall(), self.simulation.now_us))
            await self._clock.sleep_until(self._clock.now() + TICK_US)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self.simulation.close()


def _spread(market: dict[str, Any]) -> float:
    return float(market["yes_ask_dollars"]) - float(market["yes_bid_dollars"])
