"""Wait to be paid where the result is known. Always on."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Exit, ExitPlan, ExitReason, Venue
from kalshi_cli.portfolio.edge import outcome_price


@dataclass(frozen=True, slots=True)
class Resolution(Exit):
    """Fires once the exchange told what a contract pays: nothing can be sold there any more, and
    nothing needs to be. The position is closed by the settlement, with this code as its reason.
    """

    code: ClassVar[str] = "RESOLUTION"
    remedy: ClassVar[str] = "nothing: the exchange pays"
    rank: ClassVar[int] = 5

    def check(
        self,
        position: Position,
        plan: ExitPlan,
        forecast: Forecast | None,
        venue: Venue,
        now_us: int,
    ) -> ExitReason | None:
        if position.is_flat or venue.payout is None:
            return None
        pays = outcome_price(position.side, venue.payout)
        return ExitReason(self.code, f"what is held pays {pays.spoken} a contract", for_sale=False)
