"""Stakes by hand on a bankroll of $1,000, three quarters of Kelly, at most 5 % a position."""

from dataclasses import replace

import pytest
from fakes.decisions import NOW, STRATEGY, a_book, a_forecast, level, the_limits
from hypothesis import assume, given
from hypothesis import strategies as st

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms, fill_fee
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import Purpose, TimeInForce
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.portfolio.capital import Capital, Footing
from kalshi_cli.portfolio.kelly import stake_share
from kalshi_cli.portfolio.stake import size

PLAIN = FeeTerms("quadratic")
MAKER = FeeTerms("quadratic_with_maker_fees")
DEEP = a_book(count="5000.00")


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
        "by_event": {},
        "by_cluster": {},
        "by_category": {},
        "by_strategy": Money(0),
    }
    footings = {"T": a_footing()} if footings is None else footings
    return Capital(footings=footings, limits=limits or the_limits(), **{**facts, **changes})


def count(proposal=None, book=DEEP, **changes):
    books = {} if book is None else {"T": book}
    sizing = size([proposal or a_proposal()], books, a_capital(**changes))
    return int(sizing.intents[0].count.decimal) if sizing.intents else sizing.unsized[0].reason


def doubtful(weight, error):
    return {"T": a_footing(forecast=a_forecast(weight=weight, logit_error=error))}


def test_five_percent_of_the_bankroll_at_most():
    # all in 0.44 + 0.07 * 0.44 * 0.56 = 0.457248; Kelly 0.0788 * 0.75 = 0.0591, capped at 0.05
    # 109 cost 47.96 + 1.8801 = 49.8401; 110 would cost 50.2973
    assert count() == 109


def test_doubt_shrinks_the_stake():
    # sigma = 0.1 * 1.0 * 0.25 = 0.025, e = 0.042752, k* = 0.7452
    # 0.75 * 0.7452 * 0.078769 = 0.04402 of $1,000: 96 cost 43.8959, 97 cost 44.3532
    assert count(footings=doubtful(0.1, 1.0)) == 96


def test_probation_caps_it():
    # 0.25 % is $2.50: 5 cost 2.2863, 6 cost 2.7435
    assert count(probation_stake=0.0025) == 5


def test_a_taker_pays_for_the_depth_it_takes():
    book = OrderBook("T", (level("0.4000"),), (level("0.4400", "10"), level("0.4800", "1000")), NOW)
    # 38: 4.5725 + 28 * 0.497472 = 18.50 of a stake of 0.75 * 0.01311 / 0.51311 = $19.16
    # 39: 19.00 of $18.78
    assert count(a_proposal(limit="0.4800"), book) == 38
    assert count(a_proposal(limit="0.4700"), book) == 10


def test_a_taker_stops_where_the_edge_does():
    book = OrderBook("T", (level("0.4000"),), (level("0.4400", "10"), level("0.4800", "1000")), NOW)
    # average all in at most 0.49: 4.5725 + 0.497472 m <= 0.49 (10 + m), m <= 43.8
    huge = the_limits(max_single_position=None)
    chosen = count(a_proposal(limit="0.4800"), book, limits=huge, kelly_fraction=50.0)
    assert chosen == 53


def test_what_waits_pays_its_limit_and_the_makers_fee():
    # 0.41 without a fee: $50 / 0.41 = 121.95
    assert count(waiting(), book=None) == 121
    # 0.41 + 0.0175 * 0.41 * 0.59 = 0.414233: $50 / 0.414233 = 120.7
    assert count(waiting(), book=None, footings={"T": a_footing(fees=MAKER)}) == 120


@pytest.mark.parametrize(
    ("changes", "contracts"),
    [
        ({"by_ticker": {"T": Money.parse("45.600000")}}, 9),  # $4.40 / 0.457248 = 9.6
        ({"by_event": {"E": Money.parse("95.600000")}}, 10),  # $4.40 of risk at 0.44
        ({"by_cluster": {"SERIES": Money.parse("145.600000")}}, 10),
        ({"by_category": {"Weather": Money.parse("295.600000")}}, 10),
        ({"by_strategy": Money.parse("395.600000")}, 10),
        ({"cash": Money.parse("14.572500")}, 10),  # the reserve is $10, ten cost 4.5725
        ({"cash": Money.parse("14.572400")}, 9),
    ],
)
def test_every_room_binds(changes, contracts):
    assert count(**changes) == contracts


