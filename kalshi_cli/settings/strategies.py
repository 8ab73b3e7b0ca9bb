"""Which strategies there are: those that come with the program, and those in the home directory."""

from difflib import get_close_matches
from pathlib import Path

import kalshi_cli.strategies as package
from kalshi_cli import plugins
from kalshi_cli.errors import ConfigError
from kalshi_cli.settings.sections import Settings


def folder(settings: Settings) -> Path:
    """Where a person's own strategies are."""
    return settings.home / "strategies"


def names(settings: Settings) -> tuple[str, ...]:
    """Every strategy there is, by name; tests beside them are none."""
    own = (path.stem for path in folder(settings).glob("*.py"))
    mine = (name for name in own if not name.startswith(("_", "test_")))
    return tuple(sorted({*plugins.names(package), *mine}))


def refuse_unknown(settings: Settings) -> None:
    """Raises `ConfigError` for a strategy that is to run and that there is not.

    For who is about to trade, or to tell what trading would do: whoever halts, cancels, looks or
    writes the missing file is not to be stopped by it.
    """
    known = names(settings)
    for name in settings.running:
        if name in known:
            continue
        key = "trading.strategies" if name in settings.trading.strategies else "allocation.others"
        close = get_close_matches(name, known, n=1)
        write = f"`kalshi strategies new {name}` writes one, beside {', '.join(known)}."
        hint = f"Did you mean {close[0]}?" if close else write
        raise ConfigError(f"{key} names {name!r}, which is no strategy.", remedy=hint)
