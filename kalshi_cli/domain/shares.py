"""Shares of the bankroll that were put in the place of those of the config file."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from kalshi_cli.errors import IntegrityError

Shares = Mapping[str, float]
"""Fractions of the bankroll, by strategy."""
SHARES_TOLERANCE = 1e-9
"""By how much their sum may miss the whole, for fractions are rounded."""


@dataclass(frozen=True, slots=True)
class Rebalanced:
    """The shares of every strategy that ran, and the `configured` ones that they were put over.

    They are in force for as long as the config file says the same for the same strategies: whoever
    changes it afterwards is obeyed. Raises `IntegrityError` for shares that nobody can have.
    """

    configured: Shares
    shares: Shares

    def __post_init__(self) -> None:
        if self.shares.keys() != self.configured.keys():
            raise IntegrityError("Shares were put in force for strategies that did not run.")
        total = math.fsum(self.shares.values())
        if total > 1.0 + SHARES_TOLERANCE or min(self.shares.values(), default=0.0) < 0.0:
            raise IntegrityError(
                f"The shares put in force come to {total:.2%} of the bankroll.",
                remedy="Run `kalshi inspect-db`.",
            )


VOID = Rebalanced({}, {})
"""What is left of shares that nobody can have: of no strategy that runs, so none is in force."""


def in_force(rebalanced: Rebalanced | None, configured: Shares) -> Shares:
    """The share of each strategy that runs."""
    if rebalanced is not None and rebalanced.configured == configured:
        return rebalanced.shares
    return configured
