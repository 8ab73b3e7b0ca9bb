"""A served world lives in real time, and every command meets it as it is then."""

import socket
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest
from fakes.served import served

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.sim.http.loopback import listen
from kalshi_cli.adapters.sim.serving import ExchangeServer
from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import Advance, Command, Place, Placed
from kalshi_cli.engine.generated import EPOCH_US
from kalshi_cli.errors import ConfigError, StoreUnusable


def place(simulation: Simulation, name: str = "k1") -> Placed:
    ticker = next(iter(simulation._exchange.catalog.markets))
    order = Place(name, ticker, Side.BID, Price(100), Contracts(100), TimeInForce.GTC)
    answer = simulation.host.apply(order)
    assert isinstance(answer, Placed), answer
    return answer


def logged(simulation: Simulation) -> list[Command]:
    return [command for _, command in simulation.host._store.commands_after(0)]


REAL = SystemClock()


async def pause(seconds: float) -> None:
    await REAL.sleep_until(REAL.now() + int(seconds * SECOND))


async def reached(simulation: Simulation, instant_us: int) -> None:
    for _ in range(1_000):
        if simulation.now_us >= instant_us:
            return
        await pause(0.01)
    raise AssertionError("the world does not live")


async def test_time_passes_between_requests(simulation: Simulation):
    before = simulation.now_us
    async with served(simulation, speed=3_600):
        await reached(simulation, before + HOUR)
    assert simulation.now_us < before + 12 * HOUR


async def test_at_speed_zero_it_stands_still(simulation: Simulation):
    before = simulation.now_us
    async with served(simulation, speed=0) as server:
        await pause(0.3)
        assert server.now() == simulation.now_us == before


async def test_time_in_which_nothing_happens_is_logged_with_what_comes_next(
    simulation: Simulation,
):
    host = simulation.host
    heard: list[tuple[object, ...]] = []
    host.listen(heard.append)
    rows = logged(simulation)
    clock, began = host.clock, simulation.now_us
    for _ in range(400):
        host.tick(simulation.now_us + SECOND // 400)
    quiet = sum(not told for told in heard)
    assert quiet > 300
    assert len(logged(simulation)) - len(rows) <= 2 * (400 - quiet)
    assert host.clock >= clock + 400
    assert simulation.now_us == began + SECOND
    answer = place(simulation)
    order_row, time_row = logged(simulation)[::-1][:2]
    assert isinstance(order_row, Place)
    assert time_row == Advance(answer.at_us)


async def test_idle_time_is_on_the_disk_every_half_minute(simulation: Simulation):
    """And whatever was told of is there before it is told."""
    host = simulation.host
    host.listen(lambda told: told and seen.append((host.seq, logged_us())))
    seen: list[tuple[int, int]] = []

    def logged_us() -> int:
        return max((c.to_us for c in logged(simulation) if isinstance(c, Advance)), default=0)

    for _ in range(80):
        host.tick(simulation.now_us + SECOND)
        assert simulation.now_us - max(logged_us(), EPOCH_US) < 30 * SECOND
        if seen:
            assert seen.pop() == (host.seq, simulation.now_us)


async def test_what_was_asked_for_is_on_the_disk_even_if_nothing_happened(simulation: Simulation):
    simulation.advance(simulation.now_us + 1)
    assert logged(simulation)[-1] == Advance(simulation.now_us)


async def test_a_listener_that_fails_is_no_failure_of_the_command(simulation: Simulation, caplog):
    """The order is on the disk; whoever listens after it hears of it all the same."""
    heard = []

    def fail(told):
        raise ValueError("lost the thread")

    simulation.host.listen(fail)
    simulation.host.listen(heard.append)
    order_id = place(simulation).order_id
    assert order_id in simulation._exchange.orders
    assert "lost the thread" in caplog.text
    assert len(heard) == 1
    assert simulation.host.failure is None
    place(simulation, "k2")
    assert len(heard) == 2


async def test_an_order_meets_the_world_of_its_moment(simulation: Simulation):
    """Both commands of it are one transaction."""
    before, seq = simulation.now_us, simulation.host.seq
    present = before + MINUTE
    simulation.host.live(lambda: present)
    assert place(simulation).at_us == present
    log = [command for _, command in simulation.host._store.commands_after(seq)]
    assert log[0] == Advance(present)
    assert [type(command) for command in log] == [Advance, Place]
    place(simulation, "k2")
    assert simulation.host.seq == seq + 3  # no time had passed


async def test_a_new_world_lives_in_real_time(tmp_path):
    wall = REAL.wall()
    simulation = open_simulation(tmp_path, seed=5, epoch_us=wall - 3 * SECOND)
    with listen(0) as listener:
        server = ExchangeServer(simulation, listener)
        assert server.address.clock is None
        assert abs(server.now() - simulation.clock.wall()) < SECOND
        assert ExchangeServer(simulation, listener, speed=2).address.clock is not None
    simulation.close()


async def test_an_old_world_goes_on_from_where_it_stood(simulation: Simulation):
    with listen(0) as listener:
        address = ExchangeServer(simulation, listener).address
    assert address.clock is not None
    assert (address.clock.virtual0_us, address.clock.speed) == (simulation.now_us, 1)
    assert address.private_key_path.endswith("ed25519.pem")


async def asked_until_it_fails(simulation: Simulation) -> None:
    """A file that takes no more writes stands for a full disk."""
    async with (
        served(simulation, speed=60) as server,
        httpx.AsyncClient(base_url=server.address.base_url) as http,
    ):
        simulation.host._store._db.execute("PRAGMA query_only = 1")
        for _ in range(1_000):
            answer = await http.get("/trade-api/v2/exchange/status")
            if answer.status_code == 503:
                return


async def test_a_world_that_fails_ends_its_server(home):
    simulation = open_simulation(home)
    with pytest.raises(StoreUnusable, match="readonly"):
        await asked_until_it_fails(simulation)
    assert simulation.host.failure is not None
    simulation.close()


def test_a_port_that_is_taken_is_told():
    with listen(0) as taken:
        port = taken.getsockname()[1]
        assert taken.getsockname()[0] == "127.0.0.1"
        with pytest.raises(ConfigError, match=f"Port {port} cannot be served: address already"):
            listen(port)


def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_headers():
    with listen(0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_only_this_machine_is_served(simulation: Simulation):
    async with served(simulation) as server:
        port = int(server.address.base_url.rpartition(":")[2])
        with socket.socket(socket.AF_INET6) as other, pytest.raises(OSError, match="refused"):
            other.connect(("::1", port))


def test_connections_send_at_once():
    """An answer in two writes must not wait for the client to acknowledge the first."""
    with listen(0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_after_seconds_of_hard_work_answers_tell_the_time_at_which_they_are_made(
    simulation: Simulation,
):
    """Clients measure their clock by it, and trade by none that is three seconds off."""
    async with served(simulation, speed=0) as server, httpx.AsyncClient() as client:
        url = f"{server.address.base_url}/trade-api/v2/exchange/status"
        await client.get(url)
        time.sleep(2.5)  # noqa: ASYNC251 - the world is busy, and nobody else gets a turn
        before = REAL.wall() // SECOND
        answer = await client.get(url)
        (told,) = answer.headers.get_list("date")
        assert before <= parsedate_to_datetime(told).timestamp() <= REAL.wall() // SECOND
