"""Settings that a person supposes for one look, as `section.key=value`: read as the config is."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import get_origin

from kalshi_cli.cli.start import Prepared, configured
from kalshi_cli.errors import ConfigError, UsageError
from kalshi_cli.settings.describe import field_of
from kalshi_cli.settings.sections import Settings
from kalshi_cli.settings.strategies import refuse_unknown

GATING = (
    "trading",
    "portfolio",
    "allocation",
    "market_making",
    "quick_flip",
    "filters",
    "risk",
    "ai",
)
"""The sections that have a say in whether a market is traded."""


def supposed(prepared: Prepared, given: Sequence[str]) -> Settings:
    """The settings with these in the place of their own.

    Raises `UsageError` for one that is none, has no such value, or decides nothing here.
    """
    sections: dict[str, object] = {}
    for each in given:
        key, equals, text = each.partition("=")
        key = key.strip()
        if not equals or not key:
            raise UsageError(
                f"--with {each!r} is no setting.",
                remedy="Write it as --with trading.min_net_edge=0.02.",
            )
        section = key.partition(".")[0]
        if section in Settings.model_fields and section not in GATING:
            raise UsageError(
                f"{key} does not decide whether a market is traded.",
                remedy=f"Settings of {', '.join(GATING)} do.",
            )
        _put(sections, key, _value(key, text.strip()))
    try:
        settings = configured(prepared.invocation, sections).settings
        refuse_unknown(settings)
    except ConfigError as error:
        told = str(error).replace("option has an unknown key", "--with names an unknown setting")
        raise UsageError(
            told.replace("(from option)", "(from --with)"), remedy=error.remedy
        ) from error
    return settings


def _put(table: dict[str, object], key: str, value: object) -> None:
    """Set `a.b.c` within the tables that it names."""
    name, dot, rest = key.partition(".")
    if not dot:
        table[name] = value
        return
    inner = table.setdefault(name, {})
    if isinstance(inner, dict):
        _put(inner, rest, value)


def _value(key: str, text: str) -> object:
    """As TOML reads it; what it does not is a text, or texts between commas for a list."""
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        pass
    return [part.strip() for part in text.split(",") if part.strip()] if _is_list(key) else text


def _is_list(key: str) -> bool:
    try:
        return get_origin(field_of(key).annotation) is tuple
    except (KeyError, AssertionError):
        return False


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, str]:
    """Which settings differ, as `old -> new`."""
    return {
        key: f"{before[key]} -> {value}"
        for key, value in after.items()
        if key in before and before[key] != value
    }
