"""A connection to one exchange: the two ports and the one HTTP client under them."""

import ipaddress
import re
from types import TracebackType
from typing import Self

import httpx

from kalshi_cli.adapters.kalshi.access import KalshiAccess
from kalshi_cli.adapters.kalshi.client import TIMEOUT, RestClient, origin_of
from kalshi_cli.adapters.kalshi.market_data import KalshiMarketData
from kalshi_cli.adapters.kalshi.pace import basic_tier
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.kalshi.trading import KalshiTrading
from kalshi_cli.errors import ConfigError
from kalshi_cli.ports.clock import Clock

API_ROOT = "/trade-api/v2"
_HOST = re.compile(r"[\w.-]+|[0-9a-f:]+", re.ASCII)


class KalshiConnection:
    """An async context manager. `trading` is None without a signer: it can then only GET."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self.market_data = KalshiMarketData(rest, rest.clock)
        self.trading = KalshiTrading(rest, rest.clock, self.market_data) if rest.signer else None
        self.access = KalshiAccess(rest)

    @property
    def origin(self) -> str:
        """Scheme and host of the exchange: part of a store's identity."""
        return origin_of(self._rest.base)

    @property
    def skew_us(self) -> int | None:
        """The exchange's clock minus ours, to about half a second; None before any answer."""
        return self._rest.skew_us

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._rest.http.aclose()


def connect(
    *,
    base_url: str,
    signer: Signer | None,
    clock: Clock,
    transport: httpx.AsyncBaseTransport | None = None,
    paced: bool = True,
) -> KalshiConnection:
    """Prepare a connection; nothing is sent yet. Raises `ConfigError` for an unusable address.

    `transport` reaches an exchange inside this process; `paced=False` lifts the rate limits that
    only a real exchange has.
    """
    base = api_url(base_url, in_process=transport is not None)
    http = httpx.AsyncClient(
        transport=transport,
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=not _is_loopback(base.host),
    )
    buckets = basic_tier() if paced else {}
    return KalshiConnection(RestClient(http, base, clock, signer, buckets))


def api_url(text: str, *, in_process: bool = False) -> httpx.URL:
    """Check an address. Signed requests go over https, except to this very machine."""
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL as error:
        raise _bad_address(text, "it is not a URL") from error
    if url.scheme not in {"http", "https"} or not _HOST.fullmatch(url.host):
        raise _bad_address(text, "it must begin with https:// and name a host")
    if url.userinfo or url.query or url.fragment:
        raise _bad_address(text, "it must have no user, query or fragment")
    if url.scheme == "http" and not in_process and not _is_loopback(url.host):
        raise _bad_address(text, "plain http is accepted for loopback only")
    return url.copy_with(path=url.path.rstrip("/") or API_ROOT)


def _bad_address(text: str, why: str) -> ConfigError:
    shown = text.rpartition("@")[2][:80]
    return ConfigError(
        f"The exchange address {shown!r} cannot be used: {why}.",
        remedy=f"Give an address such as https://HOST{API_ROOT}.",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
