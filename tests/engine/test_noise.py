"""Counter-based draws: the same name gives the same numbers, and they are what they claim to be."""

from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.engine.noise import normals, poisson, stream, uniforms


def test_a_stream_is_a_function_of_its_name() -> None:
    name = stream(7, "KXA-1", "makers", 3)
    assert uniforms(name, 5) == uniforms(name, 5)
    assert uniforms(name, 8)[:5] == uniforms(name, 5)
    others = [stream(8, "KXA-1", "makers", 3), stream(7, "KXA-2", "makers", 3),
              stream(7, "KXA-1", "takers", 3), stream(7, "KXA-1", "makers", 4)]  # fmt: skip
    assert len({tuple(uniforms(other, 5)) for other in [name, *others]}) == 5


@given(st.integers(), st.integers(1, 50))
def test_uniforms_stay_strictly_inside_the_unit_interval(seed: int, count: int) -> None:
    drawn = uniforms(stream(seed, "KXA", "any"), count)
    assert len(drawn) == count
    assert all(0.0 < value < 1.0 for value in drawn)


def test_normals_have_the_moments_of_a_normal() -> None:
    drawn = normals(stream(1, "KXA", "path"), 20_001)
    assert len(drawn) == 20_001
    assert fmean(drawn) == pytest.approx(0.0, abs=0.03)
    assert pstdev(drawn) == pytest.approx(1.0, abs=0.02)
    beyond = sum(abs(value) > 1.96 for value in drawn) / len(drawn)
    assert beyond == pytest.approx(0.05, abs=0.006)


def test_poisson_counts_have_mean_and_variance_of_the_rate() -> None:
    counts = [poisson(u, 6.0) for u in uniforms(stream(2, "KXA", "count"), 20_000)]
    assert fmean(counts) == pytest.approx(6.0, abs=0.08)
    assert pstdev(counts) ** 2 == pytest.approx(6.0, abs=0.3)
    assert poisson(0.5, 0.0) == 0
