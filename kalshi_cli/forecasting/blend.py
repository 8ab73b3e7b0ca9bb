"""A forecast anchored to the market, and how much say it gets."""

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.forecast import Forecast, Probability, probability
from kalshi_cli.domain.market import Quote
from kalshi_cli.domain.marks import benchmark
from kalshi_cli.forecasting.logit import expit, logit

MAX_DISTANCE = 0.15
"""However sure the forecaster, p* stays this close to the market's probability."""


def blend(ai: float, market: float, weight: float, slope: float = 1.0) -> Probability:
    """p* = market moved by `weight` of the way to the forecast, in log-odds.

    A forecaster that agrees with the market gives exactly the market: nothing here shrinks toward
    one half. `weight` is w, from 0 (the market alone) to 1 (the forecast alone). A `slope` other
    than 1, by which the market's log-odds are multiplied, is one that was fitted (`weights`).
    """
    if not 0.0 <= weight <= 1.0:
        raise ValueError(f"Expected a weight from 0 to 1, was {weight!r}.")
    if slope == 1.0 and (ai == market or weight == 0.0):
        return probability(market)
    pooled = ai
    if slope != 1.0 or weight != 1.0:
        pooled = expit(slope * logit(market) + weight * (logit(ai) - logit(market)))
    return probability(min(max(pooled, market - MAX_DISTANCE), market + MAX_DISTANCE))


def anchored(forecast: Forecast, quote: Quote) -> Probability | None:
    """A forecast that had a market blends with the one of now; None where there is none."""
    market = benchmark(quote.bid, quote.ask)
    if forecast.blended is None or market is None:
        return None
    return blend(forecast.probability, market, forecast.weight, forecast.slope)


def best_known(forecast: Forecast | None, quote: Quote) -> Probability | None:
    """The chance of YES now: by the forecast where it is anchored, else the market's; what was last
    blended where there is no market any more; None where there is nothing.
    """
    market = benchmark(quote.bid, quote.ask)
    if market is None:
        return None if forecast is None else forecast.blended
    said = None if forecast is None else anchored(forecast, quote)
    return probability(market) if said is None else said


def held_chance(
    forecast: Forecast, bid: Level | None, ask: Level | None, age_us: int, *, half_life_us: int
) -> Probability | None:
    """What holds of a forecast beside these quotes: what sets it apart from the market, its weight
    and a slope other than 1, halves every `half_life_us`.

    None where it had no market, or there is none now.
    """
    market = benchmark(bid, ask)
    if forecast.blended is None or market is None:
        return None
    left = 0.5 ** (max(0, age_us) / half_life_us)
    slope = 1.0 + (forecast.slope - 1.0) * left
    return blend(forecast.probability, market, forecast.weight * left, slope)


def inverse_variance_weight(market_error: float, own_error: float) -> float:
    """The say of a forecaster whose error is independent of the market's, both in logits.

    A forecaster without error gets 1: there is nothing to weigh.
    """
    if own_error == 0.0:
        return 1.0
    ours, theirs = own_error**2, market_error**2
    return theirs / (theirs + ours)
