"""Proposals and the means of one strategy: a bankroll of $1,000, three quarters of Kelly."""

from fakes.decisions import NOW, STRATEGY, a_book, a_forecast, the_limits

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.money import Money, Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.portfolio.capital import Capital, Footing

PLAIN = FeeTerms("quadratic")
MAKER = FeeTerms("quadratic_with_maker_fees")
DEEP = a_book(count="5000.00")
WIDE = the_limits(
    max_single_position=None,
    max_market_exposure=None,
    max_event_exposure=None,
    max_cluster_exposure=None,
    max_category_exposure=None,
    strategy_allocation=None,
    max_account_exposure=None,
)


def a_proposal(side=Side.BID, limit="0.4400", fair=0.5, **changes):
    facts = {
        "ticker": "T",
        "purpose": Purpose.ENTRY,
        "max_contracts": None,
        "reason": "test",
        "forecast_id": "f1",
    }
    return Proposal(side=side, limit=Price.parse(limit), fair=fair, **{**facts, **changes})


def waiting(limit="0.4100", **changes):
    return a_proposal(limit=limit, resting=True, expires_us=NOW + 30 * MINUTE, **changes)


def a_footing(event="E", **changes):
    facts = {
        "category": "Weather",
        "clusters": frozenset({"SERIES"}),
        "fees": PLAIN,
        "forecast": a_forecast(),
    }
    return Footing(event, **{**facts, **changes})


def a_capital(footings=None, limits=None, **changes):
    facts = {
        "strategy": STRATEGY,
        "bankroll": Money.parse("1000.000000"),
        "cash": Money.parse("1000.000000"),
        "kelly_fraction": 0.75,
        "probation_stake": None,
        "by_ticker": {},
        "by_cluster": {},
        "by_category": {},
        "by_strategy": Money(0),
    }
    footings = {"T": a_footing()} if footings is None else footings
    return Capital(footings=footings, limits=limits or the_limits(), **{**facts, **changes})
