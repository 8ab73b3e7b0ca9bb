"""Whether this key may trade the market, as far as the exchange told."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Forbidden(Control):
    """Where a key is refused one order, it is refused those of the whole category.

    So it is where the key's region is not attested. Exits may try all the same.
    """

    code: ClassVar[str] = "CATEGORY_FORBIDDEN"
    remedy: ClassVar[str] = (
        "`kalshi doctor` says more; filters.block_categories leaves the category out"
    )
    rank: ClassVar[int] = 28
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        category = state.category_of.get(intent.ticker, "")
        if category not in state.barred:
            return None
        detail = f"the exchange refused this key an order in {category}; `kalshi doctor` says more"
        return Denial(self.code, detail, category, "allowed")
