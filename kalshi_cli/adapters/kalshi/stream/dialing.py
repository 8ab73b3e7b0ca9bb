"""The WebSocket itself: a signed handshake, and what its failures mean."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from kalshi_cli import __version__
from kalshi_cli.adapters.kalshi.answers import Answer, read_error
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.domain.loopback import is_loopback
from kalshi_cli.errors import ConfigError, Unavailable
from kalshi_cli.ports.clock import Clock

STREAM_ROOT = "/trade-api/ws/v2"
LARGEST_FRAME = 64 * 2**20
"""Bytes of a message after decompression, as the exchange bounds its own."""
HANDSHAKE_S = 10.0
CLOSE_S = 2.0
"""How long the exchange may take to say goodbye."""


class Connection(Protocol):
    """One connection to the stream. At its end all of it raises `ConnectionClosed`."""

    async def send(self, message: str) -> None: ...

    async def recv(self) -> bytes | str: ...

    async def ping(self) -> Awaitable[float]:
        """Sends a ping; its answer is what is returned."""
        ...


Dial = Callable[[], AbstractAsyncContextManager[Connection]]
"""Connects anew. Raises `ConfigError` where the key is not accepted, `Unavailable` or
`ExchangeRefusal` for what may pass.
"""


class _Unredirected(connect):
    """Signed headers go where they were meant to go, and nowhere else."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


@dataclass(frozen=True, slots=True)
class Socket:
    """A WebSocket; messages come as bytes, so that they are decoded once."""

    connection: ClientConnection

    async def send(self, message: str) -> None:
        await self.connection.send(message)

    async def recv(self) -> bytes | str:
        return await self.connection.recv(decode=False)

    async def ping(self) -> Awaitable[float]:
        return await self.connection.ping()


def dialer(ws_url: str, signer: Signer, clock: Clock) -> Dial:
    """Connections to an address, each signed anew. Raises `ConfigError` for an unusable address."""
    url = stream_url(ws_url)

    @asynccontextmanager
    async def dial() -> AsyncIterator[Connection]:
        connecting = _Unredirected(
            url.geturl(),
            additional_headers=signer.headers("GET", url.path, clock.wall()),
            user_agent_header=f"kalshi-cli/{__version__}",
            proxy=None if is_loopback(url.hostname or "") else True,
            open_timeout=HANDSHAKE_S,
            close_timeout=CLOSE_S,
            ping_interval=None,
            max_size=LARGEST_FRAME,
        )
        try:
            connection = await connecting
        except (WebSocketException, OSError) as error:  # a timeout is an OSError
            raise _failure(error, url) from error
        async with connection:
            yield Socket(connection)

    return dial


def stream_url(text: str) -> SplitResult:
    """Check an address; its path may be left out."""
    try:
        url = urlsplit(text.strip())
        port = url.port
    except ValueError as error:
        raise _bad_address(text, "it is not a URL") from error
    if url.scheme not in {"ws", "wss"} or not url.hostname or port == 0:
        raise _bad_address(text, "it must begin with wss:// and name a host")
    if url.username is not None or url.query or url.fragment:
        raise _bad_address(text, "it must have no user, query or fragment")
    if url.scheme == "ws" and not is_loopback(url.hostname):
        raise _bad_address(text, "plain ws is accepted for loopback only")
    return url._replace(path=url.path.rstrip("/") or STREAM_ROOT)


def _bad_address(text: str, why: str) -> ConfigError:
    shown = text.rpartition("@")[2][:80]
    return ConfigError(
        f"The stream's address {shown!r} cannot be used: {why}.",
        remedy=f"Give an address such as wss://HOST{STREAM_ROOT}.",
    )


def _failure(error: Exception, url: SplitResult) -> Exception:
    if isinstance(error, InvalidStatus):
        body = bytes(error.response.body or b"")
        return read_error(Answer(error.response.status_code, body), "open the stream")
    said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return Unavailable(
        f"The stream at {url.scheme}://{url.netloc} cannot be reached: {said[:200]}.",
        remedy="Check the network and the address; `kalshi doctor` tests the exchange.",
    )
