"""Kelly's stakes: the fastest growth that the forecasts promise, made smaller by what is doubtful.

The whole of a family of outcomes is staked at once, held contracts included, by the exact optimum
for `kelly_fraction` of the bankroll; of a single purchase at one price that is the share
kelly_fraction * k* * e / (1 - c) of the bankroll. Where the chance p is uncertain with standard
deviation s, Baker and McHale (2013) shrink the stake by k* = e^2 / (e^2 + s^2), e = p - c: the same
as staking on c + k* e instead of p. Shrinking bounds what a wrong p costs; it does not make it pay.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.portfolio.allotment import Bounded, Wish, allot
from kalshi_cli.portfolio.capital import Capital
from kalshi_cli.portfolio.correlation import Bet, kept
from kalshi_cli.portfolio.families import Group, holdings, offer
from kalshi_cli.portfolio.joint import Offer, growth, stakes
from kalshi_cli.portfolio.leg import Leg
from kalshi_cli.portfolio.methods._base import Method, step_of
from kalshi_cli.portfolio.rooms import Rooms
from kalshi_cli.portfolio.sizing import Sizing
from kalshi_cli.portfolio.states import States


@dataclass(frozen=True, slots=True)
class Kelly(Method):
    """Exact joint Kelly. `contracts` are "whole" or "fractional"."""

    contracts: str

    def size(
        self, proposals: Sequence[Proposal], books: Mapping[str, OrderBook], capital: Capital
    ) -> Sizing:
        step = step_of(self.contracts)
        return allot(proposals, books, capital, step=step, wishes=_wishes)


@dataclass(frozen=True, slots=True)
class _Problem:
    """The optimum of one family as a function of the bankroll, in dollars."""

    bounded: Bounded
    states: States
    swings: Sequence[float]
    offers: tuple[Offer, ...]

    def stakes(self, bankroll: float, about: Sequence[float] | None = None) -> tuple[float, ...]:
        return stakes(self.states.chances, self._wealth(bankroll), self.offers, about)

    def growth(self, bankroll: float, counts: Sequence[float]) -> float:
        """What the purchases add to the logarithm of a bankroll."""
        before = after = self._wealth(bankroll)
        for leg, count, bought in zip(self.bounded.group.legs, counts, self.offers, strict=True):
            spent = leg.spent(count)
            after = [had + count * win - spent for had, win in zip(after, bought.wins, strict=True)]
        return growth(self.states.chances, after) - growth(self.states.chances, before)

    def dollars(self, counts: Sequence[float]) -> float:
        legs = self.bounded.group.legs
        return sum(leg.spent(count) for leg, count in zip(legs, counts, strict=True))

    def _wealth(self, bankroll: float) -> list[float]:
        return [bankroll + swing for swing in self.swings]


def _wishes(bounded: Sequence[Bounded], rooms: Rooms) -> list[Wish]:
    capital = rooms.capital
    bankroll = capital.kelly_fraction * float(capital.bankroll)
    problems = [_problem(each) for each in bounded]
    first = [problem.stakes(bankroll) for problem in problems]
    bets = [
        _bet(problem.bounded.group, problem.dollars(counts))
        for problem, counts in zip(problems, first, strict=True)
    ]
    beside = holdings(rooms.held(), capital.footings, {bet.family for bet in bets})
    parts = kept([*bets, *(_bet(group, 0.0) for group in beside)])
    return [
        _wish(problem, counts, bankroll, part)
        for problem, counts, part in zip(problems, first, parts, strict=False)
    ]


def _bet(group: Group, dollars: float) -> Bet:
    """Dollars wanted and at risk already."""
    return Bet(group.family, dollars + float(group.held.risk), group.clusters, group.category)


def _problem(bounded: Bounded) -> _Problem:
    group = bounded.group
    states = group.states(trusted)
    offers = [offer(leg, states, most) for leg, most in zip(group.legs, bounded.most, strict=True)]
    return _Problem(bounded, states, group.swings(states), tuple(offers))


def _wish(problem: _Problem, counts: Sequence[float], bankroll: float, part: float) -> Wish:
    dollars = problem.dollars(counts)
    rank = problem.growth(bankroll, counts) / dollars if dollars > 0.0 else 0.0

    def at(share: float) -> Sequence[float]:
        about = [count * part * share for count in counts]
        return problem.stakes(bankroll * part * share, about)

    return Wish(problem.bounded, rank, counts if part == 1.0 else at(1.0), at)


def trusted(leg: Leg) -> float:
    """The chance to stake on: as doubtful as the least trusted price the purchase may reach."""
    error = leg.fair_error
    best, least = leg.win - leg.steps[0][1], leg.win - leg.steps[-1][1]
    if least <= error <= best:
        return leg.win - error / 2.0
    return leg.win - max(doubt(best, error), doubt(least, error))


def doubt(edge: float, error: float) -> float:
    """How much of an edge is not to be counted on: (1 - k*) e. At most half the error."""
    return edge * (error / math.hypot(edge, error)) ** 2 if error else 0.0
