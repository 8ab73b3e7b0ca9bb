"""A client of the embedded exchange that signs as the exchange documents it, and knows no more."""

from types import TracebackType
from typing import Any, Self

import httpx
from fakes.openapi import found_openapi
from fakes.signature import PREFIX, signature

from kalshi_cli.adapters.sim.simulation import Simulation


class SignedClient:
    """Sends requests to a simulation in-process. Where the exchange's own specification is at
    hand, each answer must be one that it allows."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        spec = found_openapi()
        self.http = httpx.AsyncClient(
            transport=simulation.transport(),
            base_url=simulation.origin + PREFIX,
            event_hooks={"response": [spec.witness] if spec else []},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.http.aclose()

    def headers(
        self, method: str, path: str, *, skew_s: float = 0, pem: str = ""
    ) -> dict[str, str]:
        stamp = str(self.simulation.clock.wall() // 1_000 + int(skew_s * 1_000))
        signed = f"{stamp}{method}{PREFIX}{path.split('?', maxsplit=1)[0]}"
        return {
            "KALSHI-ACCESS-KEY": self.simulation.key_id,
            "KALSHI-ACCESS-TIMESTAMP": stamp,
            "KALSHI-ACCESS-SIGNATURE": signature(pem or self.simulation.private_key_pem, signed),
        }

    async def send(
        self, method: str, path: str, body: object = None, **options: Any
    ) -> httpx.Response:
        headers = self.headers(method, path, **options)
        return await self.http.request(method, path, json=body, headers=headers)

    async def get(self, path: str) -> Any:
        answer = await self.send("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def place(self, **order: Any) -> httpx.Response:
        body = {
            "side": "bid",
            "count": "1.00",
            "price": "0.0100",
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
            **order,
        }
        return await self.send("POST", "/portfolio/events/orders", body)

    async def markets(self) -> list[dict[str, Any]]:
        """Open markets that can be bought now, cheapest fee structure first come."""
        body = await self.get("/markets?status=open&limit=1000")
        return [market for market in body["markets"] if float(market["yes_ask_size_fp"]) > 0]
