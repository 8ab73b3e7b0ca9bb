from dataclasses import replace

import pytest
from fakes.decisions import (
    NOW,
    PLAIN,
    a_forecast,
    a_market,
    a_quote,
    abstained,
    an_event,
    level,
    proposed,
)
from hypothesis import assume, given
from hypothesis import strategies as st

import kalshi_cli.strategies as package
from kalshi_cli.domain.fees import FREE, FeeTerms, LaterTerms
from kalshi_cli.domain.forecast import Advice
from kalshi_cli.domain.grid import DECI_CENT, LINEAR_CENT, TAPERED_DECI_CENT
from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.market import Quote
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.plugins import load
from kalshi_cli.portfolio.edge import net_edge
from kalshi_cli.strategies._base import Candidate, Strategy, View

SETTINGS = {
    "min_net_edge": 0.01,
    "min_confidence_to_trade": 0.5,
    "resting_minutes": 30,
    "of_no_interest": 1,
}
DIRECTIONAL = load(package, "directional_trading", Strategy, SETTINGS)


def a_candidate(fair=0.5, bid="0.4000", ask="0.4400", ticker="T", **changes):
    facts = {
        "event": an_event(),
        "market": a_market(ticker),
        "quote": a_quote(bid, ask, ticker),
        "fees": PLAIN,
        "forecast": a_forecast(fair, ticker=ticker, forecast_id=f"f{ticker}"),
        "held": Contracts(0),
        "is_working": False,
    }
    return Candidate(**{**facts, **changes})


def propose(*candidates):
    return proposed(DIRECTIONAL, View(NOW, candidates))


def test_takes_a_quote_that_pays_up_to_the_last_price_that_does():
    # at 0.44: 0.5 - 0.44 - 0.017248 = 0.0428; at 0.47 0.0126; at 0.48 0.0025
    (proposal,) = propose(a_candidate(0.5))
    assert (proposal.side, proposal.limit, proposal.resting) == (Side.BID, Price(4_700), False)
    assert (proposal.fair, proposal.forecast_id) == (0.5, "fT")
    assert (proposal.purpose, proposal.expires_us) == (Purpose.ENTRY, None)
    assert proposal.reason == "YES, taking the quote: fair 50c, net edge 4.28c a contract"


def test_sells_yes_where_no_is_cheap():
    # NO at 1 - 0.40: 0.70 - 0.60 - 0.0168 = 0.0832; the last cent at 1 - 0.33 = 0.67:
    # 0.70 - 0.67 - 0.07 * 0.33 * 0.67 = 0.0145; at 0.68: 0.0048
    (proposal,) = propose(a_candidate(0.30))
    assert (proposal.side, proposal.limit) == (Side.ASK, Price(3_300))
    assert proposal.reason == "NO, taking the quote: fair 70c, net edge 8.32c a contract"


@pytest.mark.parametrize(
    ("advice", "expected"),
    [
        (Advice(Side.BID), (Side.BID, 4_700, False)),
        (Advice(Side.BID, Price(4_500)), (Side.BID, 4_500, False)),
        (Advice(Side.BID, Price(4_400)), (Side.BID, 4_400, False)),
        (Advice(Side.BID, Price(4_399)), (Side.BID, 4_100, True)),  # no more taking: it waits
        (Advice(Side.BID, Price(4_050)), (Side.BID, 4_000, True)),
        (Advice(Side.BID, Price(3_999)), None),
        (Advice(Side.BID, Price(9_900)), (Side.BID, 4_700, False)),  # never beyond the edge
        (Advice(Side.ASK), None),  # a side that does not pay
        (Advice(None), None),
    ],
)
def test_a_trader_bounds_the_price_or_stands_aside(advice, expected):
    forecast = a_forecast(0.5, forecast_id="fT", advice=advice)
    made = [(p.side, p.limit.units, p.resting) for p in propose(a_candidate(forecast=forecast))]
    assert made == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("fair", "advice", "told"),
    [
        (0.5, Advice(None), "the Trader stands aside"),
        (0.5, Advice(Side.ASK), "the Trader would buy NO, the edge is on YES"),
        (0.3, Advice(Side.BID, Price(9_900)), "the Trader would buy YES, the edge is on NO"),
        (0.5, Advice(Side.BID, Price(3_999)), "the Trader pays 39.99c for YES at most, not 40c"),
        # NO waits at 1 - 0.44 beside the best; a limit of $0.45 for YES is 0.55 for NO
        (0.3, Advice(Side.ASK, Price(4_500)), "the Trader pays 55c for NO at most, not 56c"),
    ],
)
def test_what_a_trader_has_against_the_edge_is_said(fair, advice, told):
    forecast = a_forecast(fair, forecast_id="fT", advice=advice)
    why = abstained(DIRECTIONAL, View(NOW, (a_candidate(forecast=forecast),)))["T"]
    assert (why.code, why.detail) == ("TRADER", told)


