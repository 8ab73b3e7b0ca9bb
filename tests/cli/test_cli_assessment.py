"""How one market looks beside its forecast: what it shows of the gates."""

import re


def test_a_gate_that_stops_one_strategy_is_told_with_its_name(kalshi, kalshi_home):
    kalshi("ingest", "--sim", "--seed", "7")
    (kalshi_home / "config.toml").write_text("[trading]\nmin_net_edge = 0.5\n")
    market = kalshi("inspect", "markets", "--limit", "1", "--json").json["data"][0]["ticker"]
    told = kalshi("analyze", market).out
    assert " directional_trading, NET_EDGE: " in told


def test_a_gate_that_stops_everybody_is_told_without_one(kalshi, kalshi_home):
    kalshi("ingest", "--sim", "--seed", "7")
    market = kalshi("inspect", "markets", "--limit", "1", "--json").json["data"][0]["ticker"]
    (kalshi_home / "config.toml").write_text(f"[filters]\nblock_tickers = ['{market}']\n")
    assert f"  BLOCKED: ticker {market} is on the list" in kalshi("analyze", market).out


def test_the_room_under_each_limit_is_told_in_dollars(kalshi):
    kalshi("ingest", "--sim", "--seed", "7")
    market = kalshi("inspect", "markets", "--limit", "1", "--json").json["data"][0]["ticker"]
    told = kalshi("analyze", market, "--explain").out
    rooms = [line for line in told.splitlines() if line.startswith("stake ")]
    assert len(rooms) >= 7
    assert [line for line in rooms if not re.search(r" ok +\$0\.00 +\$[\d,.]+$", line)] == []
