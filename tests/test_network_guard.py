"""The guard that keeps the suite off the network is itself checked."""

import asyncio
import os
import socket
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from fakes.forks import fork
from hypothesis import given
from hypothesis import strategies as st


def test_foreign_hosts_are_refused() -> None:
    with socket.socket() as plain, pytest.raises(AssertionError, match="loopback only"):
        plain.connect(("192.0.2.1", 443))
    with (
        socket.socket(type=socket.SOCK_DGRAM) as datagram,
        pytest.raises(AssertionError, match="loopback only"),
    ):
        datagram.sendto(b"x", ("192.0.2.1", 53))
    with pytest.raises(AssertionError, match="resolve no names"):
        socket.getaddrinfo("example.invalid", 443)


def reach(told: Connection) -> None:
    """Tell what becomes of each way out."""
    ways: list[Callable[[], object]] = [
        lambda: socket.create_connection(("192.0.2.1", 443), timeout=1),
        lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)),
        lambda: socket.getaddrinfo("example.invalid", 443),
    ]
    for way in ways:
        try:
            told.send(repr(way()))
        except (OSError, AssertionError) as error:
            told.send(type(error).__name__)


def test_forked_processes_are_refused_too() -> None:
    """They share nothing with this one: neither its fixtures nor what it patched."""
    heard, told = Pipe(duplex=False)
    with heard, told:
        process = fork(reach, told)
        process.join(60)
        assert process.exitcode == 0
        assert [heard.recv() for _ in range(3)] == ["NetworkForbidden"] * 3


async def test_loopback_is_open_to_asyncio() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b"hello"
        writer.close()
        await writer.wait_closed()


def test_the_home_is_isolated(tmp_path: Path, kalshi_home: Path) -> None:
    assert Path(os.environ["KALSHI_HOME"]) == kalshi_home
    assert kalshi_home.is_relative_to(tmp_path)
    named = {name for name in os.environ if name.startswith(("KALSHI_", "XAI_"))}
    assert named == {"KALSHI_HOME"}


@given(st.integers())
def test_properties_run_beside_the_autouse_fixtures(value: int) -> None:
    assert value == int(str(value))
