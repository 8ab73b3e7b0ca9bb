"""What is decided about leaving when a position is entered."""

from dataclasses import dataclass

from kalshi_cli.domain.fees import WORST_KNOWN, FeeTerms, exit_terms, fee_per_contract
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.money import ONE_DOLLAR, Price
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.portfolio.edge import chance, outcome_price


@dataclass(frozen=True, slots=True)
class ExitRules:
    """When to leave before settlement; by default never.

    `stop_loss` is the share of the entry price lost; `take_profit` leaves at fair value;
    `max_hold_us` is how long to stay, in market time.
    """

    stop_loss: float | None = None
    take_profit: bool = False
    max_hold_us: int | None = None


def plan_for(
    intent: OrderIntent,
    forecast: Forecast | None,
    rules: ExitRules,
    now_us: int,
    terms: FeeTerms = WORST_KNOWN,
) -> ExitPlan:
    """The exit plan of an entry, in prices of the outcome it buys; `terms` price the exit."""
    return ExitPlan(
        ticker=intent.ticker,
        owner=intent.strategy,
        stop=stop_price(outcome_price(intent.side, intent.limit), rules.stop_loss),
        target=_target(intent, exit_terms(terms)) if rules.take_profit else None,
        leave_by_us=None if rules.max_hold_us is None else now_us + rules.max_hold_us,
        entry_confidence=None if forecast is None else forecast.confidence,
        entry_fair=intent.fair,
        made_us=now_us,
    )


def stop_price(entry: Price, stop_loss: float | None) -> Price | None:
    """The price at which `stop_loss` of the entry price is lost; None where that is never."""
    if stop_loss is None:
        return None
    stop = int(round(entry.units * (1.0 - stop_loss), 6))
    return Price(stop) if stop > 0 else None


def _target(intent: OrderIntent, terms: FeeTerms) -> Price | None:
    """The lowest price that pays the fair value after the taker's fee; None if none does."""
    if intent.fair is None:
        return None
    fair = chance(intent.side, intent.fair)
    for units in range(max(1, int(fair * ONE_DOLLAR.units)), ONE_DOLLAR.units):
        price = Price(units)
        if float(price) - fee_per_contract(terms, price, is_taker=True) >= fair:
            return price
    return None
