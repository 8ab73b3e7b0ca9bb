"""Trying out a fit on what it has not seen, in the order of time.

Markets are cut into blocks. Each block is scored with a fit of the markets that had settled before
it, and a fit is proved if it did better there beyond chance, an event counting as one observation.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Protocol, TypeVar

BLOCKS = 5
MIN_EVENTS = 30
PROVED = 1.645
"""Standard errors above zero: one chance in twenty for a fit that does nothing."""


class Dated(Protocol):
    """A market with a price at `at_us` whose outcome was known at `settled_us`."""

    @property
    def event_ticker(self) -> str: ...

    @property
    def at_us(self) -> int: ...

    @property
    def settled_us(self) -> int: ...


Case = TypeVar("Case", bound=Dated)


def walk(group: Sequence[Case]) -> Iterator[tuple[list[Case], list[Case]]]:
    """Each block with what had settled before it began; one event never sits on both sides.

    `group` is in the order of time.
    """
    cuts = [len(group) * block // BLOCKS for block in range(BLOCKS + 1)]
    for start, end in pairwise(cuts):
        if start == end:
            continue
        began = group[start].at_us
        past = [case for case in group[:start] if case.settled_us <= began]
        seen = {case.event_ticker for case in past}
        yield past, [case for case in group[start:end] if case.event_ticker not in seen]


def is_proved(gains: Mapping[str, float]) -> bool:
    """Whether what was gained on each event is more than chance."""
    if len(gains) < MIN_EVENTS:
        return False
    mean = sum(gains.values()) / len(gains)
    spread = sum((gain - mean) ** 2 for gain in gains.values()) / (len(gains) - 1)
    return mean > PROVED * math.sqrt(spread / len(gains)) and mean > 0.0
