"""Corrections of the market's price, fitted walk-forward and used only where they were proved.

The markets of a category are put in order of time and cut into blocks. Each block is scored with
the bias of the markets that had settled before it, shrunk toward none. A category gets a correction
only if it lowered the Brier score of those held-out blocks beyond chance, an event counting as one
observation.

A bias is full in the middle and shrinks to nothing at $0 and $1, where a price has no room for it.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

BLOCKS = 5
PRIOR_STRENGTH = 50.0
"""Markets' worth of belief in no bias at all."""
MIN_EVENTS = 30
PROVED = 1.645
"""Standard errors above zero: one chance in twenty for a correction that does nothing."""


TAPER = 0.10
"""Within this distance of $0 and $1 a bias shrinks linearly to nothing."""


def tapered(bias: float, price: float) -> float:
    """What a bias of the middle comes to at a price."""
    return bias * max(0.0, min(1.0, price / TAPER, (1.0 - price) / TAPER))


def excess_of(biases: Mapping[str, float]) -> Callable[[str, float], float]:
    """What a price of a category exceeds the truth by; nothing where no bias is known."""
    return lambda category, price: tapered(biases.get(category, 0.0), price)


@dataclass(frozen=True, slots=True)
class Settled:
    """A market's price at `at_us`, and what a YES contract paid (dollars) at `settled_us`."""

    category: str
    event_ticker: str
    market: float
    payout: float
    at_us: int
    settled_us: int


def fit_corrections(history: Sequence[Settled]) -> Mapping[str, float]:
    """The bias in mid-range of each category where taking it out was proved."""
    groups: dict[str, list[Settled]] = defaultdict(list)
    for settled in sorted(history, key=lambda s: (s.at_us, s.event_ticker, s.market)):
        groups[settled.category].append(settled)
    return MappingProxyType(
        {name: _bias(group) for name, group in sorted(groups.items()) if _is_proved(group)}
    )


def _bias(group: Sequence[Settled]) -> float:
    """Least squares of the excess on the taper, shrunk toward none."""
    weights = [tapered(1.0, settled.market) for settled in group]
    excess = sum(
        weight * (settled.market - settled.payout)
        for weight, settled in zip(weights, group, strict=True)
    )
    return excess / (sum(weight * weight for weight in weights) + PRIOR_STRENGTH)


def _is_proved(group: Sequence[Settled]) -> bool:
    gains: dict[str, float] = defaultdict(float)
    for past, block in _walk(group):
        bias = _bias(past)
        for settled in block:
            gains[settled.event_ticker] += _gain(settled, bias)
    if len(gains) < MIN_EVENTS:
        return False
    mean = sum(gains.values()) / len(gains)
    spread = sum((gain - mean) ** 2 for gain in gains.values()) / (len(gains) - 1)
    return mean > PROVED * math.sqrt(spread / len(gains)) and mean > 0.0


def _walk(group: Sequence[Settled]) -> Iterator[tuple[list[Settled], list[Settled]]]:
    """Each block with what had settled before it began; one event never sits on both sides."""
    cuts = [len(group) * block // BLOCKS for block in range(BLOCKS + 1)]
    for start, end in pairwise(cuts):
        if start == end:
            continue
        began = group[start].at_us
        past = [settled for settled in group[:start] if settled.settled_us <= began]
        seen = {settled.event_ticker for settled in past}
        yield past, [s for s in group[start:end] if s.event_ticker not in seen]


def _gain(settled: Settled, bias: float) -> float:
    """How much the correction lowers the squared error of one market."""
    plain = settled.market - settled.payout
    return plain * plain - (plain - tapered(bias, settled.market)) ** 2
