import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.grid import (
    DECI_CENT,
    LINEAR_CENT,
    TAPERED_DECI_CENT,
    PriceGrid,
    PriceRange,
)
from kalshi_cli.domain.money import Price
from kalshi_cli.errors import InvalidValue

GRIDS = st.sampled_from([DECI_CENT, LINEAR_CENT, TAPERED_DECI_CENT])
VALID = {grid: [p for u in range(10_001) if grid.contains(p := Price(u))]
         for grid in (DECI_CENT, LINEAR_CENT, TAPERED_DECI_CENT)}  # fmt: skip


def test_the_structures_have_as_many_prices_as_their_steps_say():
    assert len(VALID[LINEAR_CENT]) == 99
    assert len(VALID[DECI_CENT]) == 999
    # 0.001..0.099 by 0.001, 0.10..0.90 by 0.01, 0.901..0.999 by 0.001
    assert len(VALID[TAPERED_DECI_CENT]) == 99 + 81 + 99


@given(GRIDS, st.integers(-50, 10_050))
def test_snapping_agrees_with_the_list_of_all_prices(grid, units):
    price = Price(units)
    below = [p for p in VALID[grid] if p <= price]
    above = [p for p in VALID[grid] if p >= price]
    assert grid.floor(price) == (below[-1] if below else None)
    assert grid.ceil(price) == (above[0] if above else None)
    assert grid.below(price) == next((p for p in reversed(VALID[grid]) if p < price), None)
    assert grid.above(price) == next((p for p in VALID[grid] if p > price), None)


@given(GRIDS, st.floats(0.0, 1.0))
def test_floats_snap_within_a_millionth_of_a_unit(grid, value):
    low, high = grid.floor(value), grid.ceil(value)
    assert low is None or low.units / 10_000 <= value + 1e-9
    assert high is None or high.units / 10_000 >= value - 1e-9


@pytest.mark.parametrize("value", [0.29, 0.57, 0.1 + 0.2, 1 - 0.42])
def test_a_float_that_means_a_cent_stays_that_cent(value):
    cents = Price(round(value * 100) * 100)
    assert LINEAR_CENT.floor(value) == LINEAR_CENT.ceil(value) == cents


@pytest.mark.parametrize(
    "ranges",
    [
        (),
        ((0, 10_000, 0),),
        ((0, 10_000, 300),),
        ((5_000, 5_000, 100),),
        ((0, 5_000, 100), (5_100, 10_000, 100)),
        ((0, 5_000, 100), (4_900, 10_000, 100)),
        ((0, 10_100, 100),),
        ((-100, 10_000, 100),),
    ],
)
def test_refuses_ranges_that_make_no_grid(ranges):
    with pytest.raises(InvalidValue):
        PriceGrid(tuple(PriceRange(Price(a), Price(b), Price(c)) for a, b, c in ranges))
