"""Which environment a command runs in, why, and with which credentials.

Real money is reached by an explicit flag on the command line and by nothing else.
"""

from dataclasses import dataclass, field
from pathlib import Path

from kalshi_cli.domain.deliberation import XAI
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.loopback import is_loopback
from kalshi_cli.domain.timescale import TimeScale
from kalshi_cli.errors import ConfigError
from kalshi_cli.settings.credentials import Credentials

XAI_DOMAIN = ".x.ai"
XAI_HOST = f"api{XAI_DOMAIN}"
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
        "XAI_API_KEY",
        "XAI_API_HOST",
    }
)
"""Variables of the program that are not settings: where to look, secrets, the demo's addresses,
the clock of an exchange served on this machine, and the AI's key and host. None of them may come
from a config file."""


@dataclass(frozen=True, slots=True)
class AiAccess:
    """The key of the AI's provider, which is never shown, and the host that takes it."""

    key: str = field(repr=False)
    host: str

    @property
    def is_local(self) -> bool:
        """Whether whatever answers is on this machine."""
        return is_loopback(self.host.partition(":")[0])

    @property
    def provider(self) -> str:
        """Who answers: `xai`, or the host of what stands in for it, whatever its port."""
        return XAI if self.is_xai else self.host.partition(":")[0]

    @property
    def is_xai(self) -> bool:
        """Whether xAI answers, in whichever region."""
        return self.host.partition(":")[0].endswith(XAI_DOMAIN)


@dataclass(frozen=True, slots=True)
class Environment:
    """One immutable object made at start: where a command runs, and why.

    `base_url` and `ws_url` are empty in sim. `market_time` is set where an exchange on this machine
    does not live in real time. The rest matters in sim alone: the `seed` of a new world, a world
    other than the default one (`tape:DIR`, `books:PATH`, a plan's `FILE.toml`), whether to set the
    old world aside, whether a single step moves time, and a file of faults. `in_memory` keeps a
    simulated world and its store out of the files. `ai` is None without a key.
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
    ai: AiAccess | None = None


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
