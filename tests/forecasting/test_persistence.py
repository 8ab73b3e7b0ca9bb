"""What follows each kind of failed call, in the order that xAI's errors ask for."""

import pytest

from kalshi_cli.domain.deliberation import Attempt, Outcome, Usage
from kalshi_cli.forecasting.persistence import Ask, GiveUp, Why, next_move

MODELS = ("grok-4", "grok-3")


def failed(*outcomes, model="grok-4", retry_after_s=None):
    return [
        Attempt(model, "", Outcome(outcome), "", "why", Usage(), None, 5, retry_after_s)
        for outcome in outcomes
    ]


def after(*attempts, seconds_left=60.0, chance=1.0, models=MODELS):
    return next_move(list(attempts), models, seconds_left=seconds_left, chance=chance)


def test_the_primary_model_is_asked_first_and_at_once():
    assert after() == Ask("grok-4", 0.0)


@pytest.mark.parametrize("outcome", ["unavailable", "rate_limited", "unknown"])
def test_waits_double_and_are_drawn_in_full(outcome):
    waits = [after(*failed(*[outcome] * n)).after_s for n in (1, 2, 3)]
    assert waits == [0.5, 1.0, 2.0]
    assert after(*failed(outcome), chance=0.25) == Ask("grok-4", 0.125)
    assert after(*failed(*[outcome] * 4)) == Ask("grok-3")  # and then the other model
    last = failed(outcome, model="grok-3")
    assert after(*failed(*[outcome] * 4), *last) == Ask("grok-3", 0.5)
    assert after(*failed(*[outcome] * 4), *last * 4).why is Why.NO_MODEL_LEFT


def test_the_server_is_given_the_time_it_asks_for():
    assert after(*failed("rate_limited", retry_after_s=7.0)) == Ask("grok-4", 7.0)
    told = failed("rate_limited", retry_after_s=61.0)
    assert after(*told) == GiveUp(Why.OUT_OF_TIME, "why")


@pytest.mark.parametrize("outcome", ["timed_out", "model_gone", "broken"])
def test_a_silent_or_missing_model_is_not_asked_twice(outcome):
    assert after(*failed(outcome)) == Ask("grok-3")
    both = [*failed(outcome), *failed(outcome, model="grok-3")]
    assert after(*both) == GiveUp(Why.NO_MODEL_LEFT, "why")
    assert after(*failed(outcome), models=("grok-4",)) == GiveUp(Why.NO_MODEL_LEFT, "why")


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        ("unauthenticated", Why.STOP_KEY),
        ("no_credits", Why.STOP_CREDITS),
        ("refused", Why.REFUSED),
    ],
)
def test_what_would_be_refused_again_is_not_sent_again(outcome, why):
    assert after(*failed(outcome)) == GiveUp(why, "why")


@pytest.mark.parametrize("outcome", ["cut", "empty", "unusable"])
def test_an_answer_that_cannot_be_used_is_asked_for_once_more(outcome):
    assert after(*failed(outcome)) == Ask("grok-4", 0.0)
    assert after(*failed(outcome, "unusable")) == GiveUp(Why.UNREADABLE, "why")
    elsewhere = [*failed("timed_out"), *failed(outcome, model="grok-3")]
    assert after(*elsewhere) == Ask("grok-3", 0.0)


def test_nobody_is_asked_out_of_time():
    for outcome in ("unavailable", "timed_out", "cut"):
        assert after(*failed(outcome), seconds_left=0.0) == GiveUp(Why.OUT_OF_TIME, "why")


def test_it_always_ends():
    """Whatever comes back, a question is asked a bounded number of times."""
    for outcome in Outcome:
        attempts = []
        for _ in range(20):
            move = after(*attempts)
            if isinstance(move, GiveUp):
                break
            attempts += failed(outcome, model=move.model)
        assert isinstance(move, GiveUp)
        assert len(attempts) <= 8
