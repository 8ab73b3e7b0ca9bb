"""Some hours of the study of flips: a push goes on where prices come late, and not in noise."""

import asyncio
from dataclasses import replace
from statistics import mean

import pytest

from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trial import Ending, HitRate, Trial, Verdict
from kalshi_cli.engine.generated import EPOCH_US
from kalshi_cli.evaluation.flips import LEAST_TRIALS
from studies.flip import FlipRun, failed, interval, run_flips, told_of_tape
from studies.flip_walk import LATE, NAME, NOISE, Flip, Walk, walk


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
    ready = 60.0 if count >= LEAST_TRIALS else None
    return Walk(1, HitRate(count, count // 2, 0.0), count, 0.56, flips, flips, ready)


def test_the_study_says_which_claim_did_not_hold() -> None:
    earning = [a_walk(250, 0.05), a_walk(250, 0.06)] * 2
    desk = FlipRun(1, 50.0, 10, HitRate(250, 125, 0.0), 80.0, 0)
    quiet = replace(a_walk(), record=HitRate(250, 15, 0.0))
    bought = replace(quiet, flips=a_walk(250, 0.1).flips)
    assert failed([quiet] * 20, earning, [desk]) == []
    assert "left alone" in failed([quiet] * 18 + [bought] * 2, earning, [desk])[0]
    assert "half as often" in failed([a_walk()], earning, [desk])[0]
    for noise, late in (([quiet], [*earning, a_walk(199, 0.05)]), ([a_walk(199)], earning)):
        assert "had the trials" in failed(noise, late, [desk])[0]
    idle = replace(desk, gain=0.0, entries=0)
    assert failed([quiet], earning, [desk, idle]) == ["a desk earns on every late world"]
    losing = [a_walk(250, -0.05), a_walk(250, -0.06)] * 2
    assert failed([quiet], losing, [desk]) == ["where prices come late flips earn"]


def test_an_interval_is_students_over_worlds() -> None:
    """1, 2, 3: mean 2, deviation 1, two degrees of freedom: 4.303 / sqrt(3)."""
    middle, low, high = interval([1.0, 2.0, 3.0])
    assert middle == mean([1.0, 2.0, 3.0])
    assert (low, high) == (pytest.approx(2 - 2.484, abs=1e-3), pytest.approx(2 + 2.484, abs=1e-3))


def test_of_a_recording_each_day_counts_once() -> None:
    """5 and 7 cents on two days: 6 on average; the error of two days is their difference's half."""
    followed = a_walk(250, 0.05, 0.07)
    line = list(told_of_tape(followed))[1]
    assert line.startswith("quick flips: 2 on 2 days, +6.00 c a contract")
    assert "[+4.04, +7.96] earns" in line
    left = replace(followed, flips=())
    _, nothing, line = told_of_tape(left)
    assert nothing.endswith("nothing was traded, nothing made")
    assert "had each of these pushes been followed: 2 on 2 days, +6.00 c" in line


def known_trials(count: int) -> list[Verdict]:
    """Trials of the last days, one an hour so that each tells as much as one, three of four hit."""
    prices = (Price(5_000), Price(6_000), Price(4_000), Price(100))
    return [
        Verdict(
            Trial(NAME, signal, market, market, Side.BID, *prices, at_us, at_us + HOUR // 2),
            Ending.TIMED_OUT if n % 4 == 0 else Ending.HIT,
            at_us + HOUR // 2,
        )
        for signal in ("Newsroom, up to 0.55", "Newsroom, up to 0.60")
        for n in range(count)
        for market, at_us in ((f"{signal}, {n}", EPOCH_US - (n + 1) * HOUR),)
    ]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("known", "flips"), [(180, False), (195, True)])
def test_a_desk_flips_once_it_has_the_trials_and_not_before(known: int, flips: bool) -> None:
    """In six hours it judges more than five of one signal, and fewer than twenty."""
    run = asyncio.run(run_flips(4, hours=6, known=known_trials(known)))
    assert 2 * known + 5 < run.record.count < 2 * known + 20
    assert (run.entries > 0, run.ready is not None) == (flips, flips)
    assert run.ready is None or run.ready > 0.5
    assert run.differences == 0
