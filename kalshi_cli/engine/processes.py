"""The latent process of an event, and what is public of it.

X starts at 0 and ends at X(1) with variance 1; a leg is an interval of outcomes. Time enters only
through the information clock: F(t) is the share of the variance that has happened. The path is a
step function on cells of equal *relative* information: in each, the variance still to come shrinks
by the same factor. So the public, who sees the path `LAG_CELLS` late, always lags by the same share
of what is still unknown, and its error in logits stays the same until the end.

Truth is P(X(1) in leg | X up to now); the crowd's fair price is P(X(1) in leg | X up to then).
Both are exact conditional probabilities of one path, hence martingales and calibrated.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kalshi_cli.engine.noise import normals, stream

LAG_CELLS = 2
LOGITS_TAIL, LOGITS_BAND = 1.7, 1.3
"""Logits by which a leg's probability moves when X moves by one remaining standard deviation, on
average over what legs live through: legs open at one end, and bands between two cuts."""
LAST_CELL_SHARE = 1e-3
"""The variance that only the outcome itself reveals."""

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
        left = max(LAST_CELL_SHARE, 1.0 - self.known(at_us))
        return int(-math.log(left) / self.rate)


@dataclass(frozen=True, slots=True)
class Path:
    """One event's process: `levels[i]` is X in cell i, `spreads[i]` the deviation still to come."""

    levels: Sequence[float]
    spreads: Sequence[float]
    terminal: float

    def chance(self, cell: int, low: float, high: float) -> float:
        """P(low < X(1) <= high) given the path up to a cell."""
        level, spread = self.levels[cell], self.spreads[cell]
        return max(0.0, _below((high - level) / spread) - _below((low - level) / spread))

    def crowd(self, cell: int, low: float, high: float) -> float:
        """The same, given what is public while the truth is in `cell`."""
        return self.chance(max(0, cell - LAG_CELLS), low, high)


def draw_path(seed: int, event_ticker: str, rate: float, cells: int) -> Path:
    """The path of an event up to a last cell, and where it ends."""
    noise = normals(stream(seed, event_ticker, "path"), cells + 1)
    shrink = math.exp(-rate / 2.0)
    step = math.sqrt(1.0 - shrink * shrink)
    level, spread = 0.0, 1.0
    levels, spreads = [level], [spread]
    for shock in noise[:cells]:
        level += spread * step * shock
        spread *= shrink
        levels.append(level)
        spreads.append(spread)
    return Path(levels, spreads, level + spread * noise[cells])
