"""Query parameters as the exchange reads them."""

import re
from collections.abc import Collection

from starlette.datastructures import QueryParams

from kalshi_cli.adapters.sim.wire.replies import BadParameter
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import FILTER_OF, MarketStatus

STATUS_WORDS = frozenset(FILTER_OF.values())
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_FLAGS = {"": False, "true": True, "false": False, "1": True, "0": False}


class Query:
    """The parameters of one request; raises `BadParameter` for what fails validation."""

    def __init__(self, operation: str, given: QueryParams) -> None:
        self._operation = operation
        self._given = given

    def text(self, name: str) -> str:
        """A parameter, empty where it was not given."""
        return self._given.get(name, "")

    def has_any(self, *names: str) -> bool:
        return any(self.text(name) for name in names)

    def flag(self, name: str) -> bool:
        """True or false; false where it was not given."""
        found = _FLAGS.get(self.text(name).lower())
        if found is None:
            raise self.bad(name, "must be true or false")
        return found

    def flag_if_given(self, name: str) -> bool | None:
        return self.flag(name) if self.text(name) else None

    def listed(self, name: str) -> frozenset[str]:
        """A comma list."""
        return frozenset(part for part in self.text(name).split(",") if part)

    def repeated(self, name: str) -> list[str]:
        """A parameter given several times; a comma in it is part of the value."""
        return self._given.getlist(name)

    def word(self, name: str, allowed: Collection[str]) -> str:
        """One of the allowed words, or empty."""
        found = self.text(name)
        if found and found not in allowed:
            raise self.bad(name, f"must be one of {', '.join(sorted(allowed))}")
        return found

    def number(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        if not _WHOLE.fullmatch(text):
            raise self.bad(name, "must be a whole number")
        return int(text)

    def instant(self, name: str) -> int | None:
        """Unix seconds, as microseconds."""
        seconds = self.number(name)
        return None if seconds is None else seconds * SECOND

    def needed_instant(self, name: str) -> int:
        """Unix seconds that must be given, as microseconds."""
        found = self.instant(name)
        if found is None:
            raise self.bad(name, "is required")
        return found

    def between(self, at_us: int) -> bool:
        """Whether an instant lies within `min_ts` and `max_ts`."""
        return self.span("").holds(at_us)

    def span(self, kind: str) -> "Span":
        """`min_KIND_ts` and `max_KIND_ts`; of no kind, `min_ts` and `max_ts`."""
        middle = f"_{kind}_" if kind else "_"
        return Span(self.instant(f"min{middle}ts"), self.instant(f"max{middle}ts"))

    def bounded(self, name: str, *, default: int, least: int, most: int) -> int:
        found = self.number(name)
        if found is None:
            return default
        if not least <= found <= most:
            raise self.bad(name, f"must be from {least} to {most}")
        return found

    def limit(self, *, default: int = 100, least: int = 1, most: int = 1000) -> int:
        """Rows of a page; where 0 is allowed it asks for the usual number."""
        return self.bounded("limit", default=default, least=least, most=most) or default

    def elsewhere(self) -> bool:
        """Whether another subaccount than the primary one is asked for: there is no other."""
        return self.number("subaccount") not in {None, 0}

    def only_one_of(self, *names: str) -> None:
        """Refuse more than one of some parameters."""
        given = [name for name in names if self.text(name)]
        if len(given) > 1:
            raise self.bad(given[1], f"cannot be used together with {given[0]}")

    def bad(self, name: str, why: str) -> BadParameter:
        return BadParameter(f"Parameter validation failed for {self._operation}: {name} {why}")


class Span:
    """From an instant to another, both included; None is open."""

    __slots__ = ("end_us", "start_us")

    def __init__(self, start_us: int | None, end_us: int | None) -> None:
        self.start_us, self.end_us = start_us, end_us

    def __bool__(self) -> bool:
        return self.start_us is not None or self.end_us is not None

    def without_start(self) -> "Span":
        """The same span without its first instant."""
        return Span(None if self.start_us is None else self.start_us + 1, self.end_us)

    def holds(self, at_us: int | None) -> bool:
        """Whether an instant lies within; one that there is not lies in an open span alone."""
        if at_us is None:
            return not self
        return (self.start_us is None or at_us >= self.start_us) and (
            self.end_us is None or at_us <= self.end_us
        )


def has_status(status: MarketStatus, word: str) -> bool:
    """Whether a market's status is meant by a filter word; the empty word means all."""
    return not word or FILTER_OF[status] == word
