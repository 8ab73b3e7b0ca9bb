"""All filters in their order: a market counts under the first that drops it."""

from collections.abc import Mapping, Sequence

import kalshi_cli.filters as package
from kalshi_cli.domain.market import Quote
from kalshi_cli.filters._base import Filter, Rejection, Subject
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
