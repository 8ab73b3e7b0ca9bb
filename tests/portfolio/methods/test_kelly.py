"""Stakes by hand on a bankroll of $1,000, three quarters of Kelly, at most 5 % a position."""

import math
from dataclasses import replace

import pytest
from fakes.decisions import NOW, STRATEGY, a_book, a_forecast, level
from fakes.sizing import DEEP, MAKER, WIDE, a_capital, a_footing, a_proposal, waiting
from hypothesis import assume, given
from hypothesis import strategies as st

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.forecasting.blend import blend
from kalshi_cli.forecasting.logit import expit, logit
from kalshi_cli.portfolio.exposure import Claim
from kalshi_cli.portfolio.leg import fair_error
from kalshi_cli.portfolio.methods.kelly import Kelly, doubt
from kalshi_cli.portfolio.states import Rung

size = Kelly("whole").size


def count(proposal=None, book=DEEP, **changes):
    books = {} if book is None else {"T": book}
    sizing = size([proposal or a_proposal()], books, a_capital(**changes))
    return int(sizing.intents[0].count.decimal) if sizing.intents else sizing.unsized[0].reason


def doubtful(weight, error):
    return {"T": a_footing(forecast=a_forecast(weight=weight, logit_error=error))}


def test_five_percent_of_the_bankroll_at_most():
    # all in 0.44 + 0.07 * 0.44 * 0.56 = 0.457248; Kelly 0.0788 * 0.75 = 0.0591, capped at 0.05
    # hundredths may be charged 0.0044 and 0.0002 for 0.0001725: 108 cost 49.68 at most, 109 50.14
    assert count() == 108


def test_doubt_shrinks_the_stake():
    # sigma = 0.1 * 1.0 * 0.25 = 0.025, e = 0.042752, k* = 0.7452
    # 0.75 * 0.7452 * 0.078769 = 0.04402 of $1,000: 96 cost 43.8959, 97 cost 44.3532
    assert count(footings=doubtful(0.1, 1.0)) == 96


def test_a_fitted_slope_is_staked_with_its_own_doubt_although_the_forecast_has_no_say():
    # beside 0.20, log-odds 1.3863: sigma = 0.08 * 1.3863 * 0.25 = 0.02773, k* = 0.7039
    # 0.75 * 0.7039 * 0.078769 = 0.04158 of $1,000: 90 cost 41.1523, 91 cost 41.6096
    forecast = a_forecast(weight=0.0, logit_error=1.0, slope=0.9, slope_error=0.08)
    assert count(footings={"T": a_footing(forecast=forecast, market=0.20)}) == 90
    assert count(footings={"T": a_footing(forecast=forecast, market=0.50)}) == 108  # no lever


def test_probation_caps_it():
    # 0.25 % is $2.50: 5 cost 2.2863, 6 cost 2.7435
    assert count(probation_stake=0.0025) == 5


def test_a_taker_stops_where_the_next_price_does_not_pay():
    book = OrderBook("T", (level("0.4000"),), (level("0.4400", "10"), level("0.4500", "1000")), NOW)
    # 0.45 + 0.07 * 0.45 * 0.55 = 0.467325 a contract after the first ten: with W = $375,
    # (1 - c) (W - C) = c (W - C + n), C = 4.57248 + c (n - 10): n = 49.24
    assert count(a_proposal(limit="0.4500"), book, kelly_fraction=0.375) == 49
    # at 0.48 a contract costs 0.497472: an edge below a cent
    thin = OrderBook("T", (level("0.4000"),), (level("0.4400", "10"), level("0.4800", "9")), NOW)
    assert count(a_proposal(limit="0.4800"), thin) == 10


def test_what_waits_pays_its_limit_and_the_makers_fee():
    # 0.41 without a fee: $50 / 0.41 = 121.95
    assert count(waiting(), book=None) == 121
    # 0.41 + 0.0175 * 0.41 * 0.59 = 0.414233, of a hundredth 0.0041 and 0.0001: $50 / 0.42 = 119.05
    assert count(waiting(), book=None, footings={"T": a_footing(fees=MAKER)}) == 119


