"""From a change of a book to the exit order: a desk on the stream of an exchange that is served.

The exchange is a process of its own, the desk's guard lane runs here. Somebody else with the key of
the account bids a cent more than the best: that arms a take-profit, and the exit finds only that
order of the same account, so that it is canceled and the position stays for the next time.
"""

import asyncio
import json
import re
import socket
import threading
import time
from collections import Counter
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.store import worker as driver
from kalshi_cli.bootstrap.desk import OpenDesk
from kalshi_cli.bootstrap.memory import kept_out_of_the_way
from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.bootstrap.watch import Watch, open_watch
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import parse_rfc3339
from kalshi_cli.domain.levels import Levels
from kalshi_cli.domain.money import ONE_DOLLAR, Contracts, Price
from kalshi_cli.domain.order import OrderIntent, OrderState, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.timescale import TimeScale
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.scheduler.lanes import Loop, Ran, Stop
from kalshi_cli.settings.credentials import Credentials
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.guarding import PAUSE_US
from tests.bench.bare_reaction import BareReaction, bare_reaction
from tests.bench.measure import Measured, percentile
from tests.bench.orders import BESIDE_S, _bare, _commit
from tests.bench.serving import EPOCH, process
from tests.fakes.signature import PREFIX, signature

SAMPLES = 60
MARKETS = 25
QUIET_S = 0.25
"""Without any work before a sample: the guard has done with the one before."""
OWNER = "directional_trading"
CENT = Price(100)
ORDERS_PATH = f"{PREFIX}/portfolio/events/orders"


def measure(home: Path) -> list[Measured]:
    """The rows of a reaction."""
    serve = ["-m", "kalshi_cli", "sim", "serve", "--port", "0", "--seed", "7", "--json", "-q"]
    options = ["--epoch", EPOCH, "--tier", "unlimited", "--home", str(home / "exchange")]
    with process(*serve, *options) as line:
        return asyncio.run(_measured(home, line))


def environment_of(home: Path, line: dict[str, Any]) -> Environment:
    """The demo, at the served exchange of this line."""
    pem, scale = pem_of(line), line.get("clock")
    return Environment(
        Env.DEMO,
        "the bench",
        home / "desk",
        credentials=Credentials(line["api_key_id"], pem, "the bench"),
        base_url=line["base_url"],
        ws_url=line["ws_url"],
        market_time=scale and TimeScale(scale["wall0"], scale["virtual0"], float(scale["speed"])),
    )


def pem_of(line: dict[str, Any]) -> str:
    """The key of the account that is served."""
    return Path(line["private_key_path"]).read_text()


