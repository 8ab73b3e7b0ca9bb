"""Read the settings in layers: option > environment > `.env` > config file > preset > default.

The library's sources read each layer; they are laid over each other here so that every value's
origin is known. The config file is the first of `--config`, `KALSHI_CONFIG`, `./config.toml` and
`config.toml` in the home directory.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource, SettingsError

from kalshi_cli.errors import ConfigError
from kalshi_cli.settings.environment import VARIABLES
from kalshi_cli.settings.sections import PRESETS, Settings

PREFIX = "KALSHI_"
DEFAULT = "default"
Layer = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, where each came from, and the variables that are not settings.

    `origins` has every key as `section.key`; `config_file` is None where none was found.
    `variables` are the environment's over those of `.env`.
    """

    settings: Settings
    origins: Mapping[str, str]
    config_file: Path | None
    variables: Mapping[str, str]


class _CommaLists:
    """Lists in variables may be JSON or plain `A,B`; other texts stay what they are."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: str) -> object:
        try:
            return super().decode_complex_value(field_name, field, value)  # type: ignore[misc]
        except ValueError:
            if get_origin(field.annotation) is not tuple:
                return value
            return [part.strip() for part in value.split(",") if part.strip()]


class _Environment(_CommaLists, EnvSettingsSource):
    pass


class _DotEnv(_CommaLists, DotEnvSettingsSource):
    pass


def load(
    *,
    config: Path | None = None,
    home: Path | None = None,
    options: Mapping[str, Any] | None = None,
    sections: bool = True,
) -> Configuration:
    """Read all layers. `options` is what the command line sets, by section; without `sections`,
    they all stay at their defaults, whatever is wrong with them: for who needs none to stop.

    Raises `ConfigError` for a file that is missing or broken, an unknown key, or a bad value.
    """
    dotenv = _DotEnv(Settings, env_file=".env", dotenv_filtering="only_existing")
    environment = _Environment(Settings)
    variables = _variables(environment.env_vars, dotenv.env_vars)
    _refuse_near_misses(variables)
    chosen = dict(options or {}) | ({} if home is None else {"home": str(home)})
    file = config_path(config, home, variables)
    layers = [
        ("option", chosen),
        ("environment", _values(environment, "the environment")),
        (".env", _values(dotenv, ".env")),
        (str(file), {} if file is None else _toml(file)),
    ]
    if not sections:
        layers = [(origin, _beside_sections(values)) for origin, values in layers]
    layers.append(_preset(layers))
    merged, origins = _lay(layers)
    settings = _validated(merged, origins)
    named = {key: origins.get(key, DEFAULT) for key, _ in keys(settings)}
    return Configuration(settings, MappingProxyType(named), file, variables)


def config_path(
    option: Path | None, home: Path | None, variables: Mapping[str, str]
) -> Path | None:
    """The config file to read; one that was named must exist."""
    named = option or (Path(variables["KALSHI_CONFIG"]) if "KALSHI_CONFIG" in variables else None)
    if named is not None:
        path = named.expanduser()
        if not path.is_file():
            raise ConfigError(
                f"There is no config file {path}.",
                remedy="Check --config or KALSHI_CONFIG, or write one with `kalshi config init`.",
            )
        return path
    candidates = (Path("config.toml"), home_path(home, variables) / "config.toml")
    return next((path for path in candidates if path.is_file()), None)


def home_path(option: Path | None, variables: Mapping[str, str]) -> Path:
    """The home directory before any config file is read."""
    default: Path = Settings.model_fields["home"].default
    return (option or Path(variables.get("KALSHI_HOME", default))).expanduser()


def keys(settings: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every setting as (`section.key`, value), in the order they are declared."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from keys(value, f"{name}.")
        else:
            yield f"{prefix}{name}", value


def _variables(
    environment: Mapping[str, str | None], dotenv: Mapping[str, str | None]
) -> Mapping[str, str]:
    over = {**dotenv, **environment}
    return {
        name.upper(): value
        for name, value in over.items()
        if value and (name.upper().startswith(PREFIX) or name.upper() in VARIABLES)
    }


def _refuse_near_misses(variables: Mapping[str, str]) -> None:
    """A `KALSHI_` variable that resembles a setting and is none is a mistake, not a stranger."""
    sections = [name.upper() for name in Settings.model_fields]
    known = [f"{PREFIX}{name}" for name in sections] + list(VARIABLES)
    for name in (each for each in variables if each.startswith(PREFIX)):
        head, nested, _ = name.partition("__")
        if head in known:
            continue
        close = get_close_matches(head, known, n=1, cutoff=0.85)
        if close or nested:
            raise ConfigError(
                f"The environment sets {name}, which is no setting.",
                remedy=f"Did you mean {close[0]}?" if close else "See `kalshi config show`.",
            )


def _values(source: EnvSettingsSource, name: str) -> dict[str, Any]:
    try:
        return source()
    except SettingsError as error:
        raise ConfigError(f"{name} holds a setting that cannot be read: {error}.") from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error
    return values


def _beside_sections(values: Mapping[str, Any]) -> dict[str, Any]:
    """What says whose desk it is and where it is kept."""
    known = {name for name, field in Settings.model_fields.items() if _is_section(field)}
    return {
        name: value
        for name, value in values.items()
        if name not in known and not isinstance(value, dict)
    }


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.default, BaseModel)


def _preset(layers: list[Layer]) -> Layer:
    """The layer of the preset that the layers above choose."""
    for _, values in layers:
        trading = values.get("trading")
        if isinstance(trading, dict) and "preset" in trading:
            chosen = trading["preset"]
            known = PRESETS.get(chosen, {}) if isinstance(chosen, str) else {}
            return f"preset {chosen}", {"trading": dict(known)} if known else {}
    return "preset", {}


def _lay(layers: list[Layer]) -> tuple[dict[str, Any], dict[str, str]]:
    """Merge from the lowest layer up, noting who had the last word on each key."""
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, values in reversed(layers):
        for name, value in values.items():
            if isinstance(value, dict):
                table = merged.setdefault(name, {})
                if not isinstance(table, dict):
                    raise ConfigError(f"{name} is no section, but {origin} makes it one.")
                table.update(value)
                origins.update({f"{name}.{key}": origin for key in value})
            else:
                merged[name] = value
                origins[name] = origin
    return merged, origins


def _validated(merged: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    try:
        return Settings(**merged)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"][:2])
    below = (name for name in origins if name == key or name.startswith(f"{key}."))
    origin = origins.get(next(below, ""), "the command line")
    if first["type"] == "extra_forbidden":
        raise ConfigError(f"{origin} has an unknown key {key}.", remedy=_suggestion(key))
    reason = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if not key:  # of no setting alone
        raise ConfigError(f"{reason[0].upper()}{reason[1:]}.")
    every = "`kalshi config show` lists every setting."  # which it does not while one is bad
    raise ConfigError(
        f"{key} = {first['input']!r} (from {origin}) is not valid: {reason}.",
        remedy=every if origin == "option" else "Change it there.",
    )


def _suggestion(key: str) -> str:
    """The nearest key: by its whole name, else the same name in another section."""
    known = [name for name, _ in keys(Settings())] + list(Settings.model_fields)
    close = get_close_matches(key, known, n=1)
    leaf = key.rpartition(".")[2]
    close = close or [name for name in known if name.rpartition(".")[2] == leaf]
    return f"Did you mean {close[0]}?" if close else "See `kalshi config show` for the keys."
