"""The stakes with which a bankroll grows fastest: exact Kelly over the states of one event.

Maximises the sum over states of chance * log(wealth), where a purchase costs its price in every
state and pays $1 where it wins. Prices rise with size, as in a book. The problem is concave, and
Newton's method finds its one optimum, each offer held within the step of its price that it is on:
where a price ends, an offer may rest or move on.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import mul, truediv

MOST_ROUNDS = 200
LEVEL = 1e-12
"""A marginal growth below this is none; one contract for a dollar of bankroll has one of 1."""
_RIDGE = 1e-13
_ENOUGH = 1e-4
_FLAT = 1e-13
"""A rise too small for the height to show: there the parabola is the truth."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Contracts of one outcome that can be bought, the cheapest first.

    `wins` is 1.0 in each state where the outcome pays, else 0.0; `steps` are (contracts, dollars a
    contract all in).
    """

    wins: tuple[float, ...]
    steps: tuple[tuple[float, float], ...]


def stakes(
    chances: Sequence[float],
    wealth: Sequence[float],
    offers: Sequence[Offer],
    start: Sequence[float] | None = None,
) -> tuple[float, ...]:
    """Contracts of each offer. Nothing where a state leaves no wealth to begin with.

    `chances` are of the states and add up to 1; `wealth` is what each state leaves without a
    purchase, in dollars. `start` is where the way begins: what the stakes are about.
    """
    if min(wealth) <= 0.0:
        return (0.0,) * len(offers)
    scale = max(wealth)
    begin = [0.0] * len(offers) if start is None else start
    climb = _Climb(chances, [each / scale for each in wealth], offers, begin, scale)
    for _ in range(MOST_ROUNDS):
        if not climb.round():
            break
    return tuple(count * scale for count in climb.counts)


def growth(chances: Sequence[float], wealth: Sequence[float]) -> float:
    """Expected logarithm of wealth; minus infinity where a state leaves none."""
    if min(wealth) <= 0.0:
        return -math.inf
    return math.fsum(map(mul, chances, map(math.log, wealth)))


@dataclass(slots=True)
class _Move:
    """An offer that may move within a step of its price, and what the next contract adds.

    It wins with `usual` in all states but those of `support`, where it does with `usual + odd`.
    """

    offer: int
    low: float
    high: float
    at: float
    price: float
    slope: float
    wins: tuple[float, ...]
    usual: float
    odd: float
    support: list[int]


def _pattern(wins: Sequence[float]) -> tuple[float, float, list[int]]:
    """How an offer ends in most states, by how much it differs in the others, and in which."""
    won = [state for state, win in enumerate(wins) if win]
    if 2 * len(won) <= len(wins):
        return 0.0, 1.0, won
    return 1.0, -1.0, [state for state, win in enumerate(wins) if not win]


class _Climb:
    """The way up. Counts are contracts for each dollar of `scale`."""

    def __init__(
        self,
        chances: Sequence[float],
        wealth: list[float],
        offers: Sequence[Offer],
        start: Sequence[float],
        scale: float,
    ) -> None:
        self.chances = chances
        self.wins = [offer.wins for offer in offers]
        self.patterns = [_pattern(wins) for wins in self.wins]
        self.prices = [[price for _, price in offer.steps] for offer in offers]
        self.ends = [
            [0.0, *accumulate(count / scale for count, _ in offer.steps)] for offer in offers
        ]
        self.counts = [
            min(count / scale, ends[-1]) for count, ends in zip(start, self.ends, strict=True)
        ]
        begun = [self._bought(offer) for offer in range(len(offers))]
        self.wealth = [had + sum(more) for had, *more in zip(wealth, *begun, strict=True)]
        if min(self.wealth) <= 0.0:
            self.counts, self.wealth = [0.0] * len(offers), wealth
        self.height = growth(chances, self.wealth)

    def _bought(self, offer: int) -> list[float]:
        """What the contracts of an offer bring in each state."""
        count, paid = self.counts[offer], 0.0
        for price, (low, high) in zip(self.prices[offer], pairwise(self.ends[offer]), strict=True):
            paid += price * max(0.0, min(count, high) - low)
        return [count * win - paid for win in self.wins[offer]]

    def round(self) -> bool:
        """One step of Newton's; False once no offer should move."""
        moves = self._moves()
        if all(abs(move.slope) <= LEVEL for move in moves):
            return False
        weights = [c / (w * w) for c, w in zip(self.chances, self.wealth, strict=True)]
        rows = _curvature(moves, weights)
        while True:
            way = _newton(rows, [move.slope for move in moves])
            stays = [
                index
                for index, (move, step) in enumerate(zip(moves, way, strict=True))
                if move.low < move.at < move.high or move.slope * step >= 0.0
            ]
            if len(stays) == len(moves):
                return self._go(moves, way)
            rows = [[rows[i][j] for j in stays if j <= i] for i in stays]
            moves = [moves[i] for i in stays]

    def _moves(self) -> list[_Move]:
        weights = list(map(truediv, self.chances, self.wealth))
        whole = sum(weights)
        found = []
        for offer, at in enumerate(self.counts):
            value = sum(map(mul, weights, self.wins[offer]))
            prices, ends = self.prices[offer], self.ends[offer]
            step = bisect_right(ends, at) - 1
            is_on_it = at > ends[step]
            if is_on_it or (step < len(prices) and value - prices[step] * whole > LEVEL):
                found.append(self._move(offer, step, value, whole))
            elif step > 0 and value - prices[step - 1] * whole < -LEVEL:
                found.append(self._move(offer, step - 1, value, whole))
        return found

    def _move(self, offer: int, step: int, value: float, whole: float) -> _Move:
        ends, price = self.ends[offer], self.prices[offer][step]
        usual, odd, support = self.patterns[offer]
        return _Move(
            offer=offer,
            low=ends[step],
            high=ends[step + 1],
            at=self.counts[offer],
            price=price,
            slope=value - price * whole,
            wins=self.wins[offer],
            usual=usual,
            odd=odd,
            support=support,
        )

    def _go(self, moves: list[_Move], way: list[float]) -> bool:
        """As far along as it leads up, each offer to the end of its step at most.

        Where one offer stops at its end and the others go on, the way may lead down. The part of it
        before the first end is tried then, and to the very end: by halves none would be reached.
        """
        ends = [
            move.high if step > 0.0 else move.low for move, step in zip(moves, way, strict=True)
        ]
        rooms = [
            abs(end - move.at) / abs(step) if step else math.inf
            for move, step, end in zip(moves, way, ends, strict=True)
        ]
        first = min(rooms, default=math.inf)
        share = 1.0
        while share > 1e-18:
            targets = [
                end if room <= share else move.at + share * step
                for move, step, end, room in zip(moves, way, ends, rooms, strict=True)
            ]
            wealth, rise = self.wealth, 0.0
            for move, target in zip(moves, targets, strict=True):
                moved = target - move.at
                rise += move.slope * moved
                paid = moved * move.price
                wealth = [
                    had + moved * win - paid for had, win in zip(wealth, move.wins, strict=True)
                ]
            height = growth(self.chances, wealth)
            is_higher = height >= self.height + _ENOUGH * rise or rise < _FLAT
            if rise > 0.0 and is_higher:
                for move, target in zip(moves, targets, strict=True):
                    self.counts[move.offer] = target
                self.wealth, self.height = wealth, height
                return True
            share = first if share > first > share / 2.0 else share / 2.0
        return False