def test_a_trader_bounds_the_other_side_in_mirror():
    """At $0.40 NO costs $0.60; a limit of $0.35 for YES lets NO cost $0.65 at most."""
    forecast = a_forecast(0.30, forecast_id="fT", advice=Advice(Side.ASK, Price(3_500)))
    (proposal,) = propose(a_candidate(forecast=forecast))
    assert (proposal.side, proposal.limit) == (Side.ASK, Price(3_500))


def test_waits_one_tick_inside_the_spread_where_taking_does_not_pay():
    # taking at 0.44: 0.44 - 0.44 - fee < 0; waiting at 0.41: 0.03
    (proposal,) = propose(a_candidate(0.44))
    assert (proposal.side, proposal.limit, proposal.resting) == (Side.BID, Price(4_100), True)
    assert proposal.expires_us == NOW + 30 * MINUTE


@pytest.mark.parametrize(
    ("left", "wait"),
    [(24 * HOUR, 30 * MINUTE), (8 * HOUR, 10 * MINUTE), (48 * MINUTE, MINUTE), (47 * MINUTE, None)],
)
def test_waits_a_48th_of_the_time_left_at_most(left, wait):
    found = propose(a_candidate(0.44, market=a_market(close_us=NOW + left)))
    assert [p.expires_us for p in found] == ([] if wait is None else [NOW + wait])


@pytest.mark.parametrize(
    ("left_us", "limit", "edge"),
    [(30 * MINUTE + 1, 4_100, "1.4c"), (30 * MINUTE, 4_000, "1.98c")],
)
def test_what_waits_pays_by_the_dearest_fees_while_it_waits(left_us, limit, edge):
    """42.4 less 41 and 0.0175 x 0.41 x 0.59 = 0.42 cents are 0.98; less 40 and 0.42 are 1.98."""
    later = (LaterTerms(NOW + left_us, FeeTerms("quadratic_with_maker_fees")),)
    only_yes = a_forecast(0.424, forecast_id="fT", advice=Advice(Side.BID))
    (proposal,) = propose(a_candidate(forecast=only_yes, fees=FREE, later_fees=later))
    assert (proposal.limit, proposal.resting) == (Price(limit), True)
    told = f"fair 42.4c, net edge {edge} a contract"
    assert proposal.reason == f"YES, waiting inside the spread: {told}"


def test_what_takes_pays_by_the_fees_of_now():
    later = (LaterTerms(NOW + 1, PLAIN),)
    (proposal,) = propose(a_candidate(0.455, fees=FREE, later_fees=later))
    assert (proposal.side, proposal.limit, proposal.resting) == (Side.BID, Price(4_400), False)


def test_joins_the_best_bid_where_the_spread_is_one_tick():
    (proposal,) = propose(a_candidate(0.42, ask="0.4100"))
    assert (proposal.limit, proposal.resting) == (Price(4_000), True)


def test_joins_the_best_bid_where_a_tick_more_loses_the_edge():
    # fair 0.415: 0.005 at 0.41, 0.015 at 0.40; the ask side has 0.005 at 0.42
    (proposal,) = propose(a_candidate(0.415, ask="0.4200"))
    assert (proposal.side, proposal.limit) == (Side.BID, Price(4_000))


@pytest.mark.parametrize("fair", [0.42, 0.411])
def test_what_is_held_is_not_added_to_for_the_spread_alone(fair):
    # at 0.42 both sides pay 0.01 and more; at 0.411 YES pays 0.011 at 0.40, NO 0.019 at 0.43
    assert propose(a_candidate(fair, held=Contracts(100))) == ()
    assert propose(a_candidate(1 - fair, "0.5600", "0.6000", held=Contracts(-100))) == ()


def test_makers_fees_count():
    # waiting at 0.49 for 0.503: 0.013 without a fee, 0.0086 after 0.0175 * 0.49 * 0.51
    wide = {"bid": "0.4800", "ask": "0.5000", "held": Contracts(100)}
    assert propose(a_candidate(0.503, **wide))[0].limit == Price(4_900)
    maker = FeeTerms("quadratic_with_maker_fees")
    assert propose(a_candidate(0.503, **wide, fees=maker))[0].limit == Price(4_800)


