"""Each fault as the project's own client meets it, without a socket and over HTTP."""

import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from fakes.decisions import resting
from fakes.served import served

from kalshi_cli.adapters.kalshi.connection import KalshiConnection, connect
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.kalshi.trading import KalshiTrading
from kalshi_cli.adapters.sim.faults import plan as faults
from kalshi_cli.adapters.sim.faults.plan import FaultPlan, Rule
from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.domain.instant import MILLISECOND, SECOND
from kalshi_cli.engine.commands import SetTrading
from kalshi_cli.errors import MalformedAnswer, Unavailable
from kalshi_cli.ports.exchange import CancellationKind, Placement, PlacementKind

ORDERS = "/portfolio/events/orders"
READ = "/portfolio/orders"


@dataclass
class Venue:
    """A simulation, a client of it, and what goes wrong in between."""

    simulation: Simulation
    connection: KalshiConnection
    is_served: bool

    def break_by(self, *rules: Rule) -> None:
        self.simulation.host.plan_faults(FaultPlan(rules))

    def wait_at_most(self, seconds: float) -> None:
        self.connection._rest.http.timeout = httpx.Timeout(seconds)

    async def pass_ms(self, ms: int) -> None:
        """Let market time pass."""
        self.simulation.advance(self.simulation.now_us + ms * MILLISECOND)

    @property
    def trading(self) -> KalshiTrading:
        assert self.connection.trading is not None
        return self.connection.trading

    @property
    def ticker(self) -> str:
        return next(iter(self.simulation._exchange.catalog.markets))

    async def place(self, name: str = "k1") -> Placement:
        order = resting(limit="0.0100", count="1.00", ticker=self.ticker, expires_us=None)
        return await self.trading.place(name, order)

    def placed(self) -> list[str]:
        """What was placed in truth."""
        return [order.client_order_id for order in self.simulation._exchange.orders.values()]

    async def read(self) -> list[str]:
        """What the client reads, page by page."""
        found: list[str] = []
        cursor = ""
        while True:
            page = await self.trading.orders(cursor=cursor)
            found += [order.client_order_id for order in page.items]
            if not page.cursor:
                return found
            cursor = page.cursor


async def _at_once(_seconds: float) -> None:
    """Instead of waiting before a read is tried again."""


@asynccontextmanager
async def connected(
    simulation: Simulation, address: str, transport: httpx.AsyncBaseTransport | None
) -> AsyncIterator[Venue]:
    signer = Signer.from_pem(simulation.key_id, simulation.private_key_pem)
    async with connect(
        base_url=address, signer=signer, clock=simulation.clock, transport=transport, paced=False
    ) as connection:
        connection._rest.sleep = _at_once
        yield Venue(simulation, connection, transport is None)


@pytest.fixture(params=["in-process", "http"])
async def venue(request: pytest.FixtureRequest, home) -> AsyncIterator[Venue]:
    async with open_simulation(home) as simulation:
        if request.param == "in-process":
            async with connected(simulation, simulation.origin, simulation.transport()) as venue:
                yield venue
        else:
            async with (
                served(simulation) as server,
                connected(simulation, server.address.base_url, None) as venue,
            ):
                yield venue


async def test_without_faults_nothing_goes_wrong(venue: Venue):
    assert (await venue.place()).kind is PlacementKind.ACCEPTED
    assert venue.placed() == await venue.read() == ["k1"]


@pytest.mark.parametrize(
    ("rule", "kind", "exists"),
    [
        (faults.TooManyRequests, PlacementKind.THROTTLED, False),
        (faults.ErrorBefore, PlacementKind.UNKNOWN, False),
        (faults.ErrorAfter, PlacementKind.UNKNOWN, True),
        (faults.DropRequest, PlacementKind.UNKNOWN, False),
        (faults.DropResponse, PlacementKind.UNKNOWN, True),
    ],
)
async def test_what_becomes_of_an_order(venue: Venue, rule, kind, exists):
    venue.break_by(rule(method="POST", path=ORDERS, nth=2))
    assert (await venue.place("k1")).kind is PlacementKind.ACCEPTED
    assert (await venue.place("k2")).kind is kind
    assert (await venue.place("k3")).kind is PlacementKind.ACCEPTED
    assert venue.placed() == (["k1", "k2", "k3"] if exists else ["k1", "k3"])


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_errors_of_the_server_say_which(venue: Venue, status):
    venue.break_by(faults.ErrorBefore(method="POST", status=status))
    assert (await venue.place()).code == f"http_{status}"


