"""The embedded exchange: a world at full size in a process of its own, and orders that match."""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from kalshi_cli.adapters.sim.world.making import GENERATED, Origin, begin, freeze
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import Advance, Place, Placed
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.generated import EPOCH_US
from kalshi_cli.engine.matching import MatchingBook
from kalshi_cli.engine.noise import stream, uniforms
from kalshi_cli.engine.plan_document import read_plan
from kalshi_cli.engine.world_plan import WorldPlan
from tests.bench.measure import Measured

MARKETS = 120_000
ORDERS, EACH = 1_000, 20
CENT_BID, DOLLAR_ASK = 100, 9_900


def measure(_: Path) -> list[Measured]:
    """Start, an hour, a look at every book and a snapshot of the large world; matched orders."""
    command = [sys.executable, "-m", "tests.bench.exchange", str(MARKETS)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    markets, draw_s = found["markets"], found["draw_s"]
    return [
        Measured(
            f"a world of {markets:,} open markets, from nothing (peak {found['peak_mb']:,} MB)",
            found["start_s"],
            "a draw a market",
            draw_s,
        ),
        Measured("an hour of it", found["hour_s"], "a draw a market", draw_s),
        Measured("a look at every book of it", found["books_s"], "a draw a market", draw_s),
        Measured("a snapshot of it", found["snapshot_s"], "a draw a market", draw_s),
        _matched(),
    ]


def _large_world(markets: int) -> dict[str, float]:
    plan = read_plan({"scale": {"markets": markets}})
    started = time.perf_counter()
    exchange = _exchange(plan)
    start_s = time.perf_counter() - started
    active = _active(exchange)
    found = {"markets": len(active), "start_s": start_s, "draw_s": _drawn(active)}
    started = time.perf_counter()
    exchange.apply(Advance(exchange.now_us + HOUR))
    found["hour_s"] = time.perf_counter() - started
    started = time.perf_counter()
    for ticker in active:
        exchange.world.ladders(ticker)
    found["books_s"] = time.perf_counter() - started
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
    started = time.perf_counter()
    freeze(exchange)
    found["snapshot_s"] = time.perf_counter() - started
    return found


def _exchange(plan: WorldPlan | None) -> Exchange:
    return begin(Origin(GENERATED, "", 1, EPOCH_US, Money.parse("10000"), plan))


def _active(exchange: Exchange) -> list[str]:
    markets = exchange.catalog.markets.values()
    return [market.ticker for market in markets if market.status is MarketStatus.ACTIVE]


def _drawn(tickers: list[str]) -> float:
    """Seconds of eight random numbers for each market: what a ladder needs at the least."""
    started = time.perf_counter()
    for ticker in tickers:
        uniforms(stream(1, ticker, "bench"), 8)
    return time.perf_counter() - started


def _matched() -> Measured:
    """Orders of one contract that take at once, beside a bare book."""
    exchange = _exchange(None)
    tickers = [t for t in _active(exchange) if exchange.world.ladders(t)[1]]
    matched, took = 0, 0.0
    while matched < ORDERS:
        for ticker in tickers:
            ask = exchange.world.ladders(ticker)[1]
            for number in range(EACH if ask else 0):
                name = f"{exchange.now_us}-{ticker}-{number}"
                order = Place(
                    name, ticker, Side.BID, ask[-1].price, Contracts(100), TimeInForce.IOC
                )
                started = time.perf_counter()
                answer = exchange.apply(order)
                took += time.perf_counter() - started
                matched += isinstance(answer, Placed) and bool(answer.filled)
        exchange.apply(Advance(exchange.now_us + HOUR // 4))
    each = took / matched
    book = MatchingBook([(CENT_BID, "", 1_000_000)], [(DOLLAR_ASK, "", 100 * ORDERS)])
    started = time.perf_counter()
    for _ in range(ORDERS):
        book.take(Side.BID, DOLLAR_ASK, 100)
    floor = (time.perf_counter() - started) / ORDERS
    what = f"an order that matches, in the engine ({1 / each:,.0f} a second)"
    return Measured(what, each, "a bare book", floor)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_large_world(int(sys.argv[1]))))
