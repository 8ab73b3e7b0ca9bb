"""Reading a large exchange into the store, first and again, beside the least it could take.

The exchange is a server in a process of its own, and each pass runs in a fresh process, so that the
memory it says it took is its own.
"""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from kalshi_cli.domain.instant import DAY, to_rfc3339
from tests.bench.measure import Measured
from tests.bench.serving import process

EVENTS, LEGS, PAGE = 12_000, 10, 200
CANDIDATES = 1_000
"""Markets that are eligible where the least volume is that of the busiest."""
TABLES = ("series", "events", "markets", "quotes")
RULES = "If what is asked about happens by the date named, the market resolves to Yes. " * 4
MOST_MB = 300


def measure(home: Path, events: int = EVENTS) -> list[Measured]:
    """Everything is new, nothing has changed, what a trade reads, and the memory at most.

    What is new is read three times, as the floor is: of each the quickest counts.
    """
    listed = home / "pages"
    listed.write_bytes(b"\n".join(pages(events)))
    with process("-m", "tests.bench.listing_server", str(listed)) as server:
        firsts = [one_pass(server["base_url"], home)]
        floors = [_floor(home)]
        again = one_pass(server["base_url"], home)
        for anew in ("a", "b"):
            firsts.append(one_pass(server["base_url"], _empty(home / anew)))
            floors.append(_floor(home))
    first = min(firsts, key=lambda each: each["seconds"])
    least_volume = str(events - CANDIDATES / LEGS)
    looked = _told("tests.bench.one_look", str(home / "ingested.db"), least_volume)
    what, least = f"ingest of {first['markets']:,} markets", "bare decode and executemany"
    peak = max(each["peak_mb"] for each in (*firsts, again))
    return [
        Measured(f"{what}, all new", first["seconds"], least, min(floors), most_ratio=2.0),
        Measured(f"{what}, unchanged", again["seconds"], least, min(floors), most_ratio=1.0),
        Measured(
            f"reading {looked['candidates']:,} candidates out of {first['markets']:,} markets",
            looked["seconds"],
            most_s=1.0,
        ),
        Measured(f"{what}, memory of the process at most", peak, most_s=MOST_MB, unit="MB"),
    ]


def _empty(home: Path) -> Path:
    home.mkdir()
    return home


def peak_of(home: Path, events: int) -> float:
    """The memory in MB that a first pass over so many events takes at most."""
    home.mkdir()
    listed = home / "pages"
    listed.write_bytes(b"\n".join(pages(events)))
    with process("-m", "tests.bench.listing_server", str(listed)) as server:
        peak: float = one_pass(server["base_url"], home)["peak_mb"]
    return peak


def one_pass(base_url: str, home: Path) -> dict[str, Any]:
    """A full pass in a fresh process: markets, seconds and peak_mb."""
    return _told("tests.bench.one_pass", base_url, str(home / "ingested.db"))


def _told(program: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", program, *arguments]
    told: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=-1).stdout)
    return told


def pages(events: int) -> Iterator[bytes]:
    """The series, then each page of events."""
    now = time.time_ns() // 1_000
    times = {
        "open_time": to_rfc3339(now - DAY),
        "close_time": to_rfc3339(now + 9 * DAY),
        "latest_expiration_time": to_rfc3339(now + 16 * DAY),
        "expected_expiration_time": to_rfc3339(now + 9 * DAY),
        "updated_time": to_rfc3339(now - DAY),
    }
    series = {"ticker": "KXBENCH", "title": "Bench", "category": "Economics"}
    series |= {"fee_type": "quadratic", "fee_multiplier": 1, "frequency": "daily"}
    yield json.dumps({"series": [series]}).encode()
    for start in range(0, events, PAGE):
        end = min(start + PAGE, events)
        rows = [_event(number, times) for number in range(start, end)]
        cursor = str(end // PAGE) if end < events else ""
        page = {"events": rows, "cursor": cursor}
        yield json.dumps(page, sort_keys=True).encode()  # as the exchange's own are


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


def _floor(home: Path) -> float:
    """Decode the same pages and insert the same rows into the same tables, and nothing else."""
    _, *listed = (home / "pages").read_bytes().split(b"\n")
    source, target = home / "ingested.db", home / "bare.db"
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as filled, closing(sqlite3.connect(target)) as bare:
        bare.execute("PRAGMA journal_mode = WAL")
        schema = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name = ?"
        rows = {}
        for table in TABLES:
            for (statement,) in filled.execute(schema, (table,)).fetchall():
                bare.execute(statement)
            rows[table] = filled.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()
        started = time.perf_counter()
        for page in listed:
            msgspec.json.decode(page)
        for table in TABLES:
            marks = ",".join("?" * len(rows[table][0]))
            bare.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[table])
        bare.commit()
        return time.perf_counter() - started