@pytest.mark.parametrize(
    ("rule", "kind", "is_gone"),
    [
        (faults.ErrorBefore, CancellationKind.UNKNOWN, False),
        (faults.DropResponse, CancellationKind.UNKNOWN, True),
        (faults.TooManyRequests, CancellationKind.REFUSED, False),
    ],
)
async def test_what_becomes_of_a_cancel(venue: Venue, rule, kind, is_gone):
    order_id = (await venue.place()).order_id
    venue.break_by(rule(method="DELETE", path=f"{ORDERS}/{{order_id}}"))
    assert (await venue.trading.cancel(order_id, venue.ticker, 0)).kind is kind
    assert (order_id not in venue.simulation._exchange.state.resting) is is_gone


async def test_a_latency_delays(venue: Venue):
    venue.break_by(faults.Latency(method="POST", ms=60, jitter_ms=40))
    began, market_us = time.monotonic(), venue.simulation.now_us
    assert (await venue.place()).kind is PlacementKind.ACCEPTED
    passed_s = time.monotonic() - began
    if not venue.is_served:
        passed_s = (venue.simulation.now_us - market_us) / SECOND
        assert passed_s <= 0.1
    assert passed_s >= 0.06


@pytest.mark.parametrize("after", [False, True])
async def test_an_order_may_arrive_after_its_client_has_given_up(venue: Venue, after):
    venue.break_by(faults.Latency(method="POST", ms=400, after=after))
    venue.wait_at_most(0.2)
    placed = await venue.place()
    assert (placed.kind, placed.code) == (PlacementKind.UNKNOWN, "ReadTimeout")
    assert venue.placed() == (["k1"] if after or not venue.is_served else [])
    if venue.is_served:
        time_out = time.monotonic() + 10
        while not venue.placed():
            assert time.monotonic() < time_out
            await venue.read()
    assert venue.placed() == ["k1"]


async def test_in_an_outage_no_connection_is_accepted(venue: Venue):
    venue.break_by(faults.Outage(method="POST", ms=300, nth=1))
    assert (await venue.place("k1")).kind is PlacementKind.UNKNOWN
    assert (await venue.place("k2")).kind is PlacementKind.NOT_SENT
    with pytest.raises(Unavailable):
        await venue.read()
    if venue.is_served:
        time_out = time.monotonic() + 10
        while (await venue.place("k3")).kind is PlacementKind.NOT_SENT:
            assert time.monotonic() < time_out
    else:
        await venue.pass_ms(300)
        assert (await venue.place("k3")).kind is PlacementKind.ACCEPTED
    assert venue.placed() == ["k3"]


async def test_an_order_is_accepted_that_never_was(venue: Venue):
    venue.break_by(faults.NoOrder())
    placed = await venue.place()
    assert (placed.kind, str(placed.remaining)) == (PlacementKind.ACCEPTED, "1.00")
    assert await venue.trading.order(placed.order_id) is None
    venue.break_by(faults.NoOrder(empty=True))
    assert (await venue.place()).kind is PlacementKind.UNKNOWN
    assert venue.placed() == []


async def test_what_is_no_order_is_refused_all_the_same(venue: Venue):
    venue.break_by(faults.NoOrder())
    answer = await venue.connection._rest.write("POST", ORDERS, body=b'{"count": 1}')
    assert answer.status == 400


async def test_reads_lag_by_market_time(venue: Venue):
    venue.break_by(faults.StaleReads(ms=400))
    order_id = (await venue.place()).order_id
    assert await venue.read() == []
    assert await venue.trading.order(order_id) is None
    await venue.pass_ms(400)
    assert await venue.read() == ["k1"]
    assert (await venue.trading.cancel(order_id, venue.ticker, 0)).kind is CancellationKind.CANCELED
    report = await venue.trading.order(order_id)
    assert report is not None
    assert report.status == "resting"  # while a second cancel is told the truth
    assert (await venue.trading.cancel(order_id, venue.ticker, 0)).kind is CancellationKind.GONE


