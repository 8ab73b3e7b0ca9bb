"""All controls in their order: the first denial counts."""

from collections.abc import Sequence

import kalshi_cli.risk as package
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.plugins import load_all
from kalshi_cli.risk._base import Control, Denial, RiskState


def controls() -> tuple[Control, ...]:
    """Every control of the package, by rank. None has parameters: limits are in what it sees.

    Raises `TypeError` for one that asks for some.
    """
    return tuple(sorted(load_all(package, Control, {}), key=lambda c: c.rank))


def first_denial(
    chosen: Sequence[Control], intent: OrderIntent, state: RiskState, now_us: int
) -> Denial | None:
    """None if every control lets the intent pass; `chosen` is in order of rank."""
    for control in chosen:
        if intent.purpose in control.purposes:
            denial = control.check(intent, state, now_us)
            if denial is not None:
                return denial
    return None
