"""The stream over a real socket: handshake, heartbeat, compression, slow and lost clients."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager

import pytest
from fakes.asyncapi import asyncapi
from fakes.served import served
from fakes.signature import signature
from fakes.signed_client import SignedClient
from fakes.streamed import Reader
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.frames import Opcode

from kalshi_cli.adapters.sim.http import loopback
from kalshi_cli.adapters.sim.stream.coverage import StreamLimits
from kalshi_cli.adapters.sim.stream.heartbeat import OPTIONS
from kalshi_cli.adapters.sim.world.keys import KeyType, new_private_key
from kalshi_cli.domain.instant import MINUTE, SECOND

PATH = "/trade-api/ws/v2"


@pytest.fixture
def hurried(monkeypatch):
    """A server that pings twenty times a second, and waits as long as it is told for a pong."""

    def hurry(patience_s):
        assert OPTIONS["ws_ping_interval"] == 10
        quick = {**OPTIONS, "ws_ping_interval": 0.05, "ws_ping_timeout": patience_s}
        monkeypatch.setattr(loopback, "OPTIONS", quick)

    return hurry


def headers(simulation, *, skew_s=0.0, pem="", path=PATH, key_id=""):
    stamp = str(simulation.clock.wall() // 1_000 + int(skew_s * 1_000))
    return {
        "KALSHI-ACCESS-KEY": key_id or simulation.key_id,
        "KALSHI-ACCESS-TIMESTAMP": stamp,
        "KALSHI-ACCESS-SIGNATURE": signature(
            pem or simulation.private_key_pem, f"{stamp}GET{path}"
        ),
    }


def url_of(server):
    return f"{server.address.ws_url}{PATH}"


@asynccontextmanager
async def connected(simulation, *, skew_s=0.0):
    """A client of a server of its own."""
    async with (
        served(simulation) as server,
        connect(url_of(server), additional_headers=headers(simulation, skew_s=skew_s)) as stream,
    ):
        yield stream


def command(cmd, **params):
    return json.dumps({"id": 7, "cmd": cmd, "params": params})


async def test_a_signed_client_is_served(simulation):
    reader = Reader(asyncapi())
    async with served(simulation) as server, SignedClient(simulation) as client:
        ticker = (await client.markets())[0]["ticker"]
        async with connect(url_of(server), additional_headers=headers(simulation)) as stream:
            await stream.send(command("subscribe", channels=["orderbook_delta", "user_orders"],
                                      market_tickers=[ticker]))  # fmt: skip
            reader.see([await stream.recv() for _ in range(3)])
            await client.place(ticker=ticker, client_order_id="mine")
            reader.see([await asyncio.wait_for(stream.recv(), 5) for _ in range(2)])
            await stream.send(b'{"id":8,"cmd":"list_subscriptions"}')  # binary is as good as text
            assert json.loads(await stream.recv())["id"] == 8
    assert [frame["type"] for frame in reader.seen] == [
        "subscribed", "subscribed", "orderbook_snapshot", "user_order", "orderbook_delta",
    ]  # fmt: skip
    assert reader.of("orderbook_delta")[0]["client_order_id"] == "mine"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"skew_s": -30}, "header_timestamp_expired"),
        ({"skew_s": 300}, "header_timestamp_expired"),
        ({"path": "/trade-api/v2/portfolio/balance"}, "authentication_error"),
        ({"pem": new_private_key(KeyType.ED25519)}, "authentication_error"),
        ({"pem": new_private_key(KeyType.RSA)}, "authentication_error"),
        ({"key_id": "00000000-0000-0000-0000-000000000000"}, "authentication_error"),
        (None, "token_authentication_failure"),
    ],
)
async def test_others_are_refused_at_the_door(simulation, how, code):
    async with served(simulation) as server:
        given = {} if how is None else headers(simulation, **how)
        with pytest.raises(InvalidStatus) as refused:
            await connect(url_of(server), additional_headers=given)
        response = refused.value.response
        assert response.status_code == 401
        assert json.loads(response.body)["error"]["code"] == code


@pytest.mark.parametrize("skew_s", [-5, 5])
async def test_a_little_skew_is_forgiven(simulation, skew_s):
    async with connected(simulation, skew_s=skew_s) as stream:
        await stream.send("{}")
        assert json.loads(await stream.recv())["msg"]["code"] == 5


def overhear(stream, answer):
    """Give the client's pongs to `answer`, which may let them pass."""
    send = stream.protocol.send_frame

    def sent(frame):
        if frame.opcode is not Opcode.PONG or answer(bytes(frame.data)):
            send(frame)

    stream.protocol.send_frame = sent


async def test_it_pings_with_the_exchange_s_body(simulation, hurried):
    """And a client that answers, as all do, is kept."""
    hurried(patience_s=0.3)
    pinged = []
    async with connected(simulation) as stream:
        overhear(stream, lambda body: pinged.append(body) is None)
        await asyncio.sleep(0.6)  # noqa: TID251
        await stream.send("{}")
        assert json.loads(await stream.recv())["type"] == "error"
        await (await stream.ping(b"are you there"))
    assert set(pinged) == {b"heartbeat"}
    assert 4 <= len(pinged) <= 12


