"""A machine that slept: what waits in its buffers was sent hours ago, and is not believed."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import stream_frames as frames
from fakes.clock import START_US
from fakes.sleepy import SleepyClock
from fakes.virtual_time import run_virtual, virtual_loop
from stream_frames import TICKER

from kalshi_cli.adapters.kalshi.stream.channels import Channel
from kalshi_cli.adapters.kalshi.stream.client import STOOD_STILL, KalshiStream
from kalshi_cli.adapters.kalshi.stream.machine import StreamMachine
from kalshi_cli.domain.instant import HOUR, SECOND
from kalshi_cli.ports.stream import BookLost, Link


class Line:
    """One connection: a subscription that is accepted, a book, and frames that a test adds."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.pongs = True

    async def send(self, message: str) -> None:
        command = json.loads(message)
        if command["cmd"] == "subscribe":
            told = {"channel": "orderbook_delta", "sid": 1}
            await self.waiting.put({"type": "subscribed", "id": command["id"], "msg": told})
            await self.waiting.put(frames.snapshot())

    async def recv(self) -> str:
        return json.dumps(await self.waiting.get())

    async def ping(self) -> Awaitable[float]:
        answer: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        answer.set_result(0.0)
        return answer


async def told_after(span_us: int) -> tuple[list[Any], KalshiStream, int]:
    """What is told where the machine sleeps so long and finds a frame of before in its buffers."""
    clock, lines = SleepyClock(START_US), list[Line]()

    @asynccontextmanager
    async def dial() -> AsyncIterator[Line]:
        lines.append(Line())
        yield lines[-1]

    loop = virtual_loop()
    stream = KalshiStream(
        dial,
        clock,
        StreamMachine([Channel.BOOKS]),
        monotonic=loop.time,
        sleep=asyncio.sleep,  # noqa: TID251
    )
    async with stream:
        stream.follow([TICKER])
        await clock.rest(3.0)
        await stream.take()
        assert stream.book(TICKER) is not None
        clock.sleeps(span_us)
        lines[0].waiting.put_nowait(frames.delta())
        await asyncio.sleep(0)  # noqa: TID251
        await asyncio.sleep(0)  # noqa: TID251
        events = list(await stream.take())
        at_once = stream.book(TICKER)
        await clock.rest(40.0)
        events += await stream.take()
        assert at_once is None or span_us < 10 * SECOND
        return events, stream, len(lines)


def test_a_frame_of_before_the_sleep_is_no_news():
    events, stream, connections = run_virtual(told_after(3 * HOUR))
    links = [event for event in events if isinstance(event, Link)]
    assert (links[0].connected, links[0].reason) == (False, STOOD_STILL)
    assert [event.reason for event in events if isinstance(event, BookLost)] == [STOOD_STILL]
    # It is connected anew, and believes what that connection tells.
    assert connections == 2
    assert stream.link.connected
    book = stream.book(TICKER)
    assert book is not None
    assert [str(level.price) for level in book.bids] == ["0.4200", "0.4000"]


@pytest.mark.parametrize("span_us", [SECOND, 9 * SECOND])
def test_a_short_block_costs_no_connection(span_us: int):
    _, stream, connections = run_virtual(told_after(span_us))
    assert connections == 1
    assert stream.tally["orderbook_delta"] == 1
