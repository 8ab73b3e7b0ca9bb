"""The HTTP core: retries, signatures, redirects, sizes, paths, clocks and pace."""

import asyncio
import base64
import logging
from collections.abc import Callable
from email.utils import formatdate

import httpx
import pytest
from answering import measured
from cryptography.hazmat.primitives.asymmetric import ed25519
from fakes.clock import START_US, FakeClock
from fakes.decisions import an_intent

from kalshi_cli.adapters.kalshi import client
from kalshi_cli.adapters.kalshi.client import ATTEMPTS, RestClient, backoff_s
from kalshi_cli.adapters.kalshi.connection import api_url, connect
from kalshi_cli.adapters.kalshi.pace import Pace
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.kalshi.skew import Skew
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.errors import ConfigError, ExchangeRefusal, Unavailable
from kalshi_cli.ports.exchange import PlacementKind

KEY = ed25519.Ed25519PrivateKey.generate()
BASE = httpx.URL("http://exchange.test/trade-api/v2")
Handler = Callable[[httpx.Request], httpx.Response]


class Naps:
    """A sleep that takes no time and remembers how long it was asked for."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


class Script:
    """Answers requests in order; an exception is raised as the transport's own."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def rest(handler: Handler, clock: FakeClock | None = None, naps: Naps | None = None) -> RestClient:
    return RestClient(
        httpx.AsyncClient(transport=httpx.MockTransport(handler)),
        BASE,
        clock or FakeClock(),
        Signer("key", KEY),
        sleep=naps or Naps(),
        skew=measured(),
    )


async def test_reads_are_tried_again_and_signed_anew() -> None:
    clock = FakeClock()

    class Ticking(Naps):
        async def __call__(self, seconds: float) -> None:
            await super().__call__(seconds)
            clock.wall_us += SECOND

    script = Script(
        httpx.Response(503),
        httpx.ReadTimeout("silence"),
        httpx.Response(429, json={"error": "too many requests"}),
        httpx.Response(200, content=b"ok"),
    )
    naps = Ticking()
    core = rest(script, clock, naps)
    assert await core.get("/portfolio/balance", signed=True) == b"ok"
    stamps = [request.headers["KALSHI-ACCESS-TIMESTAMP"] for request in script.requests]
    assert stamps == [str(START_US // 1000 + second * 1000) for second in range(4)]
    assert [nap <= bound for nap, bound in zip(naps.taken, [0.2, 0.4, 0.8], strict=True)]
    await core.http.aclose()


@pytest.mark.parametrize(
    ("answer", "error", "attempts"),
    [
        (httpx.Response(500), Unavailable, ATTEMPTS),
        (httpx.ConnectError("refused"), Unavailable, ATTEMPTS),
        (httpx.DecodingError("not gzip"), Unavailable, 1),
        (httpx.Response(301, headers={"location": "https://evil.test/"}), Unavailable, 1),
        (httpx.Response(401), ConfigError, 1),
        (httpx.Response(404, json={"code": "not_found", "message": "x"}), ExchangeRefusal, 1),
    ],
)
async def test_reads_give_up(answer, error: type[Exception], attempts: int) -> None:
    script = Script(answer)
    core = rest(script)
    with pytest.raises(error):
        await core.get("/portfolio/balance", signed=True)
    assert len(script.requests) == attempts
    assert {request.url.host for request in script.requests} == {"exchange.test"}
    await core.http.aclose()


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(429), httpx.Response(302)])
async def test_writes_are_sent_once(answer: httpx.Response) -> None:
    script = Script(answer)
    core = rest(script)
    told = await core.write("POST", "/portfolio/events/orders", body=b"{}")
    assert (told.status, len(script.requests)) == (answer.status_code, 1)
    await core.http.aclose()


async def test_the_signature_covers_the_whole_path_without_the_query() -> None:
    script = Script(httpx.Response(200))
    core = rest(script)
    params = [("ticker", "A,B"), ("ticker", "C")]
    await core.get("/portfolio/orders/a%2Fb", params, signed=True)
    (request,) = script.requests
    assert request.url.raw_path == (b"/trade-api/v2/portfolio/orders/a%2Fb?ticker=A%2CB&ticker=C")
    signature = base64.b64decode(request.headers["KALSHI-ACCESS-SIGNATURE"])
    timestamp = request.headers["KALSHI-ACCESS-TIMESTAMP"]
    message = f"{timestamp}GET/trade-api/v2/portfolio/orders/a%2Fb".encode()
    KEY.public_key().verify(signature, message)
    await core.http.aclose()


async def test_public_reads_are_not_signed() -> None:
    script = Script(httpx.Response(200))
    core = rest(script)
    await core.get("/markets")
    assert not [name for name in script.requests[0].headers if name.startswith("kalshi")]
    await core.http.aclose()


async def test_signing_without_a_key_is_a_configuration_error() -> None:
    core = RestClient(httpx.AsyncClient(), BASE, FakeClock())
    with pytest.raises(ConfigError, match="without an API key"):
        await core.get("/portfolio/balance", signed=True)
    await core.http.aclose()


async def test_bodies_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LARGEST_BODY", 10)
    core = rest(Script(httpx.Response(200, content=b"12345678901")))
    with pytest.raises(Unavailable, match="too large"):
        await core.get("/series")
    with pytest.raises(httpx.DecodingError):
        await core.write("POST", "/portfolio/events/orders", body=b"")
    await core.http.aclose()


