"""The exchange of an environment: for a desk, and for whoever only asks."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import MINUTE, SECOND, to_rfc3339
from kalshi_cli.domain.loopback import is_loopback
from kalshi_cli.errors import ConfigError
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import Trading
from kalshi_cli.settings.environment import Environment

if TYPE_CHECKING:
    from kalshi_cli.adapters.kalshi.connection import KalshiConnection
    from kalshi_cli.adapters.kalshi.get_only import PublicConnection
    from kalshi_cli.adapters.sim.simulation import Simulation


@dataclass(frozen=True, slots=True)
class OpenExchange:
    """What answers to everybody, and, where there is a key, what answers to the account."""

    clock: Clock
    public: "KalshiConnection | PublicConnection"
    account: "KalshiConnection | None"
    simulation: "Simulation | None"


@asynccontextmanager
async def open_exchange(environment: Environment) -> AsyncIterator[OpenExchange]:
    """The exchange without a desk. Without a key, and for paper, it can do nothing but GET.

    Raises `ConfigError` for an address or a private key that cannot be used, and `WorldHeld`.
    """
    from kalshi_cli.adapters.clock import clock_for

    async with AsyncExitStack() as stack:
        simulation = await simulation_of(stack, environment)
        clock: Clock = simulation.clock if simulation else clock_for(environment.market_time)
        if simulation is None and (environment.credentials is None or environment.env is Env.PAPER):
            from kalshi_cli.adapters.kalshi.get_only import connect_public

            public = connect_public(base_url=environment.base_url, clock=clock)
            yield OpenExchange(clock, await stack.enter_async_context(public), None, None)
            return
        account = connection_to(environment, simulation, clock)
        await stack.enter_async_context(account)
        yield OpenExchange(clock, account, account, simulation)


async def simulation_of(stack: AsyncExitStack, environment: Environment) -> "Simulation | None":
    """The simulated world, open until the stack closes; None elsewhere."""
    if environment.env is not Env.SIM:
        return None
    from kalshi_cli.adapters.sim.simulation import open_simulation

    return await stack.enter_async_context(
        open_simulation(
            None if environment.in_memory else environment.home,
            seed=environment.seed,
            world=environment.world,
            fresh=environment.fresh,
            faults=environment.faults,
        )
    )


async def check_market_time(environment: Environment, trading: Trading, clock: Clock) -> None:
    """Raise `ConfigError` where the market time of an exchange on this machine is not the desk's.

    It runs as `KALSHI_SIM_CLOCK` says, which may be of an earlier start, and signatures do not
    tell: they carry real time. Anywhere else market time is real time, and has its own check.
    """
    if not has_market_time(environment):
        return
    scale = environment.market_time
    told_us, ours_us = await trading.data_as_of(), clock.now()
    if not is_same_time(told_us, ours_us, 1.0 if scale is None else scale.speed):
        raise ConfigError(
            f"It is {to_rfc3339(told_us)} at the exchange, and {to_rfc3339(ours_us)} at the desk.",
            remedy="Set KALSHI_SIM_CLOCK to the exchange's `clock` of now (GET /sim tells it); "
            "where it has none, unset it.",
        )


def has_market_time(environment: Environment) -> bool:
    """Whether market time may be another than real time: at an exchange on this machine."""
    return environment.env is Env.DEMO and is_loopback(urlsplit(environment.base_url).hostname)


def is_same_time(told_us: int, ours_us: int, speed: float) -> bool:
    """Whether the exchange's account data can be of the desk's present, at this speed of time.

    It is newer by no more than what passes while it is asked for, and older by no more than reads
    may lag: five minutes of the market's, a minute of ours.
    """
    return -(5 * MINUTE + MINUTE * speed) <= told_us - ours_us <= MINUTE + 2 * SECOND * speed


def connection_to(
    environment: Environment, simulation: "Simulation | None", clock: Clock
) -> "KalshiConnection":
    """Raises `ConfigError` for an address or a private key that cannot be used."""
    from kalshi_cli.adapters.kalshi.connection import connect
    from kalshi_cli.adapters.kalshi.signing import Signer

    if simulation is not None:
        signer = Signer.from_pem(simulation.key_id, simulation.private_key_pem)
        return connect(
            base_url=simulation.origin,
            signer=signer,
            clock=clock,
            transport=simulation.transport(),
            paced=False,
        )
    found = environment.credentials
    return connect(
        base_url=environment.base_url,
        signer=None if found is None else Signer.from_pem(found.key_id, found.private_key),
        clock=clock,
    )
