"""The client against the embedded exchange over a socket, with the faults of its stream."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from fakes.served import served
from fakes.signed_client import SignedClient
from websockets.asyncio.server import serve
from websockets.server import ServerProtocol

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.kalshi.connection import KalshiConnection, connect
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.kalshi.stream.client import KalshiStream, Timing
from kalshi_cli.adapters.kalshi.stream.dialing import dialer, stream_url
from kalshi_cli.adapters.kalshi.stream.machine import StreamMachine
from kalshi_cli.adapters.kalshi.stream.mailbox import Bounds
from kalshi_cli.adapters.kalshi.stream.patience import Patience
from kalshi_cli.adapters.sim.faults.plan import (
    Duplicate,
    FaultPlan,
    Gap,
    Reordering,
    Reset,
    Rule,
    Stall,
)
from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.adapters.sim.world.keys import KeyType, new_private_key
from kalshi_cli.domain.account import ExchangePosition
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.order import Fill, OrderReport
from kalshi_cli.errors import ConfigError, Unavailable
from kalshi_cli.ports.stream import Link, Read, Resync, StreamEvent, StreamQuote

QUICK = Timing(tick_s=0.02, ping_s=0.1, pong_s=2.0, first_wait_s=0.01, longest_wait_s=0.1)
HASTY = Patience(answer_s=0.5, snapshot_s=0.3, quiet_s=0.2, failures=5)


@dataclass
class Desk:
    """A stream of some markets, the exchange's REST API beside it, and all that was told."""

    simulation: Simulation
    rest: KalshiConnection
    owner: SignedClient
    stream: KalshiStream
    tickers: list[str]
    told: list[StreamEvent] = field(default_factory=list)

    async def listen(self) -> None:
        while True:
            self.told += await self.stream.take()

    def of(self, kind: type) -> list:
        return [event for event in self.told if isinstance(event, kind)]

    async def live(self, minutes: int) -> None:
        """The world moves, half a minute at a time; the stream is read meanwhile."""
        for _ in range(2 * minutes):
            self.simulation.advance(self.simulation.now_us + 30 * SECOND)
            await asyncio.sleep(0.001)  # noqa: TID251

    async def until(self, condition, what: str) -> None:
        try:
            async with asyncio.timeout(20):
                while not condition():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)  # noqa: TID251
        except TimeoutError:
            raise AssertionError(f"never: {what}; {self.stream.tally}") from None

    async def agree(self) -> None:
        """Wait until every book is the exchange's own."""
        told = await self.rest.market_data.books(self.tickers)
        assert set(told) == set(self.tickers)

        def same() -> bool:
            ours = [self.stream.book(ticker) for ticker in self.tickers]
            return all(
                book is not None
                and (book.bids, book.asks) == (told[book.ticker].bids, told[book.ticker].asks)
                for book in ours
            )

        await self.until(same, "the same books")

    def break_by(self, *rules: Rule) -> None:
        self.simulation.host.plan_faults(FaultPlan(rules, seed=5))


@asynccontextmanager
async def desk_of(most: int = 20, **how) -> AsyncIterator[Desk]:
    async with open_simulation(None, seed=7) as simulation, served(simulation) as server:
        signer = Signer.from_pem(simulation.key_id, simulation.private_key_pem)
        dial = dialer(server.address.ws_url, signer, SystemClock())
        machine = StreamMachine(patience=HASTY, **how)
        rest = connect(
            base_url=simulation.origin,
            signer=signer,
            clock=simulation.clock,
            transport=simulation.transport(),
            paced=False,
        )
        async with (
            rest,
            SignedClient(simulation) as owner,
            KalshiStream(dial, simulation.clock, machine, timing=QUICK) as stream,
        ):
            busy = sorted(await owner.markets(), key=lambda m: -float(m["volume_24h_fp"]))
            tickers = sorted(market["ticker"] for market in busy[:most])
            desk = Desk(simulation, rest, owner, stream, tickers)
            stream.follow(tickers)
            listening = asyncio.ensure_future(desk.listen())
            try:
                yield desk
            finally:
                listening.cancel()
                await asyncio.wait((listening,))


