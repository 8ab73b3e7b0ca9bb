"""What fills lose, in half-spreads of others, drawn to where every maker starts."""

import pytest
from fakes.decisions import NOW
from fakes.making import a_mark

from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.markout import Horizon
from kalshi_cli.portfolio.adverse import allowance, kept_at_best


def marks(count, kept, horizon=Horizon.SOON, given=0.03):
    return [a_mark(n, given, kept, horizon=horizon) for n in range(count)]


def test_before_any_fill_others_ask_for_what_they_lose():
    assert allowance((), (), 0.03) == pytest.approx(0.9 * 0.03)


def test_a_markets_own_fills_are_drawn_to_those_of_all():
    everything = marks(20, kept=0.0)  # lost all of the 3 cents, which are one half-spread
    of_all = (20 * 1.0 + 20 * 0.9) / 40
    assert allowance((), everything, 0.02) == pytest.approx(0.02 * of_all)
    own = everything[:5]
    assert allowance(own, everything, 0.02) == pytest.approx(0.02 * (5 + 20 * of_all) / 25)


def test_the_worse_horizon_counts():
    soon, later = marks(60, kept=0.03), marks(60, kept=-0.03, horizon=Horizon.LATER)
    assert allowance((), soon + later, 0.03) == pytest.approx(0.03 * (60 * 2 + 20 * 0.9) / 80)


def test_luck_is_no_reason_to_ask_for_less_than_nothing():
    lucky = [a_mark(n, kept=0.30, horizon=h) for n in range(99) for h in Horizon]
    assert allowance(lucky, lucky, 0.03) == 0.0


def test_a_market_is_judged_by_at_least_five_fills_of_late():
    assert kept_at_best(marks(5, kept=-0.01), NOW) == pytest.approx(-0.01)
    assert kept_at_best(marks(5, kept=0.01), NOW) == pytest.approx(0.01)
    assert kept_at_best(marks(4, kept=-0.01), NOW) is None
    assert kept_at_best(marks(5, kept=-0.01), NOW + 12 * HOUR) is None
    assert kept_at_best(marks(5, kept=-0.01, horizon=Horizon.LATER), NOW) is None


def test_chance_is_allowed_for():
    # mean -0.2 cents, and its error: sqrt((2.2^2 + 2.8^2 + 2.2^2 + 2.8^2 + 1.2^2) / 4 / 5) = 1.158
    kept = (0.02, -0.03, 0.02, -0.03, 0.01)
    found = kept_at_best([a_mark(n, kept=k) for n, k in enumerate(kept)], NOW)
    assert found == pytest.approx(0.00958, abs=1e-5)
