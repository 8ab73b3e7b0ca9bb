"""What one market may lose."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._exposure import over_share


@dataclass(frozen=True, slots=True)
class MarketExposure(Control):
    """Positions of all owners and live orders count."""

    code: ClassVar[str] = "MARKET_EXPOSURE"
    remedy: ClassVar[str] = (
        "wait until something is sold or settled, or raise risk.max_market_exposure"
    )
    rank: ClassVar[int] = 120
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        return over_share(
            self.code,
            intent.ticker,
            intent,
            state,
            share=state.limits.max_market_exposure,
            group=("market", intent.ticker),
        )
