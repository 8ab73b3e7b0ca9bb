"""Where the exchanges are, and how the clock of one on this machine runs."""

import pytest

from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.timescale import TimeScale
from kalshi_cli.errors import ConfigError
from kalshi_cli.settings.addresses import (
    DEMO_URL,
    DEMO_WS_URL,
    PROD_URL,
    PROD_WS_URL,
    base_url,
    market_time,
    ws_url,
)

LOCAL = {"KALSHI_BASE_URL": "http://127.0.0.1:8000"}
CLOCK = '{"wall0": 1000, "virtual0": 5000, "speed": 60}'


def test_addresses():
    elsewhere = {"KALSHI_BASE_URL": "https://mirror.example/trade-api/v2/"}
    assert base_url(Env.SIM, elsewhere) == ""
    assert base_url(Env.DEMO, {}) == DEMO_URL
    assert base_url(Env.DEMO, elsewhere) == "https://mirror.example/trade-api/v2"
    assert base_url(Env.PROD, elsewhere) == PROD_URL
    assert base_url(Env.PAPER, elsewhere) == PROD_URL


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8000/x", "http://localhost:1/x", "http://[::1]:9/x", "http://127.9.9.9/x"],
)
def test_plain_http_is_for_this_machine(url: str):
    assert base_url(Env.DEMO, {"KALSHI_BASE_URL": url}) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/x",
        "http://127.0.0.1.example.com/x",
        "http://10.0.0.1/x",
        "ftp://localhost/x",
        "https://user:pw@example.com/x",
        "localhost:8000",
        "https://",
    ],
)
def test_anything_else_is_refused(url: str):
    with pytest.raises(ConfigError):
        base_url(Env.DEMO, {"KALSHI_BASE_URL": url})


def test_the_stream_has_an_address_of_its_own():
    local = {"KALSHI_WS_URL": "ws://127.0.0.1:8000/"}
    assert ws_url(Env.SIM, local) == ""
    assert ws_url(Env.DEMO, {}) == DEMO_WS_URL
    assert ws_url(Env.DEMO, local) == "ws://127.0.0.1:8000"
    assert ws_url(Env.PROD, local) == PROD_WS_URL


@pytest.mark.parametrize("url", ["ws://example.com", "http://127.0.0.1:1", "wss://", "127.0.0.1"])
def test_a_stream_elsewhere_is_encrypted(url: str):
    with pytest.raises(ConfigError, match="KALSHI_WS_URL must be an address with wss"):
        ws_url(Env.DEMO, {"KALSHI_WS_URL": url})


def test_the_clock_of_a_served_world():
    given = {**LOCAL, "KALSHI_SIM_CLOCK": CLOCK}
    scale = market_time(Env.DEMO, given)
    assert scale == TimeScale(1000, 5000, 60.0)
    assert scale.at(1010) == 5600
    assert market_time(Env.DEMO, LOCAL) is None
    assert market_time(Env.SIM, given) is None


@pytest.mark.parametrize(
    ("env", "variables"),
    [
        (Env.DEMO, {}),
        (Env.DEMO, {"KALSHI_BASE_URL": "https://mirror.example"}),
        (Env.PROD, LOCAL),
    ],
)
def test_a_clock_is_for_this_machine_alone(env: Env, variables: dict[str, str]):
    with pytest.raises(ConfigError, match="served on this machine"):
        market_time(env, {**variables, "KALSHI_SIM_CLOCK": CLOCK})


@pytest.mark.parametrize(
    "text",
    [
        "60",
        "{}",
        "[1, 2, 3]",
        '{"wall0": 1, "virtual0": 2}',
        '{"wall0": 1, "virtual0": 2, "speed": -1}',
        '{"wall0": 1, "virtual0": 2, "speed": NaN}',
        '{"wall0": 1, "virtual0": 2, "speed": 1e300}',
        '{"wall0": 1, "virtual0": 2, "speed": 3601}',
        '{"wall0": 1, "virtual0": 99999999999999999999999, "speed": 1}',
        '{"wall0": -1, "virtual0": 2, "speed": 1}',
        '{"wall0": Infinity, "virtual0": 2, "speed": 1}',
        '{"wall0": true, "virtual0": 2, "speed": 1}',
        '{"wall0": "1", "virtual0": 2, "speed": 1}',
    ],
)
def test_what_is_no_clock_is_refused(text: str):
    with pytest.raises(ConfigError, match="holds no clock"):
        market_time(Env.DEMO, {**LOCAL, "KALSHI_SIM_CLOCK": text})


def test_a_clock_that_stands_still_is_refused_as_such():
    still = {**LOCAL, "KALSHI_SIM_CLOCK": '{"wall0": 1, "virtual0": 2, "speed": 0.0}'}
    with pytest.raises(ConfigError, match="stands still") as caught:
        market_time(Env.DEMO, still)
    assert "another speed" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("KALSHI_BASE_URL", "https://external-api.kalshi.com/trade-api/v2"),
        ("KALSHI_BASE_URL", "https://api.elections.kalshi.com"),
        ("KALSHI_BASE_URL", "https://KALSHI.com./trade-api/v2"),
        ("KALSHI_WS_URL", "wss://external-api-ws.kalshi.com/trade-api/ws/v2"),
    ],
)
def test_the_demo_is_never_pointed_at_real_money(name: str, url: str):
    read = base_url if name == "KALSHI_BASE_URL" else ws_url
    with pytest.raises(ConfigError, match="real exchange") as caught:
        read(Env.DEMO, {name: url})
    assert "--live" in caught.value.remedy
    elsewhere = url.replace("alshi.com", "alshi.com.test").replace("ALSHI.com.", "alshi.com.test")
    assert read(Env.DEMO, {name: elsewhere}) == elsewhere


def test_the_stream_is_where_a_local_exchange_is():
    assert ws_url(Env.DEMO, LOCAL) == "ws://127.0.0.1:8000"
    both = {**LOCAL, "KALSHI_WS_URL": "ws://127.0.0.1:9/x"}
    assert ws_url(Env.DEMO, both) == "ws://127.0.0.1:9/x"
    assert ws_url(Env.PROD, LOCAL) == PROD_WS_URL
    elsewhere = {"KALSHI_BASE_URL": "https://demo-api.kalshi.co/trade-api/v2"}
    assert ws_url(Env.DEMO, elsewhere) == DEMO_WS_URL
