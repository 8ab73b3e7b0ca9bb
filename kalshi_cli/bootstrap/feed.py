"""An open feed: the exchange's stream of markets, its public reads, and time that passes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kalshi_cli.bootstrap.exchange import open_exchange
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.loopback import is_loopback
from kalshi_cli.domain.timescale import TimeScale
from kalshi_cli.errors import ConfigError
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.ports.stream import Stream
from kalshi_cli.settings.environment import Environment

if TYPE_CHECKING:
    from kalshi_cli.adapters.kalshi.stream.channels import Channel
    from kalshi_cli.adapters.kalshi.stream.client import KalshiStream
    from kalshi_cli.adapters.sim.simulation import Simulation

PULSE_US = SECOND // 5
"""How often a simulated world moves while it is watched."""


@dataclass(frozen=True, slots=True)
class OpenFeed:
    clock: Clock
    data: MarketData
    stream: Stream

    async def live(self, speed: float) -> None:
        """Let a simulated world live as fast as told, until cancelled; 0 leaves it where it is.

        Any other world lives by itself.
        """
        from kalshi_cli.adapters.clock import SystemClock

        if not speed or not self.clock.is_virtual:
            return
        real = SystemClock()
        scale = TimeScale(real.wall(), self.clock.now(), speed)
        while True:
            await real.sleep_until(real.now() + PULSE_US)
            await self.clock.sleep_until(scale.at(real.wall()))


@asynccontextmanager
async def open_feed(environment: Environment) -> AsyncIterator[OpenFeed]:
    """The exchange and its stream of markets for who only looks: no store, no lease.

    Raises `ConfigError` where there is no key: the handshake is signed for public channels too.
    """
    from kalshi_cli.adapters.kalshi.stream.channels import MARKETS

    async with (
        open_exchange(environment) as exchange,
        stream_of(environment, exchange.clock, exchange.simulation, MARKETS) as stream,
    ):
        yield OpenFeed(exchange.clock, exchange.public.market_data, stream)


def stream_of(
    environment: Environment,
    clock: Clock,
    simulation: "Simulation | None",
    channels: "Sequence[Channel]",
) -> "KalshiStream":
    """The exchange's stream, over a socket or in this process.

    Raises `ConfigError` where there is no key, and where the stream would be another exchange's.
    """
    from kalshi_cli.adapters.kalshi.signing import Signer
    from kalshi_cli.adapters.kalshi.stream.client import KalshiStream
    from kalshi_cli.adapters.kalshi.stream.dialing import dialer
    from kalshi_cli.adapters.kalshi.stream.machine import StreamMachine

    machine, found = StreamMachine(channels), environment.credentials
    if simulation is not None:
        return KalshiStream(simulation.stream, clock, machine)
    if found is None:
        raise ConfigError("The stream needs an API key.", remedy="`kalshi doctor` says more.")
    if _is_here(environment.base_url) != _is_here(environment.ws_url):
        raise ConfigError(
            f"The exchange is {environment.base_url}, and its stream {environment.ws_url}.",
            remedy="Set KALSHI_BASE_URL and KALSHI_WS_URL together, or neither.",
        )
    signer = Signer.from_pem(found.key_id, found.private_key)
    return KalshiStream(dialer(environment.ws_url, signer, clock), clock, machine)


def _is_here(url: str) -> bool:
    return is_loopback(urlsplit(url).hostname)
