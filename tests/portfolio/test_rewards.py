"""What a liquidity programme pays an hour for what rests, by its own terms."""

from dataclasses import replace

import pytest
from fakes.decisions import NOW

from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.portfolio.rewards import reward_per_hour

POOL = IncentiveProgram(
    "p", "T", "liquidity", Money.parse("48.00"), NOW - HOUR, NOW + 23 * HOUR, False,
    Contracts.parse("300.00"), 5_000,
)  # fmt: skip


def paid(program=POOL, size=100.0, others=300.0, steps_behind=0):
    return reward_per_hour([program], NOW, size=size, others=others, steps_behind=steps_behind)


def test_the_pool_is_shared_by_size():
    assert paid() == pytest.approx(2.0 * 100 / 400)


def test_no_more_than_the_target_counts():
    assert paid(size=900.0, others=0.0) == pytest.approx(2.0)
    assert paid(size=900.0) == pytest.approx(2.0 * 300 / 600)


def test_a_step_behind_counts_half():
    assert paid(steps_behind=1) == pytest.approx(2.0 * 50 / 350)


def test_no_more_than_an_account_may_have():
    assert paid(replace(POOL, most_per_account=Money.parse("2.40"))) == pytest.approx(0.10)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "volume"},
        {"paid_out": True},
        {"target": None},
        {"start_us": NOW + 1},
        {"end_us": NOW},
    ],
)
def test_what_pays_nothing_for_resting_now(changes):
    assert paid(replace(POOL, **changes)) == 0.0


def test_nothing_rests_nothing_is_paid():
    assert paid(size=0.0, others=0.0) == 0.0
