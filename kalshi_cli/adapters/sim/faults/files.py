"""Fault plans in files: TOML, or JSON where the name ends so."""

from pathlib import Path

import msgspec

from kalshi_cli.adapters.sim.faults.plan import FaultPlan
from kalshi_cli.errors import ConfigError


def read_plan(file: Path) -> FaultPlan:
    """The plan in a file. Raises `ConfigError` for one that cannot be read, or plans nothing."""
    decode = msgspec.json.decode if file.suffix == ".json" else msgspec.toml.decode
    try:
        plan = decode(file.read_bytes(), type=FaultPlan)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise _unusable(file, str(why)) from error
    if not plan.rules:
        raise _unusable(file, "it has no [[rules]], so nothing would go wrong")
    return plan


def _unusable(file: Path, why: str) -> ConfigError:
    return ConfigError(
        f"The faults in {file} cannot be used: {why}.",
        remedy="docs/simulated-exchange.md lists every fault and its fields.",
    )
