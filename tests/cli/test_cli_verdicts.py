"""What a result still counts as: the exit code of an analysis."""

import pytest

from kalshi_cli.cli.verdicts import of_analyze
from kalshi_cli.domain.money import NO_COST
from kalshi_cli.errors import ConfigError, Refused, Unavailable
from kalshi_cli.ports.forecaster import Skipped
from kalshi_cli.steps.analyze import AnalyzeResult


def result(code, *, forecasts=(), named=()):
    skipped = (Skipped("KXA", code, "why"), Skipped("KXB", "COOLDOWN", "asked recently"))
    return AnalyzeResult(0, "grok", "", forecasts, skipped, NO_COST, NO_COST, None, named)


@pytest.mark.parametrize("code", ["AI_DECISION_BUDGET", "AI_REFUSED", "AI_UNREADABLE"])
def test_what_one_event_came_to_counts_where_it_was_asked_for_or_is_all_there_is(code):
    made = (object(),)
    assert of_analyze(result(code, forecasts=made)) is None
    assert of_analyze(result(code, forecasts=made, named=("KXB",))) is None
    assert of_analyze(result(code, forecasts=made, named=("KXA", "KXB"))) is not None
    assert of_analyze(result(code)) is not None


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AI_KEY", ConfigError),
        ("AI_CREDITS", Refused),
        ("AI_BUDGET", Refused),
        ("AI_UNAVAILABLE", Unavailable),
    ],
)
def test_what_concerns_every_question_counts_always(code, kind):
    assert isinstance(of_analyze(result(code, forecasts=(object(),))), kind)


@pytest.mark.parametrize("code", ["COOLDOWN", "DAILY_CAP", "NO_QUOTE", "CLOSES_SOON"])
def test_a_rest_is_no_failure(code):
    assert of_analyze(result(code)) is None
