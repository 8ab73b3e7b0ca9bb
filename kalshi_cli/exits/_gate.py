"""All exits in their order: the first reason to leave counts."""

from collections.abc import Mapping

import kalshi_cli.exits as package
from kalshi_cli.exits._base import Exit
from kalshi_cli.plugins import load_all


def exits(parameters: Mapping[str, object]) -> tuple[Exit, ...]:
    """Every exit of the package, by rank."""
    return tuple(sorted(load_all(package, Exit, parameters), key=lambda rule: rule.rank))
