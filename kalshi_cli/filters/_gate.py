"""All filters in their order: a market counts under the first that drops it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import repeat
from typing import Self

import kalshi_cli.filters as package
from kalshi_cli import __version__
from kalshi_cli.domain.market import Quote
from kalshi_cli.filters._base import FOREVER, Filter, Rejection, Subject, Verdict
from kalshi_cli.plugins import load_all

Keep = Callable[[Subject, Quote, int], Rejection | None]
HoldsUntil = Callable[[Subject, Quote, int], int]


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

    Of each that may drop something there is what it answers, and until when where that is not for
    ever. `mark` is 64 bits (signed) of the parameters of all and of this program's version.
    """

    asked: tuple[tuple[Keep, HoldsUntil | None], ...]
    mark: int

    @classmethod
    def of(cls, chosen: Sequence[Filter]) -> Self:
        told = "\n".join([__version__, *map(repr, chosen)])
        digest = sha256(told.encode()).digest()
        mark = int.from_bytes(digest[:8], "big", signed=True)
        asked = tuple((one.keep, _holds_until(one)) for one in chosen if not one.keeps_all)
        return cls(asked, mark)

    def verdicts(self, asked: Sequence[tuple[Subject, Quote]], now_us: int) -> list[Verdict]:
        """What the filters say of markets; those after the first that drops one have no say.

        One filter is asked about all of them, and then the next: the interpreter is quicker where
        it calls the same again.
        """
        codes: list[str | None] = [None] * len(asked)
        until = [FOREVER] * len(asked)
        left: Sequence[int] = range(len(asked))
        for keep, holds_until in self.asked:
            kept: list[int] = []
            for at in left:
                subject, quote = asked[at]
                if holds_until is not None and (
                    (told := holds_until(subject, quote, now_us)) < until[at]
                ):
                    until[at] = told  # `min` takes as long as a filter
                rejection = keep(subject, quote, now_us)
                if rejection is None:
                    kept.append(at)
                else:
                    codes[at] = rejection.code
            left = kept
        return list(map(Verdict, repeat(self.mark), codes, until))


def _holds_until(one: Filter) -> HoldsUntil | None:
    return None if type(one).holds_until is Filter.holds_until else one.holds_until
