"""The stream without a socket: the same frames, awaited; what faults do to them."""

import asyncio
import json

import pytest
from fakes.asyncapi import asyncapi
from fakes.scripted_world import ScriptedWorld
from fakes.signed_client import SignedClient
from fakes.streamed import Reader, Streamed
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK

from kalshi_cli.adapters.sim.faults.plan import (
    Duplicate,
    FaultPlan,
    Faults,
    Gap,
    Reordering,
    Reset,
    Stall,
)
from kalshi_cli.adapters.sim.stream.connection import InProcessStream, StreamConnection
from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.side import Side

A = "KXT-1-A"


def command(cmd, **params):
    return json.dumps({"id": 7, "cmd": cmd, "params": params})


async def frames(stream, count):
    return [await asyncio.wait_for(stream.recv(), 5) for _ in range(count)]


async def drained(stream):
    """Every frame that is there."""
    got = []
    while True:
        try:
            got.append(await asyncio.wait_for(stream.recv(), 0.05))
        except TimeoutError:
            return got


async def test_the_generated_world_says_nothing_that_the_exchange_would_not(simulation):
    """All channels over half a day of a living world with orders of ours in it."""
    spec, reader = asyncapi(), Reader(asyncapi())
    async with simulation.stream() as stream, SignedClient(simulation) as client:
        markets = await client.markets()
        tickers = [market["ticker"] for market in markets]
        books = command("subscribe", channels=["orderbook_delta"], market_tickers=tickers)
        everything = [channel for channel in spec.channels if channel != "orderbook_delta"]
        await stream.send(books)
        await stream.send(command("subscribe", channels=everything))
        for number in range(12):
            market = markets[number % len(markets)]
            await client.place(
                ticker=market["ticker"], price=market["yes_ask_dollars"], count="2.00"
            )
            simulation.advance(simulation.now_us + 5 * MINUTE)
            reader.see(await drained(stream))
        simulation.advance(simulation.now_us + 12 * HOUR)
        reader.see(await drained(stream))
        seen = {frame["type"] for frame in reader.seen}
        assert seen >= {
            "subscribed", "orderbook_snapshot", "orderbook_delta", "ticker", "trade", "fill",
            "user_order", "market_position", "market_lifecycle_v2", "event_lifecycle",
        }  # fmt: skip
        told = {msg["event_type"] for msg in reader.of("market_lifecycle_v2")}
        assert told >= {"created", "determined", "settled"}
        prints = reader.of("trade")[-500:]
        body = await client.get("/markets/trades?limit=1000")
        assert {msg["trade_id"] for msg in prints} <= {t["trade_id"] for t in body["trades"]}
        for ticker in tickers:
            body = await client.get(f"/markets/{ticker}/orderbook")
            levels = {
                side: {
                    int(float(price) * 10_000 + 0.5): int(float(count) * 100 + 0.5)
                    for price, count in body["orderbook_fp"][f"{side}_dollars"]
                }
                for side in ("yes", "no")
            }
            assert reader.books[1, ticker] == levels, ticker


async def test_every_listed_market_that_is_created_is_there(simulation):
    reader = Reader(asyncapi())
    async with simulation.stream() as stream, SignedClient(simulation) as client:
        await stream.send(command("subscribe", channels=["market_lifecycle_v2"]))
        simulation.advance(simulation.now_us + 24 * HOUR)
        reader.see(await drained(stream))
        created = [m for m in reader.of("market_lifecycle_v2") if m["event_type"] == "created"]
        assert created
        for msg in created[:20]:
            market = (await client.get(f"/markets/{msg['market_ticker']}"))["market"]
            about = msg["additional_metadata"]
            assert about["event_ticker"] == market["event_ticker"]
            assert msg["price_ranges"] == market["price_ranges"]
            assert msg["price_level_structure"] == market["price_level_structure"]
            assert about.get("floor_strike") == market.get("floor_strike")
        events = {msg["event_ticker"] for msg in reader.of("event_lifecycle")}
        assert {m["additional_metadata"]["event_ticker"] for m in created} <= events
        settled = {
            m["market_ticker"]
            for m in reader.of("market_lifecycle_v2")
            if m["event_type"] == "settled"
        }
        catalog = simulation._exchange.catalog.markets
        assert settled == {
            ticker for ticker, market in catalog.items() if market.status is MarketStatus.FINALIZED
        }


@pytest.fixture
def streamed():
    streamed = Streamed(ScriptedWorld(), asyncapi())
    streamed.world.quote(A, Side.BID, "0.4000", "10")
    return streamed


def stream_of(streamed, *rules, seed=1):
    decide = Faults(FaultPlan(rules), seed).decide
    return InProcessStream(StreamConnection(streamed.hub, decide))


BOOK = command("subscribe", channels=["orderbook_delta"], market_ticker=A)


async def test_waiting_in_vain_loses_nothing(streamed):
    async with stream_of(streamed) as stream:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.recv(), 0.01)
        await stream.send(BOOK)
        await stream.send(b'{"id":8,"cmd":"list_subscriptions"}')
        got = [json.loads(frame)["type"] for frame in await frames(stream, 3)]
        assert got == ["subscribed", "orderbook_snapshot", "ok"]


