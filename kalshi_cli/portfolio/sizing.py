"""What became of proposals: orders with a count, or why there is none."""

from dataclasses import dataclass

from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.domain.proposal import Proposal


@dataclass(frozen=True, slots=True)
class Unsized:
    """A proposal that got no contracts: a stable code, and the numbers that say why."""

    proposal: Proposal
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Sizing:
    """Every proposal is in one of the two, the most valuable first."""

    intents: tuple[OrderIntent, ...]
    unsized: tuple[Unsized, ...]
