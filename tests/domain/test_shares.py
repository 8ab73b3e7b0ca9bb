"""Shares over the config file's hold while that says the same, and come to no more than 1."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.shares import Rebalanced, in_force
from kalshi_cli.errors import IntegrityError
from kalshi_cli.settings.sections import Settings

CONFIGURED = {"directional_trading": 0.40, "market_making": 0.30, "quick_flip_scalping": 0.30}
NEW = {"directional_trading": 0.45, "market_making": 0.25, "quick_flip_scalping": 0.30}
MOVED = Rebalanced(CONFIGURED, NEW)


@pytest.mark.parametrize(
    ("configured", "held"),
    [
        (CONFIGURED, NEW),
        ({**CONFIGURED, "market_making": 0.29}, {**CONFIGURED, "market_making": 0.29}),
        ({**CONFIGURED, "mine": 0.0}, {**CONFIGURED, "mine": 0.0}),  # another one runs
        ({"directional_trading": 0.40}, {"directional_trading": 0.40}),  # two do not any more
        (NEW, NEW),
    ],
)
def test_what_the_config_file_says_otherwise_wins_whole(configured, held):
    assert in_force(MOVED, configured) == held
    assert in_force(None, configured) == configured


@pytest.mark.parametrize(
    "shares",
    [
        {**NEW, "market_making": 0.26},
        {**NEW, "market_making": -0.25},
        {"directional_trading": 0.45},
        {**CONFIGURED, "mine": 0.0},
    ],
)
def test_shares_that_nobody_can_have_are_none(shares):
    with pytest.raises(IntegrityError):
        Rebalanced(CONFIGURED, shares)


def settings(**allocation) -> Settings:
    """Of a desk that runs all three."""
    running = {"strategies": tuple(CONFIGURED)}
    return Settings(home=Path("unused"), trading=running, allocation=allocation)


def test_settings_are_told_under_the_shares_in_force():
    held = settings().under(MOVED)
    assert held.running_shares == NEW
    assert held.allocation.shares == NEW
    assert settings(market_making=0.29).under(MOVED).allocation.market_making == 0.29
    assert settings().under(None) == settings()


def test_a_share_of_ones_own_strategy_is_told_among_the_others():
    given_ = {"market_making": 0.25, "others": {"mine": 0.05}}
    configured = settings(**given_).running_shares
    assert configured == {**CONFIGURED, "market_making": 0.25, "mine": 0.05}
    moved = Rebalanced(configured, {**configured, "market_making": 0.20, "mine": 0.10})
    held = settings(**given_).under(moved)
    assert (held.allocation.market_making, held.allocation.others) == (0.20, {"mine": 0.10})


DRAWN = st.tuples(*[st.integers(1, 33)] * 3)


@given(st.lists(st.tuples(st.sampled_from(["rebalance", "config", "trade"]), DRAWN), max_size=8))
def test_whoever_changes_what_last_nobody_has_more_than_the_whole(moves):
    """A config file that says the same is no change; who trades drops what holds no longer."""
    configured, kept = CONFIGURED, None
    for move, drawn in moves:
        shares = {name: each / 100 for name, each in zip(CONFIGURED, drawn, strict=True)}
        before = in_force(kept, configured)
        if move == "rebalance":
            kept, expected = Rebalanced(configured, shares), shares
        elif move == "config":
            is_same = shares == configured
            configured, expected = shares, before if is_same else None
        else:
            kept, expected = (kept if kept and kept.configured == configured else None), before
        held = in_force(kept, configured)
        assert sum(held.values()) <= 1.0 + 1e-9
        assert expected is None or held == expected
        assert held in (configured, kept and kept.shares)
