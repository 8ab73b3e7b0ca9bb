"""Where the exchanges are, and the clock of one that is served on this machine.

The demo's addresses can be moved; production's, which paper reads, never.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.loopback import is_loopback
from kalshi_cli.domain.timescale import TimeScale
from kalshi_cli.errors import ConfigError
from kalshi_cli.settings.environment import XAI_HOST, AiAccess

DEMO_URL = "https://external-api.demo.kalshi.co/trade-api/v2"
DEMO_WS_URL = "wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2"
PROD_URL = "https://external-api.kalshi.com/trade-api/v2"
PROD_WS_URL = "wss://external-api-ws.kalshi.com/trade-api/ws/v2"
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)
REAL_DOMAIN = ".kalshi.com"
_CLOCK_FIELDS = ("wall0", "virtual0", "speed")
_FASTEST = 3_600
"""No world is served at a higher speed."""
_YEAR_2100_US = 4_102_444_800_000_000


def base_url(env: Env, variables: Mapping[str, str]) -> str:
    """The exchange's address; `KALSHI_BASE_URL` moves the demo alone.

    Raises `ConfigError` for plain http to anything but this machine.
    """
    return _address(env, variables, "KALSHI_BASE_URL", "http", DEMO_URL, PROD_URL)


def ws_url(env: Env, variables: Mapping[str, str]) -> str:
    """The address of the exchange's stream; `KALSHI_WS_URL` moves the demo's alone.

    Without it the stream of an exchange on this machine is where the exchange is. Raises
    `ConfigError` for plain ws to anything but this machine.
    """
    here = _parts(variables.get("KALSHI_BASE_URL", ""))
    is_here = env is Env.DEMO and is_loopback(here.hostname) and here.username is None
    if is_here and "KALSHI_WS_URL" not in variables:
        return f"{here.scheme.replace('http', 'ws')}://{here.netloc}"
    return _address(env, variables, "KALSHI_WS_URL", "ws", DEMO_WS_URL, PROD_WS_URL)


def ai_access(variables: Mapping[str, str]) -> AiAccess | None:
    """The AI's key and host by `XAI_API_KEY` and `XAI_API_HOST`; None without a key.

    The key goes in plain text to a host on this machine, and over TLS elsewhere. Raises
    `ConfigError` for a host that is none.
    """
    key, host = variables.get("XAI_API_KEY", "").strip(), variables.get("XAI_API_HOST", "").strip()
    if host and not _HOST_AND_PORT.fullmatch(host):
        raise ConfigError(
            f"XAI_API_HOST is {host!r}, which is no host.",
            remedy="Write HOST or HOST:PORT without a scheme, such as localhost:50051.",
        )
    return AiAccess(key, host or XAI_HOST) if key else None


def market_time(env: Env, variables: Mapping[str, str]) -> TimeScale | None:
    """How the market time of the demo runs, by `KALSHI_SIM_CLOCK`; None where it is real time.

    The value is the `clock` of `sim serve`'s line. Raises `ConfigError` for another value, and for
    an exchange that is not on this machine.
    """
    text = variables.get("KALSHI_SIM_CLOCK", "")
    if not text or env is Env.SIM:
        return None
    if env is not Env.DEMO or not is_loopback(urlsplit(base_url(env, variables)).hostname):
        raise ConfigError(
            "KALSHI_SIM_CLOCK is for an exchange that is served on this machine.",
            remedy="Unset it, or set KALSHI_BASE_URL to the address of `kalshi sim serve`.",
        )
    scale = _scale(text)
    if scale is None:
        raise ConfigError(
            "KALSHI_SIM_CLOCK holds no clock.",
            remedy="Copy the value of `clock` in the line of `kalshi sim serve`, as JSON.",
        )
    if not scale.speed:
        raise ConfigError(
            "KALSHI_SIM_CLOCK stands still, and the desk cannot wait in such a time.",
            remedy="Serve the world at another speed than 0 to trade there with the desk.",
        )
    return scale


def _address(
    env: Env, variables: Mapping[str, str], name: str, scheme: str, demo: str, prod: str
) -> str:
    if env is Env.SIM:
        return ""
    if env in {Env.PROD, Env.PAPER}:
        return prod
    given = variables.get(name, demo).strip().rstrip("/")
    parts = _parts(given)
    if _is_real(parts.hostname):
        raise ConfigError(
            f"{name} is an address of the real exchange, and this is the demo.",
            remedy=f"Unset it ({demo} is the demo's own), or trade real money with --live.",
        )
    safe = parts.scheme == f"{scheme}s" or (parts.scheme == scheme and is_loopback(parts.hostname))
    if not safe or not parts.hostname or parts.username is not None:
        raise ConfigError(
            f"{name} must be an address with {scheme}s (plain {scheme} for this machine only).",
            remedy=f"The demo's own address is {demo}.",
        )
    return given


def _parts(address: str) -> SplitResult:
    """An address in parts; no host where it is none."""
    try:
        return urlsplit(address.strip())
    except ValueError:
        return urlsplit("")


def _is_real(host: str | None) -> bool:
    """Whether orders to a host would move real money: the demo is under another domain."""
    return host is not None and f".{host.rstrip('.')}".endswith(REAL_DOMAIN)


def _scale(text: str) -> TimeScale | None:
    """The clock as `sim serve` writes it; None for anything else."""
    try:
        found = json.loads(text)
        wall0, virtual0, speed = (found[name] for name in _CLOCK_FIELDS)
    except (ValueError, KeyError, TypeError):
        return None
    if any(type(each) not in {int, float} for each in (wall0, virtual0, speed)):
        return None
    if not (0 <= wall0 < _YEAR_2100_US and 0 <= virtual0 < _YEAR_2100_US):
        return None
    if not 0 <= speed <= _FASTEST:
        return None
    return TimeScale(int(wall0), int(virtual0), float(speed))
