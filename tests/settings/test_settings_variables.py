"""Words in variables mean what they mean in a config file."""

import pytest

from kalshi_cli.settings.load import load


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("ai", "daily_ai_budget"),
        ("trading", "capital_limit"),
        ("risk", "max_positions"),
        ("risk", "max_daily_loss"),
    ],
)
def test_a_variable_can_lift_a_limit(monkeypatch, section, key):
    monkeypatch.setenv(f"KALSHI_{section}__{key}".upper(), "unlimited")
    assert getattr(getattr(load().settings, section), key) is None


def test_a_variable_can_turn_a_rule_off(monkeypatch):
    monkeypatch.setenv("KALSHI_EXITS__MAX_HOLD_HOURS", "off")
    assert load().settings.exits.max_hold_hours is None


def test_only_lists_are_split_at_commas(monkeypatch):
    monkeypatch.setenv("KALSHI_FILTERS__BLOCK_SERIES", "KXA,KXB")
    monkeypatch.setenv("KALSHI_TRADING__CAPITAL_LIMIT", "250.50")
    settings = load().settings
    assert settings.filters.block_series == ("KXA", "KXB")
    assert str(settings.trading.capital_limit) == "250.500000"