@dataclass(slots=True)
class _Noted:
    """When what happened, in seconds: frames of books by ticker, exits on the wire, and steps."""

    books: dict[str, float] = field(default_factory=dict)
    wire: list[float] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)
    worked: float = 0.0
    steps: Counter[str] = field(default_factory=Counter)

    def ran(self, ran: Ran) -> None:
        self.steps[ran.step] += 1
        if ran.step == "track":
            self.worked = time.perf_counter()

    def has_looked(self, since: float) -> bool:
        """Whether the look that an exit rings for is over."""
        return self.worked > since

    async def request(self, request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path == ORDERS_PATH:
            self.wire.append(time.perf_counter())


async def _measured(home: Path, line: dict[str, Any]) -> list[Measured]:
    opened = open_desk(
        environment_of(home, line),
        Settings(home=home / "desk"),
        command="bench",
        trades=True,
        single_step=False,
    )
    async with opened as desk, open_watch(desk) as watch, AsyncExitStack() as stack:
        await desk.ingest()
        held = await _buy(desk)
        stack.enter_context(kept_out_of_the_way())  # as `run-loop` does
        noted, stop = _Noted(), Stop()
        _listen(desk, watch, noted)
        guard = [lane for lane in desk.lanes(stop, watch=watch) if lane.name != "decide"]
        running = asyncio.ensure_future(Loop(guard, desk.clock, stop=stop, report=noted.ran).run())
        try:
            async with bare_reaction(home, pem_of(line)) as floor:
                with closing(_bare(home / "bare.db")) as bare, closing(_Other(line)) as other:
                    return await _sampled(desk, watch, noted, held, bare, other, floor)
        finally:
            stop.ask("done")
            await running


def _listen(desk: OpenDesk, watch: Watch, noted: _Noted) -> None:
    """Note when a book's frame is read, when an order's request goes, and every commit."""
    machine: Any = watch.stream._machine  # type: ignore[union-attr]
    receive = machine.receive
    named = re.compile(rb'"market_ticker":\s*"([^"]+)"')

    def hears(data: bytes, now_us: int) -> None:
        if b'"orderbook_delta"' in data and (found := named.search(data)):
            noted.books.setdefault(found[1].decode(), time.perf_counter())
        receive(data, now_us)

    machine.receive = hears
    desk.connection._rest.http.event_hooks["request"] = [noted.request]
    committing = driver.Connection.commit

    async def commits(connection: driver.Connection) -> None:
        if connection.is_begun:
            noted.commits.append(time.perf_counter())
        await committing(connection)

    driver.Connection.commit = commits  # type: ignore[method-assign]


def one_at(entry: CatalogEntry, limit: Price) -> OrderIntent:
    """One contract of YES, taken up to a limit."""
    return OrderIntent(
        strategy=OWNER,
        ticker=entry.market.ticker,
        event_ticker=entry.event.event_ticker,
        side=Side.BID,
        limit=limit,
        count=Contracts.parse("1.00"),
        time_in_force=TimeInForce.IOC,
        purpose=Purpose.ENTRY,
        reason="the bench",
    )


async def _buy(desk: OpenDesk) -> list[str]:
    """One contract of each of some markets with room between bid and ask."""
    await desk.track()
    async with desk.store.unit() as unit:
        entries = [e for e in await unit.catalog.entries() if _has_room(e.quote, e.market.grid)]
    held: list[str] = []
    for entry in entries[:MARKETS]:
        ask = entry.quote.ask
        intent = one_at(entry, ask.price + CENT)
        if (await send(desk.sender, intent, _plan(entry.market.ticker, None))).state is (
            OrderState.FILLED
        ):
            held.append(entry.market.ticker)
    await desk.track()
    return held


def _has_room(quote: Any, grid: Any) -> bool:
    if quote.bid is None or quote.ask is None or grid is None:
        return False
    bid, ask = quote.bid.price, quote.ask.price
    return bid.units >= 1_000 and ask.units <= 9_000 and ask.units - bid.units >= 2 * CENT.units


def _plan(ticker: str, target: Price | None) -> ExitPlan:
    return ExitPlan(ticker, OWNER, Levels(target=target), 0)


async def _sampled(
    desk: OpenDesk,
    watch: Watch,
    noted: _Noted,
    held: list[str],
    bare: Any,
    other: "_Other",
    floor: BareReaction,
) -> list[Measured]:
    to_wire: list[float] = []
    to_exchange: list[float] = []
    commits: list[float] = []
    before_send: Counter[int] = Counter()
    rested: dict[str, int] = {}
    for number in range(20 * SAMPLES):
        if len(to_wire) == SAMPLES:
            break
        ticker = held[number % len(held)]
        bid = await _armed(desk, watch, noted, ticker, rested)
        if bid is None:
            continue
        noted.books.clear()
        noted.wire.clear()
        noted.commits.clear()
        order = await asyncio.to_thread(other.bids, ticker, bid, number)
        if await _within(2.0, lambda: bool(noted.wire)):
            began, sent = noted.books[ticker], noted.wire[0]
            to_wire.append(sent - began)
            before_send[sum(began <= at <= sent for at in noted.commits)] += 1
        rested[ticker] = desk.clock.now() + PAUSE_US
        await asyncio.sleep(0.05)  # noqa: TID251 - the answer to the exit
        told = await asyncio.to_thread(other.cancels, order, ticker)
        if len(to_exchange) < len(to_wire):
            to_exchange.append(told)
            await _within(5.0, partial(noted.has_looked, sent))
        await _retarget(desk, ticker, None)
        commits.append(_commit(bare, number))
        await floor.react(number)
    assert len(to_wire) == SAMPLES, f"{len(to_wire)} samples, {noted.steps}, {held}"
    return _rows(to_wire, to_exchange, commits, before_send) + _bare_rows(floor, commits)


def _rows(
    to_wire: list[float],
    to_exchange: list[float],
    commits: list[float],
    before_send: Counter[int],
) -> list[Measured]:
    commit_50, commit_99 = percentile(commits, 0.5), percentile(commits, 0.99)
    counted = ", ".join(f"{n} commit{'s' * (n != 1)}: {k}" for n, k in before_send.items())
    floors = {"p50": commit_50, "p99": commit_99}
    shares = {"p50": 0.5, "p99": 0.99}
    rows = [
        Measured(
            f"a book's frame -> exit on the wire, {name} ({counted})",
            percentile(to_wire, shares[name]),
            f"one fsynced commit, {name}",
            floors[name],
            most_s=commit_99 + BESIDE_S if name == "p99" else None,
        )
        for name in shares
    ]
    return rows + [
        Measured(
            f"a bid at the exchange -> exit received there, {name} (its own commit included)",
            percentile(to_exchange, shares[name]),
            f"one fsynced commit, {name}",
            floors[name],
        )
        for name in shares
    ]


def _bare_rows(floor: BareReaction, commits: list[float]) -> list[Measured]:
    """The same by a program that decides nothing: no desk is quicker here."""
    told = (("on the wire", floor.to_wire), ("received", floor.to_other_end))
    return [
        Measured(
            f"floor: bare frame -> commit -> signed POST {what}, {name}",
            percentile(took, share),
            f"one fsynced commit, {name}",
            percentile(commits, share),
        )
        for what, took in told
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]


async def _armed(
    desk: OpenDesk, watch: Watch, noted: _Noted, ticker: str, rested: dict[str, int]
) -> Price | None:
    """A bid that would arm the exit, once the guard is at rest and knows the plan; None where the
    market has no room now.
    """
    await desk.clock.sleep_until(rested.get(ticker, 0))
    book = None if watch.stream is None else watch.stream.book(ticker)
    if book is None or book.best_bid is None or book.best_ask is None:
        await desk.clock.sleep_until(desk.clock.now() + 100_000)
        return None
    bid = book.best_bid.price + CENT
    if bid >= book.best_ask.price or bid >= ONE_DOLLAR:
        return None
    await _retarget(desk, ticker, bid)
    watch.heard.ring()
    await _within(1.0, lambda: time.perf_counter() - noted.worked > QUIET_S)
    await _within(5.0, partial(_knows, watch, ticker, bid))
    await desk.clock.sleep_until(desk.clock.now() + 100_000)
    fresh = watch.stream.book(ticker) if watch.stream else None
    same = fresh is not None and fresh.best_bid == book.best_bid
    return bid if same else None


def _knows(watch: Watch, ticker: str, target: Price) -> bool:
    """Whether the guard of the stream has read the plan."""
    held = watch.guard.held
    plan = None if held is None else held.view.plans.get((ticker, OWNER))
    return plan is not None and plan.levels.target == target


async def _retarget(desk: OpenDesk, ticker: str, target: Price | None) -> None:
    async with desk.store.unit() as unit:
        await unit.plans.save(_plan(ticker, target))
        await unit.commit()


async def _within(seconds: float, condition: Any) -> bool:
    """Wait for a condition of this process."""
    deadline = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > deadline:
            return False
        await asyncio.sleep(0.002)  # noqa: TID251
    return True


class _Other:
    """Somebody else with the account's key, on a connection of their own, in another thread."""

    def __init__(self, line: dict[str, Any]) -> None:
        self._key_id, self._pem = line["api_key_id"], pem_of(line)
        host, _, port = line["base_url"].removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lock = threading.Lock()

    def bids(self, ticker: str, price: Price, number: int) -> str:
        """A resting bid; its id."""
        body = {
            "ticker": ticker,
            "client_order_id": f"other-{number}",
            "side": "bid",
            "count": "1.00",
            "price": str(price),
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
        }
        return str(self._ask("POST", ORDERS_PATH, json.dumps(body).encode())["order_id"])

    def cancels(self, order_id: str, ticker: str) -> float:
        """Cancel the bid; seconds, by the exchange's clock, from it to the exit that came."""
        with suppress(RuntimeError):  # somebody may have taken it
            self._ask("DELETE", f"{ORDERS_PATH}/{order_id}")
        path = f"{PREFIX}/portfolio/orders"
        found = self._ask("GET", path, query=f"?ticker={ticker}")["orders"]
        at = {o["order_id"]: parse_rfc3339(o["created_time"]) for o in found}
        later = [us for us in at.values() if us > at[order_id]]
        return (min(later) - at[order_id]) / 1e6 if later else 0.0

    def close(self) -> None:
        self._socket.close()

    def _ask(self, method: str, path: str, body: bytes = b"", *, query: str = "") -> Any:
        stamp = str(SystemClock().wall() // 1_000)
        head = (
            f"{method} {path}{query} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            f"KALSHI-ACCESS-KEY: {self._key_id}\r\nKALSHI-ACCESS-TIMESTAMP: {stamp}\r\n"
            f"KALSHI-ACCESS-SIGNATURE: {signature(self._pem, f'{stamp}{method}{path}')}\r\n\r\n"
        )
        with self._lock:
            self._socket.sendall(head.encode() + body)
            received = self._socket.recv(65_536)
            while b"\r\n\r\n" not in received:
                received += self._socket.recv(65_536)
            top, _, answer = received.partition(b"\r\n\r\n")
            length = int(top.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            while len(answer) < length:
                answer += self._socket.recv(65_536)
        if top.split(b" ")[1] not in {b"200", b"201"}:
            raise RuntimeError(answer.decode())
        return json.loads(answer)
