"""A world is a function of its seed and its log: through restarts, kills, and broken files."""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.signed_client import SignedClient
from fakes.worlds import frozen_world

from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation, reset_simulation
from kalshi_cli.adapters.sim.world.files import WorldFiles
from kalshi_cli.adapters.sim.world.hold import Hold
from kalshi_cli.adapters.sim.world.keys import KeyType
from kalshi_cli.adapters.sim.world.making import freeze
from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import ConfigError, StoreUnusable, StoreVersion, UsageError, WorldHeld

WORKER = Path(__file__).with_name("world_worker.py")
KILLS = 10


async def session(simulation: Simulation, orders: int) -> None:
    """Some trading: takers, resting orders, a cancel, a refusal, and time."""
    async with SignedClient(simulation) as client:
        for market in (await client.markets())[:orders]:
            price = market["yes_ask_dollars"]
            await client.place(ticker=market["ticker"], price=price, count="3.00")
            resting = (await client.place(ticker=market["ticker"], count="5.00")).json()
            await client.place(ticker="NOBODY")
            await client.send("DELETE", f"/portfolio/events/orders/{resting['order_id']}")
            await client.place(ticker=market["ticker"], price="0.0200", count="7.00")
    simulation.advance(simulation.now_us + 2 * HOUR)


async def test_restarts_leave_no_trace(tmp_path):
    """One world goes on through three openings, the other never stops: the same bytes."""
    stopped, steady = tmp_path / "stopped", tmp_path / "steady"
    for count in (3, 2, 4):
        async with open_simulation(stopped, seed=11) as simulation:
            await session(simulation, count)
    async with open_simulation(steady, seed=11) as simulation:
        for count in (3, 2, 4):
            await session(simulation, count)
    bytes_of = frozen_world(stopped, from_log=False)
    assert bytes_of == frozen_world(steady, from_log=False)
    assert bytes_of == frozen_world(stopped, from_log=True)
    async with open_simulation(tmp_path / "other", seed=12) as simulation:
        await session(simulation, 3)
    assert frozen_world(tmp_path / "other", from_log=False) != bytes_of


def test_killed_at_random_moments_it_keeps_every_acknowledged_order(home):
    moments = random.Random(4)
    acknowledged: dict[str, str] = {}
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, str(WORKER), str(home)], stdout=subprocess.PIPE, text=True
        ) as worker:
            assert worker.stdout is not None
            for _ in range(moments.randrange(1, 40)):
                client_id, order_id = worker.stdout.readline().split()
                acknowledged[client_id] = order_id
            worker.send_signal(signal.SIGKILL)
            for line in worker.stdout.read().splitlines():
                client_id, _, order_id = line.partition(" ")
                if len(order_id) == 36:
                    acknowledged[client_id] = order_id
        simulation = open_simulation(home)
        orders = simulation._exchange.orders
        simulation.close()
        assert acknowledged.items() <= {o.client_order_id: i for i, o in orders.items()}.items()
        assert len(orders) <= len(acknowledged) + KILLS
    assert frozen_world(home, from_log=False) == frozen_world(home, from_log=True)


