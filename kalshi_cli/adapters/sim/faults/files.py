"""Fault plans in files: TOML, or JSON where the name ends so."""

from pathlib import Path

import msgspec

from kalshi_cli.adapters.sim.faults.plan import FaultPlan
from kalshi_cli.errors import ConfigError


def read_plan(file: Path) -> FaultPlan:
    """The plan in a file. Raises `ConfigError` for one that cannot be read or means nothing."""
    decode = msgspec.json.decode if file.suffix == ".json" else msgspec.toml.decode
    try:
        return decode(file.read_bytes(), type=FaultPlan)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(
            f"The faults in {file} cannot be used: {why}.",
            remedy="docs/simulated-exchange.md lists every fault and its fields.",
        ) from error
