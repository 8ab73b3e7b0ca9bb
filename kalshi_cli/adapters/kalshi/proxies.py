"""The way out of this machine: straight, or through the proxy that its variables name."""

from urllib.request import getproxies, proxy_bypass

import httpx

from kalshi_cli.domain.loopback import is_loopback
from kalshi_cli.errors import ConfigError

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0)
"""httpx's own, but for the seconds that an idle connection is kept: after its 5 every exit would
shake hands first. Servers keep one for a minute at least; one that was closed is not used.
"""


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
