"""The way out of this machine: straight, or through the proxy that its variables name."""

import importlib.util
import sys
from urllib.request import getproxies, proxy_bypass

import httpx

from kalshi_cli.domain.loopback import is_loopback
from kalshi_cli.errors import ConfigError

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0)
"""httpx's own, but for the seconds that an idle connection is kept: after its 5 every exit would
shake hands first. Servers keep one for a minute at least; one that was closed is not used.
"""
_LOOKED_FOR = "sniffio"
"""httpcore imports it with every request: one that is missing is searched for on disk."""
_PIECE = 2**18
"""Bytes that asyncio takes from a socket at once. httpcore asks for a quarter of them, and what is
left over is then copied, three times: a third of what it costs to receive a page of markets.
"""


def spare_searches() -> None:
    """Let an import that fails fail at once, at every request: a tenth of what one costs."""
    if _LOOKED_FOR not in sys.modules and importlib.util.find_spec(_LOOKED_FOR) is None:
        sys.modules[_LOOKED_FOR] = None  # type: ignore[assignment]  # "known to be missing"


def take_large_pieces() -> None:
    """Let a body come in pieces as large as they are read."""
    from httpcore import AsyncHTTP11Connection  # httpx, too, imports it with its first transport

    AsyncHTTP11Connection.READ_NUM_BYTES = _PIECE


def way_to(base: httpx.URL) -> httpx.AsyncHTTPTransport:
    """A transport to the exchange at `base`. Raises `ConfigError` for an unusable proxy."""
    found = proxy_for(base)
    if found is None:
        return httpx.AsyncHTTPTransport(limits=LIMITS)
    name, proxy = found
    try:
        return httpx.AsyncHTTPTransport(proxy=proxy, limits=LIMITS)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ConfigError(
            f"The proxy that {name} names cannot be used: only http:// and https:// ones can.",
            remedy=f"Correct or unset {name}, or name the exchange's host in NO_PROXY.",
        ) from error


def proxy_for(base: httpx.URL) -> tuple[str, str] | None:
    """The variable that names the proxy for `base`, and its address; None where there is none."""
    if is_loopback(base.host) or proxy_bypass(base.host):
        return None
    proxies = getproxies()
    for kind in (base.scheme, "all"):
        if proxy := proxies.get(kind):
            return f"{kind.upper()}_PROXY", proxy if "://" in proxy else f"http://{proxy}"
    return None
