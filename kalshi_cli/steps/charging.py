"""What each strategy pays for the AI, read from the record as far as that is new."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kalshi_cli.domain.money import Money
from kalshi_cli.evaluation.ai_costs import Charges
from kalshi_cli.ports.ai_ledger import Mark
from kalshi_cli.ports.store import Unit


@dataclass(slots=True)
class Charging:
    """The charges until a mark of one store's record."""

    charges: Charges = field(default_factory=Charges)
    until: Mark = field(default_factory=Mark)


async def charged(
    unit: Unit, charged_to: str | None, so_far: Charging | None = None
) -> Mapping[str, Money]:
    """What each strategy pays of all that was ever spent; `so_far` is brought up to date."""
    known = Charging() if so_far is None else so_far
    spent = await unit.ai.spent_ever()
    if not spent:
        return {}
    since = await unit.ai.uses(known.until)
    known.charges.revise(since.uses, since.costs)
    known.until = since.mark
    return known.charges.paid(spent, charged_to)
