"""Query parameters as the exchange reads them."""

from collections.abc import Collection

from starlette.datastructures import QueryParams

from kalshi_cli.adapters.sim.replies import BadParameter
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import FILTER_OF, MarketStatus

STATUS_WORDS = frozenset(FILTER_OF.values())


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
        return self.text(name) == "true"

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
        if not (text.lstrip("-").isascii() and text.lstrip("-").isdecimal() and len(text) < 16):
            raise self.bad(name, "must be a whole number")
        return int(text)

    def instant(self, name: str) -> int | None:
        """Unix seconds, as microseconds."""
        seconds = self.number(name)
        return None if seconds is None else seconds * SECOND

    def between(self, at_us: int) -> bool:
        """Whether an instant lies within `min_ts` and `max_ts`."""
        low, high = self.instant("min_ts"), self.instant("max_ts")
        return (low is None or at_us >= low) and (high is None or at_us <= high)

    def bounded(self, name: str, *, default: int, least: int, most: int) -> int:
        found = self.number(name)
        if found is None:
            return default
        if not least <= found <= most:
            raise self.bad(name, f"must be from {least} to {most}")
        return found

    def limit(self, *, default: int = 100, most: int = 1000) -> int:
        return self.bounded("limit", default=default, least=1, most=most)

    def bad(self, name: str, why: str) -> BadParameter:
        return BadParameter(f"Parameter validation failed for {self._operation}: {name} {why}")


def has_status(status: MarketStatus, word: str) -> bool:
    """Whether a market's status is meant by a filter word; the empty word means all."""
    return not word or FILTER_OF[status] == word
