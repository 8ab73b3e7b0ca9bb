"""What one category may lose."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._exposure import over_share


@dataclass(frozen=True, slots=True)
class CategoryExposure(Control):
    """The worst states of all its events together."""

    code: ClassVar[str] = "CATEGORY_EXPOSURE"
    remedy: ClassVar[str] = (
        "wait until something is sold or settled, or raise risk.max_category_exposure"
    )
    rank: ClassVar[int] = 150
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        category = state.category_of[intent.ticker]
        return over_share(
            self.code,
            category,
            intent,
            state,
            share=state.limits.max_category_exposure,
            group=("category", category),
        )
