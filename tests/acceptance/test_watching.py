"""`kalshi watch` as people use it: in this process, and over a socket that breaks."""

import json
import signal
from pathlib import Path

import httpx
import pytest
from fakes.program import Program
from fakes.served import ServedExchange

from kalshi_cli.adapters.sim.world.keys import KeyType, new_private_key


def busiest(program: Program) -> list[str]:
    program.run("ingest", "--sim", "--seed", "7")
    rows = program.data("inspect", "markets", "--sim", "--limit", "3")
    return [row["ticker"] for row in rows]


@pytest.mark.slow
def test_a_simulated_world_lives_while_it_is_watched(tmp_path: Path):
    program = Program(tmp_path / "home")
    tickers = busiest(program)
    with program.start("watch", *tickers, "--sim", "--speed", "600", "--json") as running:
        quoted: set[str] = set()
        instants = []
        while len(instants) < 4 or quoted != set(tickers):
            envelope = json.loads(running.line(len(instants)))
            assert (envelope["ok"], envelope["command"]) == (True, "watch")
            instants.append(envelope["data"]["at"])
            quoted |= {m["ticker"] for m in envelope["data"]["markets"] if m["bid"] or m["ask"]}
        running.send_signal(signal.SIGINT)
        ended = running.ended()
    assert ended.code == 130
    assert "Traceback" not in ended.err
    assert instants[-1] > instants[0]


def test_a_market_that_is_not_there(kalshi):
    ended = kalshi("watch", "KXNONE", "--sim", "--seed", "7")
    assert ended.code == 3
    assert "The exchange lists no market KXNONE." in ended.err


@pytest.mark.slow
def test_over_a_socket_a_broken_connection_shows_no_price_and_comes_back(tmp_path: Path):
    with ServedExchange(7) as exchange:
        program = Program(tmp_path / "home", exchange.variables)
        base = exchange.variables["KALSHI_BASE_URL"]
        plan = {"rules": [{"fault": "reset", "channel": "orderbook_delta", "nth": 5, "times": 1}]}
        control = base.removesuffix("/trade-api/v2") + "/sim"
        markets = httpx.get(f"{base}/markets", params={"status": "open"}).json()["markets"]
        tickers = [m["ticker"] for m in sorted(markets, key=lambda m: -float(m["volume_24h_fp"]))]
        with program.start("watch", *tickers[:20], "--env", "demo", "--json") as running:
            told: list[dict] = []

            def read_until(found) -> None:
                while not (told and found(told[-1])):
                    told.append(json.loads(running.line(len(told)))["data"])

            read_until(lambda data: any(market["bid"] for market in data["markets"]))
            assert httpx.put(f"{control}/faults", json=plan).status_code == 200
            for _ in range(30):
                assert httpx.post(f"{control}/advance", json={"span": "1m"}).status_code == 200
            read_until(
                lambda _: [n for each in told for n in each["notes"]].count("connected") == 2
            )
            # One that is back before the next line is told is not told as lost.
            broken = [each for each in told if each["notes"] == ["lost: the connection broke off"]]
            assert not any(market["bid"] for each in broken for market in each["markets"])
            read_until(lambda data: any(market["bid"] for market in data["markets"]))
            running.send_signal(signal.SIGTERM)
            ended = running.ended()
    assert ended.code == 143
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "addresses",
    [
        {"KALSHI_WS_URL": "ws://127.0.0.1:9"},
        {"KALSHI_BASE_URL": "http://127.0.0.1:9", "KALSHI_WS_URL": "wss://example.com"},
    ],
)
def test_a_stream_of_another_exchange_is_refused(kalshi, monkeypatch, addresses: dict[str, str]):
    """Else a key of this machine would be sent to the exchange's own demo, or the other way."""
    key = {"KALSHI_API_KEY": "key", "KALSHI_PRIVATE_KEY": new_private_key(KeyType.ED25519)}
    for name, value in (addresses | key).items():
        monkeypatch.setenv(name, value)
    ended = kalshi("watch", "KXNONE", "--env", "demo")
    assert ended.code == 4
    assert "Set KALSHI_BASE_URL and KALSHI_WS_URL together" in ended.err


@pytest.mark.slow
def test_a_wrong_key_is_said_in_one_line(tmp_path: Path):
    with ServedExchange(7) as exchange:
        base = exchange.variables["KALSHI_BASE_URL"]
        ticker = httpx.get(f"{base}/markets").json()["markets"][0]["ticker"]
        wrong = {"KALSHI_PRIVATE_KEY": new_private_key(KeyType.ED25519)}
        program = Program(tmp_path / "home", {**exchange.variables, **wrong})
        ended = program.run("watch", ticker, "--env", "demo", code=4)
    assert "did not accept the API key" in ended.err
    assert "Traceback" not in ended.err
