"""Three hundredths of $1,000 a market, by hand."""

from fakes.sizing import DEEP, a_capital, a_proposal, waiting

from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.portfolio.methods.fixed import Fixed

size = Fixed(0.03, "whole").size


def counts(proposals, books, **changes):
    return [str(intent.count) for intent in size(proposals, books, a_capital(**changes)).intents]


def test_a_share_of_the_bankroll_whatever_the_edge():
    # $30 at 0.457248 all in: 65.6; resting at 0.41 without a fee: 73.2
    assert counts([a_proposal()], {"T": DEEP}) == ["65.00"]
    assert counts([a_proposal(fair=0.90)], {"T": DEEP}) == ["65.00"]
    assert counts([waiting()], {}) == ["73.00"]


def test_what_is_at_risk_already_is_part_of_it():
    held = {"held": {"T": Contracts(3_000)}, "by_ticker": {"T": Money.parse("13.717440")}}
    assert counts([a_proposal()], {"T": DEEP}, **held) == ["35.00"]  # 16.28 / 0.457248
    full = {"held": {"T": Contracts(7_000)}, "by_ticker": {"T": Money.parse("32.000000")}}
    assert counts([a_proposal()], {"T": DEEP}, **full) == []


def test_no_more_than_a_probation_allows():
    assert counts([a_proposal()], {"T": DEEP}, probation_stake=0.0025) == ["5.00"]