def test_cash_is_held_to_the_limit_not_to_the_hope_of_a_better_price():
    # ten at a limit of 0.47 may take 4.70 and 0.07 * 10 * 0.47 * 0.53 = 0.1744
    wide = a_proposal(limit="0.4700")
    assert count(wide, cash=Money.parse("14.874400")) == 10
    assert count(wide, cash=Money.parse("14.874300")) == 9


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
    assert sizing == size(proposals[::-1], {}, a_capital(footings=footings))


CENTS = st.integers(2, 97)
ASKS = st.lists(
    st.tuples(CENTS, st.integers(1, 80)), min_size=1, max_size=4, unique_by=lambda x: x[0]
)


@given(ASKS, CENTS, st.floats(0.02, 0.98), st.floats(0.0, 1.0), st.sampled_from([0.1, 0.75, 1.0]))
def test_bisection_finds_what_counting_up_finds_and_no_mirrors_yes(asks, limit, fair, doubt, kelly):
    book = OrderBook("T", (), tuple(level(f"0.{c:02}00", f"{n}.00") for c, n in sorted(asks)), NOW)
    mirror = OrderBook("T", tuple(
        level(f"0.{100 - c:02}00", f"{n}.00") for c, n in sorted(asks)), (), NOW)  # fmt: skip
    footings = {"T": a_footing(forecast=a_forecast(weight=doubt, logit_error=1.0))}
    capital = a_capital(footings, kelly_fraction=kelly)
    wanted = a_proposal(Side.BID, f"0.{limit:02}00", fair)
    opposite = a_proposal(Side.ASK, f"0.{100 - limit:02}00", 1.0 - fair)
    assume(1.0 - (1.0 - fair) == fair)
    found = size([wanted], {"T": book}, capital)
    number = int(found.intents[0].count.decimal) if found.intents else 0
    assert number == _by_counting(book, limit, fair, doubt, kelly)
    mirrored = size([opposite], {"T": mirror}, capital)
    assert [i.count for i in mirrored.intents] == [i.count for i in found.intents]


def _by_counting(book, limit, fair, doubt, kelly):
    best = 0
    levels = [(x.price, x.count) for x in book.asks if x.price.units <= limit * 100]
    depth = sum(n.units // 100 for _, n in levels)
    for whole in range(1, min(depth, 5_000 // limit) + 1):
        left, spent = whole, 0
        for price, there in levels:
            part = Contracts(100 * min(left, there.units // 100))
            if part:
                spent += price.units * part.units
                spent += fill_fee(
                    PLAIN, side=Side.BID, price=price, count=part, is_taker=True
                ).units
            left -= part.units // 100
        cost = spent / whole / 1e6
        edge = fair - cost
        sigma = doubt * fair * (1 - fair)
        trust = edge**2 / (edge**2 + sigma**2) if edge else 0.0
        share = min(0.05, kelly * trust * edge / (1 - cost)) if edge > 0 and cost < 1 else 0.0
        fee_at_limit = -(-7 * whole * limit * (100 - limit) // 100)  # in $0.0001, rounded up
        if 100 * whole * limit + fee_at_limit > 500_000:  # no order costs more than $50
            continue
        if edge >= 0.01 - 1e-9 and spent / 1e6 <= share * 1_000:
            best = whole
    return best


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.0, 0.3))
def test_a_share_is_kellys_or_less_and_none_without_an_edge(win, cost, error):
    share = stake_share(win=win, cost=cost, error=error, kelly_fraction=1.0)
    full = (win - cost) / (1 - cost)
    assert share == 0.0 if win <= cost else 0.0 <= share <= full + 1e-12


def test_a_stake_fits_the_cash_of_its_own_shard_and_what_is_staked_there_leaves_less():
    """$10 on shard 2 buy 21 of T at 0.44 with their fee (9.24 + 0.3623), and nothing of U."""
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
    assert left.detail == "cash on shard 2 leaves $0.397700"
