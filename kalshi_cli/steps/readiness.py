"""What the controls see of the positions held, made ready before a book arms an exit.

All but the books of the moment is known since the last look. Only what these change is counted
anew, and the result is the same as if everything were: see `risk_state`. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.money import NO_MONEY
from kalshi_cli.risk._base import RiskState
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.risk_state import bankroll_of, market_facts, risk_state, watermarks_of
from kalshi_cli.steps.valuation import Valuation, value


@dataclass(frozen=True, slots=True)
class Readiness:
    """`view` is the last look, `worth` and `state` what it comes to where no book is known.

    `changing` are the markets whose fees were to change then.
    """

    view: DeskView
    worth: Valuation
    state: RiskState
    changing: tuple[str, ...]

    def later(self, now_us: int) -> Self:
        """The same at a later instant, where nothing but time has changed."""
        return replace(self, view=replace(self.view, now_us=now_us))

    def at(self, now_us: int, books: Mapping[str, OrderBook]) -> RiskState:
        """What the controls see at this instant, by these books."""
        view, state = replace(self.view, now_us=now_us), self.state
        touched = [position for position in view.positions if position.ticker in books]
        before = value(NO_MONEY, touched, view.prices({}))
        after = value(NO_MONEY, touched, view.prices(books))
        liquidation = self.worth.liquidation + after.liquidation - before.liquidation
        day_start, peak = watermarks_of(view, liquidation)
        changed = {*self.changing, *(ticker for ticker in books if ticker in view.entries)}
        anew = {ticker: market_facts(view, ticker, books.get(ticker)) for ticker in changed}
        return replace(
            state,
            equity=liquidation,
            bankroll=bankroll_of(self.worth.equity + after.equity - before.equity, state.limits),
            day_start_equity=day_start,
            peak_equity=peak,
            facts={**state.facts, **anew},
        )


def readiness(view: DeskView, *, env: Env, limits: Limits) -> Readiness:
    """Make ready for the exits of what is held; nothing new is risked by it."""
    worth = view.valued(view.cash, {})
    state = risk_state(
        view,
        env=env,
        limits=limits,
        cash=view.cash,
        books={},
        frozen={},  # nothing new is risked here
        paused=None,  # asking would take as long as the order: an exit may try
        worth=worth,
    )
    changing = tuple(ticker for ticker in view.entries if view.later_terms(ticker))
    return Readiness(view, worth, state, changing)
