"""One entry a forecast, one live entry a market."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Duplicate(Control):
    """Running a step twice does no harm."""

    code: ClassVar[str] = "DUPLICATE"
    rank: ClassVar[int] = 70
    purposes: ClassVar[frozenset[Purpose]] = frozenset({Purpose.ENTRY})

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        if intent.forecast_id is not None:
            key = (intent.strategy, intent.ticker, intent.forecast_id)
            if key in state.traded_forecasts:
                return Denial(
                    self.code,
                    "this forecast was traded already, or refused too often",
                    key[2],
                    "a new one",
                )
        for order in state.orders:
            own = order.intent
            if (own.strategy, own.ticker, own.purpose) == (
                intent.strategy,
                intent.ticker,
                Purpose.ENTRY,
            ):
                return Denial(self.code, "an entry is live already", order.client_order_id, "none")
        return None