async def test_who_answers_no_ping_is_gone(simulation, hurried):
    hurried(patience_s=0.1)
    async with connected(simulation) as stream:
        overhear(stream, lambda body: False)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(stream.recv(), 5)
    assert simulation._hub.sessions == []


async def test_frames_are_compressed_for_who_wants_it(simulation):
    async with served(simulation) as server:
        async with connect(url_of(server), additional_headers=headers(simulation)) as stream:
            offered = stream.response.headers["Sec-WebSocket-Extensions"]
            assert "permessage-deflate" in offered
        plain = connect(url_of(server), additional_headers=headers(simulation), compression=None)
        async with plain as stream:
            assert "Sec-WebSocket-Extensions" not in stream.response.headers
            await stream.send("{}")
            assert json.loads(await stream.recv())["type"] == "error"


async def test_many_markets_and_several_clients(simulation):
    """Each client has the same books after an hour in steps, and the clocks agree."""
    readers = [Reader(), Reader(), Reader()]
    tickers = list(simulation._exchange.catalog.markets)
    async with served(simulation) as server:
        streams = [
            await connect(url_of(server), additional_headers=headers(simulation)) for _ in readers
        ]
        for stream in streams:
            await stream.send(
                command("subscribe", channels=["orderbook_delta"], market_tickers=tickers)
            )
        for _ in range(6):
            simulation.advance(simulation.now_us + 10 * MINUTE)
            await asyncio.sleep(0)  # noqa: TID251
        for stream, reader in zip(streams, readers, strict=True):
            await stream.send(command("list_subscriptions"))
            while not (reader.seen and reader.seen[-1]["type"] == "ok"):
                reader.see([await asyncio.wait_for(stream.recv(), 5)])
            await stream.close()
    books = [reader.books for reader in readers]
    assert books[0] == books[1] == books[2]
    assert readers[0].clocks == readers[1].clocks
    assert len(books[0]) == len(tickers)
    exchange = simulation._exchange
    for (_, ticker), levels in books[0].items():
        bids, _ = exchange.world.ladders(ticker)
        if exchange.catalog.markets[ticker].status == "active":
            assert levels["yes"] == {x.price.units: x.count.units for x in bids}


async def test_the_server_says_goodbye(simulation):
    async with served(simulation) as server:
        stream = await connect(url_of(server), additional_headers=headers(simulation))
    with pytest.raises(ConnectionClosedError) as closed:
        await asyncio.wait_for(stream.recv(), 5)
    assert closed.value.rcvd.code == 1012
    await stream.close()
    assert simulation._hub.sessions == []


async def test_a_client_that_goes_leaves_nothing(simulation):
    async with served(simulation) as server:
        for how in ("close", "abort"):
            stream = await connect(url_of(server), additional_headers=headers(simulation))
            await stream.send(command("subscribe", channels=["ticker", "trade"]))
            await stream.recv()
            if how == "close":
                await stream.close()
            else:
                stream.transport.abort()
            await asyncio.sleep(0.1)  # noqa: TID251
            assert simulation._hub.sessions == []
        simulation.advance(simulation.now_us + SECOND)


def narrow():
    """A client's socket that takes in little ahead of its reader."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    return opened


async def test_a_client_that_does_not_read_holds_up_nobody(simulation):
    """Its subscription ends with error 25; the world and the others go on meanwhile."""
    simulation._hub.limits = StreamLimits(waiting=200)
    tickers = list(simulation._exchange.catalog.markets)
    subscribe = command("subscribe", channels=["orderbook_delta"], market_tickers=tickers)
    given = headers(simulation)
    async with served(simulation) as server:
        listener, url = server._listener, url_of(server)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        slowly = narrow()
        slowly.connect(listener.getsockname())
        slow = await connect(url, sock=slowly, additional_headers=given, compression=None)
        await slow.send(subscribe)
        await slow.recv()
        slow.transport.pause_reading()
        quick, reader = await connect(url_of(server), additional_headers=given), Reader()
        await quick.send(subscribe)
        (session, _) = simulation._hub.sessions
        while session._by_sid:
            simulation.advance(simulation.now_us + MINUTE)
            await quick.send(command("list_subscriptions"))
            while not (reader.seen and reader.seen[-1]["type"] == "ok"):
                reader.see([await asyncio.wait_for(quick.recv(), 5)])
            reader.seen.clear()
        slow.transport.resume_reading()
        while (frame := json.loads(await asyncio.wait_for(slow.recv(), 5)))["type"] != "error":
            pass
        assert frame["msg"]["code"] == 25
        await slow.send(subscribe)
        assert json.loads(await asyncio.wait_for(slow.recv(), 5))["msg"]["sid"] == 2
        slow.transport.abort()  # it would wait for what it has not read
        await quick.close()
