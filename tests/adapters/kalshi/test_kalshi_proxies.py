"""The proxy that the machine's variables name: asked where it is meant, refused in one line."""

import httpx
import pytest
from fakes.clock import FakeClock

from kalshi_cli.adapters.kalshi.connection import connect
from kalshi_cli.adapters.kalshi.get_only import connect_public
from kalshi_cli.adapters.kalshi.proxies import proxy_for
from kalshi_cli.errors import ConfigError

HOST = "https://external-api.kalshi.com"
REAL = httpx.URL(f"{HOST}/trade-api/v2")
THIS_MACHINE = httpx.URL("http://127.0.0.1:8000")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"])
def test_the_machines_proxy_is_asked_where_it_is_meant(monkeypatch: pytest.MonkeyPatch, name: str):
    assert proxy_for(REAL) is None
    monkeypatch.setenv(name, "proxy.test:3128")
    assert proxy_for(REAL) == (name.upper(), "http://proxy.test:3128")
    assert proxy_for(THIS_MACHINE) is None
    monkeypatch.setenv("no_proxy", "kalshi.com")
    assert proxy_for(REAL) is None


def test_the_proxy_of_the_scheme_comes_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALL_PROXY", "http://all.test")
    monkeypatch.setenv("HTTPS_PROXY", "http://https.test")
    assert proxy_for(REAL) == ("HTTPS_PROXY", "http://https.test")


BAD = [
    ("ALL_PROXY", "socks5://user:secret@proxy.test:1080"),
    ("HTTPS_PROXY", "foo://user:secret@proxy.test"),
    ("HTTPS_PROXY", "http://user:secret@proxy.test:port"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_proxy_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(name, value)
    for connecting in (
        lambda: connect(base_url=HOST, signer=None, clock=FakeClock()),
        lambda: connect_public(base_url=HOST, clock=FakeClock()),
    ):
        with pytest.raises(ConfigError, match=name) as caught:
            connecting()
        told = f"{caught.value} {caught.value.remedy}"
        assert "secret" not in told
        assert "\n" not in told


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
async def test_both_connections_go_through_it(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with connect_public(base_url=HOST, clock=FakeClock()) as public:
        assert "HTTPProxy" in repr(public._client.http._transport._inner._pool)  # type: ignore[attr-defined]
    async with connect(base_url=HOST, signer=None, clock=FakeClock()) as exchange:
        assert "HTTPProxy" in repr(exchange._rest.http._transport._pool)  # type: ignore[attr-defined]
