"""What every strategy keeps, and what none may say. A new file in the package is held to it too."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

import kalshi_cli.strategies as package
from kalshi_cli.bootstrap.strategies import strategy
from kalshi_cli.domain.levels import Levels
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.plugins import names
from kalshi_cli.settings.sections import Settings
from kalshi_cli.strategies._base import Abstention, Strategy
from kalshi_cli.strategies._contract import breaches, example_view
from kalshi_cli.strategies._judging import nonsense

VIEW = example_view()
GOOD = Proposal(
    ticker="KXSHOW-0",
    side=Side.BID,
    limit=Price.parse("0.4400"),
    fair=0.6,
    purpose=Purpose.ENTRY,
    max_contracts=None,
    reason="because",
)
SILENT = Abstention("KXSHOW-1", "DEAR", "it costs too much", "0.03", "0.02")


@pytest.mark.parametrize("name", names(package))
def test_a_strategy_keeps_what_every_strategy_must(name, tmp_path):
    assert breaches(strategy(name, Settings(home=tmp_path))) == ()


@pytest.mark.parametrize("name", names(package))
def test_a_strategy_of_ours_says_of_each_market_what_it_proposes_or_why_not(name, tmp_path):
    said = strategy(name, Settings(home=tmp_path)).propose(VIEW)
    assert {each.ticker for each in said} == {c.market.ticker for c in VIEW.candidates}
    assert all(bool(e.value) is bool(e.limit) for e in said if isinstance(e, Abstention))


def test_what_makes_sense_passes():
    quotes = tuple(
        replace(GOOD, side=side, purpose=Purpose.QUOTE, resting=True, expires_us=VIEW.now_us + 1)
        for side in Side
    )
    for proposed in (
        (),
        (GOOD,),
        (GOOD, SILENT),
        (replace(GOOD, max_contracts=Contracts.parse("5.00")),),
        quotes,
    ):
        assert nonsense(proposed, VIEW) is None


@pytest.mark.parametrize(
    ("proposed", "told"),
    [
        (None, "NoneType where a tuple"),
        ([GOOD], "list where a tuple"),
        ((replace(SILENT, ticker="KXELSE"),), "no market that it was shown"),
        ((replace(SILENT, code="too dear"),), "its code 'too dear' is none"),
        ((replace(SILENT, code="EVERY"),), "its code 'EVERY' is none"),
        ((replace(SILENT, code=7),), "its code 7 is none"),
        ((replace(SILENT, value=0.44),), "what it says of DEAR is no text"),
        ((SILENT, SILENT), "said twice why"),
        ((SILENT, replace(GOOD, ticker=SILENT.ticker)), "and proposes something"),
        (({"ticker": "KXSHOW-0"},), "dict where a Proposal"),
        ((replace(GOOD, ticker="KXELSE"),), "no market that it was shown"),
        ((replace(GOOD, side="yes"),), "is no Side"),
        ((replace(GOOD, purpose=Purpose.EXIT),), "no purpose of a strategy"),
        ((replace(GOOD, limit=0.44),), "is no Price"),
        ((replace(GOOD, limit=Price(0)),), "is no Price between $0 and $1"),
        ((replace(GOOD, limit=Price(10_000), side=Side.ASK),), "is no Price between $0 and $1"),
        ((replace(GOOD, fair=float("nan")),), "is no probability"),
        ((replace(GOOD, fair=1.0),), "is no probability"),
        ((replace(GOOD, fair=60),), "is no probability"),
        ((replace(GOOD, max_contracts=5),), "is no number of contracts"),
        ((replace(GOOD, max_contracts=Contracts(0)),), "is no number of contracts"),
        ((replace(GOOD, resting=True),), "not until when"),
        ((replace(GOOD, resting=True, expires_us="soon"),), "is no instant"),
        ((replace(GOOD, expires_us=1.5),), "is no instant"),
        ((replace(GOOD, closes=5),), "is no number of contracts"),
        ((replace(GOOD, closes=Contracts(-100)),), "is no number of contracts"),
        ((replace(GOOD, reason=None),), "is no text"),
        ((replace(GOOD, forecast_id=7),), "is no text"),
        ((replace(GOOD, fair_error=-0.1),), "is no deviation"),
        ((replace(GOOD, levels=0.3),), "lead nowhere"),
        ((replace(GOOD, levels=Levels(stop=0.3)),), "lead nowhere"),
        ((replace(GOOD, levels=Levels(stop=Price(5_000), target=Price(4_000))),), "lead nowhere"),
        ((replace(GOOD, levels=Levels(before_close_us=-1)),), "lead nowhere"),
        ((GOOD, replace(GOOD, side=Side.ASK)), "proposed twice"),
        ((replace(GOOD, purpose=Purpose.QUOTE),) * 2, "proposed twice"),
    ],
)
def test_nonsense_is_told_as_what_it_is(proposed, told):
    assert told in nonsense(proposed, VIEW)


HELD = replace(VIEW.candidates[0], held=Contracts.parse("5.00"))
DROPPED = replace(VIEW, candidates=VIEW.candidates[1:], dropped=(HELD,))
AWAY = replace(
    GOOD,
    side=Side.ASK,
    purpose=Purpose.QUOTE,
    max_contracts=Contracts.parse("5.00"),
    resting=True,
    expires_us=VIEW.now_us + 1,
)


@pytest.mark.parametrize(
    ("proposal", "makes_sense"),
    [
        (AWAY, True),
        (replace(AWAY, side=Side.BID), False),
        (replace(AWAY, purpose=Purpose.ENTRY), False),
        (replace(AWAY, max_contracts=Contracts.parse("5.01")), False),
        (replace(AWAY, max_contracts=None), False),
    ],
)
def test_in_a_dropped_market_it_makes_sense_to_quote_away_what_is_held(proposal, makes_sense):
    assert proposal.ticker == HELD.market.ticker
    told = nonsense((proposal,), DROPPED)
    assert (told is None) is makes_sense
    assert told is None or "a filter drops it" in told


@dataclass
class Forgetful(Strategy):
    """Proposes at its first look alone."""

    looked: bool = False
    name: ClassVar[str] = "forgetful"

    def propose(self, view):
        proposed = () if self.looked else (GOOD,)
        self.looked = True
        return proposed


class FirstComer(Forgetful):
    """Takes whatever market comes first."""

    def propose(self, view):
        first = view.candidates[:1]
        return tuple(replace(GOOD, ticker=each.market.ticker) for each in first)


class Stubborn(Forgetful):
    def propose(self, view):
        return (GOOD,)


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        (Forgetful(), "keeps nothing in mind"),
        (FirstComer(), "the order of the markets"),
        (Stubborn(), "proposes where there is nothing"),
    ],
)
def test_a_breach_is_told(strategy, told):
    assert told in "; ".join(breaches(strategy))