async def test_an_answer_that_drips_for_ever_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ATTEMPT_TIMEOUT_S", 0.02)

    async def drip(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    http = httpx.AsyncClient(transport=httpx.MockTransport(drip))
    core = RestClient(http, BASE, FakeClock(), Signer("key", KEY), sleep=Naps(), skew=measured())
    with pytest.raises(httpx.ReadTimeout):
        await core.write("POST", "/portfolio/events/orders", body=b"")
    with pytest.raises(Unavailable, match="too long"):
        await core.get("/markets")
    await core.http.aclose()


@pytest.mark.parametrize(
    ("headers", "skew_us"),
    [
        ({"date": formatdate(START_US / SECOND + 30, usegmt=True)}, 30_500_000),
        ({"date": formatdate(START_US / SECOND - 7, usegmt=True)}, -6_500_000),
        ({"date": formatdate(START_US / SECOND + 30, usegmt=True), "age": "12"}, None),
        ({"date": "yesterday"}, None),
        ({}, None),
    ],
)
async def test_the_date_header_measures_the_clock(headers, skew_us: int | None) -> None:
    core = rest(Script(httpx.Response(200, headers=headers)))
    core.skew = Skew(lambda: 0)
    await core.get("/exchange/status")
    bounds = core.clock_bounds
    assert (bounds and round(bounds.middle_us, -4)) == skew_us
    await core.http.aclose()


def test_backoff_is_full_jitter_up_to_five_seconds() -> None:
    for attempt in range(1, 12):
        bound = min(5.0, 0.1 * 2**attempt)
        drawn = [backoff_s(attempt) for _ in range(200)]
        assert 0 <= min(drawn) < bound / 4
        assert bound * 3 / 4 < max(drawn) <= bound


async def test_requests_are_paid_by_kind() -> None:
    core = rest(Script(httpx.Response(200)))
    core.pace = pace = Pace(monotonic=lambda: 0)
    buckets = (pace._read, pace._write, pace._balance, pace._anonymous)
    before = [bucket.free for bucket in buckets]
    await core.get("/markets")
    await core.get("/portfolio/orders", signed=True)
    await core.get("/portfolio/balance", signed=True)
    await core.write("DELETE", "/portfolio/events/orders/x", body=None)
    spent = [had - bucket.free for had, bucket in zip(before, buckets, strict=True)]
    assert spent == [10, 10, 1, 10]
    await core.http.aclose()


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://demo-api.kalshi.co/trade-api/v2", "https://demo-api.kalshi.co/trade-api/v2"),
        ("https://demo-api.kalshi.co/trade-api/v2/", "https://demo-api.kalshi.co/trade-api/v2"),
        (" https://demo-api.kalshi.co ", "https://demo-api.kalshi.co/trade-api/v2"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/trade-api/v2"),
        ("http://localhost:8000/", "http://localhost:8000/trade-api/v2"),
        ("http://[::1]:8000", "http://[::1]:8000/trade-api/v2"),
    ],
)
def test_addresses(given: str, base: str) -> None:
    assert str(api_url(given)) == base


@pytest.mark.parametrize(
    "given",
    [
        "",
        "kalshi.com",
        "ftp://demo-api.kalshi.co",
        "https://",
        "http://demo-api.kalshi.co/trade-api/v2",
        "http://127.0.0.1.evil.test",
        "https://user:secret@demo-api.kalshi.co",
        "https://demo-api.kalshi.co/?x=1",
        "https://[oops",
        "https://demo-api.kalshi.co:port",
        "https://demo-api.kalshi.co/v2",
        "https://demo-api.kalshi.co/trade-api/v1",
        "https://demo-api.kalshi.co/trade-api/v2/portfolio",
        "https://demo-api.kalshi.co/trade-api/v2/trade-api/v2",
    ],
)
def test_unusable_addresses(given: str) -> None:
    with pytest.raises(ConfigError) as caught:
        api_url(given)
    assert "secret" not in str(caught.value)
    assert caught.value.remedy


async def test_a_connection_without_a_key_can_only_read() -> None:
    transport = httpx.MockTransport(Script(httpx.Response(200, json={"series": []})))
    exchange = connect(
        base_url="http://exchange.test:81", signer=None, clock=FakeClock(), transport=transport
    )
    async with exchange:
        assert exchange.trading is None
        assert exchange.origin == "http://exchange.test:81"
        assert exchange.skew is None
        assert (await exchange.market_data.series()).items == ()


async def test_a_refused_connection_is_one_clear_line_and_a_write_that_was_not_sent(
    unused_tcp_port: int,
) -> None:
    exchange = connect(
        base_url=f"http://127.0.0.1:{unused_tcp_port}",
        signer=Signer("key", KEY),
        clock=FakeClock(),
        paced=False,
    )
    async with exchange:
        assert exchange.trading is not None
        placed = await exchange.trading.place("k1a", an_intent())
        assert placed.kind is PlacementKind.NOT_SENT
        cancellation = await exchange.trading.cancel("o", "KX", 0)
        assert cancellation.code == "not_sent"
        with pytest.raises(Unavailable) as caught:
            await exchange.trading.balance()
    assert f"127.0.0.1:{unused_tcp_port}" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_httpx_logs_no_signature(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    script = Script(httpx.Response(200))
    core = rest(script)
    await core.get("/portfolio/balance", signed=True)
    assert script.requests[0].headers["KALSHI-ACCESS-SIGNATURE"] not in caplog.text
    await core.http.aclose()
