"""What the HTTP library does at each request for more than it need cost."""

import sys

import pytest
from httpcore import AsyncHTTP11Connection, AsyncMockStream, Origin

from kalshi_cli.adapters.kalshi import thrift
from kalshi_cli.adapters.kalshi.thrift import spare_searches, take_large_pieces


class Asked(AsyncMockStream):
    """A stream that notes how many bytes are asked for at once."""

    def __init__(self, answer: list[bytes]) -> None:
        super().__init__(answer)
        self.sizes: set[int] = set()

    async def read(self, max_bytes: int, **more: float | None) -> bytes:
        self.sizes.add(max_bytes)
        return await super().read(max_bytes, **more)


async def test_a_body_is_taken_in_pieces_as_large_as_they_are_read():
    take_large_pieces()
    stream = Asked([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"{}"])
    async with AsyncHTTP11Connection(Origin(b"http", b"test", 80), stream) as connection:
        answer = await connection.request("GET", "http://test/")
    assert (answer.status, answer.content, stream.sizes) == (200, b"{}", {262_144})


def test_what_is_missing_is_searched_for_once(monkeypatch: pytest.MonkeyPatch):
    missing = "a_module_that_is_nowhere"
    monkeypatch.setattr(thrift, "_LOOKED_FOR", missing)
    monkeypatch.setitem(sys.modules, missing, None)  # taken away again afterwards
    del sys.modules[missing]
    spare_searches()
    assert sys.modules[missing] is None
    with pytest.raises(ImportError):
        __import__(missing)


def test_what_is_there_stays(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(thrift, "_LOOKED_FOR", "wave")
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    spare_searches()
    assert __import__("wave") is sys.modules["wave"] is not None
