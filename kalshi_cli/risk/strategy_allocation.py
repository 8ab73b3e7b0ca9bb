"""What one strategy may put at risk."""

from dataclasses import dataclass, replace
from typing import ClassVar

from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._allocation import allotment
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._exposure import over_bound


@dataclass(frozen=True, slots=True)
class StrategyAllocation(Control):
    """Only its own positions and orders count, against its share and what is lent to it.

    What was lent and is wanted again stops entries here, until those who borrowed are back inside.
    """

    code: ClassVar[str] = "STRATEGY_ALLOCATION"
    remedy: ClassVar[str] = (
        "wait until something is sold or settled, or raise its share under [allocation]"
    )
    rank: ClassVar[int] = 160
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        share = state.limits.strategy_allocation
        bound = allotment(state, intent.strategy, share)
        denial = over_bound(
            self.code,
            intent.strategy,
            intent,
            state,
            bound=bound,
            group=("strategy", intent.strategy),
        )
        if denial is None or share is None or bound is None or state.limits.lending is None:
            return denial
        return replace(denial, detail=f"{denial.detail}: {_told(bound, state.bankroll, share)}")


def _told(bound: Money, bankroll: Money, share: float) -> str:
    """How the bound came about, where shares are lent."""
    own = bankroll.scaled(share)
    if bound == own:
        return "its own share, and nothing is lent to it"
    if bound > own:
        return f"its share of {own.spoken}, and {(bound - own).spoken} that is lent to it"
    out = (own - bound).spoken
    return f"its share of {own.spoken}, of which {out} is out until who borrowed it is done"
