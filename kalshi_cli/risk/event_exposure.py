"""What one event may lose in its worst state."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._exposure import over_share


@dataclass(frozen=True, slots=True)
class EventExposure(Control):
    """Of an exclusive event one leg at most ends YES; other legs may all go wrong."""

    code: ClassVar[str] = "EVENT_EXPOSURE"
    remedy: ClassVar[str] = (
        "wait until something is sold or settled, or raise risk.max_event_exposure"
    )
    rank: ClassVar[int] = 130
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        event = state.event_of[intent.ticker]
        return over_share(
            self.code,
            event,
            intent,
            state,
            share=state.limits.max_event_exposure,
            group=("event", event),
        )
