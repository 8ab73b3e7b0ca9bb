"""Leave when selling brings more than holding is worth.

Holding is worth the forecast as it stands beside the market of this moment, and the older it is,
the more it is worth what the market says, which selling never brings after spread and fee. So an
old forecast sells nothing, and least of all what the market has made dearer since.
"""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.money import spoken_cents
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Exit, ExitPlan, ExitReason, Venue
from kalshi_cli.exits._pricing import exit_price, least_price
from kalshi_cli.forecasting.blend import held_chance
from kalshi_cli.portfolio.edge import chance


@dataclass(frozen=True, slots=True)
class Value(Exit):
    """For what was entered on a forecast. Fires where the bid pays at least `value_exit` dollars a
    contract more, after the taker's fee, than holding is worth; sells for no less than that. What
    sets a forecast apart from the market halves every `forecast_half_life_hours` of market time.
    Off where `value_exit` is None. The market's own number (the baseline) is no opinion about it.
    """

    value_exit: float | None
    forecast_half_life_hours: float

    code: ClassVar[str] = "VALUE"
    remedy: ClassVar[str] = "nothing; exits.value_exit sets how much more"
    rank: ClassVar[int] = 25

    def check(
        self,
        position: Position,
        plan: ExitPlan,
        forecast: Forecast | None,
        venue: Venue,
        now_us: int,
    ) -> ExitReason | None:
        price = exit_price(position, venue.book)
        if self.value_exit is None or price is None or not plan.is_on_forecast:
            return None
        if forecast is None or forecast.is_of_market:
            return None
        fair = held_chance(
            forecast,
            venue.book.best_bid,
            venue.book.best_ask,
            now_us - forecast.made_us,
            half_life_us=int(self.forecast_half_life_hours * HOUR),
        )
        if fair is None:
            return None
        worth = chance(position.side, fair)
        least = least_price(worth + self.value_exit, venue.fees)
        if least is None or price < least:
            return None
        told = f"the bid is {price.spoken}, {least.spoken} is asked"
        detail = f"{told}: holding is worth {spoken_cents(worth)}"
        return ExitReason(self.code, detail, least=least)
