"""All that one transaction reads is of one moment, whatever others write meanwhile.

A position that was read before a fill was booked, and the live orders after it, would count the
fill nowhere. In memory nobody writes while somebody reads.
"""

import pytest
from fakes.desk_store import fresh_store


@pytest.fixture(params=["file", "postgres"])
def place(request, tmp_path):
    return tmp_path if request.param == "file" else request.getfixturevalue("postgres_url")


@pytest.fixture
async def store(place):
    async with await fresh_store(place) as opened:
        yield opened


async def mark(store, instant_us):
    async with store.unit() as unit:
        await unit.catalog.set_marker("seen", instant_us)
        await unit.commit()


async def test_what_is_committed_meanwhile_is_seen_by_the_next_look(store):
    await mark(store, 1)
    async with store.unit(reads=True) as looking:
        assert await looking.catalog.marker("seen") == 1
        await mark(store, 2)
        assert await looking.catalog.marker("seen") == 1
    async with store.unit(reads=True) as looking:
        assert await looking.catalog.marker("seen") == 2
