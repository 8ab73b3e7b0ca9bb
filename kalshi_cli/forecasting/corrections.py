"""Corrections of the market's price, fitted walk-forward and used only where they were proved.

The markets of a category are put in order of time and cut into blocks. Each block is scored with
the bias of the markets that had settled before it, shrunk toward none. A category gets a correction
only if it lowered the Brier score of those held-out blocks beyond chance, an event counting as one
observation.

A bias is full in the middle and shrinks to nothing at $0 and $1, where a price has no room for it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from kalshi_cli.forecasting.walking import is_proved, walk

PRIOR_STRENGTH = 50.0
"""Markets' worth of belief in no bias at all."""
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
    for past, block in walk(group):
        bias = _bias(past)
        for settled in block:
            gains[settled.event_ticker] += _gain(settled, bias)
    return is_proved(gains)


def _gain(settled: Settled, bias: float) -> float:
    """How much the correction lowers the squared error of one market."""
    plain = settled.market - settled.payout
    return plain * plain - (plain - tapered(bias, settled.market)) ** 2