async def test_reads_lag_by_commands(venue: Venue):
    venue.break_by(faults.StaleReads(commands=2, path=READ, times=2))
    for name in ("k1", "k2", "k3"):
        await venue.place(name)
    assert await venue.read() == ["k1"]
    await venue.place("k4")
    assert await venue.read() == ["k2", "k1"]
    assert await venue.read() == ["k4", "k3", "k2", "k1"]


async def test_short_pages_lose_nothing(venue: Venue):
    for name in ("k1", "k2", "k3"):
        await venue.place(name)
    venue.break_by(faults.ShortPage(path=READ, rows=1))
    page = await venue.trading.orders()
    assert len(page.items) == 1
    assert page.cursor
    assert await venue.read() == ["k3", "k2", "k1"]


async def test_lost_rows_leave_no_trace(venue: Venue):
    for name in ("k1", "k2", "k3"):
        await venue.place(name)
    venue.break_by(faults.LostRows(path=READ, rows=2, nth=1))
    assert await venue.read() == ["k3", "k2"]
    assert await venue.read() == ["k3", "k2", "k1"]


async def test_a_page_may_name_itself_as_the_next(venue: Venue):
    await venue.place()
    venue.break_by(faults.RepeatedCursor(path=READ))
    first = await venue.trading.orders()
    assert first.cursor
    with pytest.raises(MalformedAnswer):
        await venue.trading.orders(cursor=first.cursor)


@pytest.mark.parametrize(
    ("where", "code"),
    [("market", "MARKET_INACTIVE"), ("shard", "trading_is_paused"), ("all", "trading_is_paused")],
)
async def test_trading_pauses_and_goes_on(venue: Venue, where, code):
    ticker = venue.ticker if where == "market" else ""
    shard = 0 if where == "shard" else None
    venue.break_by(faults.Pause(method="POST", ms=5_000, nth=2, ticker=ticker, shard=shard))
    assert (await venue.place("k1")).kind is PlacementKind.ACCEPTED
    paused = await venue.place("k2")
    assert (paused.kind, paused.code) == (PlacementKind.REFUSED, code)
    await venue.pass_ms(4_999)
    assert (await venue.place("k3")).kind is PlacementKind.REFUSED
    await venue.pass_ms(1)
    assert (await venue.place("k4")).kind is PlacementKind.ACCEPTED
    log = [type(command).__name__ for _, command in venue.simulation.host._store.commands_after(0)]
    assert log.count("SetTrading") == 1


@pytest.mark.parametrize("killed", [False, True])
async def test_a_pause_lasts_as_long_whether_its_server_lives_or_not(home, tmp_path, killed):
    """A home copied while the world is open is what a SIGKILL leaves."""
    simulation = open_simulation(home)
    async with connected(simulation, simulation.origin, simulation.transport()) as venue:
        venue.break_by(faults.Pause(method="POST", ms=60_000))
        assert (await venue.place()).kind is PlacementKind.REFUSED
        began = simulation.now_us
        if killed:
            home = shutil.copytree(home, tmp_path / "killed")
    simulation.close()
    async with open_simulation(home) as simulation:
        simulation.advance(began + 59_999 * MILLISECOND)
        assert simulation._exchange.is_paused(0)
        simulation.advance(began + 60_000 * MILLISECOND)
        assert not simulation._exchange.is_paused(0)


async def test_a_fault_s_pause_does_not_lift_one_made_by_hand(venue: Venue):
    venue.simulation.host.apply(SetTrading(active=False, shard=0))
    venue.break_by(faults.Pause(method="POST", ms=1_000, nth=1))
    assert (await venue.place("k1")).kind is PlacementKind.REFUSED
    await venue.pass_ms(60_000)
    assert (await venue.place("k2")).kind is PlacementKind.REFUSED
    venue.simulation.host.apply(SetTrading(active=True, shard=0))
    assert (await venue.place("k3")).kind is PlacementKind.ACCEPTED


async def test_several_faults_at_once_are_met_in_their_order(venue: Venue):
    venue.break_by(
        faults.Latency(method="POST", ms=30),
        faults.ErrorAfter(method="POST"),
        faults.TooManyRequests(method="POST"),
    )
    began = (time.monotonic(), venue.simulation.now_us)
    assert (await venue.place()).code == "http_503"
    passed = time.monotonic() - began[0], (venue.simulation.now_us - began[1]) / SECOND
    assert max(passed) >= 0.03
    assert venue.placed() == []