@pytest.mark.parametrize(
    ("changes", "contracts"),
    [
        ({"by_ticker": {"T": Money.parse("45.600000")}}, 9),  # $4.40 / 0.457248 = 9.6
        (
            {"claims": {"E": (Claim("X", Money(0), Money.parse("95.600000")),)}},
            10,
        ),  # $4.40 of risk at 0.44
        ({"by_cluster": {"SERIES": Money.parse("145.600000")}}, 10),
        ({"by_category": {"Weather": Money.parse("295.600000")}}, 10),
        ({"by_strategy": Money.parse("395.600000")}, 10),
        ({"cash": Money.parse("14.600000")}, 10),  # the reserve is $10, ten cost 4.60 at most
        ({"cash": Money.parse("14.599999")}, 9),
    ],
)
def test_every_room_binds(changes, contracts):
    assert count(**changes) == contracts


def test_cash_is_held_to_the_limit_not_to_the_hope_of_a_better_price():
    # ten at a limit of 0.47 may take 4.70 and 0.0002 for each 0.07 * 0.01 * 0.47 * 0.53 = 0.000174
    wide = a_proposal(limit="0.4700")
    assert count(wide, cash=Money.parse("14.900000")) == 10
    assert count(wide, cash=Money.parse("14.899999")) == 9


@pytest.mark.parametrize(
    ("proposal", "book", "changes", "reason"),
    [
        (a_proposal(ticker="U"), DEEP, {}, "NO_MARKET"),
        (a_proposal(purpose=Purpose.EXIT), DEEP, {}, "NOT_AN_ENTRY"),
        (None, DEEP, {"footings": {"T": a_footing(forecast=None)}}, "NO_FORECAST"),
        (None, DEEP, {"footings": {"T": a_footing(fees=FeeTerms("flat"))}}, "UNKNOWN_FEES"),
        (None, None, {}, "NO_BOOK"),
        (None, a_book(asks=()), {}, "NO_DEPTH"),
        (None, a_book(asks=("0.4500",)), {}, "NO_DEPTH"),
        (None, a_book(count="0.99"), {}, "NO_DEPTH"),
        (None, DEEP, {"by_ticker": {"T": Money.parse("50.000000")}}, "NO_ROOM"),
        (None, DEEP, {"by_ticker": {"T": Money.parse("60.000000")}}, "NO_ROOM"),
        (None, DEEP, {"cash": Money(0)}, "NO_ROOM"),
        (a_proposal(fair=0.46), DEEP, {}, "NO_STAKE"),
        (a_proposal(fair=0.30), DEEP, {}, "NO_STAKE"),
        (a_proposal(max_contracts=Contracts(99)), DEEP, {}, "NO_STAKE"),
    ],
)
def test_nothing_is_listed_with_its_reason(proposal, book, changes, reason):
    assert count(proposal, book, **changes) == reason


NO_AT_44 = a_proposal(side=Side.ASK, limit="0.5600", fair=0.50)
DEEP_BIDS = a_book(("0.5600",), (), count="5000.00")
COSTS = "a contract costs 45.72c all in and"
"""44 cents, and 0.07 x 44 x 56 = 1.7248 of a cent."""


@pytest.mark.parametrize(
    ("proposal", "book", "told"),
    [
        (None, a_book(count="0.99"), "the book offers 0.99 contracts up to 44c"),
        (NO_AT_44, a_book(("0.5500",), ()), "the book offers 0 contracts up to 44c"),
        (a_proposal(fair=0.46), DEEP, f"{COSTS} is worth 46c; an edge of 1c is asked"),
        (replace(NO_AT_44, fair=0.54), DEEP_BIDS, f"{COSTS} is worth 46c; an edge of 1c is asked"),
        (
            a_proposal(max_contracts=Contracts(99)),
            DEEP,
            f"{COSTS} is worth 50c: a stake of 0.99 contracts",
        ),
    ],
)
def test_why_nothing_is_staked_is_told_in_cents_of_what_would_be_bought(proposal, book, told):
    sizing = size([proposal or a_proposal()], {"T": book}, a_capital())
    assert [each.detail for each in sizing.unsized] == [told]


def test_max_contracts_bind():
    assert count(a_proposal(max_contracts=Contracts(750))) == 7


