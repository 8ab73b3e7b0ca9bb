"""What xAI's errors mean, by the words that they were seen with."""

import pytest
from grpc import StatusCode

from kalshi_cli.adapters.grok.failures import outcome_of
from kalshi_cli.domain.deliberation import Outcome

USED_UP = (
    "Your team 16f2151a has either used all available credits or reached its monthly spending "
    "limit. To continue making API requests, please purchase more credits or raise your limit."
)
TOO_FAST = (
    "Too many requests for team 16f2151a and model grok-4.3. Your team's rate limit is 30 requests "
    "per second. See https://console.x.ai/team/default/billing to purchase credits for a higher one"
)


@pytest.mark.parametrize(
    ("code", "details", "outcome"),
    [
        (StatusCode.RESOURCE_EXHAUSTED, USED_UP, Outcome.NO_CREDITS),
        (StatusCode.PERMISSION_DENIED, USED_UP, Outcome.NO_CREDITS),
        (
            StatusCode.PERMISSION_DENIED,
            "Your newly created teams doesn't have any credits yet.",
            Outcome.NO_CREDITS,
        ),
        (
            StatusCode.PERMISSION_DENIED,
            "You have run out of credits or need a Grok subscription.",
            Outcome.NO_CREDITS,
        ),
        (StatusCode.RESOURCE_EXHAUSTED, TOO_FAST, Outcome.RATE_LIMITED),
        (StatusCode.PERMISSION_DENIED, "no access to this billing page", Outcome.UNAUTHENTICATED),
        (StatusCode.UNAVAILABLE, "credits service is down", Outcome.UNAVAILABLE),
        (StatusCode.UNAVAILABLE, "failed to connect to all addresses", Outcome.UNAVAILABLE),
        (StatusCode.UNAVAILABLE, "recvmsg:Connection reset by peer", Outcome.UNKNOWN),
        (StatusCode.CANCELLED, "", Outcome.UNKNOWN),
        (StatusCode.DATA_LOSS, "", Outcome.UNKNOWN),
        (StatusCode.OUT_OF_RANGE, "", Outcome.REFUSED),
    ],
)
def test_what_may_be_done_about_it(code, details, outcome):
    assert outcome_of(code, details) is outcome
