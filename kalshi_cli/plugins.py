"""Plug-ins, found by file name: a new strategy, filter, exit or control is one new file.

A plug-in module holds exactly one frozen dataclass that implements its package's contract. Its
fields are its parameters, taken by name from the settings. Files that begin with `_` are not
plug-ins.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import fields
from types import ModuleType
from typing import TypeVar

from kalshi_cli.errors import UsageError

Plugin = TypeVar("Plugin")


def names(package: ModuleType) -> tuple[str, ...]:
    """The plug-ins of a package, in the alphabet's order, without importing any."""
    found = pkgutil.iter_modules(package.__path__)
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))


def plugin_class(package: ModuleType, name: str, contract: type[Plugin]) -> type[Plugin]:
    """The one class of the contract in a module. Raises `UsageError` for no such name."""
    if name not in names(package):
        known = ", ".join(names(package))
        raise UsageError(
            f"There is no {name!r} in {package.__name__}.", remedy=f"Use one of {known}."
        )
    module = importlib.import_module(f"{package.__name__}.{name}")
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and issubclass(value, contract)
    ]
    if len(own) != 1:
        raise TypeError(f"{module.__name__} must define one {contract.__name__}, found {len(own)}.")
    return own[0]


def load(
    package: ModuleType, name: str, contract: type[Plugin], parameters: Mapping[str, object]
) -> Plugin:
    """Build one plug-in; of the parameters it takes those that it has fields for."""
    chosen = plugin_class(package, name, contract)
    wanted = {field.name for field in fields(chosen)}  # type: ignore[arg-type]
    return chosen(**{key: value for key, value in parameters.items() if key in wanted})


def load_all(
    package: ModuleType, contract: type[Plugin], parameters: Mapping[str, object]
) -> tuple[Plugin, ...]:
    """Build every plug-in of a package."""
    return tuple(load(package, name, contract, parameters) for name in names(package))
