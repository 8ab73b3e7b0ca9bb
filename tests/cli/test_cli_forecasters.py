"""Which commands need a forecaster, and what one that cannot be had stops."""

from pathlib import Path

import pytest

from kalshi_cli.bootstrap.forecasters import who_forecasts
from kalshi_cli.domain.identity import Env
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings


@pytest.mark.parametrize("command", [("analyze",), ("run-loop", "--once")])
def test_grok_without_a_key_is_refused_where_it_is_asked(kalshi, command):
    refused = kalshi(*command, "--sim", "--forecaster", "grok")
    assert refused.code == 4
    assert "Grok forecasts only with a key. Set XAI_API_KEY" in refused.err


def test_no_other_command_depends_on_it(kalshi, monkeypatch):
    monkeypatch.setenv("KALSHI_TRADING__FORECASTER", "grok")
    for command in ("ingest", "trade", "track", "evaluate"):
        assert kalshi(command, "--sim").code == 0
    checks = {
        row["name"]: row for row in kalshi("doctor", "--sim", "--json").json["data"]["checks"]
    }
    assert checks["exchange"]["result"] == "ok"
    assert "Grok" in checks["forecaster"]["detail"]


@pytest.mark.parametrize("host", ["http://localhost:1", "localhost:", "a b", "x.ai/v1"])
def test_a_host_that_is_none_is_refused_before_anything_is_sent(kalshi, monkeypatch, host):
    monkeypatch.setenv("XAI_API_KEY", "xai-whatever")
    monkeypatch.setenv("XAI_API_HOST", host)
    refused = kalshi("analyze", "--sim", "--forecaster", "grok")
    assert refused.code == 4
    assert "which is no host" in refused.err


def test_fiction_costs_no_money_even_with_a_key(kalshi, monkeypatch):
    monkeypatch.setenv("XAI_API_KEY", "xai-whatever")
    monkeypatch.setenv("XAI_API_HOST", "localhost:1")  # where nobody listens
    analyzed = kalshi("analyze", "--sim", "--json")
    assert analyzed.code == 0
    assert analyzed.json["data"]["forecaster"] == "baseline"


def test_a_loop_in_which_nobody_forecasts_says_so_once_and_works(kalshi, monkeypatch):
    """As outside of sim without a key: `who_forecasts` names nobody there."""
    monkeypatch.setattr("kalshi_cli.bootstrap.forecasters.who_forecasts", lambda *_: None)
    ended = kalshi("run-loop", "--sim", "--cycles", "2", "--seed", "7", "--json")
    assert ended.code == 0
    assert ended.err.count("directional trading is off: set XAI_API_KEY") == 1
    assert "nobody forecasts in sim" in ended.out.splitlines()[-1]
    refused = kalshi("analyze", "--sim")
    assert (refused.code, "Set XAI_API_KEY" in refused.err) == (4, True)


def test_demo_without_a_key_has_no_forecaster():
    there = Environment(Env.DEMO, "a test", Path("unused"))
    assert who_forecasts(there, Settings(home=Path("unused"))) is None
