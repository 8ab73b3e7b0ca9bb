"""From the command line to settings, an environment and a log file, saying so on stderr."""

import os
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.domain.identity import HALT_FILE, Env
from kalshi_cli.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from kalshi_cli.settings import Configuration, Credentials, Environment, Settings

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


Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with keys and addresses. It stops a command, unless that `tolerates` it."""

    tolerates: bool
    found: dict[str, ConfigError] = field(default_factory=dict)

    def attempt(self, name: str, ask: Callable[[], Value], otherwise: Value) -> Value:
        """The answer; where a fault is tolerated, it is kept by its name, and the answer is the
        other one.
        """
        try:
            return ask()
        except ConfigError as error:
            if not self.tolerates:
                raise
            self.found.setdefault(name, error)
            return otherwise


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a command needs before it opens anything.

    `faults` has what is wrong with `keys` and `address`, for a command that tolerates it. `unread`
    is what is wrong with the settings of trading, for one that only reads: it has none of them.
    """

    invocation: Invocation
    configuration: "Configuration"
    environment: "Environment"
    faults: Mapping[str, ConfigError] = field(default_factory=dict)
    unread: ConfigError | None = None

    @property
    def settings(self) -> "Settings":
        """Raises `ConfigError` where those of trading are not valid: none is guessed.

        Where the desk is kept is told by `configuration` all the same.
        """
        if self.unread is not None:
            raise self.unread
        return self.configuration.settings

    @property
    def log_file(self) -> Path:
        return log_file(self.environment.home)


def log_file(home: Path) -> Path:
    """Where the program logs."""
    return home / "logs" / "kalshi.log"


def known_strategy(prepared: Prepared, name: str | None) -> str | None:
    """The strategy that `--only` names, of a command that trades.

    Raises `UsageError` for one that this desk does not run, and `ConfigError` where the settings
    name one that there is not.
    """
    from kalshi_cli.settings.strategies import refuse_unknown

    refuse_unknown(prepared.settings)
    known = prepared.settings.running
    if name is None or name in known:
        return name
    raise UsageError(
        f"There is no strategy {name!r} on this desk.", remedy=f"It runs {', '.join(known)}."
    )


def flag_of(prepared: Prepared) -> str:
    """The options that the next command needs to be where this one was; empty where none."""
    from kalshi_cli.settings.credentials import find_credentials

    asked, home = prepared.environment.env, prepared.settings.home
    unasked = prepared.settings.env
    if unasked is None:
        demo = find_credentials(Env.DEMO, home, prepared.configuration.variables, Path.cwd())
        unasked = Env.DEMO if demo else Env.SIM
    named = prepared.invocation.options.home
    elsewhere = "" if named is None else f" --home {shlex.quote(str(named))}"
    return elsewhere if asked is unasked else f"{FLAGS[asked]}{elsewhere}"


def configured(
    invocation: Invocation, also: Mapping[str, object] = MappingProxyType({})
) -> "Configuration":
    """Read the settings that the command line asks for; `also` has more of them, by section."""
    from kalshi_cli.settings import load

    options = invocation.options
    trading = {} if options.forecaster is None else {"forecaster": options.forecaster}
    ai = {} if options.prompt is None else {"prompts": str(options.prompt)}
    chosen: dict[str, Any] = {
        name: values for name, values in (("trading", trading), ("ai", ai)) if values
    }
    for name, more in also.items():
        chosen[name] = {**chosen.get(name, {}), **more} if isinstance(more, Mapping) else more
    return load(config=options.config, home=options.home, options=chosen)


def prepare(
    invocation: Invocation,
    *,
    diagnoses: bool = False,
    only_stops: bool = False,
    only_reads: bool = False,
) -> Prepared:
    """Read the settings, choose the environment, say which and why, and open the log file.

    A command that `diagnoses` is told what is wrong with keys and addresses instead of stopping.
    One that `only_stops` the desk does so whatever is wrong with the settings of trading, and one
    that `only_reads` goes by what is on record. None of these needs a log: where none can be
    written, that is told.
    """
    if only_stops:
        configuration, unread = _to_stop(invocation), None
    else:
        configuration, unread = _read(invocation, only_reads=only_reads)
    faults = Faults(tolerates=diagnoses)
    environment = _environment(invocation, configuration, faults)
    invocation.env = environment.env.value
    _announce(invocation, environment)
    prepared = Prepared(invocation, configuration, environment, faults.found, unread)
    try:
        _open_log(prepared)
    except ConfigError as error:
        if not (diagnoses or only_stops or only_reads) or not environment.home.is_dir():
            raise
        invocation.warn(f"nothing is logged: {error}")
    return prepared


