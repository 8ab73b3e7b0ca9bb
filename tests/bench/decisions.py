"""A thousand candidates through propose, size and the controls: pure work, no input or output."""

from dataclasses import replace
from pathlib import Path

from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.money import NO_CONTRACTS, Money
from kalshi_cli.portfolio.capital import Capital, Footing
from kalshi_cli.portfolio.stake import size
from kalshi_cli.risk._gate import first_denial
from kalshi_cli.settings.sections import Settings
from kalshi_cli.strategies._base import Candidate, View
from tests.bench.catalog import names
from tests.bench.measure import Measured, best
from tests.fakes.decisions import (
    NOW,
    PLAIN,
    STRATEGY,
    a_book,
    a_forecast,
    a_market,
    a_quote,
    an_event,
    the_facts,
    the_state,
)

CANDIDATES = 1_000
RICH = Money.parse("10000000.000000")


def measure(_home: Path) -> list[Measured]:
    """One row: what deciding costs where every candidate proposes."""
    desk = _Desk()
    took = best({"decide": desk.decide}, 5)["decide"]
    what = f"{CANDIDATES:,} candidates: propose, size, controls ({desk.passed:,} pass)"
    return [Measured(what, took, most_s=1.0)]


class _Desk:
    """Everything a decision needs, made beforehand."""

    def __init__(self) -> None:
        self.policy = policies(Env.SIM, Settings(), "baseline").trading
        pairs = names(CANDIDATES)
        forecasts = {t: a_forecast(ticker=t, event_ticker=e) for e, t in pairs}
        self.books = {ticker: a_book(ticker=ticker) for _, ticker in pairs}
        self.view = View(
            NOW,
            tuple(
                Candidate(
                    event=an_event(event),
                    market=a_market(ticker, event_ticker=event),
                    quote=a_quote(ticker=ticker),
                    fees=PLAIN,
                    forecast=forecasts[ticker],
                    held=NO_CONTRACTS,
                    is_working=False,
                )
                for event, ticker in pairs
            ),
        )
        limits = replace(self.policy.limits, max_positions=None, max_trades_per_hour=None)
        clusters = {ticker: frozenset({event}) for event, ticker in pairs}
        self.state = the_state(
            limits=limits,
            facts={
                ticker: the_facts(ticker, an_event(event), forecast=forecasts[ticker])
                for event, ticker in pairs
            },
            events={ticker: event for event, ticker in pairs},
            categories={ticker: event for event, ticker in pairs},
            clusters=clusters,
            equity=RICH,
            bankroll=RICH,
            cash=RICH,
            day_start_equity=RICH,
            peak_equity=RICH,
        )
        self.capital = Capital(
            strategy=STRATEGY,
            bankroll=RICH,
            cash=RICH,
            limits=limits,
            kelly_fraction=self.policy.kelly_fraction,
            probation_stake=None,
            footings={t: Footing(e, e, clusters[t], PLAIN, forecasts[t]) for e, t in pairs},
            by_ticker={},
            by_event={},
            by_cluster={},
            by_category={},
            by_strategy=Money(0),
        )
        self.passed = 0

    def decide(self) -> None:
        proposals = self.policy.strategies[0].propose(self.view)
        sizing = size(proposals, self.books, self.capital)
        denials = [
            first_denial(self.policy.controls, intent, self.state, NOW) for intent in sizing.intents
        ]
        self.passed = denials.count(None)
