"""All filters in their order: a market counts under the first that drops it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

import kalshi_cli.filters as package
from kalshi_cli import __version__
from kalshi_cli.domain.market import Quote
from kalshi_cli.filters._base import FOREVER, Filter, Rejection, Subject, Verdict
from kalshi_cli.plugins import load_all


def filters(parameters: Mapping[str, object]) -> tuple[Filter, ...]:
    """Every filter of the package, by rank."""
    return tuple(sorted(load_all(package, Filter, parameters), key=lambda f: f.rank))


def first_rejection(
    chosen: Sequence[Filter], subject: Subject, quote: Quote, now_us: int
) -> Rejection | None:
    """None if every filter keeps the market; `chosen` is in order of rank."""
    for one in chosen:
        rejection = one.keep(subject, quote, now_us)
        if rejection is not None:
            return rejection
    return None


@dataclass(frozen=True, slots=True)
class Screen:
    """Filters by rank, with the mark by which their verdicts are known from those of others.

    Each comes with whether it is timed: one whose answers do not hold for ever. `mark` is 64 bits
    (signed) of the parameters of all and of this program's version.
    """

    filters: tuple[tuple[Filter, bool], ...]
    mark: int

    @classmethod
    def of(cls, chosen: Sequence[Filter]) -> Self:
        told = "\n".join([__version__, *map(repr, chosen)])
        digest = sha256(told.encode()).digest()
        mark = int.from_bytes(digest[:8], "big", signed=True)
        timed = (type(one).holds_until is not Filter.holds_until for one in chosen)
        return cls(tuple(zip(chosen, timed, strict=True)), mark)

    def verdict(self, subject: Subject, quote: Quote, now_us: int) -> Verdict:
        """What the filters say of a market; those after the first that drops it have no say."""
        until = FOREVER
        for one, is_timed in self.filters:
            if is_timed:
                until = min(until, one.holds_until(subject, quote, now_us))
            rejection = one.keep(subject, quote, now_us)
            if rejection is not None:
                return Verdict(self.mark, rejection.code, until)
        return Verdict(self.mark, None, until)
