from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.marks import (
    Behind,
    Mark,
    Standing,
    benchmark,
    liquidation,
    mark,
    position_mark,
    position_sale,
)
from kalshi_cli.domain.money import NO_MONEY, ONE_DOLLAR, ZERO_PRICE, Contracts, Money, Price
from kalshi_cli.domain.position import Position


def level(price):
    return Level(Price(price), Contracts(100))


BID, ASK = level(4_000), level(4_500)


@pytest.mark.parametrize(
    ("net", "bid", "ask", "value", "is_mid"),
    [
        (1_000, BID, ASK, "4.250000", True),  # 10 YES at the mid of 0.425
        (-1_000, BID, ASK, "5.750000", True),  # 10 NO at 1 - 0.425
        (1_000, level(4_000), level(5_000), "4.500000", True),  # 10 cents apart is still a mid
        (1_000, level(4_000), level(5_001), "4.000000", False),  # wider: the bid of YES
        (-1_000, level(4_000), level(5_001), "4.999000", False),  # the bid of NO
        (1_000, BID, None, "4.000000", False),
        (1_000, None, ASK, "0.000000", False),
        (-1_000, BID, None, "0.000000", False),
        (0, None, None, "0.000000", False),
    ],
)
def test_marks(net, bid, ask, value, is_mid):
    found = mark(Contracts(net), bid, ask)
    assert (found.value, found.is_mid) == (Money.parse(value), is_mid)


@given(st.integers(-(10**5), 10**5), st.integers(1, 9_998), st.integers(1, 500))
def test_leaving_never_pays_more_than_the_mark(net, bid, width):
    ask = level(min(bid + width, 9_999)) if bid + width <= 9_999 else None
    held = Contracts(net)
    assert NO_MONEY <= liquidation(held, level(bid), ask) <= mark(held, level(bid), ask).value
    mirrored = None if ask is None else level(10_000 - ask.price.units)
    if mirrored is not None:
        same = mark(-held, mirrored, level(10_000 - bid))
        assert same.value == mark(held, level(bid), ask).value


def test_a_benchmark_needs_both_sides_within_ten_cents():
    assert benchmark(BID, ASK) == pytest.approx(0.425)
    assert benchmark(level(4_000), level(5_000)) == pytest.approx(0.45)
    assert benchmark(level(4_000), level(5_001)) is None
    assert benchmark(None, ASK) is None
    assert benchmark(BID, None) is None


HELD = Position("T", "x", net=Contracts(-400), cost=Money(1_000_000))


def stands(status, payout=None) -> Standing:
    return Standing(status, payout, level(4_000), level(4_200))


def test_a_trading_market_is_marked_by_its_book_and_sold_at_its_bid():
    active = stands(MarketStatus.ACTIVE)
    # 4 NO contracts: 1 - 0.41 = 0.59 each at the mid, 1 - 0.42 = 0.58 at the price to sell
    assert position_mark(HELD, active) == Mark(Money(2_360_000), is_mid=True)
    assert position_sale(HELD, active) == Money(2_320_000)


@pytest.mark.parametrize("status", [MarketStatus.CLOSED, MarketStatus.INACTIVE, None])
def test_a_market_that_does_not_trade_carries_a_position_at_its_cost(status):
    assert position_mark(HELD, stands(status)) == Mark(Money(1_000_000), is_mid=False)
    assert position_sale(HELD, stands(status)) == Money(1_000_000)


@pytest.mark.parametrize("status", [MarketStatus.CLOSED, MarketStatus.INACTIVE])
@pytest.mark.parametrize(
    ("last", "worth"), [(Behind(BID, ASK), 2_200_000), (Behind(BID, None), 0)], ids=["asked", "not"]
)
def test_for_risk_it_is_what_it_would_have_brought_last(status, last, worth):
    """4 NO sell to whoever offers YES at 0.45: 0.55 each; nobody did in its last minutes: $0."""
    standing = replace(stands(status), last=last)
    assert position_sale(HELD, standing) == Money(worth)
    assert position_mark(HELD, standing) == Mark(Money(1_000_000), is_mid=False)


@pytest.mark.parametrize(
    ("payout", "worth"), [(ZERO_PRICE, 4_000_000), (ONE_DOLLAR, 0), (Price(2_500), 3_000_000)]
)
def test_a_known_payout_is_what_a_position_is_worth(payout, worth):
    determined = stands(MarketStatus.DETERMINED, payout)
    assert position_mark(HELD, determined) == Mark(Money(worth), is_mid=True)
    assert position_sale(HELD, determined) == Money(worth)