def _to_stop(invocation: Invocation) -> "Configuration":
    """What says which desk to stop: nothing that is wrong with any other setting is in the way.

    Raises `ConfigError` where that is not to be told, with what stops a desk all the same.
    """
    from kalshi_cli.settings.load import home_path

    try:
        return _beside_trading(invocation)
    except ConfigError as error:
        file = home_path(invocation.options.home, os.environ) / HALT_FILE
        told = f"{error.remedy} A file {file} halts whoever trades there.".lstrip()
        raise ConfigError(str(error), remedy=told) from error


def _read(
    invocation: Invocation, *, only_reads: bool
) -> "tuple[Configuration, ConfigError | None]":
    """The settings; or, for who `only_reads`, which desk that is and what is wrong."""
    try:
        return configured(invocation), None
    except ConfigError as error:
        if only_reads:
            with suppress(ConfigError):
                return _beside_trading(invocation), error
        raise


def _beside_trading(invocation: Invocation) -> "Configuration":
    """What says whose desk it is and where it is kept; all else is as if nothing were set."""
    from kalshi_cli.settings.load import load

    options = invocation.options
    return load(config=options.config, home=options.home, sections=False)


def _environment(
    invocation: Invocation, configuration: "Configuration", faults: Faults
) -> "Environment":
    from kalshi_cli.settings import addresses
    from kalshi_cli.settings import environment as environments

    options, settings = invocation.options, configuration.settings
    variables, origin = configuration.variables, configuration.origins["env"]
    asked = options.env or settings.env
    found = _found(Env.DEMO, configuration, faults) if asked in {None, Env.DEMO} else None
    there = found.source if found else "variables, which cannot be used" if faults.found else ""
    env, why = environments.choose_env(options.env, settings.env, origin, there)
    if env is Env.PROD:
        found = _found(env, configuration, faults)
    if env is not Env.SIM:
        _refuse_sim_options(invocation, env)
        found = _required(env, found, configuration, faults)
    elif asked is None and (half := _half(Env.DEMO, configuration)):
        invocation.warn(f"{half}: this is sim, not demo")
    return environments.Environment(
        env=env,
        why=why,
        home=settings.home,
        credentials=found if env is not Env.SIM else None,
        base_url=faults.attempt("address", lambda: addresses.base_url(env, variables), ""),
        ws_url=faults.attempt("address", lambda: addresses.ws_url(env, variables), ""),
        market_time=faults.attempt("address", lambda: addresses.market_time(env, variables), None),
        seed=options.seed,
        world=options.world,
        fresh=options.fresh,
        advance=options.advance,
        faults=options.faults,
        ai=faults.attempt("ai", lambda: addresses.ai_access(variables), None),
    )


def _found(env: Env, configuration: "Configuration", faults: Faults) -> "Credentials | None":
    from kalshi_cli.settings.credentials import find_credentials

    home, variables = configuration.settings.home, configuration.variables
    return faults.attempt("keys", lambda: find_credentials(env, home, variables, Path.cwd()), None)


def _half(env: Env, configuration: "Configuration") -> str:
    from kalshi_cli.settings.credentials import half_of

    return half_of(env, configuration.settings.home, configuration.variables, Path.cwd())


def _required(
    env: Env, found: "Credentials | None", configuration: "Configuration", faults: Faults
) -> "Credentials | None":
    from kalshi_cli.settings.credentials import require_credentials

    half = "" if found else _half(env, configuration)
    return faults.attempt("keys", lambda: require_credentials(env, found, half), None)


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
    secrets.append(urlsplit(settings.database).password or "")
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
