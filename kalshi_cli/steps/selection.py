"""Which markets pass the filters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.filters._base import Filter, Rejection, Subject
from kalshi_cli.filters._gate import first_rejection
from kalshi_cli.ports.store import CatalogEntry


@dataclass(frozen=True, slots=True)
class Screened:
    """Markets split into those worth a look and those dropped, with the reason."""

    eligible: tuple[CatalogEntry, ...]
    rejected: Mapping[str, Rejection]


def screen(entries: Iterable[CatalogEntry], filters: Sequence[Filter], now_us: int) -> Screened:
    """Run the filters over markets; each dropped one counts under the first that dropped it."""
    eligible: list[CatalogEntry] = []
    rejected: dict[str, Rejection] = {}
    for entry in entries:
        subject = Subject(entry.market, entry.event, entry.category)
        rejection = first_rejection(filters, subject, entry.quote, now_us)
        if rejection is None:
            eligible.append(entry)
        else:
            rejected[entry.market.ticker] = rejection
    return Screened(tuple(eligible), rejected)
