"""What counts as a change of a limit."""

from kalshi_cli.domain.limits import LimitChange, limit_changes


def test_only_what_differs_is_a_change_and_a_new_name_has_no_old_value():
    recorded = {"risk.max_positions": "15", "risk.max_drawdown": "0.15", "gone": "1"}
    now = {"risk.max_positions": "20", "risk.max_drawdown": "0.15", "risk.new": '"unlimited"'}
    assert limit_changes(recorded, now) == (
        LimitChange("risk.max_positions", "15", "20"),
        LimitChange("risk.new", None, '"unlimited"'),
    )


def test_the_same_limits_are_no_change():
    assert limit_changes({"a": "1"}, {"a": "1"}) == ()
