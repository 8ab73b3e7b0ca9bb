"""Forecasts scored against the market of their moment.

Only the first forecast of each market and model counts, whether it was traded, refused or ignored.
Where the market had no benchmark (a side missing, or more than 10 cents between them) the forecast
is scored apart: there is nothing to be better than. Forecasts on questions whose answer the model
may have read are contaminated: counted, never scored.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kalshi_cli.evaluation.interval import (
    Interval,
    Observation,
    Verdict,
    clustered_mean,
    verdict,
)

LOG_CLIP = 0.01
"""Log loss sees probabilities from 0.01 to 0.99: one certain mistake must not decide alone."""


@dataclass(frozen=True, slots=True)
class ScoredForecast:
    """A forecast of a settled market. `payout` is what a YES contract paid, in dollars.

    `blended` is what was traded on; it and `market` are None where there was no benchmark.
    """

    ticker: str
    event_ticker: str
    category: str
    forecaster: str
    model: str
    probability: float
    blended: float | None
    market: float | None
    payout: float
    made_us: int
    contaminated: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """One number of a forecast, against the market's, over the same settled markets.

    `gain` is the market's Brier score less this one's: above zero is better than the market.
    """

    brier: float
    market_brier: float
    log_loss: float
    market_log_loss: float
    gain: Interval
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Score:
    """One model's record. `traded` scores p*, what trading rests on; `raw` the forecast itself.

    `apart` counts forecasts without a benchmark, `apart_brier` is their score.
    """

    forecaster: str
    model: str
    judged: int
    traded: Comparison | None
    raw: Comparison | None
    apart: int
    apart_brier: float | None
    contaminated: int

    @property
    def verdict(self) -> Verdict:
        return Verdict.UNRESOLVED if self.traded is None else self.traded.verdict


def brier(chance: float, payout: float) -> float:
    """Squared distance between a probability and what happened: 0 is perfect, 0.25 is 50/50."""
    return (chance - payout) ** 2


def log_loss(chance: float, payout: float) -> float:
    """Surprise in nats at what happened; a scalar payout counts as its share of YES."""
    clipped = min(max(chance, LOG_CLIP), 1.0 - LOG_CLIP)
    return -(payout * math.log(clipped) + (1.0 - payout) * math.log(1.0 - clipped))


def first_forecasts(forecasts: Sequence[ScoredForecast]) -> tuple[ScoredForecast, ...]:
    """The earliest forecast of each market and model, in order of time."""
    kept: dict[tuple[str, str, str], ScoredForecast] = {}
    for forecast in sorted(forecasts, key=lambda f: (f.made_us, f.ticker)):
        kept.setdefault((forecast.forecaster, forecast.model, forecast.ticker), forecast)
    return tuple(kept.values())


def score(forecasts: Sequence[ScoredForecast]) -> tuple[Score, ...]:
    """One record for each forecaster and model, in the alphabet's order."""
    groups: dict[tuple[str, str], list[ScoredForecast]] = defaultdict(list)
    for forecast in first_forecasts(forecasts):
        groups[forecast.forecaster, forecast.model].append(forecast)
    return tuple(_score(*key, group) for key, group in sorted(groups.items()))


def _score(forecaster: str, model: str, group: Sequence[ScoredForecast]) -> Score:
    clean = [forecast for forecast in group if not forecast.contaminated]
    apart = [forecast for forecast in clean if forecast.market is None]
    return Score(
        forecaster=forecaster,
        model=model,
        judged=len(clean),
        traded=_compare(clean, lambda forecast: forecast.blended),
        raw=_compare(clean, lambda forecast: forecast.probability),
        apart=len(apart),
        apart_brier=_mean([brier(f.probability, f.payout) for f in apart]) if apart else None,
        contaminated=len(group) - len(clean),
    )


def _compare(
    forecasts: Sequence[ScoredForecast], number: Callable[[ScoredForecast], float | None]
) -> Comparison | None:
    pairs = [
        (chance, forecast.market, forecast)
        for forecast in forecasts
        if (chance := number(forecast)) is not None and forecast.market is not None
    ]
    gain = clustered_mean(
        [
            Observation(f.event_ticker, brier(market, f.payout) - brier(chance, f.payout))
            for chance, market, f in pairs
        ]
    )
    if gain is None:
        return None
    return Comparison(
        brier=_mean([brier(chance, f.payout) for chance, _, f in pairs]),
        market_brier=_mean([brier(market, f.payout) for _, market, f in pairs]),
        log_loss=_mean([log_loss(chance, f.payout) for chance, _, f in pairs]),
        market_log_loss=_mean([log_loss(market, f.payout) for _, market, f in pairs]),
        gain=gain,
        verdict=verdict(gain),
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
