"""`sim serve`: holds the world, serves the exchange, and says on one line how to reach it."""

import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

import typer

from kalshi_cli.cli.runtime import after_stop, run_async
from kalshi_cli.cli.simulation import prepared
from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.instant import parse_rfc3339, to_datetime
from kalshi_cli.engine.limits import Tier
from kalshi_cli.errors import InvalidValue, UsageError
from kalshi_cli.scheduler.lanes import Stop

if TYPE_CHECKING:
    from kalshi_cli.adapters.sim.serving import Address

UNLIMITED = "unlimited"


def on_serve(
    ctx: typer.Context,
    *,
    port: int,
    speed: float,
    tier: str,
    rsa: bool,
    epoch: str | None,
    ai: bool,
) -> None:
    """Serve until a signal; the exit code is the signal's."""
    limits, epoch_us = _tier(tier), _epoch(epoch)
    ready, stop = prepared(ctx), Stop()
    serving = _serve(
        ready, stop, port=port, speed=speed, tier=limits, rsa=rsa, epoch_us=epoch_us, ai=ai
    )
    run_async(serving, stop, stopping="stopping")
    ready.invocation.say("The world is kept; `kalshi sim serve` goes on from here.")
    after_stop(stop)


def _tier(name: str) -> Tier | None:
    """The usage tier of that name; None for no limits."""
    if name == UNLIMITED:
        return None
    try:
        return Tier(name)
    except ValueError as error:
        raise UsageError(
            f"There is no usage tier {name!r}.", remedy=f"Use {', '.join(Tier)} or {UNLIMITED}."
        ) from error


def _epoch(text: str | None) -> int | None:
    """The instant of that text; None if there is none. The tickers of a world have two digits for
    the year, so it begins in this century.
    """
    if text is None:
        return None
    remedy = "Write --epoch as 2027-01-06T15:00:00Z."
    try:
        epoch_us = parse_rfc3339(text)
    except InvalidValue as error:
        raise UsageError(f"{text} is no time.", remedy=remedy) from error
    if to_datetime(epoch_us).year // 100 != 20:
        raise UsageError(f"No world begins at {text}, outside of this century.", remedy=remedy)
    return epoch_us


async def _serve(
    ready: Prepared,
    stop: Stop,
    *,
    port: int,
    speed: float,
    tier: Tier | None,
    rsa: bool,
    epoch_us: int | None,
    ai: bool,
) -> None:
    from contextlib import AsyncExitStack

    from kalshi_cli.adapters.clock import SystemClock
    from kalshi_cli.adapters.sim.http.loopback import listen
    from kalshi_cli.adapters.sim.serving import ExchangeServer
    from kalshi_cli.adapters.sim.simulation import open_simulation
    from kalshi_cli.adapters.sim.world.keys import KeyType

    environment = ready.environment
    with listen(port) as listener:
        async with (
            AsyncExitStack() as stack,
            open_simulation(
                environment.home,
                seed=environment.seed,
                world=environment.world,
                fresh=environment.fresh,
                epoch_us=epoch_us,
                default_epoch_us=SystemClock().wall(),
                faults=environment.faults,
                key_type=KeyType.RSA if rsa else KeyType.ED25519,
            ) as simulation,
        ):
            server = ExchangeServer(simulation, listener, speed=speed, tier=tier)
            simulation.serves_at(server.address.base_url)
            host = ""
            if ai:
                from kalshi_cli.adapters.sim.ai.server import StandIn

                host = (await stack.enter_async_context(StandIn())).host
            await server.serve(stop.event, lambda: _announce(ready, server.address, host))


def _announce(ready: Prepared, address: "Address", ai_host: str) -> None:
    """The one line on stdout; for people, the same on stderr as they would type it."""
    line = _line(address) | ({"ai_host": ai_host} if ai_host else {})
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    if ready.invocation.wants_json:
        return
    variables = {
        "KALSHI_BASE_URL": address.base_url,
        "KALSHI_WS_URL": address.ws_url,
        "KALSHI_API_KEY": address.api_key_id,
        "KALSHI_PRIVATE_KEY": address.private_key_path,
    }
    if "clock" in line:
        variables["KALSHI_SIM_CLOCK"] = json.dumps(line["clock"])
    if ai_host:
        variables |= {"XAI_API_HOST": ai_host, "XAI_API_KEY": "stand-in"}
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    told = [
        "Serving until Ctrl-C: API /trade-api/v2, stream /trade-api/ws/v2.",
        "To trade here with `kalshi ... --env demo`, in a KALSHI_HOME of its own, paste:",
        *exports,
    ]
    ready.invocation.say("\n".join(told))


def _line(address: "Address") -> dict[str, Any]:
    line: dict[str, Any] = {
        "base_url": address.base_url,
        "ws_url": address.ws_url,
        "api_key_id": address.api_key_id,
        "private_key_path": address.private_key_path,
    }
    if address.clock is not None:
        line["clock"] = address.clock.as_json()
    return line
