"""Forecasts scored against the market of their moment.

Only the first forecast of each market and model counts, whether it was traded, refused or ignored.
Where the market had no benchmark (a side missing, or more than 10 cents between them) the forecast
is scored apart: there is nothing to be better than. Forecasts on questions whose answer the model
may have read are contaminated: counted, never scored.

Each role is scored by what it adds: the Forecaster by its number, the Critic by that number with
the market's in the place of what it vetoed, the Trader by that, and the market's where it stood
aside.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from kalshi_cli.evaluation.interval import (
    MIN_CLUSTERS,
    Interval,
    Observation,
    Verdict,
    clustered_mean,
    verdict,
)
from kalshi_cli.evaluation.slices import UNKNOWN, horizon_name, in_order, price_name

MOST_GROUPS = 10
LOG_CLIP = 0.01
"""Log loss sees probabilities from 0.01 to 0.99: one certain mistake must not decide alone."""


@dataclass(frozen=True, slots=True)
class ScoredForecast:
    """A forecast of a settled market. `payout` is what a YES contract paid, in dollars.

    `blended` is what was traded on; it and `market` are None where there was no benchmark. `low`
    and `high` bound the 80 % interval, `prompt` is the version of the Forecaster's and `variant`
    the way it was asked, both empty where nobody was. `let_stand` tells whether the Critic did,
    `went_along` whether the Trader would have bought the side that the number points to; None where
    they were not heard. `may_trade` is False for what was vetoed, or had to be repaired.

    `horizon_us` was left until the market's close; `traded_by` is the strategy that entered on it.
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
    low: float
    high: float
    prompt: str = ""
    variant: str = ""
    let_stand: bool | None = None
    went_along: bool | None = None
    may_trade: bool = True
    contaminated: bool = False
    horizon_us: int | None = None
    traded_by: str = ""

    @property
    def after_critic(self) -> float | None:
        """The Forecaster's number, the market's where it was vetoed."""
        if self.let_stand is None:
            return None
        return self.probability if self.let_stand else self.market

    @property
    def after_trader(self) -> float | None:
        """The same, and the market's too where the Trader would not have bought its side."""
        if self.went_along is None:
            return None
        return self.after_critic if self.went_along else self.market


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
class Coverage:
    """How 80 % intervals held. No single outcome tells, for it is YES or NO: in groups of alike
    forecasts, of 30 events at least, the share of YES must be within the mean interval, give or
    take what chance does to it. `held` of `groups` did.
    """

    groups: int
    held: int


class By(StrEnum):
    """What is scored together: the answers of a model, of a version of the prompt, or of a way of
    asking (the roles, or all of them in one question, samples, research); or, of the first
    forecasts of each market and model alone, those that one strategy traded on, of one category, as
    early, or at such a price of the market. What was traded on a later forecast is not told here.
    """

    MODEL = "model"
    PROMPT = "prompt"
    VARIANT = "variant"
    ROLE = "role"
    STRATEGY = "strategy"
    CATEGORY = "category"
    HORIZON = "horizon"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Score:
    """One model's record, or that of one prompt or variant with any. `traded` scores p*, what
    trading rests on; `raw` the forecast itself, `critic` and `trader` what these made of it.

    `coverage` is None where there are too few events to say. `apart` counts forecasts without a
    benchmark, `apart_brier` is their score.
    """

    forecaster: str
    model: str
    judged: int
    traded: Comparison | None
    raw: Comparison | None
    critic: Comparison | None
    trader: Comparison | None
    coverage: Coverage | None
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


def _of_model(forecast: ScoredForecast) -> str:
    return forecast.model


def _of_prompt(forecast: ScoredForecast) -> str:
    return forecast.prompt or "no prompt"


def _of_variant(forecast: ScoredForecast) -> str:
    return forecast.variant or "no variant"


_NAMES: Mapping[By, Callable[[ScoredForecast], str]] = {
    By.MODEL: _of_model,
    By.PROMPT: _of_prompt,
    By.VARIANT: _of_variant,
    By.ROLE: _of_model,
    By.STRATEGY: lambda forecast: forecast.traded_by or "not traded",
    By.CATEGORY: lambda forecast: forecast.category or UNKNOWN,
    By.HORIZON: lambda forecast: horizon_name(forecast.horizon_us),
    By.PRICE: lambda forecast: price_name(forecast.market),
}
_CUTS = frozenset({By.STRATEGY, By.CATEGORY, By.HORIZON, By.PRICE})
"""What cuts the first forecasts of a market and model, rather than choosing them."""


def first_forecasts(
    forecasts: Sequence[ScoredForecast], name_of: Callable[[ScoredForecast], str] = _of_model
) -> tuple[ScoredForecast, ...]:
    """The earliest forecast of each market and model, or other name, in order of time."""
    kept: dict[tuple[str, str, str], ScoredForecast] = {}
    for forecast in sorted(forecasts, key=lambda f: (f.made_us, f.ticker)):
        kept.setdefault((forecast.forecaster, name_of(forecast), forecast.ticker), forecast)
    return tuple(kept.values())


def score(forecasts: Sequence[ScoredForecast], by: By = By.MODEL) -> tuple[Score, ...]:
    """One record for each forecaster and model, prompt, variant or group, in order."""
    name_of = _NAMES[by]
    groups: dict[tuple[str, str], list[ScoredForecast]] = defaultdict(list)
    for forecast in first_forecasts(forecasts, _of_model if by in _CUTS else name_of):
        groups[forecast.forecaster, name_of(forecast)].append(forecast)
    keys = sorted(groups, key=lambda key: (key[0], in_order(key[1])))
    return tuple(_score(*key, groups[key]) for key in keys)


def _score(forecaster: str, model: str, group: Sequence[ScoredForecast]) -> Score:
    clean = [forecast for forecast in group if not forecast.contaminated]
    apart = [forecast for forecast in clean if forecast.market is None]
    return Score(
        forecaster=forecaster,
        model=model,
        judged=len(clean),
        traded=_compare(clean, lambda forecast: forecast.blended),
        raw=_compare(clean, lambda forecast: forecast.probability),
        critic=_compare(clean, lambda forecast: forecast.after_critic),
        trader=_compare(clean, lambda forecast: forecast.after_trader),
        coverage=coverage(clean),
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


def coverage(forecasts: Sequence[ScoredForecast]) -> Coverage | None:
    """How the intervals of these forecasts held, alike ones together; None for too few events."""
    alike = sorted(forecasts, key=lambda forecast: forecast.probability)
    count = min(MOST_GROUPS, len({f.event_ticker for f in alike}) // MIN_CLUSTERS)
    if not count:
        return None
    cuts = [len(alike) * at // count for at in range(count + 1)]
    groups = [alike[start:end] for start, end in pairwise(cuts)]
    return Coverage(len(groups), sum(map(_holds, groups)))


def _holds(group: Sequence[ScoredForecast]) -> bool:
    share = clustered_mean([Observation(f.event_ticker, f.payout) for f in group])
    if share is None or share.low is None or share.high is None:
        return False
    return share.low <= _mean([f.high for f in group]) and share.high >= _mean(
        [f.low for f in group]
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
