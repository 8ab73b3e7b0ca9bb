"""Which commands need a forecaster, and what one that cannot be had stops."""

import pytest


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
