"""Some hours of the study of flips: a push goes on where prices come late, and not in noise."""

from dataclasses import replace
from statistics import mean

import pytest

from kalshi_cli.domain.trial import Ending, HitRate
from studies.flip import FlipRun, failed, interval, told_of_tape
from studies.flip_walk import LATE, NOISE, Flip, Walk, walk


def test_a_push_goes_on_where_prices_come_late() -> None:
    late = walk(LATE, 4, hours=6)
    assert late.record.count >= 15
    assert late.record.hits / late.record.count > late.needed > 0.5
    assert late.flips == ()  # nothing is traded before there are 200


def test_a_push_in_noise_leads_nowhere() -> None:
    noise = walk(NOISE, 4, hours=6)
    assert noise.record.count >= 10
    assert noise.record.hits / noise.record.count < noise.needed / 2
    assert noise.flips == ()


def a_walk(count: int = 250, *gains: float) -> Walk:
    flips = tuple(Flip(Ending.HIT, gain, day) for day, gain in enumerate(gains))
    return Walk(1, HitRate(count, count // 2, 0.0), count, 0.56, flips)


def test_the_study_says_which_claim_did_not_hold() -> None:
    earning = [a_walk(250, 0.05), a_walk(250, 0.06)] * 2
    desk = FlipRun(1, 50.0, 10, HitRate(250, 125, 0.0), 0)
    quiet = replace(a_walk(), record=HitRate(250, 15, 0.0))
    bought = replace(quiet, flips=a_walk(250, 0.1).flips)
    assert failed([quiet] * 20, earning, [desk]) == []
    assert "left alone" in failed([quiet] * 18 + [bought] * 2, earning, [desk])[0]
    assert "half as often" in failed([a_walk()], earning, [desk])[0]
    assert "trials" in failed([quiet], [*earning, a_walk(199, 0.05)], [desk])[0]
    losing = [a_walk(250, -0.05), a_walk(250, -0.06)] * 2
    assert failed([quiet], losing, [desk]) == ["where prices come late flips earn"]


def test_an_interval_is_students_over_worlds() -> None:
    """1, 2, 3: mean 2, deviation 1, two degrees of freedom: 4.303 / sqrt(3)."""
    middle, low, high = interval([1.0, 2.0, 3.0])
    assert middle == mean([1.0, 2.0, 3.0])
    assert (low, high) == (pytest.approx(2 - 2.484, abs=1e-3), pytest.approx(2 + 2.484, abs=1e-3))


def test_of_a_recording_each_day_counts_once() -> None:
    """5 and 7 cents on two days: 6 on average; the error of two days is their difference's half."""
    line = list(told_of_tape(a_walk(250, 0.05, 0.07)))[1]
    assert line.startswith("quick flips: 2 on 2 days, +6.00 c a contract")
    assert "[+4.04, +7.96] earns" in line
    assert list(told_of_tape(a_walk(3)))[1].endswith("nothing was traded, nothing made")
