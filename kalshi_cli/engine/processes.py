"""The latent process of an event, and what is public of it.

X starts at 0 and ends at X(1) with variance 1; a leg is an interval of outcomes. Time enters only
through the information clock: F(t) is the share of the variance that has happened. The path is a
step function on cells of equal *relative* information: in each, the variance still to come shrinks
by the same factor. So the public, who sees the path `LAG_CELLS` late, always lags by the same share
of what is still unknown, and its error in logits stays the same until the end.

Truth is P(X(1) in leg | X up to now); the crowd's fair price is P(X(1) in leg | X up to then).
Both are exact conditional probabilities of one path, hence martingales and calibrated.

The path is drawn where it is looked at: the end first, then the middle given both ends, then the
middle of a half, and so on (a Brownian bridge). So an outcome costs one draw, any moment a dozen,
and a world of many events keeps no paths.
"""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from kalshi_cli.engine.noise import normals, stream

LAG_CELLS = 2
LOGITS_TAIL, LOGITS_BAND = 1.7, 1.3
"""Logits by which a leg's probability moves when X moves by one remaining standard deviation, on
average over what legs live through: legs open at one end, and bands between two cuts."""
LAST_CELL_SHARE = 1e-3
"""The variance that only the outcome itself reveals."""
_NODES = 16
"""One draw serves a small tree of nodes four deep."""
_LEVELS_KEPT = 8

_SQRT_HALF = math.sqrt(0.5)


def _below(z: float) -> float:
    return 0.5 * math.erfc(-z * _SQRT_HALF)


def cell_rate(logit_error: float, logits_per_deviation: float) -> float:
    """How much ln(remaining variance) falls in a cell so that the crowd errs by `logit_error`."""
    return math.log1p((logit_error / logits_per_deviation) ** 2) / LAG_CELLS


@dataclass(frozen=True, slots=True)
class InformationClock:
    """Which cell of the path is reached at an instant. Steep segments are scheduled news."""

    open_us: int
    span_us: int
    breakpoints: tuple[tuple[float, float], ...]
    rate: float

    def known(self, at_us: int) -> float:
        """The share of the variance that has happened by an instant."""
        share = (at_us - self.open_us) / self.span_us
        start, level = self.breakpoints[0]
        if share <= start:
            return level
        for end, reached in self.breakpoints[1:]:
            if share < end:
                return level + (reached - level) * (share - start) / (end - start)
            start, level = end, reached
        return level

    def cell(self, at_us: int) -> int:
        """The cell of the truth at an instant."""
        return _cell(1.0 - self.known(at_us), self.rate)


def _cell(left: float, rate: float) -> int:
    return int(-math.log(max(LAST_CELL_SHARE, left)) / rate)


@dataclass(frozen=True, slots=True)
class _Bridge:
    """What all paths of a rate share. The tree's nodes are numbered 1, then 2 and 3, and so on.

    `spreads[cell]` is the deviation still to come. `lean[node]` is how far the node's cell lies on
    the way from its left end to its right one, in variance; `width[node]` its own deviation there.
    """

    cells: int
    spreads: tuple[float, ...]
    lean: tuple[float, ...]
    width: tuple[float, ...]


@cache
def _bridge(rate: float) -> _Bridge:
    cells = _cell(0.0, rate)
    spreads = tuple(math.exp(-rate * cell / 2.0) for cell in range(cells + 1))
    known = [*(1.0 - spread * spread for spread in spreads), 1.0]
    lean, width = [0.0], [0.0]
    level = [(0, cells + 1)]
    while any(right - left > 1 for left, right in level):
        for left, right in level:
            middle, span = (left + right) // 2, known[right] - known[left]
            share = (known[middle] - known[left]) / span if right - left > 1 else 0.0
            lean.append(share)
            width.append(math.sqrt(share * (1.0 - share) * span))
        level = [half for left, right in level for half in _halves(left, right)]
    return _Bridge(cells, spreads, tuple(lean), tuple(width))


def _halves(left: int, right: int) -> tuple[tuple[int, int], tuple[int, int]]:
    middle = (left + right) // 2
    return (left, middle), (middle, right)


class Path:
    """One event's process: X in every cell of its rate, and where it ends."""

    __slots__ = ("_bridge", "_draws", "_levels", "_name", "_seed")

    def __init__(self, seed: int, event_ticker: str, rate: float) -> None:
        self._seed, self._name = seed, event_ticker
        self._bridge = _bridge(rate)
        self._draws: dict[int, tuple[int, Sequence[float]]] = {}
        self._levels: dict[int, float] = {}

    @property
    def terminal(self) -> float:
        """X(1): what decides the outcome."""
        return self._draw(0, 1)[0]

    def other_end(self, cell: int, shock: float) -> float:
        """Where it might as well have ended, given a cell: `shock` deviations off."""
        return self.level(cell) + self._bridge.spreads[cell] * shock

    def chance(self, cell: int, low: float, high: float) -> float:
        """P(low < X(1) <= high) given the path up to a cell."""
        level, spread = self.level(cell), self._bridge.spreads[cell]
        return max(0.0, _below((high - level) / spread) - _below((low - level) / spread))

    def crowd(self, cell: int, low: float, high: float) -> float:
        """The same, given what is public while the truth is in `cell`."""
        return self.chance(max(0, cell - LAG_CELLS), low, high)

    def level(self, cell: int) -> float:
        """X in a cell. The last few that were asked for are kept."""
        known = self._levels.get(cell)
        if known is None:
            if len(self._levels) >= _LEVELS_KEPT:
                self._levels.clear()
            known = self._levels[cell] = self._descend(cell) if cell else 0.0
        return known

    def _descend(self, cell: int) -> float:
        lean, width = self._bridge.lean, self._bridge.width
        left, right = 0, self._bridge.cells + 1
        node, depth, place, draws = 1, 0, 1, self._draw(0, 1)
        at_left, at_right = 0.0, draws[0]
        while True:
            if place >= _NODES:
                place, draws = 1, self._draw(depth, node)
            middle = (left + right) // 2
            value = at_left + lean[node] * (at_right - at_left) + width[node] * draws[place]
            if middle == cell:
                return value
            node, depth, place = 2 * node, depth + 1, 2 * place
            if cell < middle:
                right, at_right = middle, value
            else:
                left, at_left = middle, value
                node, place = node + 1, place + 1

    def _draw(self, depth: int, root: int) -> Sequence[float]:
        """The noise of a small tree, by place in it; place 0 of the first one is the end's."""
        kept = self._draws.get(depth)
        if kept is None or kept[0] != root:
            name = stream(self._seed, self._name, "path", root)
            kept = self._draws[depth] = root, array("d", normals(name, _NODES))
        return kept[1]