def test_intents_carry_all_that_execution_needs():
    capital = a_capital(footings={"T": a_footing(exchange_index=2)})
    taking = size([a_proposal()], {"T": DEEP}, capital).intents[0]
    assert (taking.strategy, taking.event_ticker, taking.exchange_index) == (STRATEGY, "E", 2)
    assert (taking.time_in_force, taking.post_only) == (TimeInForce.IOC, False)
    assert (taking.fair, taking.forecast_id, taking.expires_us) == (0.5, "f1", None)
    resting = size([waiting()], {}, capital).intents[0]
    assert (resting.time_in_force, resting.post_only) == (TimeInForce.GTC, True)
    assert resting.expires_us == NOW + 30 * MINUTE


def test_each_leaves_less_room_for_the_next_the_best_ratio_of_edge_to_risk_first():
    footings = {t: a_footing(e) for t, e in (("A", "E2"), ("B", "E1"), ("C", "E1"), ("D", "E1"))}
    fair = {"A": 0.60, "B": 0.60, "C": 0.61, "D": 0.60}
    proposals = [replace(waiting(limit="0.5000", fair=fair[t]), ticker=t) for t in "DCBA"]
    sizing = size(proposals, {}, a_capital(footings=footings))
    # $50 each: C is best, then by ticker; E1 takes $100 and the cluster $150, so D finds nothing
    assert [(i.ticker, i.count) for i in sizing.intents] == [
        ("C", Contracts(10_000)), ("A", Contracts(10_000)), ("B", Contracts(10_000)),
    ]  # fmt: skip
    assert [(u.proposal.ticker, u.reason) for u in sizing.unsized] == [("D", "NO_ROOM")]
    told = "the event's limit leaves $0.00, after $100.00 for others proposed in this pass"
    assert sizing.unsized[0].detail == told
    assert sizing == size(proposals[::-1], {}, a_capital(footings=footings))


def test_what_is_held_counts_toward_the_stake():
    """Of 96 contracts that doubt leaves (see above) 40 are held: 56 are missing."""
    held = {"held": {"T": Contracts(4_000)}, "by_ticker": {"T": Money.parse("18.289920")}}
    assert count(footings=doubtful(0.1, 1.0), **held) in {55, 56}
    enough = {"held": {"T": Contracts(9_700)}, "by_ticker": {"T": Money.parse("44.353056")}}
    assert count(footings=doubtful(0.1, 1.0), **enough) == "NO_STAKE"


EXCLUSIVE = {t: a_footing(exclusive=True, clusters=frozenset()) for t in "ABC"}


def test_legs_of_one_event_are_staked_together():
    """Three legs at 0.30 without a fee, at 0.40, 0.36 and 0.10: water-filling says how much.

    Filled in the order of 0.40 / 0.30 and 0.36 / 0.30: the rest is (1 - 0.76) / (1 - 0.60) = 0.60,
    so A gets 0.40 - 0.18 = 0.22 of half the bankroll, $110 or 366 contracts, and B 0.18: 300.
    """
    fair = {"A": 0.40, "B": 0.36, "C": 0.10}
    wanted = [waiting(limit="0.3000", fair=fair[t], ticker=t) for t in "ABC"]
    sizing = size(wanted, {}, a_capital(EXCLUSIVE, WIDE, kelly_fraction=0.5))
    assert {i.ticker: str(i.count) for i in sizing.intents} == {"A": "366.00", "B": "300.00"}
    assert [(u.proposal.ticker, u.reason) for u in sizing.unsized] == [("C", "NO_STAKE")]


@pytest.mark.parametrize(
    ("side", "limit", "fair", "dollars"),
    [(Side.ASK, "0.5000", 0.20, 150.0), (Side.BID, "0.1000", 0.30, 100.0)],
)
def test_an_event_is_held_to_its_worst_state(side, limit, fair, dollars):
    """NO legs lose one at a time: 5 % each is 5 % for all. YES legs may all lose: 10 %."""
    wanted = [waiting(limit, side=side, fair=fair, ticker=t) for t in "ABC"]
    intents = size(wanted, {}, a_capital(EXCLUSIVE)).intents
    price = 1 - float(limit) if side is Side.ASK else float(limit)
    staked = sum(float(intent.count) * price for intent in intents)
    assert dollars - 3 * price <= staked <= dollars


