"""Which forecasters may move money in which environment."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState

ALLOWED = {"oracle": frozenset({Env.SIM}), "baseline": frozenset(Env) - {Env.PROD}}
"""Where a forecaster may trade, if not everywhere."""


@dataclass(frozen=True, slots=True)
class Environment(Control):
    """The oracle knows simulated truth only; real money is not for the baseline."""

    code: ClassVar[str] = "ENVIRONMENT"
    remedy: ClassVar[str] = "choose another forecaster: trading.forecaster"
    rank: ClassVar[int] = 20
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        facts = state.facts.get(intent.ticker)
        if facts is None or facts.forecast is None:
            return None
        forecaster = facts.forecast.forecaster
        allowed = ALLOWED.get(forecaster, frozenset(Env))
        if state.env in allowed:
            return None
        detail = f"forecasts of the {forecaster} do not trade in {state.env}"
        return Denial(self.code, detail, str(state.env), ", ".join(sorted(allowed)))
