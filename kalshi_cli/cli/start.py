"""From the command line to settings, an environment and a log file, saying so on stderr."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.domain.identity import Env
from kalshi_cli.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from kalshi_cli.settings import Configuration, Environment, Settings

NAMES: Mapping[Env, str] = {
    Env.SIM: "the embedded exchange",
    Env.PAPER: "real books, no orders",
    Env.DEMO: "the exchange's demo, mock funds",
    Env.PROD: "the real exchange, REAL MONEY",
}

FLAGS: Mapping[Env, str] = {
    Env.SIM: " --sim",
    Env.PAPER: " --paper",
    Env.DEMO: " --env demo",
    Env.PROD: " --live",
}
"""How a command line chooses each environment."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a command needs before it opens anything."""

    invocation: Invocation
    configuration: "Configuration"
    environment: "Environment"

    @property
    def settings(self) -> "Settings":
        return self.configuration.settings

    @property
    def log_file(self) -> Path:
        return log_file(self.environment.home)


def log_file(home: Path) -> Path:
    """Where the program logs."""
    return home / "logs" / "kalshi.log"


def known_strategy(prepared: Prepared, name: str | None) -> str | None:
    """The strategy that `--only` names. Raises `UsageError` for one that this desk does not run."""
    known = prepared.settings.trading.strategies
    if name is None or name in known:
        return name
    raise UsageError(
        f"There is no strategy {name!r} on this desk.", remedy=f"It runs {', '.join(known)}."
    )


def flag_of(prepared: Prepared) -> str:
    """The option that the next command needs to be where this one was; empty where none."""
    from kalshi_cli.settings.environment import find_credentials

    asked, home = prepared.environment.env, prepared.settings.home
    unasked = prepared.settings.env
    if unasked is None:
        demo = find_credentials(Env.DEMO, home, prepared.configuration.variables, Path.cwd())
        unasked = Env.DEMO if demo else Env.SIM
    return "" if asked is unasked else FLAGS[asked]


def configured(invocation: Invocation) -> "Configuration":
    """Read the settings that the command line asks for."""
    from kalshi_cli.settings import load

    options = invocation.options
    trading = {} if options.forecaster is None else {"forecaster": options.forecaster}
    chosen = {"trading": trading} if trading else {}
    return load(config=options.config, home=options.home, options=chosen)


def prepare(invocation: Invocation) -> Prepared:
    """Read the settings, choose the environment, say which and why, and open the log file."""
    configuration = configured(invocation)
    environment = _environment(invocation, configuration)
    invocation.env = environment.env.value
    _announce(invocation, environment)
    prepared = Prepared(invocation, configuration, environment)
    _open_log(prepared)
    return prepared


def _environment(invocation: Invocation, configuration: "Configuration") -> "Environment":
    from kalshi_cli.settings import addresses
    from kalshi_cli.settings import environment as environments

    options, settings = invocation.options, configuration.settings
    variables, here = configuration.variables, Path.cwd()
    asked = options.env or settings.env
    found = None
    if asked in {None, Env.DEMO}:
        found = environments.find_credentials(Env.DEMO, settings.home, variables, here)
    origin = configuration.origins["env"]
    env, why = environments.choose_env(
        options.env, settings.env, origin, found.source if found else ""
    )
    if env is Env.PROD:
        found = environments.find_credentials(env, settings.home, variables, here)
    if env is not Env.SIM:
        _refuse_sim_options(invocation, env)
        found = environments.require_credentials(env, found)
    return environments.Environment(
        env=env,
        why=why,
        home=settings.home,
        credentials=found if env is not Env.SIM else None,
        base_url=addresses.base_url(env, variables),
        ws_url=addresses.ws_url(env, variables),
        market_time=addresses.market_time(env, variables),
        seed=options.seed,
        world=options.world,
        fresh=options.fresh,
        advance=options.advance,
        faults=options.faults,
    )


def _refuse_sim_options(invocation: Invocation, env: Env) -> None:
    options = invocation.options
    given = {"--seed": options.seed is not None, "--world": options.world is not None}
    given |= {"--fresh": options.fresh, "--no-advance": not options.advance}
    given |= {"--faults": options.faults is not None}
    for option in (name for name, was_given in given.items() if was_given):
        raise UsageError(
            f"{option} belongs to the simulated world, and this is {env}.", remedy="Add --sim."
        )


def _name(environment: "Environment") -> str:
    """What the environment is; a demo on this machine is called by its address."""
    address = urlsplit(environment.base_url)
    if environment.env is Env.DEMO and address.scheme == "http":
        return f"an exchange on this machine, {address.netloc}"
    return NAMES[environment.env]


def _announce(invocation: Invocation, environment: "Environment") -> None:
    line = f"{environment.env}: {_name(environment)} ({environment.why})"
    if environment.env is Env.PROD:
        invocation.say_always(line)
    else:
        invocation.say(line)
    if environment.credentials is not None and environment.credentials.warning:
        invocation.warn(environment.credentials.warning)


def _open_log(prepared: Prepared) -> None:
    from kalshi_cli.cli.logs import configure

    settings, options = prepared.configuration.settings, prepared.invocation.options
    credentials = prepared.environment.credentials
    secrets = [value for name, value in prepared.configuration.variables.items() if "KEY" in name]
    secrets += [os.environ.get("XAI_API_KEY", ""), urlsplit(settings.database).password or ""]
    if credentials is not None:
        secrets.append(credentials.private_key)
    try:
        configure(
            prepared.log_file,
            level=settings.log_level,
            run=prepared.invocation.identity,
            secrets=secrets,
            verbose=options.verbose,
        )
    except OSError as error:
        raise ConfigError(
            f"{prepared.log_file} cannot be written: {error.strerror}.",
            remedy="Check --home or KALSHI_HOME, and the free space there.",
        ) from error
