"""When a rule strikes: a function of the seed, the rules, and what came before."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.adapters.sim.faults.plan import (
    DropResponse,
    FaultPlan,
    Faults,
    Frame,
    Gap,
    Latency,
    Request,
    StaleReads,
    TooManyRequests,
)

GET = Request("GET", "/markets")
PLACE = Request("POST", "/portfolio/events/orders")
CANCEL = Request("DELETE", "/portfolio/events/orders/o-1")


def struck(faults: Faults, facts: list[Request | Frame]) -> list[int]:
    """How many rules struck each of them."""
    return [len(faults.decide(fact)) for fact in facts]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({}, [1, 1, 1, 1, 1, 1]),
        ({"nth": 3}, [0, 0, 1, 0, 0, 0]),
        ({"every": 2}, [0, 1, 0, 1, 0, 1]),
        ({"every": 2, "times": 2}, [0, 1, 0, 1, 0, 0]),
        ({"times": 1}, [1, 0, 0, 0, 0, 0]),
        ({"probability": 0.0}, [0, 0, 0, 0, 0, 0]),
        ({"probability": 1.0, "times": 5}, [1, 1, 1, 1, 1, 0]),
    ],
)
def test_when_a_rule_strikes(when, expected):
    faults = Faults(FaultPlan((TooManyRequests(**when),)), world_seed=1)
    assert struck(faults, [GET] * 6) == expected
    assert (faults.tallies[0].matched, faults.tallies[0].struck) == (6, sum(expected))


@pytest.mark.parametrize(
    ("method", "path", "matched"),
    [
        ("*", "*", [GET, PLACE, CANCEL]),
        ("POST", "*", [PLACE]),
        ("*", "/markets", [GET]),
        ("*", "/portfolio/*", [PLACE, CANCEL]),
        ("DELETE", "/portfolio/events/orders/{order_id}", [CANCEL]),
        ("*", "/portfolio/events/orders", [PLACE]),
        ("*", "/{part}", [GET]),
        ("*", "/markets.", []),
    ],
)
def test_what_a_rule_matches(method, path, matched):
    rule = DropResponse(method=method, path=path)
    assert [fact for fact in (GET, PLACE, CANCEL) if rule.matches(fact)] == matched
    assert not rule.matches(Frame("ticker"))


def test_frames_are_matched_by_channel_and_market():
    rule = Gap(channel="ticker", ticker="A")
    assert rule.matches(Frame("ticker", "A"))
    assert not any(rule.matches(each) for each in (Frame("ticker", "B"), Frame("trade", "A"), GET))
    assert Gap().matches(Frame("anything"))


def test_only_matches_are_counted():
    faults = Faults(FaultPlan((TooManyRequests(method="POST", nth=2),)), world_seed=1)
    assert struck(faults, [GET, PLACE, GET, CANCEL, PLACE, PLACE]) == [0, 0, 0, 0, 1, 0]


@given(seed=st.integers(0, 2**32), count=st.integers(1, 60))
def test_the_same_seed_gives_the_same_faults(seed: int, count: int):
    plan = FaultPlan((TooManyRequests(probability=0.5), Latency(ms=1, jitter_ms=9)))
    one, other = Faults(plan, seed), Faults(plan, seed)
    for _ in range(count):
        assert one.decide(GET) == other.decide(GET)


def test_what_one_rule_strikes_does_not_move_another():
    """Draws are counted by rule: more requests of one kind change nothing for another kind."""
    plan = FaultPlan((TooManyRequests(method="GET", probability=0.5),))
    with_posts = FaultPlan((*plan.rules, DropResponse(method="POST", probability=0.5)))
    alone, mixed = Faults(plan, 3), Faults(with_posts, 3)
    for _ in range(40):
        mixed.decide(PLACE)
        assert len(alone.decide(GET)) == len(mixed.decide(GET))


def test_a_probability_is_a_share():
    faults = Faults(FaultPlan((TooManyRequests(probability=0.3),)), world_seed=5)
    share = sum(struck(faults, [GET] * 4_000)) / 4_000
    assert abs(share - 0.3) < 0.022  # three standard errors


def test_the_plan_may_have_a_seed_of_its_own():
    rules = (TooManyRequests(probability=0.5),)
    own = [Faults(FaultPlan(rules, seed=9), world) for world in (1, 2)]
    assert struck(own[0], [GET] * 50) == struck(own[1], [GET] * 50)
    worlds = [Faults(FaultPlan(rules), world) for world in (1, 2)]
    assert struck(worlds[0], [GET] * 50) != struck(worlds[1], [GET] * 50)


def test_a_plan_is_read_and_written():
    text = """{"rules": [
        {"fault": "latency", "method": "POST", "ms": 20, "probability": 0.5},
        {"fault": "stale_reads", "ms": 400, "commands": 2},
        {"fault": "gap", "channel": "trade", "every": 10}]}"""
    plan = msgspec.json.decode(text, type=FaultPlan)
    assert plan.rules == (
        Latency(method="POST", ms=20, probability=0.5),
        StaleReads(ms=400, commands=2),
        Gap(channel="trade", every=10),
    )
    assert (plan.longest_lag.span_us, plan.longest_lag.commands) == (400_000, 2)
    assert msgspec.json.decode(msgspec.json.encode(plan), type=FaultPlan) == plan


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ('{"fault": "plague"}', "plague"),
        ('{"fault": "latency"}', "ms"),
        ('{"fault": "gap", "nth": 0}', "at least 1"),
        ('{"fault": "gap", "nth": 1, "every": 2}', "only one of"),
        ('{"fault": "gap", "probability": 1.5}', "from 0 to 1"),
        ('{"fault": "gap", "propability": 0.5}', "propability"),
        ('{"fault": "gap", "method": "GET"}', "method"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(rule, complaint):
    with pytest.raises(msgspec.ValidationError, match=complaint):
        msgspec.json.decode(f'{{"rules": [{rule}]}}', type=FaultPlan)
