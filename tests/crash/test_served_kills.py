"""A served exchange, killed at any moment while a client trades, loses nothing it acknowledged.

Whoever reads here asks over HTTP, as a client would; only the last word is the file's.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.signature import PREFIX, signature
from fakes.worlds import frozen_world

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.domain.instant import SECOND

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("KILLS", "20"))
"""`KILLS=200 pytest tests/crash/test_served_kills.py` shows what the suite has no time for."""
LONGEST_S = 0.25
WORKER = Path(__file__).with_name("served_worker.py")
ORDERS = "/portfolio/events/orders"
OPENING = Decimal(10000)


@dataclass
class Client:
    """Trades, and remembers what was acknowledged and what it never heard of again."""

    key_id: str
    pem: str
    placed: dict[str, dict[str, Any]] = field(default_factory=dict)
    canceled: set[str] = field(default_factory=set)
    canceling: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    number: int = 0

    def ask(self, http: httpx.Client, method: str, path: str, body: object = None) -> Any:
        stamp = str(SystemClock().wall() // 1_000)
        signed = f"{stamp}{method}{PREFIX}{path.partition('?')[0]}"
        headers = {
            "KALSHI-ACCESS-KEY": self.key_id,
            "KALSHI-ACCESS-TIMESTAMP": stamp,
            "KALSHI-ACCESS-SIGNATURE": signature(self.pem, signed),
        }
        return http.request(method, PREFIX + path, json=body, headers=headers)

    def trade(self, http: httpx.Client, market: dict[str, Any], moments: random.Random) -> None:
        """One order, taking or resting; or a cancel of one that rests."""
        resting = [each for each in self.placed if each not in self.canceling]
        if resting and moments.random() < 0.3:
            self.cancel(http, self.placed[moments.choice(resting)])
        else:
            self.place(http, market, moments)

    def place(self, http: httpx.Client, market: dict[str, Any], moments: random.Random) -> None:
        self.number += 1
        name, takes = f"c{self.number}", moments.random() < 0.4
        order = {
            "ticker": market["ticker"],
            "client_order_id": name,
            "side": "bid",
            "count": "1.00",
            "price": market["yes_ask_dollars"] if takes else "0.0100",
            "time_in_force": "immediate_or_cancel" if takes else "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
        }
        self.doubtful.add(name)
        answer = self.ask(http, "POST", ORDERS, order)
        self.doubtful.discard(name)
        if answer.status_code == 201:
            self.placed[name] = answer.json()

    def cancel(self, http: httpx.Client, placed: dict[str, Any]) -> None:
        self.canceling.add(placed["client_order_id"])
        answer = self.ask(http, "DELETE", f"{ORDERS}/{placed['order_id']}")
        if answer.status_code == 200:
            self.canceled.add(placed["client_order_id"])

    def pages(self, http: httpx.Client, key: str) -> Iterator[dict[str, Any]]:
        cursor = ""
        while True:
            answer = self.ask(http, "GET", f"/portfolio/{key}?limit=1000&cursor={cursor}")
            assert answer.status_code == 200, answer.text
            yield from answer.json()[key]
            cursor = answer.json()["cursor"]
            if not cursor:
                return


def open_markets(http: httpx.Client) -> list[dict[str, Any]]:
    query = {"status": "open", "limit": "1000"}
    markets = http.get(f"{PREFIX}/markets", params=query).json()["markets"]
    return [market for market in markets if float(market["yes_ask_size_fp"]) > 0]


@dataclass(frozen=True)
class Account:
    """What an owner reads of the account."""

    orders: list[dict[str, Any]]
    fills: list[dict[str, Any]]
    settlements: list[dict[str, Any]]
    cash: Decimal


def account_of(client: Client, http: httpx.Client) -> Account:
    """All of it as of one moment: the world lives on, so it is read until nothing changed."""
    before = None
    while (account := _read(client, http)) != before:
        before = account
    return account


def _read(client: Client, http: httpx.Client) -> Account:
    orders, fills, settlements = (
        list(client.pages(http, key)) for key in ("orders", "fills", "settlements")
    )
    balance = client.ask(http, "GET", "/portfolio/balance").json()
    return Account(orders, fills, settlements, Decimal(balance["balance_dollars"]))


def assert_nothing_was_lost(client: Client, account: Account) -> None:
    """What was acknowledged is there once; what is there beyond it was asked for."""
    orders, fills = account.orders, account.fills
    by_name = {order["client_order_id"]: order for order in orders}
    assert len(by_name) == len(orders) == len({order["order_id"] for order in orders})
    assert client.placed.keys() <= by_name.keys() <= client.placed.keys() | client.doubtful
    for name, placed in client.placed.items():
        assert by_name[name]["order_id"] == placed["order_id"]
        assert Decimal(by_name[name]["fill_count_fp"]) >= Decimal(placed["fill_count"])
    for name in client.canceled:
        assert by_name[name]["status"] == "canceled"
    assert len({fill["fill_id"] for fill in fills}) == len(fills)
    filled: dict[str, Decimal] = {}
    for fill in fills:
        before = filled.get(fill["order_id"], Decimal())
        filled[fill["order_id"]] = before + Decimal(fill["count_fp"])
    told = {order["order_id"]: Decimal(order["fill_count_fp"]) for order in orders}
    assert filled == {order_id: count for order_id, count in told.items() if count}


def assert_cash_is_conserved(account: Account) -> None:
    """We only ever buy YES: cash is what was paid in, less prices and fees, plus what was paid out.

    Revenue is in whole cents on the wire; contracts here are whole, so nothing is cut off it.
    """
    spent = sum(
        (
            Decimal(fill["yes_price_dollars"]) * Decimal(fill["count_fp"])
            + Decimal(fill["fee_cost"])
            for fill in account.fills
        ),
        Decimal(),
    )
    assert all(row["market_result"] in {"yes", "no"} for row in account.settlements)
    earned = sum((Decimal(row["revenue"]) / 100 for row in account.settlements), Decimal())
    assert account.cash == OPENING - spent + earned


@pytest.fixture
def world(tmp_path: Path) -> Path:
    simulation = open_simulation(tmp_path, seed=5)
    simulation.advance(simulation.now_us + SECOND)
    simulation.close()  # with a snapshot
    return tmp_path


def identity_of(home: Path) -> Simulation:
    simulation = open_simulation(home)
    simulation.close()
    return simulation


@contextmanager
def servers(home: Path) -> Iterator[Callable[[], dict[str, Any]]]:
    """Starts a server of the world whenever called, the one before being dead."""
    with subprocess.Popen(
        [sys.executable, str(WORKER), str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        asked, told = worker.stdin, worker.stdout

        def again() -> dict[str, Any]:
            asked.write("again\n")
            asked.flush()
            return json.loads(told.readline())

        try:
            yield again
        finally:
            os.killpg(worker.pid, signal.SIGKILL)


def trade_until_killed(
    client: Client, http: httpx.Client, pid: int, moments: random.Random
) -> None:
    market = moments.choice(open_markets(http))
    kill = (pid, signal.SIGKILL)
    moment = threading.Timer(moments.uniform(0.0, LONGEST_S), os.kill, kill)
    moment.start()
    try:
        while True:
            client.trade(http, market, moments)
    except httpx.TransportError:
        moment.join()


@pytest.mark.timeout(600)
def test_kills_lose_nothing_that_was_acknowledged(world: Path):
    known, moments = identity_of(world), random.Random(8)
    client = Client(known.key_id, known.private_key_pem)
    with servers(world) as again:
        for _ in range(KILLS):
            line = again()
            with httpx.Client(base_url=line["base_url"], timeout=20) as http:
                account = account_of(client, http)
                assert_nothing_was_lost(client, account)
                assert_cash_is_conserved(account)
                trade_until_killed(client, http, line["pid"], moments)
    assert len(client.placed) >= KILLS // 4  # or the test would have shown less than it says
    assert client.canceled
    assert client.doubtful
    assert account.fills
    assert frozen_world(world, from_log=False) == frozen_world(world, from_log=True)
