"""What markets on one underlying, or of one settlement day, may lose together."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._exposure import over_share


@dataclass(frozen=True, slots=True)
class ClusterExposure(Control):
    """Each cluster of the market is held to the limit by itself."""

    code: ClassVar[str] = "CLUSTER_EXPOSURE"
    remedy: ClassVar[str] = (
        "wait until something is sold or settled, or raise risk.max_cluster_exposure"
    )
    rank: ClassVar[int] = 140
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        for name in sorted(state.clusters_of[intent.ticker]):
            denial = self._check_one(name, intent, state)
            if denial is not None:
                return denial
        return None

    def _check_one(self, name: str, intent: OrderIntent, state: RiskState) -> Denial | None:
        return over_share(
            self.code,
            name,
            intent,
            state,
            share=state.limits.max_cluster_exposure,
            group=("cluster", name),
        )
