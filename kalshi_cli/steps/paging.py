"""Reading a list to its end, and knowing whether it was the end."""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Mapping,
)
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from kalshi_cli.domain.market import Listing
from kalshi_cli.errors import ExchangeRefusal, Unavailable
from kalshi_cli.ports.exchange import EventListing, Page, Unusable

Row = TypeVar("Row")
MAX_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Collected(Generic[Row]):
    """All rows that were read. Unless `complete`, absence is no evidence; `why` says why.

    `reached_end` tells that the list was followed to its end, whatever was unusable in it.
    """

    items: tuple[Row, ...]
    unusable: tuple[Unusable, ...]
    complete: bool
    reached_end: bool
    why: str = ""

    @property
    def doubt(self) -> str:
        """Why absence proves nothing, not even in the markets that no unusable row names."""
        is_bounded = self.reached_end and all(row.ticker for row in self.unusable)
        return "" if is_bounded else self.why

    @property
    def unreadable(self) -> Mapping[str, str]:
        """The markets that unusable rows name, with what is wrong with one of them."""
        return {row.ticker: row.reason for row in self.unusable if row.ticker}


class Pages(Generic[Row]):
    """A list, page by page. Once it is through, `why` tells why it ended early, if it did.

    A repeated cursor, a page that begins as the first did (what the exchange answers to a cursor
    that it does not know) or a failure after the first page ends it; whatever the first page raises
    is raised.
    """

    def __init__(self, fetch: Callable[[str], Awaitable[Page[Row]]]) -> None:
        self.why = ""
        self._fetch = fetch

    async def __aiter__(self) -> AsyncIterator[Page[Row]]:
        page = await self._fetch("")
        seen: set[str] = set()
        first = _beginning(page)
        yield page
        while page.cursor:
            if page.cursor in seen:
                self.why = "the exchange repeats a cursor"
                return
            if len(seen) >= MAX_PAGES:
                self.why = f"the exchange's list has no end in {MAX_PAGES} pages"
                return
            seen.add(page.cursor)
            try:
                page = await self._fetch(page.cursor)
            except (Unavailable, ExchangeRefusal) as error:
                self.why = str(error)
                return
            if first is not None and _beginning(page) == first:
                self.why = "the exchange's pages begin again"
                return
            yield page


async def ahead(pages: Pages[Row]) -> AsyncGenerator[Page[Row]]:
    """The same pages, the next one being read while whoever asks works on one.

    Close it where it may end early (`aclosing`): what is still being read is then given up.
    """
    iterator = aiter(pages)

    async def following() -> Page[Row] | None:
        return await anext(iterator, None)

    coming = asyncio.create_task(following())
    try:
        while (page := await coming) is not None:
            coming = asyncio.create_task(following())
            yield page
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


class Behind:
    """Work that is done while whoever gives it goes on: one piece at a time, in their order.

    What a piece raises is raised to whoever gives the next, which is then not begun, or else at the
    end of the block. A block that fails waits for the piece under way, and what that raises came
    first; a block that is cancelled cancels it.
    """

    def __init__(self) -> None:
        self._under_way: asyncio.Task[None] | None = None

    async def begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin this piece once the one before it is done."""
        await self._done()
        self._under_way = asyncio.create_task(work())

    async def _done(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            await under_way

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._under_way is not None and not isinstance(error, Exception | None):
            self._under_way.cancel()
            await asyncio.gather(self._under_way, return_exceptions=True)
            return
        await self._done()


def _beginning(page: Page[Row]) -> object:
    """What a page begins with; None where it is empty. Quotes are new at every reading."""
    if not page.items:
        return None
    match page.items[0]:
        case EventListing(event=event):
            return event.event_ticker
        case Listing(market=market):
            return market.ticker
        case row:
            return row


async def collect(fetch: Callable[[str], Awaitable[Page[Row]]]) -> Collected[Row]:
    """Follow cursors to the end, as `Pages` does, and keep all rows."""
    items: list[Row] = []
    unusable: list[Unusable] = []
    pages = Pages(fetch)
    async for page in pages:
        items.extend(page.items)
        unusable.extend(page.unusable)
    why, reached_end = pages.why, not pages.why
    if unusable and reached_end:
        why = f"{len(unusable)} unusable rows, first: {unusable[0].what}: {unusable[0].reason}"
    return Collected(tuple(items), tuple(unusable), not why, reached_end, why)
