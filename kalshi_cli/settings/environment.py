"""Which environment a command runs in, why, and with which credentials.

Real money is reached by an explicit flag on the command line and by nothing else.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.timescale import TimeScale
from kalshi_cli.errors import ConfigError

VARIABLES = frozenset(
    {
        "KALSHI_CONFIG",
        "KALSHI_API_KEY",
        "KALSHI_PRIVATE_KEY",
        "KALSHI_API_KEY_PROD",
        "KALSHI_PRIVATE_KEY_PROD",
        "KALSHI_BASE_URL",
        "KALSHI_WS_URL",
        "KALSHI_SIM_CLOCK",
    }
)
"""Variables of the program that are not settings: where to look, secrets, the demo's addresses,
and the clock of an exchange served on this machine. None of them may come from a config file."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key: its id, and the private key as PEM text, which is never shown.

    `warning` says what is unsafe about the key file, with the command that mends it.
    """

    key_id: str
    private_key: str = field(repr=False)
    source: str
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """One immutable object made at start: where a command runs, and why.

    `base_url` and `ws_url` are empty in sim. `market_time` is set where an exchange on this machine
    does not live in real time. The rest matters in sim alone: the `seed` of a new world, a world
    other than the default one (`tape:DIR`, `books:PATH`, a plan's `FILE.toml`), whether to set the
    old world aside, whether a single step moves time, and a file of faults. `in_memory` keeps a
    simulated world and its store out of the files.
    """

    env: Env
    why: str
    home: Path
    credentials: Credentials | None = None
    base_url: str = ""
    ws_url: str = ""
    market_time: TimeScale | None = None
    seed: int | None = None
    world: str | None = None
    fresh: bool = False
    advance: bool = True
    faults: Path | None = None
    in_memory: bool = False


def choose_env(
    option: Env | None, configured: Env | None, origin: str, demo: str
) -> tuple[Env, str]:
    """The environment and the reason for it.

    `option` comes from the command line, `configured` from elsewhere (`origin` says where), `demo`
    names the demo credentials found, or is empty. Raises `ConfigError` for real money from anything
    but the command line, and for paper, which does not exist yet.
    """
    if option is None and configured is Env.PROD:
        raise ConfigError(
            f"env = prod comes from {origin}, and real money is never chosen there.",
            remedy="Remove it, and say --live on the command itself.",
        )
    chosen, why = _reason(option, configured, origin, demo)
    if chosen is Env.PAPER:
        raise ConfigError(
            "The paper environment does not exist yet.", remedy="Use --sim or --env demo."
        )
    return chosen, why


def _reason(option: Env | None, configured: Env | None, origin: str, demo: str) -> tuple[Env, str]:
    if option is not None:
        return option, "the command line says so"
    if configured is not None:
        return configured, f"{origin} says so"
    if demo:
        return Env.DEMO, f"demo credentials were found in {demo}"
    return Env.SIM, "no demo credentials were found"


def find_credentials(
    env: Env, home: Path, variables: Mapping[str, str], directory: Path
) -> Credentials | None:
    """The credentials of demo or prod; None where the key id or the private key is missing.

    Raises `ConfigError` for a private key that is named and cannot be read.
    """
    suffix = "_PROD" if env is Env.PROD else ""
    key_id = variables.get(f"KALSHI_API_KEY{suffix}", "").strip()
    given = variables.get(f"KALSHI_PRIVATE_KEY{suffix}", "").strip()
    if not key_id:
        return None
    if "-----BEGIN" in given:
        pem = given.replace("\\n", "\n")
        return Credentials(key_id, pem, f"KALSHI_PRIVATE_KEY{suffix}")
    name = "kalshi_private_key.prod.pem" if env is Env.PROD else "kalshi_private_key.pem"
    places = [Path(given).expanduser()] if given else [directory / name, home / name]
    path = next((place for place in places if place.is_file()), None)
    if path is None and given:
        raise ConfigError(
            f"KALSHI_PRIVATE_KEY{suffix} is neither a PEM nor an existing file.",
            remedy="Give the path of the .pem file that the exchange let you download.",
        )
    return None if path is None else Credentials(key_id, _pem(path), str(path), _exposure(path))


def require_credentials(env: Env, found: Credentials | None) -> Credentials:
    """The credentials, or a `ConfigError` that says which variables to set."""
    if found is not None:
        return found
    suffix = "_PROD" if env is Env.PROD else ""
    name = "kalshi_private_key.prod.pem" if env is Env.PROD else "kalshi_private_key.pem"
    raise ConfigError(
        f"{env} needs an API key, and none was found.",
        remedy=f"Set KALSHI_API_KEY{suffix} and KALSHI_PRIVATE_KEY{suffix} "
        f"(or put {name} here or in the home directory).",
    )


def _pem(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The private key {path} cannot be read: {error}.") from error
    if "-----BEGIN" not in text:
        raise ConfigError(
            f"{path} holds no private key.",
            remedy="It must be the .pem file that the exchange let you download.",
        )
    return text


def _exposure(path: Path) -> str:
    if os.name == "nt" or not path.stat().st_mode & 0o077:
        return ""
    return f"{path} is readable by others. Run: chmod 600 {path}"
