"""A thousand candidates through propose, size and the controls, with two hundred positions held;
and the joint stakes of one large event. Pure work, no input or output, in CPU seconds.
"""

import time
from dataclasses import replace
from pathlib import Path

from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FREE
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Money, Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.risk._gate import first_denial
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.means import means
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
    a_position,
    a_quote,
    an_event,
    proposed,
    the_facts,
    the_state,
)

CANDIDATES = 1_000
HELD = 200
OUTCOMES = 30
RICH = Money.parse("10000000.000000")


def measure(_home: Path) -> list[Measured]:
    """What deciding costs where every candidate proposes, and the stakes of one event."""
    desk, event = _Desk(), _Event()
    took = best({"decide": desk.decide, "stake": event.stake}, 5, time.process_time)
    what = f"{CANDIDATES:,} candidates, {HELD} held: propose, size, controls, CPU"
    joint = f"joint Kelly of an event of {OUTCOMES} outcomes ({event.staked} staked), CPU"
    return [
        Measured(what, took["decide"], most_s=1.0),
        Measured(joint, took["stake"], most_s=0.010),
    ]


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
        held = [(f"HELD-{n // 2}", f"HELD-{n // 2}-{n % 2}") for n in range(HELD)]
        self.state = the_state(
            limits=limits,
            facts={
                ticker: the_facts(ticker, an_event(event), forecast=forecasts.get(ticker))
                for event, ticker in (*pairs, *held)
            },
            positions=tuple(a_position("40.00", "0.4000", ticker) for _, ticker in held),
            events={ticker: event for event, ticker in (*pairs, *held)},
            categories={ticker: event for event, ticker in (*pairs, *held)},
            clusters={
                ticker: frozenset({event, f"day {number % 7}"})
                for number, (event, ticker) in enumerate((*pairs, *held))
            },
            equity=RICH,
            bankroll=RICH,
            cash=RICH,
            day_start_equity=RICH,
            peak_equity=RICH,
        )
        self.passed = 0

    def decide(self) -> None:
        proposals = proposed(self.policy.strategies[0], self.view)
        capital = means(
            self.state,
            strategy=STRATEGY,
            kelly_fraction=self.policy.kelly_fraction,
            probation_stake=None,
        )
        sizing = self.policy.sizing.size(proposals, self.books, capital)
        denials = [
            first_denial(self.policy.controls, intent, self.state, NOW) for intent in sizing.intents
        ]
        self.passed = denials.count(None)


class _Event:
    """One event of many outcomes, each worth a little more than its price, in three steps."""

    def __init__(self) -> None:
        self.policy = policies(Env.SIM, Settings(), "baseline").trading
        tickers = [f"T{number}" for number in range(OUTCOMES)]
        fairs = [(number + 1) / sum(range(1, OUTCOMES + 2)) for number in range(OUTCOMES)]
        self.books = {t: _thin(t, fair) for t, fair in zip(tickers, fairs, strict=True)}
        self.proposals = [
            Proposal(
                t,
                Side.BID,
                self.books[t].asks[-1].price,
                fair,
                Purpose.ENTRY,
                None,
                "",
                forecast_id="f1",
            )
            for t, fair in zip(tickers, fairs, strict=True)
        ]
        event = an_event(mutually_exclusive=True)
        state = the_state(
            limits=replace(self.policy.limits, min_net_edge=0.0001, strategy_allocation=0.40),
            facts={
                t: the_facts(t, event, forecast=a_forecast(ticker=t), fees=FREE) for t in tickers
            },
            events=dict.fromkeys(tickers, "E"),
            categories=dict.fromkeys(tickers, "Weather"),
            clusters=dict.fromkeys(tickers, frozenset({"SERIES", "day"})),
            exclusive_events=frozenset({"E"}),
        )
        self.capital = means(
            state,
            strategy=STRATEGY,
            kelly_fraction=self.policy.kelly_fraction,
            probation_stake=None,
        )
        self.staked = 0

    def stake(self) -> None:
        sizing = self.policy.sizing.size(self.proposals, self.books, self.capital)
        self.staked = len(sizing.intents)


def _thin(ticker: str, fair: float) -> OrderBook:
    prices = [Price(max(1, round(10_000 * fair * part))) for part in (0.85, 0.90, 0.95)]
    levels = [Level(price, Contracts.parse("40.00")) for price in sorted(set(prices))]
    return OrderBook(ticker, (), tuple(levels), NOW)