def test_a_yes_leg_held_is_weighed_against_the_next():
    """A is held; B pays where A does not, so more of B is bought than without A, and C's price
    must be known to know anything."""
    footings = {**EXCLUSIVE, "A": a_footing(exclusive=True, clusters=frozenset(), fair=0.40)}
    wanted = [waiting(limit="0.3000", fair=0.36, ticker="B")]

    def counted(**changes):
        sizing = size(wanted, {}, a_capital(footings, WIDE, kelly_fraction=0.5, **changes))
        return [str(i.count) for i in sizing.intents] or [u.reason for u in sizing.unsized]

    # alone: 0.06 / 0.70 of $500 at 0.30
    assert counted() == ["142.00"]
    assert int(float(counted(held={"A": Contracts(20_000)})[0])) > 142
    assert counted(held={"C": Contracts(100)}) == ["UNPRICED_HOLDING"]


def test_a_ladder_is_staked_together():
    """Above 80 at 0.5 for 0.45, above 82 at 0.3 for 0.25: intervals of 0.5, 0.2 and 0.3.

    Wealth W, W - a, ... by hand: with stakes x and y (contracts) the optimum has
    0.5 / (1 - c) = 0.5 rate / 0.45 ... solved by halving on each in turn.
    """
    rungs = {
        "A": a_footing(clusters=frozenset(), ladder=("up", Rung(80, 1))),
        "B": a_footing(clusters=frozenset(), ladder=("up", Rung(82, 1))),
    }
    wanted = [
        waiting(limit="0.4500", fair=0.50, ticker="A"),
        waiting(limit="0.2500", fair=0.30, ticker="B"),
    ]
    intents = size(wanted, {}, a_capital(rungs, WIDE, kelly_fraction=1.0)).intents
    first, second = (float(i.count) for i in sorted(intents, key=lambda i: i.ticker))
    paid = 0.45 * first + 0.25 * second
    low, middle, high = 1_000 - paid, 1_000 - paid + first, 1_000 - paid + first + second
    whole = 0.5 / low + 0.2 / middle + 0.3 / high
    # both conditions of the optimum, to what a contract more or less changes them by
    assert 0.2 / middle + 0.3 / high == pytest.approx(0.45 * whole, rel=2e-3)
    assert 0.3 / high == pytest.approx(0.25 * whole, rel=4e-3)


def test_events_of_one_day_share_a_stake():
    """Two alike get 1 / 1.5 each, beside one alike that is held 1 / 1.5 of that."""
    footings = {t: a_footing(f"E{t}", clusters=frozenset({"day"})) for t in "ABC"}
    wanted = [waiting(limit="0.4100", ticker=t) for t in "AB"]

    def counted(proposals, **changes):
        intents = size(proposals, {}, a_capital(footings, WIDE, **changes)).intents
        return {i.ticker: int(float(i.count)) for i in intents}

    # 0.75 * 0.09 / 0.59 of $1,000 at 0.41: 279.04
    assert counted(wanted[:1]) == {"A": 279}
    assert counted(wanted) == {"A": 186, "B": 186}
    claim = {"EC": (Claim("C", Money(0), Money.parse("114.406780")),)}
    beside = counted(wanted[:1], held={"C": Contracts(27_904)}, claims=claim)
    assert beside == {"A": 186}


def test_hundredths_where_they_are_asked_for():
    """A probation of $0.25 buys no whole contract at 0.46, and 0.54 of one."""
    fractional = Kelly("fractional").size
    capital = a_capital(probation_stake=0.00025)
    assert [u.reason for u in size([a_proposal()], {"T": DEEP}, capital).unsized] == ["NO_ROOM"]
    (intent,) = fractional([a_proposal()], {"T": DEEP}, capital).intents
    assert str(intent.count) == "0.54"  # 0.25 / 0.457248 = 0.5467


CENTS = st.integers(2, 97)
ASKS = st.lists(
    st.tuples(CENTS, st.integers(1, 80)), min_size=1, max_size=4, unique_by=lambda x: x[0]
)


