"""The strategies of a desk: those that come with the program, and those in the home directory.

A file `strategies/NAME.py` in the home directory is a strategy like any other. One that cannot be
loaded, or is not there, stands as one that fails whenever it is asked, so that what else the desk
does goes on: who trades asks `refuse_unknown` first.
"""

from pathlib import Path
from typing import ClassVar

import kalshi_cli.strategies as package
from kalshi_cli import plugins
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.order import Order
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.errors import UsageError
from kalshi_cli.settings.sections import Settings
from kalshi_cli.settings.strategies import folder, names
from kalshi_cli.strategies._base import Abstention, Strategy, View


class Unloadable(Strategy):
    """Stands for a strategy whose file cannot be loaded. Nobody attends to its quotes: they go."""

    error: ClassVar[str]

    def propose(  # the contract's
        self,
        view: View,  # noqa: ARG002
    ) -> tuple[Proposal | Abstention, ...]:
        """Raises `ImportError` with what is wrong with the file."""
        raise ImportError(self.error)

    def withdraws(self, quote: Order, book: OrderBook | None) -> str:  # noqa: ARG002 - the same
        return self.error


def file_of(name: str, settings: Settings) -> Path | None:
    """The file of a person's own strategy; None for those that come with the program."""
    return None if name in plugins.names(package) else folder(settings) / f"{name}.py"


def strategy(name: str, settings: Settings, attended_every_s: float | None = None) -> Strategy:
    """Build one that is asked so often. Raises `UsageError` where there is none of that name."""
    known = names(settings)
    if name not in known:
        raise UsageError(
            f"There is no strategy {name!r}.", remedy=f"Use one of {', '.join(known)}."
        )
    parameters: dict[str, object] = {
        key: getattr(section, key)
        for section in (settings.trading, settings.market_making, settings.quick_flip)
        for key in type(section).model_fields
    }
    parameters["attended_every_s"] = attended_every_s or settings.intervals.trade_s
    path = file_of(name, settings)
    if path is None:
        return plugins.load(package, name, Strategy, parameters)
    try:
        built = plugins.load_file(path, Strategy, parameters)
    except Exception as error:  # noqa: BLE001 - whatever a person's file raises is its own fault
        return _unloadable(name, f"{path.name}: {type(error).__name__}: {error}")
    if built.name != name:
        return _unloadable(name, f"{path.name}: it calls itself {built.name!r}, unlike its file")
    return built


def _unloadable(name: str, error: str) -> Strategy:
    stand_in: type[Strategy] = type(name, (Unloadable,), {"name": name, "error": error})
    return stand_in()


def running(settings: Settings, attended_every_s: float | None = None) -> tuple[Strategy, ...]:
    """The strategies of a desk, which asks them so often."""
    known = names(settings)
    return tuple(
        strategy(name, settings, attended_every_s)
        if name in known
        else _unloadable(name, f"there is no {name}.py in {folder(settings)}")
        for name in settings.running
    )
