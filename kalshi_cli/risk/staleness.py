"""How old the prices may be that an order rests on."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.instant import format_span
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import EVERYTHING, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Staleness(Control):
    """Orders that take need a fresh book; orders that wait make do with a fresh quote."""

    code: ClassVar[str] = "STALE"
    rank: ClassVar[int] = 40
    purposes: ClassVar[frozenset[Purpose]] = EVERYTHING

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        facts = state.facts.get(intent.ticker)
        if facts is None:
            return Denial(self.code, "there is no quote", "none", "a quote")
        if facts.book is not None:
            age, most = now_us - facts.book.at_us, state.limits.max_book_age_us
            return self._deny("book", age, most) if age > most else None
        if not intent.post_only:
            return Denial(self.code, "the order book could not be read", "none", "a book")
        age, most = now_us - facts.quote.at_us, state.limits.max_quote_age_us
        return self._deny("quote", age, most) if age > most else None

    def _deny(self, what: str, age: int, most: int) -> Denial:
        detail = f"the {what} is {format_span(age)} old, at most {format_span(most)} will do"
        return Denial(self.code, detail, str(age), str(most))
