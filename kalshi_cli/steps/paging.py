"""Reading a list to its end, and knowing whether it was the end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from kalshi_cli.errors import Unavailable
from kalshi_cli.ports.exchange import Page, Unusable

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


async def collect(fetch: Callable[[str], Awaitable[Page[Row]]]) -> Collected[Row]:
    """Follow cursors to the end. A repeated cursor or a failure after the first page ends it early.

    Raises whatever the first page raises.
    """
    page = await fetch("")
    items, unusable = list(page.items), list(page.unusable)
    seen: set[str] = set()
    why = ""
    while page.cursor and not why:
        if page.cursor in seen or len(seen) >= MAX_PAGES:
            why = "the exchange repeats a cursor"
            break
        seen.add(page.cursor)
        try:
            page = await fetch(page.cursor)
        except Unavailable as error:
            why = str(error)
            break
        items.extend(page.items)
        unusable.extend(page.unusable)
    reached_end = not why
    if unusable and reached_end:
        why = f"{len(unusable)} unusable rows, first: {unusable[0].what}: {unusable[0].reason}"
    return Collected(tuple(items), tuple(unusable), not why, reached_end, why)
