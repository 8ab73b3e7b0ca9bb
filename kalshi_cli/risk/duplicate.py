"""One entry a forecast, one live entry a market, one live quote a side."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.instant import spoken
from kalshi_cli.domain.order import Order, OrderIntent, Purpose
from kalshi_cli.domain.side import spoken_terms
from kalshi_cli.risk._base import ENTRIES, Control, Denial, MarketFacts, RiskState


@dataclass(frozen=True, slots=True)
class Duplicate(Control):
    """Running a step twice does no harm."""

    code: ClassVar[str] = "DUPLICATE"
    remedy: ClassVar[str] = (
        "wait for a newer forecast, or until the live order that it names is done"
    )
    rank: ClassVar[int] = 70
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        for order in state.orders:
            if _stands_for(intent) == _stands_for(order.intent):
                return Denial(self.code, _live(order), order.client_order_id, "none live")
        key = (intent.strategy, intent.ticker, intent.forecast_id or "")
        if key not in state.traded_forecasts:
            return None
        return Denial(self.code, _traded(key[2], state.facts.get(intent.ticker)), key[2], "a newer")


def _stands_for(intent: OrderIntent) -> tuple[object, ...]:
    """What there may be only one of: an entry into a market, a quote on each side of it."""
    side = intent.side if intent.purpose is Purpose.QUOTE else None
    return intent.strategy, intent.ticker, intent.purpose, side


def _live(order: Order) -> str:
    """Which order it is, and when another may follow."""
    own = order.intent
    _, outcome, price = spoken_terms(own.side, own.limit, leaves=False)
    wanted = f"buy {own.count.spoken} {outcome.upper()} at {price.spoken}"
    until = "" if own.expires_us is None else f", until {spoken(own.expires_us)} at the latest"
    what = "another quote" if own.purpose is Purpose.QUOTE else "a newer forecast"
    return (
        f"order {order.client_order_id} ({wanted}, {order.filled.spoken} filled) is live "
        f"here{until}; {what} may trade once it is filled or gone"
    )


def _traded(forecast_id: str, facts: MarketFacts | None) -> str:
    """Which forecast it is; only another one may trade."""
    forecast = None if facts is None else facts.forecast
    is_it = forecast is not None and forecast.forecast_id == forecast_id
    of = f" of {spoken(forecast.made_us)}" if forecast is not None and is_it else ""
    return (
        f"forecast {forecast_id}{of} was traded already, or refused too often; a newer forecast of "
        "this market may trade"
    )
