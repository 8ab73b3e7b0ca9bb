"""Closed trades by group: bins that are stated, exact sums, and nothing claimed on too little."""

import pytest

from kalshi_cli.domain.instant import DAY, HOUR
from kalshi_cli.domain.money import Money, total
from kalshi_cli.evaluation.interval import Verdict
from kalshi_cli.evaluation.slices import (
    UNKNOWN,
    ClosedTrade,
    Cut,
    horizon_name,
    price_name,
    slices,
)


def a_trade(pnl="1.00", event="E", strategy="s", category="Weather", horizon_us=HOUR, price=0.5):
    return ClosedTrade(strategy, event, category, horizon_us, price, Money.parse(pnl))


@pytest.mark.parametrize(
    ("span_us", "name"),
    [
        (0, "under 1 h"),
        (HOUR - 1, "under 1 h"),
        (HOUR, "1-24 h"),
        (DAY, "1-7 d"),
        (7 * DAY, "over 7 d"),
        (None, UNKNOWN),
    ],
)
def test_a_horizon_is_in_the_bin_it_reaches(span_us, name):
    assert horizon_name(span_us) == name


@pytest.mark.parametrize(
    ("price", "name"),
    [(0.01, "0-10c"), (0.1, "10-30c"), (0.69, "30-70c"), (0.7, "70-90c"), (0.9, "90-100c")],
)
def test_a_price_is_in_the_bin_it_reaches(price, name):
    assert price_name(price) == name
    assert price_name(None) == UNKNOWN


def test_an_event_is_one_observation_and_the_sums_are_exact():
    trades = [a_trade("2.00", "A"), a_trade("-0.50", "A"), a_trade("0.10", "B", strategy="t")]
    mine, other = slices(trades, Cut.STRATEGY)
    assert (mine.name, mine.trades, mine.events, mine.won) == ("s", 2, 1, 1)
    assert (str(mine.net), mine.per_event.mean) == ("1.500000", 1.5)
    assert (mine.per_event.low, mine.verdict) == (None, Verdict.UNRESOLVED)
    assert (other.name, str(other.net)) == ("t", "0.100000")


def test_thirty_events_that_all_earn_are_an_edge():
    trades = [a_trade(f"{1 + n % 2}.00", f"E{n}") for n in range(30)]
    (found,) = slices(trades, Cut.CATEGORY)
    assert (found.events, found.per_event.mean, found.verdict) == (30, 1.5, Verdict.EDGE)
    # 15 each of 1 and 2: s = 0.5085, 2.045 of s / sqrt(30) either way
    assert found.per_event.low == pytest.approx(1.5 - 2.045 * 0.50855 / 30**0.5, abs=1e-3)


def test_every_cut_has_all_of_the_money_and_bins_are_as_they_lie():
    trades = [
        a_trade("1.00", horizon_us=8 * DAY, price=0.95, category=""),
        a_trade("2.00", horizon_us=60, price=0.05),
        a_trade("4.00", horizon_us=None, price=0.2),
    ]
    for cut in Cut:
        assert total([each.net for each in slices(trades, cut)]) == Money.parse("7")
    assert [s.name for s in slices(trades, Cut.HORIZON)] == ["under 1 h", "over 7 d", UNKNOWN]
    assert [s.name for s in slices(trades, Cut.PRICE)] == ["0-10c", "10-30c", "90-100c"]
    assert [s.name for s in slices(trades, Cut.CATEGORY)] == ["Weather", UNKNOWN]
