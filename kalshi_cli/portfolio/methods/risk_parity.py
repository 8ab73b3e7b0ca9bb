"""Risk parity: every purchase has the same part in the risk of all of them together.

Risk is the standard deviation of profit over simulated joint endings of the events, which pay $1 or
nothing; how prices moved says nothing of that. The parts are made equal by the convex form of
Spinu (2013): minimise variance / 2 - sum(log x), one purchase after the other. What comes out is
made as large as `target_risk` allows beside what is held. An edge only decides what takes part.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.portfolio.allotment import Bounded, Wish, allot
from kalshi_cli.portfolio.capital import Capital
from kalshi_cli.portfolio.correlation import Bet
from kalshi_cli.portfolio.families import Group, holdings, offer
from kalshi_cli.portfolio.leg import Leg
from kalshi_cli.portfolio.methods._base import Method, step_of
from kalshi_cli.portfolio.rooms import Rooms
from kalshi_cli.portfolio.scenarios import Scenarios
from kalshi_cli.portfolio.sizing import Sizing

MOST_SWEEPS = 60
EVEN = 1e-4
"""Sweeps end once no purchase changes by more than this part of itself."""


@dataclass(frozen=True, slots=True)
class RiskParity(Method):
    """`target_risk` is a share of the bankroll: the standard deviation of all profit.

    `contracts` are "whole" or "fractional"; `scenarios` endings are drawn from `seed`.
    """

    target_risk: float
    contracts: str
    scenarios: int = 500
    seed: int = 1

    def size(
        self, proposals: Sequence[Proposal], books: Mapping[str, OrderBook], capital: Capital
    ) -> Sizing:
        step = step_of(self.contracts)
        return allot(proposals, books, capital, step=step, wishes=self._wishes)

    def _wishes(self, bounded: Sequence[Bounded], rooms: Rooms) -> list[Wish]:
        drawn = Scenarios(self.seed, self.scenarios)
        held = [0.0] * self.scenarios
        profits: list[list[float]] = []
        variances: list[float] = []
        groups = [each.group for each in bounded]
        groups += holdings(rooms.held(), rooms.capital.footings, {group.family for group in groups})
        for group in groups:
            own, beside = _profits(group, drawn)
            profits += own
            variances += [leg.win * (1.0 - leg.win) for leg in group.legs]
            held = [had + more for had, more in zip(held, beside, strict=True)]
        target = self.target_risk * float(rooms.capital.bankroll)
        even = equal_parts(profits, variances)
        size = _largest(_sum(profits, even), held, target)
        wanted = iter([count * size for count in even])
        return [_wish(each, [next(wanted) for _ in each.group.legs]) for each in bounded]


def equal_parts(profits: Sequence[Sequence[float]], least: Sequence[float]) -> list[float]:
    """How much of each, so that each has the same part in the variance of their sum.

    `least` are variances known beforehand: of a long shot the scenarios may show none.
    """
    if not profits:
        return []
    many = len(profits[0])
    drawn = [sum(map(mul, each, each)) / many for each in profits]
    variances = [max(pair) for pair in zip(drawn, least, strict=True)]
    counts = [1.0 / math.sqrt(variance * len(profits)) for variance in variances]
    whole = _sum(profits, counts)
    for _ in range(MOST_SWEEPS):
        change = 0.0
        for index, each in enumerate(profits):
            own, variance = counts[index], variances[index]
            others = sum(map(mul, each, whole)) / many - own * drawn[index]
            better = (math.sqrt(others * others + 4.0 * variance) - others) / (2.0 * variance)
            moved = better - own
            whole = [had + moved * more for had, more in zip(whole, each, strict=True)]
            counts[index] = better
            change = max(change, abs(moved) / better)
        if change < EVEN:
            break
    return counts


def _profits(group: Group, drawn: Scenarios) -> tuple[list[list[float]], list[float]]:
    """What a contract of each leg brings in each scenario, and what is held; means taken out."""
    states = group.states(_fair)
    bet = Bet(group.family, 0.0, group.clusters, group.category)
    endings = drawn.endings(bet, states.chances)
    found = []
    for leg in group.legs:
        wins = offer(leg, states, 0.0).wins
        mean = sum(map(mul, states.chances, wins))
        found.append([wins[state] - mean for state in endings])
    swings = group.swings(states)
    return found, [swings[state] for state in endings]


def _largest(bought: Sequence[float], held: Sequence[float], target: float) -> float:
    """How many times `bought` fits beside what is held, by the standard deviation of both."""
    many = len(held)
    square = sum(map(mul, bought, bought)) / many
    cross = sum(map(mul, bought, held)) / many
    room = target * target - sum(map(mul, held, held)) / many
    if room <= 0.0 or square <= 0.0:
        return 0.0
    return float((math.sqrt(cross * cross + square * room) - cross) / square)


def _sum(profits: Sequence[Sequence[float]], counts: Sequence[float]) -> list[float]:
    whole = [0.0] * len(profits[0]) if profits else []
    for each, count in zip(profits, counts, strict=True):
        whole = [had + count * more for had, more in zip(whole, each, strict=True)]
    return whole


def _wish(bounded: Bounded, wanted: Sequence[float]) -> Wish:
    """The best returns rank first: edge a dollar, of the best leg."""

    def at(share: float) -> list[float]:
        return [share * min(most, x) for most, x in zip(bounded.most, wanted, strict=True)]

    rank = max(leg.win / leg.steps[0][1] for leg in bounded.group.legs)
    return Wish(bounded, rank, at(1.0), at)


def _fair(leg: Leg) -> float:
    return leg.win