async def test_books_quotes_and_trades_of_followed_markets():
    async with desk_of() as desk:
        await desk.agree()
        await desk.live(20)
        await desk.agree()
        await desk.until(lambda: desk.of(Trade), "a trade")
        await desk.until(lambda: quotes_are_touches(desk), "quotes of what is in the books")
        assert {event.ticker for event in desk.of(OrderBook)} == set(desk.tickers)
        assert {trade.ticker for trade in desk.of(Trade)} <= set(desk.tickers)
        assert desk.stream.tally["gaps"] == 0
        assert desk.stream.tally["refused"] == 0


def quotes_are_touches(desk: Desk) -> bool:
    """Whether the newest quote of every market is the top of its book."""
    newest = {quote.ticker: quote for quote in desk.of(StreamQuote)}
    books = [desk.stream.book(ticker) for ticker in desk.tickers]
    return newest.keys() == set(desk.tickers) and all(
        (newest[book.ticker].bid, newest[book.ticker].ask) == (book.best_bid, book.best_ask)
        for book in books
        if book is not None
    )


FAULTS = {
    "gaps": (Gap(channel="orderbook_delta", every=37),),
    "stalls": (Stall(channel="orderbook_delta", every=50, ms=30),),
    "duplicates": (Duplicate(channel="orderbook_delta", every=11),),
    "reorderings": (Reordering(channel="orderbook_delta", every=53),),
    "resets": (Reset(channel="orderbook_delta", every=100, times=4),),
    "gaps everywhere": (Gap(probability=0.02),),
    "everything": (
        Gap(probability=0.005),
        Duplicate(probability=0.02),
        Reordering(probability=0.01),
        Stall(probability=0.01, ms=10),
        Reset(probability=0.01, times=4),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_after_any_fault_the_books_are_the_exchange_s(name: str):
    async with desk_of() as desk:
        await desk.agree()
        desk.break_by(*FAULTS[name])
        for _ in range(4):
            await desk.live(10)
        faults = desk.simulation.host.faults
        await desk.until(lambda: all(tally.struck for tally in faults.tallies), "every fault")
        desk.break_by()
        await desk.agree()


async def test_the_account_is_told_and_a_break_loses_nothing():
    """Fills, orders and positions carry no number: after a break the reads that are due find what
    was not told."""
    async with desk_of(most=6) as desk:
        await desk.until(lambda: len(desk.of(Resync)) >= 5, "the first reads")
        assert {event.read for event in desk.of(Resync)} == set(Read)
        assert all(event.since_us is None for event in desk.of(Resync))
        bought = await buy(desk, "first", desk.tickers[0])
        await desk.until(lambda: desk.of(Fill) and desk.of(ExchangePosition), "the fill")
        (fill,) = desk.of(Fill)
        assert (fill.fill_id, fill.count) == ((await desk.rest.trading.fills()).items[0].fill_id,
                                              bought)  # fmt: skip
        (order,) = [report for report in desk.of(OrderReport) if not report.remaining]
        found = await desk.rest.trading.order(order.order_id)
        assert (order.client_order_id, order.filled) == ("first", found.filled)
        assert desk.of(ExchangePosition)[-1].net == bought

        desk.told.clear()
        desk.break_by(Reset(channel="user_orders", nth=1, times=1), Gap(channel="fill", every=1))
        await buy(desk, "second", desk.tickers[1])
        await desk.until(
            lambda: {r.read for r in desk.of(Resync)} >= set(Read), "reads that are due"
        )
        down, up = desk.of(Link)
        assert (down.connected, up.connected) == (False, True)
        due = {event.read: event for event in desk.of(Resync)}
        missed = await desk.rest.trading.fills(min_us=due[Read.FILLS].since_us)
        told = {fill.fill_id for fill in desk.of(Fill)} | {fill.fill_id for fill in missed.items}
        everything = await desk.rest.trading.fills()
        assert told >= {fill.fill_id for fill in everything.items}
        assert len(everything.items) == 2


async def buy(desk: Desk, client_order_id: str, ticker: str):
    """Take a contract at any price."""
    answer = await desk.owner.place(
        ticker=ticker,
        client_order_id=client_order_id,
        price="0.9900",
        time_in_force="immediate_or_cancel",
    )
    assert answer.json()["fill_count"] == "1.00", answer.text
    return (await desk.rest.trading.positions()).items[0].net


async def test_markets_come_and_go_while_it_runs():
    async with desk_of(most=8) as desk:
        kept, left = desk.tickers[:3], desk.tickers[3:]
        await desk.agree()
        desk.stream.unfollow(left)
        desk.tickers = kept
        await desk.live(30)
        await desk.agree()
        assert all(desk.stream.book(ticker) is None for ticker in left)
        desk.stream.follow(left)
        desk.tickers = kept + left
        await desk.live(30)
        await desk.agree()


async def test_who_does_not_read_costs_no_memory():
    """The reader never waits: a consumer who comes late finds the newest books, and a read that is
    due instead of trades beyond the bound."""
    async with desk_of(most=20, bounds=Bounds(trades_a_market=3)) as desk:
        await desk.agree()
        desk.stream.take, told = never, desk.stream.take
        await asyncio.sleep(0.05)  # noqa: TID251
        desk.told.clear()
        await desk.live(30)
        await desk.agree()
        events = await told()
        kinds = Counter(type(event) for event in events)
        assert kinds[OrderBook] <= len(desk.tickers)
        assert kinds[StreamQuote] <= len(desk.tickers)
        assert kinds[Trade] <= 3 * len(desk.tickers)
        late = [e for e in events if isinstance(e, Resync) and e.read is Read.TRADES and e.ticker]
        assert late
        for due in late:
            page = await desk.rest.market_data.trades(due.ticker, min_us=due.since_us)
            assert len(page.items) > 3
        for book in events:
            if isinstance(book, OrderBook):
                assert book == desk.stream.book(book.ticker)


async def never():
    await asyncio.Event().wait()


async def test_a_wrong_key_is_said_at_once_and_nothing_is_retried():
    async with open_simulation(None, seed=7) as simulation, served(simulation) as server:
        signer = Signer.from_pem(simulation.key_id, new_private_key(KeyType.ED25519))
        dial = dialer(server.address.ws_url, signer, SystemClock())
        async with KalshiStream(dial, SystemClock(), StreamMachine()) as stream:
            with pytest.raises(ConfigError, match="did not accept the API key"):
                async with asyncio.timeout(5):
                    await stream.take()


async def test_nobody_there_is_an_outage_that_goes_on():
    signer = Signer.from_pem("key", new_private_key(KeyType.ED25519))
    dial = dialer("ws://127.0.0.1:9", signer, SystemClock())
    async with KalshiStream(dial, SystemClock(), StreamMachine(), timing=QUICK) as stream:
        async with asyncio.timeout(5):
            (link,) = await stream.take()
    assert isinstance(link, Link)
    assert not link.connected
    assert "cannot be reached" in link.reason


async def test_waits_between_connections_are_random_and_grow_until_one_holds():
    """Full jitter: anything up to a bound that doubles, so that not all come back at once."""
    waits: list[float] = []
    enough = asyncio.Event()
    now_s, tries = 0.0, 0

    @asynccontextmanager
    async def dial() -> AsyncIterator[None]:
        nonlocal now_s, tries
        tries += 1
        now_s += 60.0 if tries == 30 else 0.0
        raise Unavailable("not now")
        yield

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 60:
            enough.set()
            await asyncio.Event().wait()

    timing = Timing(first_wait_s=0.25, longest_wait_s=30.0, steady_s=30.0)
    stream = KalshiStream(
        dial, SystemClock(), StreamMachine(), timing=timing, monotonic=lambda: now_s, sleep=sleep
    )
    async with stream, asyncio.timeout(5):
        await enough.wait()
    bounds = [min(30.0, 0.25 * 2**n) for n in range(1, 30)] + [0.25]
    bounds += [min(30.0, 0.25 * 2**n) for n in range(1, 31)]
    assert all(0 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))
    assert len(set(waits)) == 60
    assert max(waits) > 20


async def test_a_redirect_is_not_followed():
    """Signed headers go to no other address."""
    asked: list[str] = []

    def redirect(connection, request):
        asked.append(request.path)
        response = connection.respond(301, "gone\n")
        response.headers["Location"] = "/elsewhere"
        return response

    async with serve(lambda socket: None, "127.0.0.1", 0, process_request=redirect) as server:
        port = server.sockets[0].getsockname()[1]
        signer = Signer.from_pem("key", new_private_key(KeyType.ED25519))
        with pytest.raises(Unavailable, match="301"):
            async with dialer(f"ws://127.0.0.1:{port}", signer, SystemClock())():
                pass
    assert asked == ["/trade-api/ws/v2"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_a_refusal_after_something_was_heard_is_an_outage(status: int):
    """A gateway that knows no such path while it restarts: the stream comes back by itself."""
    tries = 0

    def refuse(connection, request):
        nonlocal tries
        tries += 1
        return connection.respond(status, '{"error":"no such page"}') if tries in {2, 3} else None

    links = await links_until(refuse, lambda links: tries >= 4 and links[-1].connected)
    assert any("no such page" in link.reason for link in links)
    assert links[-1].connected


async def test_a_first_handshake_that_is_refused_for_no_key_is_an_outage_too():
    tries = 0

    def refuse(connection, request):
        nonlocal tries
        tries += 1
        return connection.respond(404, '{"error":"no such page"}') if tries <= 2 else None

    links = await links_until(refuse, lambda links: links[-1].connected)
    assert "no such page" in links[0].reason


async def links_until(refuse, condition) -> list[Link]:
    """What a stream tells of its connection to a server that hangs up soon after each handshake."""
    links: list[Link] = []

    async def hang_up(socket) -> None:
        await asyncio.sleep(0.05)  # noqa: TID251

    async with serve(hang_up, "127.0.0.1", 0, process_request=refuse) as server:
        port = server.sockets[0].getsockname()[1]
        signer = Signer.from_pem("key", new_private_key(KeyType.ED25519))
        dial = dialer(f"ws://127.0.0.1:{port}", signer, SystemClock())
        async with (
            KalshiStream(dial, SystemClock(), StreamMachine(), timing=QUICK) as stream,
            asyncio.timeout(5),
        ):
            while not links or not condition(links):
                links += [e for e in await stream.take() if isinstance(e, Link)]
    return links


async def test_a_server_that_answers_no_ping_is_left():
    """Frames stop, and nobody says so: the ping does."""
    timing = Timing(tick_s=0.02, ping_s=0.05, pong_s=0.2, first_wait_s=0.01, longest_wait_s=0.02)
    async with silent_server() as url:
        signer = Signer.from_pem("key", new_private_key(KeyType.ED25519))
        dial = dialer(url, signer, SystemClock())
        async with KalshiStream(dial, SystemClock(), StreamMachine(), timing=timing) as stream:
            links: list[Link] = []
            async with asyncio.timeout(10):
                while not any("no pong" in link.reason for link in links):
                    links += [e for e in await stream.take() if isinstance(e, Link)]


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """Shakes hands, and never says another word."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = ServerProtocol()
        protocol.receive_data(await reader.readuntil(b"\r\n\r\n"))
        for request in protocol.events_received():
            protocol.send_response(protocol.accept(request))
        writer.write(b"".join(protocol.data_to_send()))
        while await reader.read(4_096):
            pass
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://example.com", "wss://"),
        ("wss://", "name a host"),
        ("ws://example.com/trade-api/ws/v2", "loopback"),
        ("wss://me:secret@example.com", "no user"),
        ("wss://example.com/?a=1", "no user, query"),
        ("wss://[::1", "not a URL"),
    ],
)
def test_addresses_that_cannot_be_used(url: str, why: str):
    with pytest.raises(ConfigError, match=why) as refused:
        stream_url(url)
    assert "secret" not in str(refused.value)


def test_the_path_may_be_left_out():
    assert stream_url("ws://127.0.0.1:8643").path == "/trade-api/ws/v2"
    assert stream_url("wss://example.com/trade-api/ws/v2/").geturl() == (
        "wss://example.com/trade-api/ws/v2"
    )
