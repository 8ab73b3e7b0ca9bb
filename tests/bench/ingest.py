"""Reading a large exchange into the store, first and again, beside the least it could take."""

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import httpx
import msgspec

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.kalshi.connection import connect
from kalshi_cli.adapters.store.store import SqlStore, open_store
from kalshi_cli.domain.identity import Env, StoreIdentity
from kalshi_cli.domain.instant import DAY, to_rfc3339
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.steps.ingest import IngestResult, ingest
from tests.bench.measure import Measured

EVENTS, LEGS, PAGE = 2_000, 10, 200
MARKETS = EVENTS * LEGS
TABLES = ("series", "events", "markets", "quotes")
RULES = "If what is asked about happens by the date named, the market resolves to Yes. " * 4


def measure(home: Path) -> list[Measured]:
    """Two rows: everything is new, and nothing has changed."""
    first, again = asyncio.run(_ingested(home))
    floor = _floor(home)
    what = f"ingest of {MARKETS:,} markets"
    least = "bare decode and executemany"
    return [
        Measured(f"{what}, all new", first, least, floor, most_ratio=2.0),
        Measured(f"{what}, unchanged", again, least, floor, most_ratio=1.0),
    ]


def _pages() -> list[bytes]:
    now = time.time_ns() // 1_000
    times = {
        "open_time": to_rfc3339(now - DAY),
        "close_time": to_rfc3339(now + 9 * DAY),
        "latest_expiration_time": to_rfc3339(now + 16 * DAY),
        "expected_expiration_time": to_rfc3339(now + 9 * DAY),
        "updated_time": to_rfc3339(now - DAY),
    }
    events = [_event(number, times) for number in range(EVENTS)]
    starts = range(0, EVENTS, PAGE)
    return [
        json.dumps(
            {
                "events": events[start : start + PAGE],
                "cursor": str(start + PAGE) if start + PAGE < EVENTS else "",
            }
        ).encode()
        for start in starts
    ]


def _event(number: int, times: dict[str, str]) -> dict[str, object]:
    ticker = f"KXBENCH-{number}"
    return {
        "event_ticker": ticker,
        "series_ticker": "KXBENCH",
        "title": f"What happens on occasion {number}?",
        "mutually_exclusive": True,
        "category": "Economics",
        "markets": [_market(ticker, leg, number, times) for leg in range(LEGS)],
    }


def _market(event: str, leg: int, number: int, times: dict[str, str]) -> dict[str, object]:
    bid = 5 + (number * LEGS + leg) % 85
    return {
        **times,
        "ticker": f"{event}-{leg}",
        "event_ticker": event,
        "status": "active",
        "title": f"Will it be answer {leg}?",
        "yes_sub_title": f"Answer {leg}",
        "result": "",
        "yes_bid_dollars": f"0.{bid:02d}00",
        "yes_ask_dollars": f"0.{bid + 3:02d}00",
        "no_bid_dollars": f"0.{97 - bid:02d}00",
        "no_ask_dollars": f"0.{100 - bid:02d}00",
        "yes_bid_size_fp": f"{100 + leg}.00",
        "yes_ask_size_fp": f"{200 + leg}.00",
        "last_price_dollars": f"0.{bid + 1:02d}00",
        "volume_fp": f"{number}.00",
        "volume_24h_fp": f"{number % 500}.00",
        "open_interest_fp": f"{number}.00",
        "notional_value_dollars": "1.0000",
        "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
        "strike_type": "custom",
        "floor_strike": leg,
        "rules_primary": RULES,
        "rules_secondary": "",
        "can_close_early": True,
        "settlement_timer_seconds": 300,
        "settlement_bounds_type": "default",
        "exchange_index": 0,
    }


class _Static(httpx.AsyncBaseTransport):
    """Answers from memory what an exchange of these markets would."""

    def __init__(self, pages: list[bytes]) -> None:
        self._pages = pages
        series = {"ticker": "KXBENCH", "title": "Bench", "category": "Economics"}
        series |= {"fee_type": "quadratic", "fee_multiplier": 1, "frequency": "daily"}
        self._series = json.dumps({"series": [series]}).encode()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/series"):
            return httpx.Response(200, content=self._series, request=request)
        start = int(request.url.params.get("cursor", 0))
        return httpx.Response(200, content=self._pages[start // PAGE], request=request)


async def _ingested(home: Path) -> tuple[float, float]:
    pages = _pages()
    clock = SystemClock()
    (home / "pages").write_bytes(b"\n".join(pages))
    transport = _Static(pages)
    connection = connect(
        base_url="http://sim.invalid", signer=None, clock=clock, transport=transport, paced=False
    )
    identity = StoreIdentity(Env.SIM, "", "", "bench")
    store = await open_store(home / "ingested.db", identity, wall_us=clock.wall())
    async with store, connection:
        return await _pass(connection.market_data, store), await _pass(
            connection.market_data, store
        )


async def _pass(data: MarketData, store: SqlStore) -> float:
    """Seconds of one full pass."""
    clock = SystemClock()
    async with store.unit() as unit:
        run = await unit.desk.start_run("bench", clock.now(), clock.wall())
        await unit.catalog.set_marker("full_pass", 0)
        await unit.commit()
    started = time.perf_counter()
    result: IngestResult = await ingest(data, store, clock, filters=(), run_id=run.run_id)
    took = time.perf_counter() - started
    assert (result.markets, result.unusable) == (MARKETS, ()), result.unusable[:3]
    return took


def _floor(home: Path) -> float:
    """Decode the same pages and insert the same rows into the same tables, and nothing else."""
    pages = (home / "pages").read_bytes().split(b"\n")
    source, target = home / "ingested.db", home / "bare.db"
    with closing(sqlite3.connect(source)) as filled, closing(sqlite3.connect(target)) as bare:
        bare.execute("PRAGMA journal_mode = WAL")
        schema = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name = ?"
        rows = {}
        for table in TABLES:
            for (statement,) in filled.execute(schema, (table,)).fetchall():
                bare.execute(statement)
            rows[table] = filled.execute(f"SELECT * FROM {table}").fetchall()
        started = time.perf_counter()
        for page in pages:
            msgspec.json.decode(page)
        for table in TABLES:
            marks = ",".join("?" * len(rows[table][0]))
            bare.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[table])
        bare.commit()
        return time.perf_counter() - started
