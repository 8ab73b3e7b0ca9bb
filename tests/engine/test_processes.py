"""One path drives every leg: legs cohere, truth and crowd are martingales, the error is as told."""

import math
from itertools import pairwise
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.engine.processes import (
    LAG_CELLS,
    LOGITS_TAIL,
    InformationClock,
    Path,
    cell_rate,
)

CUTS = st.lists(st.floats(-3, 3), min_size=1, max_size=6, unique=True).map(sorted)


@given(st.integers(0, 10_000), CUTS, st.integers(0, 100))
def test_exclusive_legs_sum_to_one_and_ladders_fall(seed: int, cuts: list, cell: int) -> None:
    path = Path(seed, "KXA-1", 0.02)
    edges = [-math.inf, *cuts, math.inf]
    for chance in (path.chance, path.crowd):
        legs = [chance(cell, low, high) for low, high in pairwise(edges)]
        assert sum(legs) == pytest.approx(1.0, abs=1e-12)
        ladder = [chance(cell, cut, math.inf) for cut in cuts]
        assert ladder == sorted(ladder, reverse=True)


def test_the_crowd_sees_the_path_late() -> None:
    path = Path(3, "KXA-1", 0.02)
    assert path.crowd(50, 0.3, math.inf) == path.chance(50 - LAG_CELLS, 0.3, math.inf)
    assert path.crowd(1, 0.3, math.inf) == path.chance(0, 0.3, math.inf)


def test_the_path_keeps_its_variance() -> None:
    ends = [Path(seed, "KXA-1", 0.05).terminal for seed in range(4_000)]
    assert fmean(ends) == pytest.approx(0.0, abs=0.05)
    assert fmean(end * end for end in ends) == pytest.approx(1.0, abs=0.07)


def test_prices_are_calibrated_given_what_they_know() -> None:
    """Outcomes minus prices average to nothing, also where the price has lately risen."""
    gaps: dict[str, list[float]] = {"truth": [], "crowd": [], "risen": [], "favourite": []}
    for seed in range(4_000):
        path = Path(seed, "KXA-1", 0.02)
        won = float(path.terminal > 0.2)
        truth, crowd = path.chance(40, 0.2, math.inf), path.crowd(40, 0.2, math.inf)
        gaps["truth"].append(won - truth)
        gaps["crowd"].append(won - crowd)
        if crowd > path.crowd(30, 0.2, math.inf):
            gaps["risen"].append(won - crowd)
        if crowd > 0.7:
            gaps["favourite"].append(won - crowd)
    for name, found in gaps.items():
        error = 0.5 / math.sqrt(len(found))
        assert abs(fmean(found)) < 3 * error, name


def test_the_crowd_errs_by_the_stated_logits_near_the_middle() -> None:
    rate = cell_rate(0.30, LOGITS_TAIL)
    squares = []
    for seed in range(3_000):
        path = Path(seed, "KXA-1", rate)
        truth, crowd = path.chance(60, 0.0, math.inf), path.crowd(60, 0.0, math.inf)
        if 0.2 < crowd < 0.8:
            gap = math.log(truth / (1 - truth)) - math.log(crowd / (1 - crowd))
            squares.append(gap * gap)
    assert math.sqrt(fmean(squares)) == pytest.approx(0.30, rel=0.1)


def test_the_clock_runs_on_information() -> None:
    clock = InformationClock(1_000, 100, ((0.0, 0.0), (0.5, 0.2), (0.51, 0.6), (1.0, 0.9)), 0.1)
    assert clock.known(900) == 0.0
    assert clock.known(1_025) == pytest.approx(0.1)
    assert clock.known(1_051) == pytest.approx(0.6)
    assert clock.known(2_000) == 0.9
    assert clock.cell(1_100) == int(math.log(10) / 0.1 + 1e-9)
    cells = [clock.cell(at) for at in range(1_000, 1_101)]
    assert cells == sorted(cells)
