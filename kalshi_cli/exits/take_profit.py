"""Leave when the market pays what the position is thought to be worth."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import WORST_KNOWN, fee_per_contract
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Exit, ExitPlan, ExitReason
from kalshi_cli.exits._pricing import exit_price
from kalshi_cli.portfolio.edge import chance


@dataclass(frozen=True, slots=True)
class TakeProfit(Exit):
    """Leaves at the plan's target, unless the newest forecast is worth more than the bid pays."""

    code: ClassVar[str] = "TAKE_PROFIT"
    rank: ClassVar[int] = 20

    def check(
        self,
        position: Position,
        plan: ExitPlan,
        forecast: Forecast | None,
        book: OrderBook,
        now_us: int,
    ) -> ExitReason | None:
        price = exit_price(position, book)
        if price is None or plan.target is None or price < plan.target:
            return None
        if forecast is not None and forecast.blended is not None:
            fee = fee_per_contract(WORST_KNOWN, price, is_taker=True)
            if chance(position.side, forecast.blended) > float(price) - fee:
                return None
        return ExitReason(self.code, f"the bid is {price}, the target {plan.target}")