def test_another_process_waits_and_is_told_who_holds_the_world(home):
    with subprocess.Popen(
        [sys.executable, str(WORKER), str(home)], stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        with pytest.raises(WorldHeld, match=f"Process {worker.pid} holds"):
            open_simulation(home, patience_s=0.2)
        with pytest.raises(WorldHeld):
            reset_simulation(home, patience_s=0.0)
        worker.kill()
    open_simulation(home).close()


def test_a_hold_passes_on_when_it_is_released(tmp_path):
    first = Hold(tmp_path / "world.lock")
    assert (tmp_path / "world.lock").read_text().strip() == str(os.getpid())
    first.release()
    Hold(tmp_path / "world.lock", patience_s=0.0).release()


def test_another_seed_or_world_is_refused(home):
    with pytest.raises(UsageError, match="seed 5 exists, not 6") as refused:
        open_simulation(home, seed=6)
    assert "--fresh" in refused.value.remedy
    with pytest.raises(UsageError, match="exists is generated"):
        open_simulation(home, world=f"tape:{home}")
    with pytest.raises(UsageError, match="no world 'mars'"):
        open_simulation(home / "elsewhere", world="mars")
    open_simulation(home, seed=5, world="generated").close()


def test_a_refused_world_leaves_nothing_half_written(tmp_path):
    with pytest.raises(UsageError):
        open_simulation(tmp_path, world="mars")
    simulation = open_simulation(tmp_path, seed=9)
    assert simulation.seed == 9
    simulation.close()


def test_fresh_and_reset_set_everything_aside(home):
    files = WorldFiles.under(home)
    (files.directory / "store.db").write_text("the desk's store")
    old_world = files.world.read_bytes()
    simulation = open_simulation(home, seed=6, fresh=True)
    assert simulation.seed == 6
    simulation.close()
    (aside,) = files.directory.glob("aside-*")
    assert (aside / "world.db").read_bytes() == old_world
    assert (aside / "store.db").read_text() == "the desk's store"
    again = reset_simulation(home)
    assert again is not None
    assert (again / "world.db").exists()
    assert reset_simulation(home) is None
    assert not files.world.exists()


def test_a_world_that_cannot_be_made_sets_nothing_aside(home, tmp_path):
    files = WorldFiles.under(home)
    kept = files.world.read_bytes()
    with pytest.raises(ConfigError, match="There is no"):
        open_simulation(home, world=f"tape:{tmp_path / 'nowhere'}", fresh=True)
    assert files.world.read_bytes() == kept
    assert not list(files.directory.glob("aside-*"))


def test_the_key_is_kept_and_private(home):
    first = open_simulation(home)
    first.close()
    second = open_simulation(home)
    second.close()
    files = WorldFiles.under(home)
    assert (first.private_key_pem, first.key_id) == (second.private_key_pem, second.key_id)
    assert files.key(KeyType.ED25519).stat().st_mode & 0o077 == 0
    assert files.world.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be read" * 40])
def test_a_garbage_file_is_unusable(home, content):
    files = WorldFiles.under(home)
    files.world.write_bytes(content)
    with pytest.raises(StoreUnusable) as unusable:
        open_simulation(home)
    assert "kalshi sim reset" in unusable.value.remedy
    assert reset_simulation(home) is not None
    open_simulation(home, seed=5).close()


def damaged(home: Path, statement: str) -> None:
    with sqlite3.connect(WorldFiles.under(home).world) as db:
        db.execute(statement)
    db.close()


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("PRAGMA application_id = 7", StoreUnusable),
        ("UPDATE origin SET rules = '0'", StoreVersion),
        ("UPDATE origin SET body = x'00'", StoreUnusable),
        ("UPDATE snapshots SET exchange = x'c1'", StoreUnusable),
        ("UPDATE snapshots SET world = x'90'", StoreUnusable),
        ("DELETE FROM origin", StoreUnusable),
        ("INSERT INTO commands VALUES (9, 'advance', '{\"to_us\": 0}')", StoreUnusable),
        ("INSERT INTO commands VALUES (2, 'dance', '{}')", StoreUnusable),
        ("INSERT INTO commands VALUES (2, 'advance', '{\"to_us\": \"x\"}')", StoreUnusable),
    ],
)
def test_a_damaged_file_is_told_and_left_alone(home, statement, error):
    damaged(home, statement)
    with pytest.raises(error):
        open_simulation(home)
    assert WorldFiles.under(home).world.exists()


def test_a_key_that_is_none_is_unusable(home):
    WorldFiles.under(home).key(KeyType.ED25519).write_text("-----BEGIN NONSENSE-----")
    with pytest.raises(StoreUnusable, match="no usable key"):
        open_simulation(home)


async def test_a_full_disk_loses_nothing_that_was_acknowledged(home):
    """The page limit stands in for the disk: writes fail, the answer is no success, and the
    world goes on from its last acknowledged order."""
    acknowledged = 0

    async def fill_the_disk() -> None:
        nonlocal acknowledged
        async with open_simulation(home) as simulation, SignedClient(simulation) as client:
            ticker = (await client.markets())[0]["ticker"]
            db = simulation._host._store._db
            (pages,) = db.execute("PRAGMA page_count").fetchone()
            db.execute(f"PRAGMA max_page_count = {pages + 2}")
            status = 201
            while status == 201:
                name = f"{acknowledged}".rjust(2_000, "x")
                status = (await client.place(ticker=ticker, client_order_id=name)).status_code
                acknowledged += status == 201
            assert status == 503
            assert (await client.send("GET", "/portfolio/balance")).status_code == 503

    with pytest.raises(StoreUnusable, match="full"):
        await fill_the_disk()
    with open_closing(home) as simulation:
        assert simulation.status().orders == acknowledged > 0


class open_closing:  # noqa: N801 - reads as a function
    """Open a world in a `with` statement outside of async code."""

    def __init__(self, home: Path) -> None:
        self.simulation = open_simulation(home)

    def __enter__(self) -> Simulation:
        return self.simulation

    def __exit__(self, *_: object) -> None:
        self.simulation.close()


def test_snapshots_are_few_and_the_log_is_whole(home):
    with open_closing(home) as simulation:
        for _ in range(5):
            simulation.advance(simulation.now_us + MINUTE)
            simulation._host.snapshot()
    with sqlite3.connect(WorldFiles.under(home).world) as db:
        assert db.execute("SELECT count(*) FROM snapshots").fetchone() == (2,)
        assert db.execute("SELECT count(*), max(seq) FROM commands").fetchone() == (6, 6)
    db.close()


async def test_worlds_in_memory_share_nothing():
    one, other = open_simulation(None, seed=3), open_simulation(None, seed=3)
    await asyncio.gather(session(one, 2), session(other, 2))
    assert freeze(one._exchange) == freeze(other._exchange)
    assert one.private_key_pem != other.private_key_pem
    assert one.status().cash < Money.parse("10000.00")
    one.close()
    other.close()