def _curvature(moves: list[_Move], weights: list[float]) -> list[list[float]]:
    """How fast each slope falls with each offer: rows of a symmetric matrix up to the diagonal.

    sum over states of weight (win_i - price_i) (win_j - price_j), taken apart so that only the few
    states have to be gone through in which an offer does otherwise than in most.
    """
    whole = sum(weights)
    values = [sum(map(mul, weights, move.wins)) for move in moves]
    rows: list[list[float]] = []
    for move, value in zip(moves, values, strict=True):
        price, rest = move.price, value - move.price * whole
        odd = [(state, move.odd * weights[state]) for state in move.support]
        row: list[float] = []
        for other, known in zip(moves, values, strict=True):
            wins = other.wins
            pair = sum([weight for state, weight in odd if wins[state]])
            row.append(pair + (move.usual - price) * known - rest * other.price)
            if other is move:
                break
        rows.append(row)
    return rows


def _newton(rows: list[list[float]], slopes: list[float]) -> list[float]:
    """The step to the top of the parabola that fits here: solves rows * step = slopes."""
    factor: list[list[float]] = []
    half: list[float] = []
    for pairs, slope in zip(rows, slopes, strict=True):
        row: list[float] = []
        for pair, above in zip(pairs, factor, strict=False):
            row.append((pair - sum(map(mul, row, above))) / above[-1])
        square = pairs[-1]
        rest = square * (1.0 + _RIDGE) - sum(map(mul, row, row))
        row.append(math.sqrt(max(rest, square * _RIDGE)))
        half.append((slope - sum(map(mul, row, half))) / row[-1])
        factor.append(row)
    way = [0.0] * len(rows)
    for index in range(len(rows) - 1, -1, -1):
        way[index] = half[index] / factor[index][-1]
        for before in range(index):
            half[before] -= factor[index][before] * way[index]
    return way
