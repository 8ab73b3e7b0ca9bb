"""What `config` tells: the settings with their origins, and the places read and written."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from kalshi_cli.cli.caveats import warn_of_strangers
from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.cli.start import configured, log_file
from kalshi_cli.errors import ConfigError

MASK = "********"


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting: its value as a config file writes it, and where it comes from."""

    key: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Every setting, and the secrets that are set, masked."""

    settings: tuple[Entry, ...]
    secrets: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the program reads and writes. `config_file` is None where none was found."""

    config_file: str | None
    home: str
    log_file: str


@dataclass(frozen=True, slots=True)
class Written:
    path: str


def described(invocation: Invocation) -> Shown:
    """Every setting and where it came from."""
    from kalshi_cli.settings.describe import written
    from kalshi_cli.settings.load import keys

    configuration = configured(invocation)
    warn_of_strangers(invocation, configuration.settings)
    settings = tuple(
        Entry(key, written(key, value), configuration.origins[key])
        for key, value in keys(configuration.settings)
    )
    return Shown(settings, _secrets(configuration.variables))


def _secrets(variables: Mapping[str, str]) -> tuple[Entry, ...]:
    named = [name for name in sorted(variables) if "KEY" in name]
    named += ["XAI_API_KEY"] if os.environ.get("XAI_API_KEY") else []
    return tuple(Entry(name, MASK, "a variable") for name in named)


def places(invocation: Invocation) -> Places:
    """The config file in use, the home directory and the log file."""
    configuration = configured(invocation)
    file, home = configuration.config_file, configuration.settings.home
    return Places(None if file is None else str(file), str(home), str(log_file(home)))


def write_example(invocation: Invocation) -> Written:
    """Write `config.toml` to where it will be read: `--config`, else the home directory.

    Raises `ConfigError` where a file is in the way or the place cannot be written.
    """
    from kalshi_cli.settings.describe import example
    from kalshi_cli.settings.load import home_path

    options = invocation.options
    path = options.config or home_path(options.home, os.environ) / "config.toml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(example())
    except FileExistsError:
        raise ConfigError(f"{path} exists already.", remedy="Move it away first.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error
    return Written(str(path))
