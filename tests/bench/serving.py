"""Requests to a served world: reads, and orders that are on the disk before they are answered.

The floor is a bare application behind the same server, in a process of its own as well, asked by
the same client in turns.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from kalshi_cli.adapters.clock import SystemClock
from tests.bench.measure import Measured, percentile
from tests.bench.orders import _bare, _commit
from tests.fakes.signature import PREFIX, signature

REQUESTS = 400
EPOCH = "2027-01-06T17:00:00Z"
"""A Wednesday: orders are taken, whenever this runs."""
BARE = str(Path(__file__).with_name("bare_server.py"))


def measure(home: Path) -> list[Measured]:
    """A read, and an order of a signed client, each beside what it cannot be quicker than."""
    serve = ["-m", "kalshi_cli", "sim", "serve", "--port", "0", "--seed", "7", "--json", "-q"]
    options = ["--speed", "0", "--epoch", EPOCH, "--tier", "unlimited", "--home", str(home)]
    with process(BARE) as bare, process(*serve, *options) as world:
        return _rows(home, _Client(bare), _Client(world), world)


def _rows(home: Path, bare: "_Client", exchange: "_Client", line: dict[str, Any]) -> list[Measured]:
    owner = _Owner(line)
    status = f"{PREFIX}/exchange/status"
    ticker = exchange.ask("GET", f"{PREFIX}/markets?status=open&limit=1")["markets"][0]["ticker"]
    reads: list[float] = []
    bare_reads: list[float] = []
    orders: list[float] = []
    commits: list[float] = []
    with closing(_bare(home / "bare.db")) as database:
        for number in range(REQUESTS):
            request = owner.order(ticker, number)
            reads.append(_seconds(lambda: exchange.ask("GET", status)))
            bare_reads.append(_seconds(lambda: bare.ask("GET", status)))
            orders.append(_seconds(partial(exchange.ask, "POST", *request)))
            commits.append(_commit(database, number))
    read, order, bare_read = (percentile(each, 0.5) for each in (reads, orders, bare_reads))
    return [
        Measured(
            f"a read over HTTP, served (median; {1 / read:,.0f} a second)",
            read,
            "bare uvicorn and Starlette",
            bare_read,
        ),
        Measured(
            f"an order over HTTP, served and synced (median; {1 / order:,.0f} a second)",
            order,
            "a bare request and a bare commit",
            bare_read + percentile(commits, 0.5),
        ),
    ]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@contextmanager
def process(*arguments: str) -> Iterator[dict[str, Any]]:
    """A server that says on a line of JSON where it is."""
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.terminate()


class _Client:
    """HTTP on one connection, with as little around it as can be: the servers are measured."""

    def __init__(self, line: dict[str, Any]) -> None:
        host, _, port = line["base_url"].removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, path: str, headers: str = "", body: bytes = b"") -> Any:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + body)
        received = self._socket.recv(65_536)
        while b"\r\n\r\n" not in received:
            received += self._socket.recv(65_536)
        top, _, answer = received.partition(b"\r\n\r\n")
        length = int(top.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(answer) < length:
            answer += self._socket.recv(65_536)
        assert top.split(b" ")[1] in {b"200", b"201"}, answer
        return json.loads(answer)


class _Owner:
    """Signs orders that find nobody and leave: one does not wait for the collateral of another."""

    def __init__(self, line: dict[str, Any]) -> None:
        self._key_id, self._pem = line["api_key_id"], Path(line["private_key_path"]).read_text()

    def order(self, ticker: str, number: int) -> tuple[str, str, bytes]:
        path, stamp = f"{PREFIX}/portfolio/events/orders", str(SystemClock().wall() // 1_000)
        body = {
            "ticker": ticker,
            "client_order_id": f"b{number}",
            "side": "bid",
            "count": "1.00",
            "price": "0.0100",
            "time_in_force": "immediate_or_cancel",
            "self_trade_prevention_type": "taker_at_cross",
        }
        headers = (
            f"KALSHI-ACCESS-KEY: {self._key_id}\r\nKALSHI-ACCESS-TIMESTAMP: {stamp}\r\n"
            f"KALSHI-ACCESS-SIGNATURE: {signature(self._pem, f'{stamp}POST{path}')}\r\n"
        )
        return path, headers, json.dumps(body).encode()