async def test_a_reader_that_waits_is_woken(streamed):
    async with stream_of(streamed) as stream:
        await stream.send(BOOK)
        await frames(stream, 2)
        waiting = asyncio.ensure_future(stream.recv())
        await asyncio.sleep(0)  # noqa: TID251
        streamed.world.quote(A, Side.BID, "0.4100", "10")
        streamed.live()
        assert json.loads(await waiting)["type"] == "orderbook_delta"


async def test_a_closed_stream_is_at_its_end(streamed):
    stream = stream_of(streamed)
    await stream.send(BOOK)
    waiting = asyncio.ensure_future(drained(stream))
    await asyncio.sleep(0)  # noqa: TID251
    await stream.close()
    await stream.close()
    with pytest.raises(ConnectionClosedOK):
        await waiting
    assert [frame async for frame in stream] == []


async def test_frames_can_be_iterated(streamed):
    got = []
    async with stream_of(streamed) as stream:
        await stream.send(BOOK)
        async for frame in stream:
            got.append(json.loads(frame)["type"])
            if len(got) == 2:
                await stream.close()
    assert got == ["subscribed", "orderbook_snapshot"]


def changes(streamed, count):
    for number in range(count):
        streamed.world.quote(A, Side.BID, f"0.{10 + number}00", "10")
        streamed.live()


async def into(got, stream):
    async for frame in stream:
        got += [frame]


async def seqs(stream, count):
    return [json.loads(frame).get("seq") for frame in await frames(stream, count)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Gap(channel="orderbook_delta", nth=3), [1, 2, 4, 5, 6]),
        (Duplicate(channel="orderbook_delta", every=2), [1, 2, 2, 3, 4, 4, 5, 6, 6]),
        (Reordering(channel="orderbook_delta", nth=2), [1, 3, 2, 4, 5, 6]),
        (Reordering(ticker=A, every=1, times=2), [3, 1, 2, 4, 5, 6]),
        (Gap(ticker="KXT-1-B"), [1, 2, 3, 4, 5, 6]),
    ],
)
async def test_frames_can_be_lost_doubled_and_out_of_order(streamed, rule, expected):
    async with stream_of(streamed, rule) as stream:
        await stream.send(BOOK)
        changes(streamed, 5)
        assert await seqs(stream, 1 + len(expected)) == [None, *expected]


async def test_a_reordered_frame_waits_for_the_next_that_is_sent(streamed):
    """And two faults may strike one frame."""
    rules = Reordering(nth=3), Gap(nth=4), Duplicate(nth=3)
    async with stream_of(streamed, *rules) as stream:
        await stream.send(BOOK)
        changes(streamed, 3)
        assert await seqs(stream, 5) == [None, 1, 4, 2, 2]


async def test_a_stall_delays_everything_behind_it(streamed):
    async with stream_of(streamed, Stall(nth=2, ms=200)) as stream:
        await stream.send(BOOK)
        loop = asyncio.get_running_loop()
        started = loop.time()
        await stream.recv()
        assert loop.time() - started < 0.1
        await stream.recv()
        assert loop.time() - started >= 0.2


async def test_a_reset_ends_the_stream_without_a_word(streamed):
    stream = stream_of(streamed, Reset(nth=2))
    await stream.send(BOOK)
    got: list[str] = []
    with pytest.raises(ConnectionClosedError):
        await into(got, stream)
    assert [json.loads(frame)["type"] for frame in got] == ["subscribed"]
    with pytest.raises(ConnectionClosedError):
        await stream.recv()
    with pytest.raises(ConnectionClosedError):
        await stream.send(BOOK)
    await stream.close()


async def test_the_same_seed_gives_the_same_faults(streamed):
    rules = Gap(probability=0.3), Duplicate(probability=0.3), Reordering(probability=0.3)
    heard = []
    for seed in (1, 1, 2):
        async with stream_of(streamed, *rules, seed=seed) as stream:
            await stream.send(BOOK)
            changes(streamed, 30)
            heard.append([json.loads(frame).get("seq") for frame in await drained(stream)])
            streamed.world.books.clear()
    assert heard[0] == heard[1] != heard[2]


async def test_nothing_is_kept_of_who_has_left(streamed):
    hub = streamed.hub
    streamed.client.close()
    for _ in range(3):
        async with stream_of(streamed) as stream:
            await stream.send(BOOK)
            await stream.send(command("subscribe", channels=["ticker", "fill", "trade"]))
            await drained(stream)
    assert hub.sessions == []
    assert hub._reporter is None


async def test_what_nobody_watches_any_more_is_not_looked_at(streamed):
    reporter = streamed.hub._reporter
    async with stream_of(streamed) as stream:
        await stream.send(BOOK)
        await stream.send(command("subscribe", channels=["ticker", "fill", "trade"]))
        await stream.send(command("subscribe", channels=["market_lifecycle_v2"]))
        await drained(stream)
    assert not any(reporter._interest.has(channel) for channel in asyncapi().channels)
    assert not reporter._books._told
    assert not reporter._tickers._told
