"""What it costs to watch 500 positions on the stream, with the traffic of a recording.

A feeder, a process of its own, plays recorded order-book frames over a socket: five recordings at
once, each a market as busy as the exchange has, among markets that are quiet. Ten minutes of
recorded time pass in half a minute. What acts on the stream runs here: it decodes, folds, weighs
the exits of a position at each change of its book, and looks at the store every second. What the
other steps of a loop cost has rows of its own.
"""

import asyncio
import resource
import time
from pathlib import Path

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.kalshi.stream.channels import Channel
from kalshi_cli.adapters.kalshi.stream.client import KalshiStream
from kalshi_cli.adapters.kalshi.stream.dialing import dialer
from kalshi_cli.adapters.kalshi.stream.machine import StreamMachine
from kalshi_cli.adapters.sim.world.keys import KeyType, new_private_key
from kalshi_cli.adapters.store.store import SqlStore, open_store
from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import DECI_CENT
from kalshi_cli.domain.identity import Env, StoreIdentity
from kalshi_cli.domain.instant import DAY
from kalshi_cli.domain.levels import Levels
from kalshi_cli.domain.market import Event, Listing, Market, MarketStatus, Quote, Series
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Money, Price
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.guarding import Guard
from kalshi_cli.steps.looking import look_at_holdings
from kalshi_cli.steps.react import listen
from kalshi_cli.steps.readiness import readiness
from tests.bench.measure import Measured
from tests.bench.recorded_feed import MARKETS, SPEED, Control, found, ticker_of
from tests.bench.serving import process

EVERY_S = 1.0
OWNER = "directional_trading"


def measure(home: Path) -> list[Measured]:
    """CPU and memory; nothing where the recordings are not there."""
    if not found():
        return []
    with process("-m", "tests.bench.recorded_feed") as line:
        return asyncio.run(_measured(home, line["ws_url"]))


async def _measured(home: Path, url: str) -> list[Measured]:
    clock = SystemClock()
    signer = Signer.from_pem("bench", new_private_key(KeyType.ED25519))
    identity = StoreIdentity(Env.SIM, "", "", "bench")
    store = await open_store(home / "desk.db", identity, wall_us=clock.wall())
    machine = StreamMachine([Channel.BOOKS])
    async with store, KalshiStream(dialer(url, signer, clock), clock, machine) as stream:
        await _hold(store, clock.now())
        chosen = policies(Env.SIM, Settings(home=home), None)
        guard = Guard(chosen.exits)

        async def look() -> None:
            held = await look_at_holdings(store, now_us=clock.now())
            guard.see(readiness(held, env=Env.SIM, limits=chosen.trading.limits))

        await look()
        stream.follow(guard.watched)
        ears = asyncio.ensure_future(listen(stream, guard, clock, armed=_nothing, news=_nothing))
        while len(guard.books) < MARKETS:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # noqa: TID251
        before, began = _cpu_s(), time.perf_counter()
        frames = machine.tally["orderbook_delta"]
        playing = asyncio.ensure_future(Control(url).play())
        while not playing.done():
            await asyncio.sleep(EVERY_S)  # noqa: TID251
            await look()
        assert await playing
        spent, passed = _cpu_s() - before, time.perf_counter() - began
        frames = machine.tally["orderbook_delta"] - frames
        ears.cancel()
        await asyncio.wait((ears,))
        assert stream.link.connected, stream.link
        assert machine.tally["gaps"] == 0, machine.tally
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    minutes = passed * SPEED / 60
    what = f"{MARKETS} streamed positions, {frames / passed:,.0f} changes a second at {SPEED} x"
    return [
        Measured(f"{what}: CPU for a recorded minute", spent / minutes),
        Measured(f"{MARKETS} streamed positions: peak memory", peak_mb, unit="MB"),
    ]


def _nothing() -> None:
    """Nobody acts: no plan is ever met."""


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _hold(store: SqlStore, now_us: int) -> None:
    """A position and a plan in every market."""
    listings = [_listing(ticker_of(number), now_us) for number in range(MARKETS)]
    async with store.unit() as unit:
        series = Series("KXBENCH", "A series", "Crypto", FeeTerms("quadratic"))
        await unit.catalog.save_series([series], now_us)
        await unit.catalog.save_events([Event("KXBENCH-1", "KXBENCH", "An event")], now_us)
        await unit.catalog.save_listings(listings, now_us)
        await unit.ledger.save_positions([_position(each.market.ticker) for each in listings])
        for each in listings:
            await unit.plans.save(
                ExitPlan(
                    each.market.ticker,
                    OWNER,
                    Levels(Price(1), Price(9_999), leave_by_us=now_us + DAY),
                    now_us,
                    entry_confidence=0.8,
                    entry_fair=0.5,
                )
            )
        await unit.commit()


def _listing(ticker: str, now_us: int) -> Listing:
    market = Market(
        ticker=ticker,
        event_ticker="KXBENCH-1",
        title="A market",
        status=MarketStatus.ACTIVE,
        open_us=now_us - DAY,
        close_us=now_us + DAY,
        latest_expiration_us=now_us + DAY,
        grid=DECI_CENT,
    )
    quote = Quote(ticker, None, None, None, NO_CONTRACTS, NO_CONTRACTS, NO_CONTRACTS, now_us)
    return Listing(market, quote)


def _position(ticker: str) -> Position:
    return Position(ticker, OWNER, Contracts.parse("10.00"), Money.parse("4.40"))
