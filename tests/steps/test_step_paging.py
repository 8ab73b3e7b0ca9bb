"""A list is complete only where its end was seen; a circle of any size is no end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.errors import ExchangeRefusal, MalformedAnswer, Unavailable
from kalshi_cli.ports.exchange import Page, Unusable
from kalshi_cli.steps import paging
from kalshi_cli.steps.paging import Pages, ahead, collect

Fetch = Callable[[str], Awaitable[Page[int]]]


def listed(pages: dict[str, Page[int]], asked: list[str]) -> Fetch:
    async def fetch(cursor: str) -> Page[int]:
        asked.append(cursor)
        return pages[cursor]

    return fetch


@given(st.integers(1, 30), st.integers(0, 29))
async def test_a_circle_of_any_size_ends_once_it_is_gone_round(size: int, back_to: int) -> None:
    """Pages 0 to size-1, the last of which leads back to one of them."""
    back = str(max(1, back_to % size))
    pages = {
        str(n or ""): Page((n,), str(n + 1) if n + 1 < size else back) for n in range(size)
    } | {back: Page((int(back),), str(int(back) + 1) if int(back) + 1 < size else back)}
    asked: list[str] = []
    walked = await collect(listed(pages, asked))
    assert (walked.complete, walked.reached_end) == (False, False)
    assert walked.why == "the exchange repeats a cursor"
    assert len(asked) == len(set(asked)) <= size + 1
    assert set(walked.items) == {page.items[0] for page in pages.values()}


async def test_a_list_that_begins_again_under_new_cursors_is_not_complete() -> None:
    """A cursor that the exchange does not know gets the first page, and that page's cursor anew."""

    async def fetch(cursor: str) -> Page[int]:
        at = int(cursor or 0)
        return Page((at % 3 * 2, at % 3 * 2 + 1), str(at + 1))

    walked = await collect(fetch)
    assert walked.items == (0, 1, 2, 3, 4, 5)
    assert (walked.complete, walked.why) == (False, "the exchange's pages begin again")


async def test_a_refusal_after_the_first_page_ends_the_list() -> None:
    async def fetch(cursor: str) -> Page[int]:
        if cursor:
            raise ExchangeRefusal("the cursor expired", status=400, exchange_code="bad_request")
        return Page((1,), "2")

    walked = await collect(fetch)
    assert (walked.items, walked.reached_end, walked.why) == ((1,), False, "the cursor expired")


async def test_a_list_without_an_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_PAGES", 20)

    async def fetch(cursor: str) -> Page[int]:
        at = int(cursor or 0)
        return Page((at,), str(at + 1))

    walked = await collect(fetch)
    assert walked.items == tuple(range(21))
    assert walked.why == "the exchange's list has no end in 20 pages"


async def test_empty_pages_are_no_circle() -> None:
    """A filter can leave a page without rows; the end is where the cursor is."""
    pages: dict[str, Page[int]] = {"": Page((), "a"), "a": Page((), "b"), "b": Page((1,), "")}
    walked = await collect(listed(pages, []))
    assert (walked.items, walked.complete) == ((1,), True)


@pytest.mark.parametrize("error", [Unavailable("down"), MalformedAnswer("HTML")])
async def test_what_fails_in_the_middle_is_incomplete_and_at_the_start_an_error(
    error: Unavailable,
) -> None:
    async def second_fails(cursor: str) -> Page[int]:
        if cursor:
            raise error
        return Page((1,), "next")

    walked = await collect(second_fails)
    assert (walked.items, walked.complete, walked.why) == ((1,), False, str(error))

    async def first_fails(cursor: str) -> Page[int]:
        raise error

    with pytest.raises(type(error)):
        await collect(first_fails)


async def test_an_unusable_row_leaves_the_end_seen_and_the_list_incomplete() -> None:
    async def fetch(cursor: str) -> Page[int]:
        return Page((1,), "", (Unusable("KXA", "no price"),))

    walked = await collect(fetch)
    assert (walked.complete, walked.reached_end) == (False, True)
    assert "KXA: no price" in walked.why


async def test_the_next_page_is_read_while_one_is_worked_on_and_no_more_than_that() -> None:
    three = {"": Page((0,), "1"), "1": Page((1,), "2"), "2": Page((2,), "")}
    asked: list[str] = []
    asking = {cursor: asyncio.Event() for cursor in three}

    async def fetch(cursor: str) -> Page[int]:
        asking[cursor].set()
        return await listed(three, asked)(cursor)

    pages = Pages(fetch)
    asked_by_then = []
    async with aclosing(ahead(pages)) as read:
        async for page in read:
            if page.cursor:
                await asking[page.cursor].wait()  # which only reading ahead brings about
            asked_by_then.append((page.items, list(asked)))
    assert asked_by_then == [
        ((0,), ["", "1"]),
        ((1,), ["", "1", "2"]),
        ((2,), ["", "1", "2"]),
    ]
    assert pages.why == ""


async def test_a_page_that_fails_while_one_is_worked_on_ends_the_list_after_that_one() -> None:
    async def fetch(cursor: str) -> Page[int]:
        if cursor:
            raise Unavailable("no answer")
        return Page((0,), "1")

    pages = Pages(fetch)
    async with aclosing(ahead(pages)) as read:
        assert [page.items async for page in read] == [(0,)]
    assert pages.why == "no answer"


async def test_a_first_page_that_fails_raises_what_it_raised() -> None:
    async def fetch(cursor: str) -> Page[int]:
        raise Unavailable("no answer")

    async with aclosing(ahead(Pages(fetch))) as read:
        with pytest.raises(Unavailable, match="no answer"):
            await anext(read)


async def test_closing_gives_up_the_page_that_is_still_being_read() -> None:
    reading, given_up = asyncio.Event(), asyncio.Event()

    async def fetch(cursor: str) -> Page[int]:
        if cursor:
            reading.set()
            try:
                await asyncio.Event().wait()
            finally:
                given_up.set()
        return Page((0,), "1")

    async with aclosing(ahead(Pages(fetch))) as read:
        await anext(read)
        await reading.wait()
    assert given_up.is_set()
