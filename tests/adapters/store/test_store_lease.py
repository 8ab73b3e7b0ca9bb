"""One process at a time trades an account."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.clock import FakeClock
from fakes.desk_store import IDENTITY, WALL, fresh_store
from sqlalchemy import insert, select, update

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.lease import hold_lease
from kalshi_cli.adapters.store.store import open_store
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.errors import LeaseHeld, LeaseRanOut


@pytest.fixture
def clock():
    return FakeClock(wall_us=WALL)


@pytest.fixture
async def store(tmp_path):
    async with await fresh_store(tmp_path) as opened:
        yield opened


async def held_by(store, *, pid, host=None, expires_us=WALL + 30 * SECOND):
    row = {
        "name": "trading",
        "token": "theirs",
        "pid": pid,
        "host": host or socket.gethostname(),
        "acquired_wall_us": WALL - 90 * SECOND,
        "renewed_wall_us": WALL,
        "expires_wall_us": expires_us,
    }
    async with store.transaction() as transaction:
        await transaction.write(insert(t.LEASES), row)
        await transaction.commit()


async def leases(store):
    async with store.transaction(reads=True) as transaction:
        return await transaction.rows(select(t.LEASES.c.token, t.LEASES.c.pid))


def a_dead_pid():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


async def test_it_is_given_back(store, clock):
    async with hold_lease(store, "trading", clock.wall) as lease:
        lease.check()
        assert await leases(store) == [(lease.token, os.getpid())]
    assert await leases(store) == []


async def test_the_loser_learns_who_holds_it(store, clock):
    await held_by(store, pid=1, host="elsewhere")
    with pytest.raises(LeaseHeld, match=r"Process 1 on elsewhere .* 1m30s") as refused:
        async with hold_lease(store, "trading", clock.wall):
            pass
    assert refused.value.exit_code == 6
    assert await leases(store) == [("theirs", 1)]


async def test_one_that_ran_out_may_be_taken(store, clock):
    await held_by(store, pid=1, host="elsewhere", expires_us=WALL)
    async with hold_lease(store, "trading", clock.wall) as lease:
        assert await leases(store) == [(lease.token, os.getpid())]


async def test_one_of_a_dead_process_here_may_be_taken_at_once(store, clock):
    await held_by(store, pid=await asyncio.to_thread(a_dead_pid))
    async with hold_lease(store, "trading", clock.wall) as lease:
        lease.check()


async def test_one_of_a_living_process_here_may_not(store, clock):
    await held_by(store, pid=os.getppid())
    with pytest.raises(LeaseHeld):
        async with hold_lease(store, "trading", clock.wall):
            pass


async def test_other_names_are_other_leases(store, clock):
    await held_by(store, pid=os.getppid())
    async with hold_lease(store, "another account", clock.wall) as lease:
        lease.check()


async def test_time_running_out_is_noticed_without_the_database(store, clock):
    async with hold_lease(store, "trading", clock.wall) as lease:
        clock.wall_us += 29 * SECOND
        lease.check()
        clock.wall_us += SECOND
        with pytest.raises(LeaseRanOut, match="run out"):
            lease.check()


async def until(condition):
    """Wait for the keeper's thread, which tells nobody when it has renewed."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # noqa: TID251


async def test_it_is_renewed_while_the_program_is_busy(store, clock):
    def still_ours():
        try:
            lease.check()
        except LeaseHeld:
            return False
        return True

    async with hold_lease(store, "trading", clock.wall, renew_s=0.02) as lease:
        clock.wall_us += 31 * SECOND
        await until(still_ours)


async def test_losing_it_is_noticed_at_the_next_renewal(store, clock):
    def lost():
        try:
            lease.check()
        except LeaseHeld as error:
            return "taken over" in str(error)
        return False

    async with hold_lease(store, "trading", clock.wall, renew_s=0.02) as lease:
        async with store.transaction() as transaction:
            await transaction.write(update(t.LEASES).values(token="theirs", pid=1))
            await transaction.commit()
        await until(lost)
    assert await leases(store) == [("theirs", 1)]  # what is not ours is not given back


CONTENDER = """
import asyncio, sys
sys.path.insert(0, {tests!r})
from fakes.desk_store import IDENTITY, WALL
from kalshi_cli.adapters.store.lease import hold_lease
from kalshi_cli.adapters.store.store import open_store
from kalshi_cli.errors import LeaseHeld, LeaseRanOut

async def main():
    async with await open_store({path!r}, IDENTITY, wall_us=WALL) as store:
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            async with hold_lease(store, "trading", lambda: WALL):
                print("won", flush=True)
                sys.stdin.readline()
        except LeaseHeld as error:
            print("lost", error, flush=True)

asyncio.run(main())
"""


def contenders(path, count):
    code = CONTENDER.format(tests=str(Path(__file__).parents[2]), path=str(path))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return [subprocess.Popen([sys.executable, "-c", code], **pipes) for _ in range(count)]


def contend(path):
    """Start together; the answers of each, and the winner killed where it stands."""
    fighters = contenders(path, 2)
    for fighter in fighters:
        fighter.stdout.readline()
    for fighter in fighters:
        fighter.stdin.write("go\n")
        fighter.stdin.flush()
    answers = {fighter.pid: fighter.stdout.readline() for fighter in fighters}
    for fighter in fighters:
        fighter.kill()
        fighter.communicate(timeout=60)
    return answers


@pytest.mark.slow
def test_of_two_processes_one_wins_and_its_death_frees_the_lease(tmp_path):
    path = tmp_path / "desk.db"
    asyncio.run(_made(path))
    answers = contend(path)
    (winner,) = [pid for pid, said in answers.items() if said == "won\n"]
    assert all(f"lost Process {winner} " in said for pid, said in answers.items() if pid != winner)
    assert "won\n" in contend(path).values()


async def _made(path):
    await (await open_store(path, IDENTITY, wall_us=WALL)).close()


async def test_one_that_ran_out_while_the_machine_slept_is_renewed_at_once(store, clock):
    """The keeper waits ten seconds between renewals; waking takes it one."""

    def renewed():
        try:
            lease.check()
        except LeaseRanOut:
            return False
        return True

    async with hold_lease(store, "trading", clock.wall) as lease:
        clock.wall_us += 3 * 3_600 * SECOND
        with pytest.raises(LeaseRanOut):
            lease.check()
        started = asyncio.get_running_loop().time()
        await until(renewed)
        assert asyncio.get_running_loop().time() - started < 5


async def test_one_that_another_took_while_the_machine_slept_is_lost(store, clock):
    def lost():
        try:
            lease.check()
        except LeaseHeld as error:
            return not isinstance(error, LeaseRanOut)
        return False

    async with hold_lease(store, "trading", clock.wall) as lease:
        async with store.transaction() as transaction:
            await transaction.write(update(t.LEASES).values(token="theirs"))
            await transaction.commit()
        clock.wall_us += 3 * 3_600 * SECOND
        await until(lost)
