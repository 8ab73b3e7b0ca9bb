"""What everything together may lose."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._exposure import over_share


@dataclass(frozen=True, slots=True)
class AccountExposure(Control):
    """The worst states of all events at once, of all owners."""

    code: ClassVar[str] = "ACCOUNT_EXPOSURE"
    remedy: ClassVar[str] = (
        "wait until something is sold or settled, or raise risk.max_account_exposure"
    )
    rank: ClassVar[int] = 165
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        return over_share(
            self.code,
            "the account",
            intent,
            state,
            share=state.limits.max_account_exposure,
            group=("account", ""),
        )
