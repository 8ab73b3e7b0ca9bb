"""Token buckets: what they may give over any span, and that they take all or nothing."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.engine.limits import Allowance, Tier, TokenBucket, limits_of, take_all

SECOND = 1_000_000
allowances = st.builds(Allowance, st.integers(1, 500), st.integers(1, 1_500))
requests = st.lists(st.tuples(st.integers(0, 3 * SECOND), st.integers(1, 60)), max_size=60)


@given(allowances, requests)
def test_no_span_gives_more_than_the_capacity_and_what_came_back(allowance, wanted):
    bucket, now_us, given_out = TokenBucket(allowance, 0), 0, []
    for gap_us, tokens in wanted:
        now_us += gap_us
        if take_all([bucket], tokens, now_us):
            given_out.append((now_us, tokens))
    for first in range(len(given_out)):
        spent = 0
        for at_us, tokens in given_out[first:]:
            spent += tokens
            span_us = at_us - given_out[first][0]
            assert spent * SECOND <= allowance.capacity * SECOND + allowance.rate * span_us


@given(allowances, requests)
def test_it_never_refuses_what_a_plain_account_of_tokens_has(allowance, wanted):
    """An exact account in fractions of a token, kept another way."""
    bucket, now_us, level = TokenBucket(allowance, 0), 0, allowance.capacity * SECOND
    for gap_us, tokens in wanted:
        now_us += gap_us
        level = min(allowance.capacity * SECOND, level + gap_us * allowance.rate)
        admitted = take_all([bucket], tokens, now_us)
        assert admitted == (level >= tokens * SECOND)
        level -= tokens * SECOND if admitted else 0


def test_a_refusal_costs_no_bucket_anything():
    full = TokenBucket(Allowance(1, 10), 0)
    empty = TokenBucket(Allowance(1, 10), 0)
    assert take_all([empty], 10, 0)
    assert not take_all([full, empty], 5, 0)
    assert take_all([full], 10, 0)


def test_a_clock_set_back_gives_nothing_twice():
    bucket = TokenBucket(Allowance(10, 10), 0)
    assert take_all([bucket], 10, 5 * SECOND)
    assert not take_all([bucket], 1, 0)
    assert not take_all([bucket], 1, 5 * SECOND)
    assert take_all([bucket], 1, 5 * SECOND + SECOND // 10)


def test_the_published_tiers():
    basic, advanced = limits_of(Tier.BASIC), limits_of(Tier.ADVANCED)
    assert (basic.read, basic.write) == (Allowance(200, 600), Allowance(100, 100))
    assert (advanced.read, advanced.write) == (Allowance(300, 900), Allowance(300, 900))
    prestige = limits_of(Tier.PRESTIGE)
    assert (prestige.read, prestige.write) == (Allowance(12_000, 12_000), Allowance(9_600, 28_800))
    assert (basic.balance, prestige.balance) == (Allowance(10, 10), Allowance(50, 50))
