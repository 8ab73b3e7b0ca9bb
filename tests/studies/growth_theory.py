"""Markets of which the truth is known, and how a bankroll grows on them by theory.

In log-odds the truth is the market's number m moved by a normal error of deviation s_m, and the
forecast a is the truth moved by one of s_f; so the best guess is m + w (a - m), with
w = s_m^2 / (s_m^2 + s_f^2).

The theory is Kelly's ("A New Interpretation of Information Rate", 1956): where a contract costs c,
fee included, and pays $1 with chance t, a stake of the share f of a bankroll makes it grow by
t log(1 + f (1 - c) / c) + (1 - t) log(1 - f). By the rules of the desk p* is the best guess, at
most 15 cents from the market; c is the ask, or $1 less the bid, plus 0.07 c (1 - c); nothing is
bought for an edge e = p* - c below the least; f = fraction k e / (1 - c), where
k = e^2 / (e^2 + (w s_f p* (1 - p*))^2), and at most what costs the largest share at the dearest
price that keeps the least edge, which is the order's limit. That is added up here over the errors
of both and over the market's prices, by none of the desk's code.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from kalshi_cli.settings.sections import Trading

CROWD = 0.3
"""Deviation of the market's number from the truth, in log-odds: a thin market's."""
HALF_SPREAD = 0.01
LOWEST, HIGHEST = 10, 90
"""The market's numbers, in cents."""
MARKETS = 300
REACH, STEPS = 4.0, 40
"""A normal error is added up from so many deviations below to as many above, in so many steps."""


@dataclass(frozen=True)
class Skill:
    """`error` is the forecaster's, in log-odds; without `knows` its number is the market's with
    that error, and nothing of the truth. `weight` is its say.
    """

    name: str
    error: float
    weight: float
    knows: bool = True


def knowing(error: float) -> Skill:
    """A forecaster who knows the truth up to an error, with the say that is right for it."""
    weight = CROWD**2 / (CROWD**2 + error**2)
    return Skill(f"error {error:.2f}, w {weight:.2f}", error, weight)


SKILLS = tuple(knowing(error) for error in (0.0, 0.15, 0.3, 0.6))
BLIND = tuple(
    Skill(f"no skill, w {weight:.2f}", 1.0, weight, knows=False) for weight in (0.10, 0.33)
)
"""What an AI has to say at first, and at most."""


@dataclass(frozen=True)
class Case:
    """A market: its number, the truth, the forecast, and a draw below the truth where it is YES."""

    market: float
    truth: float
    said: float
    draw: float


def cases(seed: int, skill: Skill) -> Iterator[Case]:
    """The same markets, truths and draws for every skill."""
    dice = random.Random(seed)
    for _ in range(MARKETS):
        market = dice.randint(LOWEST, HIGHEST) / 100
        crowd, own, draw = dice.gauss(0, 1), dice.gauss(0, 1), dice.random()
        yield _case(market, skill, crowd, own, draw)


def _case(market: float, skill: Skill, crowd: float, own: float, draw: float = 0.0) -> Case:
    truth = _expit(_logit(market) + CROWD * crowd)
    said = _expit(_logit(truth if skill.knows else market) + skill.error * own)
    return Case(market, truth, said, draw)


@dataclass(frozen=True)
class Theory:
    """What a market is worth to a bankroll on average: growth, and the chance that it is bought."""

    growth: float
    bought: float


def theory(skill: Skill, trading: Trading) -> Theory:
    """As the docstring has it, over the market's prices and the errors of both."""
    growth, bought, whole = 0.0, 0.0, 0.0
    points = [REACH * (2 * n / STEPS - 1) for n in range(STEPS + 1)]
    for crowd, own in product(points, points):
        weight = math.exp(-(crowd**2 + own**2) / 2)
        for cents in range(LOWEST, HIGHEST + 1):
            case = _case(cents / 100, skill, crowd, own)
            guess = _guess(case, skill.weight)
            wobble = skill.weight * skill.error * guess * (1.0 - guess)
            whole += weight
            for price, wins, truth in (
                (case.market + HALF_SPREAD, guess, case.truth),
                (1.0 - case.market + HALF_SPREAD, 1.0 - guess, 1.0 - case.truth),
            ):
                stake = _stake(price, wins, wobble, trading)
                if stake:
                    growth += weight * _growth(stake, _cost(price), truth)
                    bought += weight
    return Theory(growth / whole, bought / whole)


def _stake(price: float, wins: float, wobble: float, trading: Trading) -> float:
    """The share of the bankroll that goes into a market; 0 where the edge is too small."""
    assert trading.max_single_position is not None
    cost = _cost(price)
    edge = wins - cost
    if edge < trading.min_net_edge - 1e-9:
        return 0.0
    dearest = price
    while wins - _cost(dearest + 0.01) >= trading.min_net_edge - 1e-9:
        dearest += 0.01
    trust = edge**2 / (edge**2 + wobble**2)
    kelly = trading.kelly_fraction * trust * edge / (1.0 - cost)
    return min(kelly, trading.max_single_position * cost / _cost(dearest))


def _cost(price: float) -> float:
    """Dollars for a contract with its taker's fee."""
    return price + 0.07 * price * (1.0 - price)


def _growth(stake: float, cost: float, truth: float) -> float:
    up = math.log(1.0 + stake * (1.0 - cost) / cost)
    return truth * up + (1.0 - truth) * math.log(1.0 - stake)


def _guess(case: Case, weight: float) -> float:
    """The market's number moved toward the forecast, at most so far."""
    pooled = _expit(_logit(case.market) + weight * (_logit(case.said) - _logit(case.market)))
    return min(max(pooled, case.market - 0.15), case.market + 0.15)


def _logit(chance: float) -> float:
    return math.log(chance / (1.0 - chance))


def _expit(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-odds))
