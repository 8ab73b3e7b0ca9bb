"""Plug-ins, found by file name: a new strategy, filter, exit or control is one new file.

A plug-in module holds exactly one frozen dataclass that implements its package's contract. Its
fields are its parameters, taken by name from the settings. Files that begin with `_` are not
plug-ins.
"""

import importlib
import pkgutil
import sys
from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from kalshi_cli.errors import UsageError

Plugin = TypeVar("Plugin")
OUTSIDE = "kalshi_plugins"
"""What the modules of a person's own plug-ins are called under."""


@cache
def names(package: ModuleType) -> tuple[str, ...]:
    """The plug-ins of a package, in the alphabet's order, without importing any.

    Looked for once: the program's own files stay what they are while it runs.
    """
    found = pkgutil.iter_modules(package.__path__)
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))


def plugin_class(package: ModuleType, name: str, contract: type[Plugin]) -> type[Plugin]:
    """The one class of the contract in a module. Raises `UsageError` for no such name."""
    if name not in names(package):
        known = ", ".join(names(package))
        raise UsageError(
            f"There is no {name!r} in {package.__name__}.", remedy=f"Use one of {known}."
        )
    return _only_class(importlib.import_module(f"{package.__name__}.{name}"), contract)


def _only_class(module: ModuleType, contract: type[Plugin]) -> type[Plugin]:
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
    """Build one plug-in; of the parameters it takes those that it has fields for.

    Raises `TypeError` where it asks for one that is not among them.
    """
    return _built(plugin_class(package, name, contract), parameters)


def load_file(path: Path, contract: type[Plugin], parameters: Mapping[str, object]) -> Plugin:
    """Build the plug-in of a file outside the program. Raises whatever the file raises."""
    name = f"{OUTSIDE}.{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module.")
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return _built(_only_class(module, contract), parameters)


def _built(chosen: type[Plugin], parameters: Mapping[str, object]) -> Plugin:
    asked = fields(chosen)  # type: ignore[arg-type]
    wanted = {field.name for field in asked}
    needed = {field.name for field in asked if field.default is field.default_factory is MISSING}
    if lacking := ", ".join(sorted(needed - parameters.keys())):
        raise TypeError(f"{chosen.__name__} asks for {lacking}, which it is not given.")
    return chosen(**{key: value for key, value in parameters.items() if key in wanted})


def load_all(
    package: ModuleType, contract: type[Plugin], parameters: Mapping[str, object]
) -> tuple[Plugin, ...]:
    """Build every plug-in of a package."""
    return tuple(load(package, name, contract, parameters) for name in names(package))