@pytest.mark.parametrize(
    "changes",
    [
        {"forecast": None},
        {"forecast": replace(a_forecast(), blended=None)},
        {"forecast": a_forecast(low=0.2, high=0.701)},
        {"is_working": True},
        {"market": a_market(grid=None)},
        {"market": a_market(close_us=NOW)},
        {"quote": a_quote(None, "0.4400")},
        {"quote": a_quote("0.4000", None)},
        {"quote": a_quote(None, None)},
        {"quote": a_quote("0.3000", "0.4100")},
        {"held": Contracts(-100)},
        {"fair": 0.42},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_abstains_without_a_forecast_a_market_or_a_view(changes):
    assert propose(a_candidate(**changes)) == ()


def test_agreeing_with_the_market_is_no_view_however_wide_the_spread():
    forecast = a_forecast(0.45, weight=0.1)
    assert propose(a_candidate(bid="0.4000", ask="0.5000", forecast=forecast)) == ()


def test_what_the_market_learned_since_counts():
    """Made at 0.42 with a say of 0.1; at 0.60 the market has gone past what it hoped for."""
    old = a_forecast(0.8, market=0.42, blended=0.463, weight=0.1)
    (proposal,) = propose(a_candidate(bid="0.5900", ask="0.6100", forecast=old))
    # logit 0.6 + 0.1 * (logit 0.8 - logit 0.6) = 0.4055 + 0.0981 = 0.5035 -> 0.6233
    assert proposal.fair == pytest.approx(0.6233, abs=5e-5)
    assert proposal.side is Side.BID


def test_every_leg_of_an_event_that_pays_is_proposed_whatever_is_held():
    """What they are worth beside each other is for sizing to say."""
    one = an_event(mutually_exclusive=True)
    legs = [
        a_candidate(0.48, ticker="A", event=one, held=Contracts(500)),
        a_candidate(0.52, ticker="B", event=one),
        a_candidate(0.30, ticker="C", event=one),
        a_candidate(0.42, ticker="D", event=one),
    ]
    sides = {p.ticker: p.side for p in propose(*legs)}
    assert sides == {"A": Side.BID, "B": Side.BID, "C": Side.ASK}


GRIDS = st.sampled_from([LINEAR_CENT, DECI_CENT, TAPERED_DECI_CENT])


def _mirrored(candidate):
    quote, forecast = candidate.quote, candidate.forecast
    turned = Quote(
        "T", level(str(quote.ask.price.complement)), level(str(quote.bid.price.complement)),
        None, quote.volume, quote.volume_24h, quote.open_interest, NOW,
    )  # fmt: skip
    other = a_forecast(1.0 - forecast.probability, weight=forecast.weight, forecast_id="fT")
    return replace(candidate, quote=turned, forecast=other, held=-candidate.held)


@given(
    GRIDS,
    st.integers(100, 9_800),
    st.integers(1, 1_000),
    st.floats(0.05, 0.95),
    st.sampled_from([PLAIN, FREE, FeeTerms("quadratic_with_maker_fees")]),
    st.sampled_from([0.1, 1.0]),
)
def test_no_mirrors_yes_and_every_price_keeps_the_edge(grid, low, width, fair, fees, weight):
    bid, ask = grid.ceil(Price(low)), grid.floor(Price(min(low + width, 9_950)))
    assume(bid is not None and ask is not None and bid < ask)
    candidate = a_candidate(
        quote=a_quote(str(bid), str(ask)),
        market=a_market(grid=grid),
        fees=fees,
        forecast=a_forecast(fair, weight=weight, forecast_id="fT"),
    )
    found, mirror = propose(candidate), propose(_mirrored(candidate))
    assert [(p.side, p.limit, p.resting) for p in found] == [
        (p.side.opposite, p.limit.complement, p.resting) for p in mirror
    ]
    for proposal in found:
        edge = net_edge(
            proposal.side,
            fair=proposal.fair,
            price=proposal.limit,
            terms=fees,
            is_taker=not proposal.resting,
        )
        assert edge >= 0.01 - 1e-9
        assert grid.contains(proposal.limit)
        crosses = proposal.limit >= ask if proposal.side is Side.BID else proposal.limit <= bid
        assert crosses is not proposal.resting
        assert found == propose(candidate)
