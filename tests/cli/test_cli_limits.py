"""`--limits-reason` and `inspect limits`."""

from pathlib import Path


def test_a_changed_limit_is_told_with_who_and_why(kalshi, kalshi_home: Path, monkeypatch):
    monkeypatch.setenv("LOGNAME", "ann")
    assert kalshi("track", "--sim", "--seed", "7").code == 0
    monkeypatch.setenv("KALSHI_RISK__MAX_POSITIONS", "20")
    assert kalshi("track", "--sim", "--limits-reason", "ten\nmore markets").code == 0
    monkeypatch.setenv("KALSHI_RISK__MAX_POSITIONS", "unlimited")
    assert kalshi("trade", "--sim").code == 0
    assert kalshi("trade", "--sim", "--dry-run").code == 0
    data = kalshi("inspect", "limits", "--json").json["data"]
    changed = [row for row in data["changes"] if row["old"] is not None]
    assert [(row["name"], row["old"], row["new"], row["who"], row["why"]) for row in changed] == [
        ("risk.max_positions", "20", '"unlimited"', "ann", "not said"),
        ("risk.max_positions", "15", "20", "ann", "ten more markets"),
    ]
    rows = {row["name"]: row for row in data["limits"]}
    assert rows["risk.max_positions"]["value"] == '"unlimited"'
    assert rows["risk.max_positions"]["usage"]["bound"] is None
    assert rows["risk.max_account_exposure"]["usage"]["bound"] == "9000.000000"  # 90 % of $10,000
    assert rows["trading.max_single_position"]["usage"] is None
    shown = kalshi("inspect", "limits").out
    assert max(map(len, shown.splitlines())) <= 80
    assert "20 to unlimited" in " ".join(shown.split())


def test_without_a_store_every_limit_is_told_all_the_same(kalshi, kalshi_home: Path):
    data = kalshi("inspect", "limits", "--sim", "--json").json["data"]
    assert data["bankroll"] is None
    assert data["changes"] == []
    assert len(data["limits"]) > 20


def test_the_reason_belongs_to_commands_that_trade(kalshi, kalshi_home: Path):
    assert kalshi("ingest", "--sim", "--limits-reason", "x").code == 2
