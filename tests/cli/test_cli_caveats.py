"""What every screen of results says of itself, and what the last screen says to type next."""

import pytest


def test_forecasters_and_lifted_limits_are_told_with_every_result(kalshi, monkeypatch):
    monkeypatch.setenv("KALSHI_RISK__MAX_POSITIONS", "unlimited")
    ran = kalshi("run-loop", "--sim", "--once", "--seed", "7", "--forecaster", "oracle", "--json")
    looks = (("status",), ("inspect", "positions"), ("trade",), ("track",), ("evaluate",))
    for told in (ran.out.splitlines()[-1], *(kalshi(*look, "--json").out for look in looks)):
        assert "oracle" in told.split('"warnings"')[1]
        assert "without a limit: risk.max_positions" in told.split('"warnings"')[1]
    assert "warning: forecasts by oracle" in kalshi("inspect", "positions").err


def test_the_baseline_is_told_once_where_it_is_traded_on(kalshi):
    ran = kalshi("run-loop", "--sim", "--once", "--seed", "7")
    assert (ran.out + ran.err).count("baseline: ") == 1
    assert kalshi("trade", "--dry-run").err.count("warning: forecasts by baseline") == 1
    for look in (("status",), ("inspect", "positions"), ("track",), ("why", "X")):
        assert "baseline: " not in kalshi(*look).err


@pytest.mark.parametrize(("default", "flag"), [("demo", " --sim"), ("sim", "")])
def test_the_next_commands_stay_in_the_environment_that_was_chosen(
    kalshi, monkeypatch, default, flag
):
    monkeypatch.setenv("KALSHI_ENV", default)
    shown = kalshi("run-loop", "--sim", "--once", "--seed", "7").out.splitlines()
    assert f"  kalshi status{flag}" in shown
    assert f"  kalshi run-loop --cycles 100{flag}" in shown


def test_the_next_commands_stay_in_the_home_that_was_named(kalshi, tmp_path):
    home = tmp_path / "a home"
    run = ("run-loop", "--sim", "--once", "--seed", "7", "--home", str(home))
    assert f"  kalshi status --home '{home}'" in kalshi(*run).out.splitlines()
