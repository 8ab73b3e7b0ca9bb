"""What settings come to for the steps."""

from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.domain.identity import Env
from kalshi_cli.filters.closing import Closing
from kalshi_cli.settings.sections import Exits, Filters, Settings


def least_minutes(leave: float | str) -> float:
    settings = Settings(
        filters=Filters(min_minutes_to_close=10.0),
        exits=Exits.model_validate({"leave_before_close_minutes": leave}),
    )
    (closing,) = [
        each for each in policies(Env.SIM, settings, None).filters if isinstance(each, Closing)
    ]
    return closing.min_minutes_to_close


def test_nothing_is_entered_when_it_would_be_left_at_once():
    assert least_minutes("off") == 10.0
    assert least_minutes(5.0) == 10.0
    assert least_minutes(120.0) == 120.0
