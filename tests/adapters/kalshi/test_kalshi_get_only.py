"""Market data without an account: it reads all of it, and it cannot do anything else."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fakes.clock import FakeClock
from fakes.served import served

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.kalshi.client import ReadClient, RestClient
from kalshi_cli.adapters.kalshi.get_only import GetOnly, PublicConnection, connect_public
from kalshi_cli.adapters.sim.simulation import open_simulation
from kalshi_cli.errors import ConfigError, Refused
from kalshi_cli.ports.exchange import MarketData

METHODS = ("POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "get", "BREW")


class Recorder:
    """A transport that answers everything, and remembers what reached it."""

    def __init__(self) -> None:
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return httpx.Response(200, json={"exchange_active": True, "trading_active": True})


async def chunks() -> AsyncIterator[bytes]:
    yield b"{}"


@pytest.mark.parametrize("method", METHODS)
async def test_the_transport_carries_nothing_but_get(method: str):
    recorder = Recorder()
    exchange = connect_public(
        base_url="http://exchange.test",
        clock=FakeClock(),
        transport=httpx.MockTransport(recorder),
    )
    async with exchange:
        http = exchange._client.http
        request = httpx.Request(method, "http://exchange.test/trade-api/v2/portfolio/events/orders")
        request.method = method  # httpx writes it in capitals
        with pytest.raises(Refused, match="this only reads"):
            await http.send(request)
        with pytest.raises(Refused):
            await http.request("GET", "http://exchange.test/x", content=b"{}")
        with pytest.raises(Refused):
            await http.request("GET", "http://exchange.test/x", content=chunks())
        bare = http.build_request("GET", "http://exchange.test/x", content=b"{}")
        del bare.headers["content-length"]
        with pytest.raises(Refused):
            await http.send(bare)
        assert recorder.seen == []
        assert (await exchange.market_data.exchange_status()).exchange_active
    (request,) = recorder.seen
    assert not [name for name in request.headers if name.startswith("kalshi")]


async def test_every_way_out_of_the_client_is_guarded():
    """No proxy of the machine's may have a transport of its own, past the one that refuses."""
    exchange = connect_public(base_url="https://external-api.kalshi.com", clock=FakeClock())
    async with exchange:
        http = exchange._client.http
        assert isinstance(http._transport, GetOnly)
        assert all(isinstance(each, GetOnly) for each in http._mounts.values() if each)
        assert http.follow_redirects is False


def test_the_client_has_nothing_that_writes():
    assert issubclass(RestClient, ReadClient)
    assert hasattr(RestClient, "write")
    assert not hasattr(ReadClient, "write")
    exchange = PublicConnection(ReadClient(httpx.AsyncClient(), httpx.URL("http://x"), FakeClock()))
    assert not {"trading", "access", "write"} & set(dir(exchange))
    assert exchange._client.signer is None


async def test_a_signed_read_is_refused_before_it_is_sent():
    recorder = Recorder()
    exchange = connect_public(
        base_url="http://exchange.test",
        clock=FakeClock(),
        transport=httpx.MockTransport(recorder),
    )
    async with exchange:
        with pytest.raises(ConfigError, match="without an API key"):
            await exchange._client.get("/portfolio/balance", signed=True)
    assert recorder.seen == []


async def test_it_reads_a_served_exchange_without_keys():
    simulation = open_simulation(None, seed=7)
    try:
        async with served(simulation) as server:
            url = server.address.base_url
            async with connect_public(base_url=url, clock=SystemClock()) as exchange:
                await reads_everything(exchange.market_data)
                assert exchange.origin == url
                assert exchange.skew is not None
    finally:
        simulation.close()


async def reads_everything(data: MarketData) -> None:
    status = await data.exchange_status()
    assert [shard.exchange_index for shard in status.shards] == [0, 1, 2, 3]
    assert status.unusable == ()
    assert (await data.series()).items
    page = await data.open_events()
    assert (page.items, page.unusable) != ((), ())
    event = page.items[0]
    tickers = [listing.market.ticker for listing in event.listings]
    assert (await data.event(event.event.event_ticker)).event == event.event
    listed = await data.listings(tickers)
    assert {listing.market.ticker for listing in listed.items} == set(tickers)
    assert set(await data.books(tickers)) == set(tickers)
    await data.trades(tickers[0])
    assert (await data.updated_markets(0)).items
