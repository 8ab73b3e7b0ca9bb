"""A list is complete only where its end was seen; a circle of any size is no end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.errors import ExchangeRefusal, MalformedAnswer, Unavailable
from kalshi_cli.ports.exchange import Page, Unusable
from kalshi_cli.steps import paging
from kalshi_cli.steps.paging import Behind, Pages, ahead, collect

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


class Pieces:
    """Pieces of work by number: which were begun and done; each waits until it may go on."""

    def __init__(self, *failing: int) -> None:
        self.begun: list[int] = []
        self.done: list[int] = []
        self.given_up: list[int] = []
        self.is_begun, self.may = ([asyncio.Event(), asyncio.Event()] for _ in range(2))
        self.failing = failing

    async def work(self, number: int) -> None:
        self.begun.append(number)
        self.is_begun[number].set()
        try:
            await self.may[number].wait()
        except asyncio.CancelledError:
            self.given_up.append(number)
            raise
        if number in self.failing:
            raise Unavailable(f"piece {number}")
        self.done.append(number)

    async def give(
        self, *numbers: int, then: Callable[[], Awaitable[object]] | None = None
    ) -> None:
        async with Behind() as behind:
            for number in numbers:
                await behind.begin(partial(self.work, number))
            if then is not None:
                await then()


async def test_one_piece_is_worked_on_while_its_giver_goes_on_and_the_next_waits_for_it() -> None:
    pieces = Pieces()
    async with Behind() as behind:
        await behind.begin(partial(pieces.work, 0))  # and comes back though nobody let it go on
        second = asyncio.create_task(behind.begin(partial(pieces.work, 1)))
        await pieces.is_begun[0].wait()
        assert (pieces.begun, pieces.done, second.done()) == ([0], [], False)
        pieces.may[0].set()
        await second
        await pieces.is_begun[1].wait()
        assert (pieces.begun, pieces.done) == ([0, 1], [0])
        pieces.may[1].set()
    assert pieces.done == [0, 1]  # the block's end waits for the last


async def test_a_piece_that_fails_is_told_to_the_giver_of_the_next_which_is_not_begun() -> None:
    pieces = Pieces(0)
    pieces.may[0].set()
    with pytest.raises(Unavailable, match="piece 0"):
        await pieces.give(0, 1)
    assert (pieces.begun, pieces.done) == ([0], [])


async def test_the_last_piece_that_fails_is_told_at_the_end() -> None:
    pieces = Pieces(1)
    for may in pieces.may:
        may.set()
    with pytest.raises(Unavailable, match="piece 1"):
        await pieces.give(0, 1)
    assert pieces.done == [0]


@pytest.mark.parametrize(
    ("failing", "told", "done"), [((), "the block", [0]), ((0,), "piece 0", [])]
)
async def test_a_block_that_fails_waits_for_what_it_gave_away_before(
    failing: tuple[int, ...], told: str, done: list[int]
) -> None:
    pieces = Pieces(*failing)

    async def fail() -> None:
        await pieces.is_begun[0].wait()
        asyncio.get_running_loop().call_soon(pieces.may[0].set)
        raise Unavailable("the block")

    with pytest.raises(Unavailable, match=told):
        await pieces.give(0, then=fail)
    assert pieces.done == done


async def test_a_block_that_is_cancelled_cancels_what_it_gave_away() -> None:
    pieces = Pieces()
    giving = asyncio.create_task(pieces.give(0, then=asyncio.Event().wait))
    await pieces.is_begun[0].wait()
    giving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await giving
    assert (pieces.given_up, pieces.done) == ([0], [])
