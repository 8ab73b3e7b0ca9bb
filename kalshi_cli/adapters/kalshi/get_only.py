"""Market data without an account: nothing in here can do anything but GET.

Three things see to it, each alone enough: the client has no method that writes, it has no key to
sign with, and its transport carries no other method.
"""

from types import TracebackType
from typing import Self

import httpx

from kalshi_cli.adapters.kalshi.client import ReadClient, origin_of
from kalshi_cli.adapters.kalshi.connection import api_url, http_client
from kalshi_cli.adapters.kalshi.market_data import KalshiMarketData
from kalshi_cli.adapters.kalshi.pace import Pace
from kalshi_cli.adapters.kalshi.proxies import way_to
from kalshi_cli.adapters.kalshi.skew import Bounds
from kalshi_cli.errors import Refused
from kalshi_cli.ports.clock import Clock

_ANNOUNCING = {"content-length", "transfer-encoding"}
"""Headers of requests that have a body."""


class GetOnly(httpx.AsyncBaseTransport):
    """Carries GET requests without a body, and refuses everything else before a byte is sent."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises `Refused` for what is no GET, or has a body."""
        announced = _ANNOUNCING & request.headers.keys()
        if request.method != "GET" or announced or await request.aread():
            raise Refused(f"{request.method} {request.url.path} was not sent: this only reads.")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class PublicConnection:
    """An async context manager: market data alone, within the budget of who signs nothing."""

    def __init__(self, client: ReadClient) -> None:
        self._client = client
        self.market_data = KalshiMarketData(client, client.clock)

    @property
    def origin(self) -> str:
        """Scheme and host of the exchange."""
        return origin_of(self._client.base)

    @property
    def skew(self) -> Bounds | None:
        """How far the exchange's clock may be from ours; None where that is not known."""
        return self._client.clock_bounds

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.http.aclose()


def connect_public(
    *, base_url: str, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
) -> PublicConnection:
    """Prepare a connection that only reads; nothing is sent yet.

    Raises `ConfigError` for an unusable address or proxy. `transport` reaches an exchange in this
    process.
    """
    base = api_url(base_url, in_process=transport is not None)
    carrier = GetOnly(transport or way_to(base))
    return PublicConnection(ReadClient(http_client(base, carrier), base, clock, pace=Pace()))