@given(ASKS, CENTS, st.floats(0.02, 0.98), st.floats(0.0, 1.0), st.sampled_from([0.1, 0.75, 1.0]))
def test_never_more_than_the_rule_at_the_cost_of_the_size_and_no_mirrors_yes(
    asks, limit, fair, doubt, kelly
):
    """The rule bounds it: kelly_fraction * k* * e / (1 - c), c the average of what is taken."""
    book = OrderBook("T", (), tuple(level(f"0.{c:02}00", f"{n}.00") for c, n in sorted(asks)), NOW)
    mirror = OrderBook("T", tuple(
        level(f"0.{100 - c:02}00", f"{n}.00") for c, n in sorted(asks)), (), NOW)  # fmt: skip
    footings = {"T": a_footing(forecast=a_forecast(weight=doubt, logit_error=1.0))}
    capital = a_capital(footings, kelly_fraction=kelly)
    wanted = a_proposal(Side.BID, f"0.{limit:02}00", fair)
    opposite = a_proposal(Side.ASK, f"0.{100 - limit:02}00", 1.0 - fair)
    assume(1.0 - (1.0 - fair) == fair)
    found = size([wanted], {"T": book}, capital)
    mirrored = size([opposite], {"T": mirror}, capital)
    assert [i.count for i in mirrored.intents] == [i.count for i in found.intents]
    if found.intents:
        number = found.intents[0].count
        cost = _paid(book, number, limit)
        average = cost / float(number)
        edge, sigma = fair - average, doubt * fair * (1 - fair)
        assert edge > 0
        trust = edge**2 / (edge**2 + sigma**2)
        assert cost <= 1_000 * min(0.05, kelly * trust * edge / (1 - average)) + 1e-3
        at_limit = float(number) * limit / 100
        assert at_limit + 0.07 * at_limit * (1 - limit / 100) <= 50.0 + 1e-4


def _paid(book, count, limit):
    left, spent = count.units, 0.0
    for each in book.asks:
        part = min(left, each.count.units)
        assert not part or each.price.units <= limit * 100
        price = float(each.price)
        spent += part / 100 * (price + 0.07 * price * (1 - price))
        left -= part
    assert left == 0
    return spent


@given(st.floats(1e-6, 0.5), st.floats(0.0, 0.5))
def test_doubt_is_what_shrinking_takes_from_an_edge(edge, error):
    trust = edge**2 / (edge**2 + error**2)
    assert doubt(edge, error) == pytest.approx((1 - trust) * edge, abs=1e-12)
    assert 0.0 <= doubt(edge, error) <= error / 2 + 1e-12


def test_a_stake_fits_the_cash_of_its_own_shard_and_what_is_staked_there_leaves_less():
    """$10 on shard 2 buy 21 of T at 0.44 with their fees (9.24 + 0.42), and nothing of U."""
    footings = {
        "T": a_footing(exchange_index=2),
        "U": a_footing(exchange_index=2),
        "V": a_footing("E2"),
    }
    capital = a_capital(footings, by_shard={2: Money.parse("10.000000")})
    books = {name: replace(DEEP, ticker=name) for name in footings}
    wanted = [replace(a_proposal(), ticker=name) for name in footings]
    sizing = size(wanted, books, capital)
    taken = {intent.ticker: intent.count for intent in sizing.intents}
    assert taken["T"] == Contracts.parse("21.00")
    assert taken["V"].units > taken["T"].units
    (left,) = sizing.unsized
    assert (left.proposal.ticker, left.reason) == ("U", "NO_ROOM")
    told = "cash on shard 2 leaves $0.34, after $9.66 for others proposed in this pass"
    assert left.detail == told


@given(
    market=st.floats(0.05, 0.95),
    apart=st.floats(-0.3, 0.3),
    weight=st.floats(0.0, 0.33),
    slope=st.floats(0.8, 1.2),
    slope_error=st.floats(0.0, 0.2),
)
def test_the_error_of_p_is_the_delta_methods(market, apart, weight, slope, slope_error):
    """By differences of the blend itself: one for the forecast's log-odds, one for the slope."""
    said, step = expit(logit(market) + apart), 1e-4

    def fair(error=0.0, more=0.0):
        return blend(expit(logit(said) + error), market, weight, slope + more)

    by_forecast = 1.0 * (fair(error=step) - fair(error=-step)) / (2 * step)
    by_slope = slope_error * (fair(more=step) - fair(more=-step)) / (2 * step)
    forecast = a_forecast(
        said, weight=weight, logit_error=1.0, slope=slope, slope_error=slope_error
    )
    found = fair_error(forecast, fair(), market)
    assert found == pytest.approx(math.hypot(by_forecast, by_slope), rel=1e-4, abs=1e-7)


def test_without_a_market_there_is_no_slope_to_doubt():
    forecast = a_forecast(0.5, weight=0.1, logit_error=1.0, slope_error=0.2)
    assert fair_error(forecast, 0.5, None) == pytest.approx(0.025)
