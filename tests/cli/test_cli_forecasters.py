"""Which commands need a forecaster, and what one that does not exist stops."""

import pytest


@pytest.mark.parametrize("command", [("analyze",), ("run-loop", "--once")])
def test_a_forecaster_that_does_not_exist_is_refused_where_it_is_asked(kalshi, command):
    refused = kalshi(*command, "--sim", "--forecaster", "grok")
    assert refused.code == 4
    assert "The Grok forecaster does not exist yet." in refused.err


def test_no_other_command_depends_on_it(kalshi, monkeypatch):
    monkeypatch.setenv("KALSHI_TRADING__FORECASTER", "grok")
    for command in ("ingest", "trade", "track", "evaluate"):
        assert kalshi(command, "--sim").code == 0
    checks = {
        row["name"]: row for row in kalshi("doctor", "--sim", "--json").json["data"]["checks"]
    }
    assert checks["exchange"]["result"] == "ok"
    assert "Grok" in checks["forecaster"]["detail"]
