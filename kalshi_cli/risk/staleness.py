"""How old the prices and the forecast may be that an order rests on."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.instant import AHEAD, format_span
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import EVERYTHING, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Staleness(Control):
    """Entries need the fresh quote that their fair value is anchored to, and a fresh forecast if
    any; what takes or quotes needs a fresh book.

    Other orders that wait make do with the quote where the book could not be read.
    """

    code: ClassVar[str] = "STALE"
    remedy: ClassVar[str] = (
        "`kalshi ingest`, or `kalshi analyze` where the forecast is old; [risk] says "
        "how old is too old"
    )
    rank: ClassVar[int] = 40
    purposes: ClassVar[frozenset[Purpose]] = EVERYTHING

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        facts = state.facts.get(intent.ticker)
        if facts is None:
            return Denial(self.code, "there is no quote", "none", "a quote")
        leans_on_book = not intent.post_only or intent.purpose is Purpose.QUOTE
        if facts.book is None and leans_on_book:
            return Denial(self.code, "the order book could not be read", "none", "a book")
        limits, quoted = state.limits, now_us - facts.quote.at_us
        denial = None
        if facts.book is not None:
            denial = self._old("book", now_us - facts.book.at_us, limits.max_book_age_us)
        if facts.book is None or intent.purpose is Purpose.ENTRY:
            denial = denial or self._old("quote", quoted, limits.max_quote_age_us)
        if facts.forecast is not None and intent.forecast_id is not None:
            age, most = now_us - facts.forecast.made_us, limits.max_forecast_age_us
            denial = denial or self._old("forecast", age, most)
        return denial

    def _old(self, what: str, age: int, most: int) -> Denial | None:
        if age < -AHEAD:
            detail = f"the {what} is of {format_span(-age)} from now: the clock was set back since"
            return Denial(self.code, detail, str(age), str(most))
        if age <= most:
            return None
        detail = f"the {what} is {format_span(age)} old, at most {format_span(most)} will do"
        return Denial(self.code, detail, str(age), str(most))
