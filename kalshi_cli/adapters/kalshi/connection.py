"""A connection to one exchange: its ports and the one HTTP client under them."""

import asyncio
import logging
import re
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from kalshi_cli.adapters.kalshi.access import KalshiAccess
from kalshi_cli.adapters.kalshi.archive import KalshiArchive
from kalshi_cli.adapters.kalshi.client import TIMEOUT, RestClient, origin_of
from kalshi_cli.adapters.kalshi.groups import KalshiOrderGroups
from kalshi_cli.adapters.kalshi.market_data import KalshiMarketData
from kalshi_cli.adapters.kalshi.notices import KalshiNotices
from kalshi_cli.adapters.kalshi.pace import Pace
from kalshi_cli.adapters.kalshi.proxies import way_to
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.kalshi.skew import Bounds
from kalshi_cli.adapters.kalshi.thrift import spare_searches, take_large_pieces
from kalshi_cli.adapters.kalshi.trading import KalshiTrading
from kalshi_cli.adapters.kalshi.treasury import KalshiTreasury
from kalshi_cli.domain.loopback import is_loopback
from kalshi_cli.errors import ConfigError, KalshiError
from kalshi_cli.ports.access import AccountLimits
from kalshi_cli.ports.clock import Clock

API_ROOT = "/trade-api/v2"
_LEARNING_S = 3.0
"""How long a command waits for its budgets before it works with the smallest."""
_log = logging.getLogger(__name__)
Told = TypeVar("Told")
_HOST = re.compile(r"[\w.-]+|[0-9a-f:]+", re.ASCII)


class KalshiConnection:
    """An async context manager. `trading` is None without a signer: it can then only GET."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self.market_data = KalshiMarketData(rest, rest.clock)
        self.trading = KalshiTrading(rest, rest.clock, self.market_data) if rest.signer else None
        self.access = KalshiAccess(rest)
        self.archive = KalshiArchive(rest, rest.clock)
        self.groups = KalshiOrderGroups(rest)
        self.notices = KalshiNotices(rest)
        self.treasury = KalshiTreasury(rest)

    @property
    def origin(self) -> str:
        """Scheme and host of the exchange: part of a store's identity."""
        return origin_of(self._rest.base)

    @property
    def signer(self) -> Signer | None:
        """Who signs for the account; the stream's handshake is signed too."""
        return self._rest.signer

    @property
    def skew(self) -> Bounds | None:
        """How far the exchange's clock may be from ours; None where that is not known."""
        return self._rest.clock_bounds

    async def check_clock(self) -> None:
        """Raises `ConfigError` where this machine's clock is too far off to trade by."""
        await self._rest.check_clock()

    @property
    def limits(self) -> AccountLimits | None:
        """The account's budgets as the exchange told them; None where it has not."""
        return None if self._rest.pace is None else self._rest.pace.limits

    async def learn_limits(self) -> None:
        """Ask for the account's budgets and the costs of requests, and keep to them.

        Until then, and where they cannot be had, the budgets are those of the smallest tier.
        """
        if self._rest.pace is not None and self._rest.signer is not None:
            limits, costs = await asyncio.gather(
                _told(self.access.limits()), _told(self.access.endpoint_costs())
            )
            self._rest.pace.learn(limits, costs)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._rest.http.aclose()


async def _told(asked: Coroutine[Any, Any, Told]) -> Told | None:
    try:
        async with asyncio.timeout(_LEARNING_S):
            return await asked
    except (KalshiError, TimeoutError) as error:
        _log.warning("the exchange did not tell its limits: %r", error)
        return None


def connect(
    *,
    base_url: str,
    signer: Signer | None,
    clock: Clock,
    transport: httpx.AsyncBaseTransport | None = None,
    paced: bool = True,
) -> KalshiConnection:
    """Prepare a connection; nothing is sent yet.

    Raises `ConfigError` for an unusable address or proxy. `transport` reaches an exchange inside
    this process; `paced=False` lifts the rate limits that only a real exchange has.
    """
    base = api_url(base_url, in_process=transport is not None)
    http = http_client(base, transport)
    pace = Pace() if paced else None
    return KalshiConnection(RestClient(http, base, clock, signer, pace))


def http_client(base: httpx.URL, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """Follows no redirect, and asks no proxy for what is on this machine."""
    spare_searches()
    take_large_pieces()
    return httpx.AsyncClient(
        transport=transport or way_to(base),
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
    )


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
    if url.scheme == "http" and not in_process and not is_loopback(url.host):
        raise _bad_address(text, "plain http is accepted for loopback only")
    path = url.path.rstrip("/") or API_ROOT
    if path != API_ROOT:
        raise _bad_address(text, f"its path must be {API_ROOT}, which signatures cover, or none")
    return url.copy_with(path=path)


def _bad_address(text: str, why: str) -> ConfigError:
    shown = text.rpartition("@")[2][:80]
    return ConfigError(
        f"The exchange address {shown!r} cannot be used: {why}.",
        remedy=f"Give an address such as https://HOST{API_ROOT}.",
    )
