"""The say of a language model, fitted on its own record: one regression, and only where it helps.

The outcome is regressed on z = slope m + w (a - m), m and a being the log-odds of the market and of
the forecast: exactly the blend. The prior is the market alone, (1, 0), and counts like some hundred
markets, so that a short record says little. For each model that served and each category the fit is
tried walk-forward, and takes the place of the start only where it lowered the Brier score there.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.forecasting.blend import blend
from kalshi_cli.forecasting.logit import expit, logit
from kalshi_cli.forecasting.walking import MIN_EVENTS, is_proved, walk

PRECISION = 25.0
"""Of the prior, for each number: two slopes of three are within 0.2 of one before any record."""
SLOPES = (0.5, 1.5)
"""What a slope is bounded by: beyond it is no correction any more."""
STEPS = 25
NEAR = 1e-9
"""Of Newton's steps, which hardly ever need ten to get this near."""


@dataclass(frozen=True, slots=True)
class Say:
    """How a forecast moves p*: see `blend`. `slope_error` is the standard error of a slope that was
    fitted; one that was not is what the market says, and has none.
    """

    weight: float
    slope: float = 1.0
    slope_error: float = 0.0


MARKET = Say(0.0)


@dataclass(frozen=True, slots=True)
class Told:
    """A forecast that a model made at `at_us` beside a market, which paid `payout` (dollars)."""

    model: str
    category: str
    event_ticker: str
    said: float
    market: float
    payout: float
    at_us: int
    settled_us: int


@dataclass(frozen=True, slots=True)
class Fit:
    """What the record of a model in a category says. `used` is the fit where it is proved, else the
    start; `gain` is by how much it lowered the Brier score of held-out markets, on average.
    """

    model: str
    category: str
    markets: int
    events: int
    fitted: Say
    used: Say
    gain: float
    is_proved: bool


def fit_weights(
    history: Sequence[Told], *, start: Callable[[str], float], most: float
) -> tuple[Fit, ...]:
    """One fit for each model and category. `start` is w of a model without a record of its own,
    `most` the largest w.
    """
    groups: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for told in sorted(history, key=lambda told: (told.at_us, told.event_ticker)):
        groups[told.model, told.category].append(told)
    return tuple(
        _fit(group, Say(min(start(model), most)), most)
        for (model, _), group in sorted(groups.items())
    )


def by_category(fits: Sequence[Fit]) -> Mapping[tuple[str, str], Say]:
    """What was proved, by model and category."""
    return {(fit.model, fit.category): fit.used for fit in fits if fit.is_proved}


def _fit(group: Sequence[Told], start: Say, most: float) -> Fit:
    gains, count = defaultdict[str, float](float), 0
    for past, block in walk(group):
        enough = len({told.event_ticker for told in past}) >= MIN_EVENTS
        say = regressed(past, most) if enough else start
        for told in block:
            gains[told.event_ticker] += _error(told, start) - _error(told, say)
            count += 1
    proved = is_proved(gains)
    fitted = regressed(group, most)
    return Fit(
        model=group[0].model,
        category=group[0].category,
        markets=len(group),
        events=len({told.event_ticker for told in group}),
        fitted=fitted,
        used=fitted if proved else start,
        gain=sum(gains.values()) / count if count else 0.0,
        is_proved=proved,
    )


def _error(told: Told, say: Say) -> float:
    return (blend(told.said, told.market, say.weight, say.slope) - told.payout) ** 2


def regressed(history: Sequence[Told], most: float) -> Say:
    """The likeliest slope and w given the prior, w between 0 and `most`."""
    rows = [(logit(t.market), logit(t.said) - logit(t.market), t.payout) for t in history]
    slope, weight, error = _newton(rows, None)
    if not 0.0 <= weight <= most:
        weight = min(max(weight, 0.0), most)
        slope, _, error = _newton(rows, weight)
    return Say(weight, min(max(slope, SLOPES[0]), SLOPES[1]), error)


def _newton(
    rows: Sequence[tuple[float, float, float]], held: float | None
) -> tuple[float, float, float]:
    """Slope and w at the top of the posterior, and the slope's standard error there; with w `held`,
    the slope that goes with it.
    """
    slope, weight, error = 1.0, held or 0.0, 0.0
    for _ in range(STEPS):
        down_slope, down_weight = PRECISION * (slope - 1.0), PRECISION * weight
        both, own, other = 0.0, PRECISION, PRECISION
        for market, apart, payout in rows:
            chance = expit(slope * market + weight * apart)
            miss, spread = chance - payout, chance * (1.0 - chance)
            down_slope += miss * market
            down_weight += miss * apart
            own += spread * market * market
            other += spread * apart * apart
            both += spread * market * apart
        by_slope, by_weight, error = down_slope / own, 0.0, math.sqrt(1.0 / own)
        if held is None:
            size = own * other - both * both
            error = math.sqrt(other / size)
            by_slope = (other * down_slope - both * down_weight) / size
            by_weight = (own * down_weight - both * down_slope) / size
        slope, weight = slope - by_slope, weight - by_weight
        if max(abs(by_slope), abs(by_weight)) < NEAR:
            break
    return slope, weight, error
