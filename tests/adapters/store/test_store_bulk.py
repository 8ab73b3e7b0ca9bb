"""Many rows of one statement: columns that read the same in all of them are written out in it."""

from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from fakes.desk_store import fresh_store
from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, select

from kalshi_cli.adapters.store.bulk import MANY

SEEN = Table(
    "seen",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("first", Boolean),
    Column("word", String),
    Column("count", Integer),
    Column("last", Boolean),
)


def rows(count: int, *columns: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Numbered rows whose other columns go round these values."""
    return list(islice(zip(range(count), *map(cycle, columns), strict=False), count))


COLUMNS = {
    "nothing the same": ((None, True), ("a", None), (None, 7), (True, False)),
    "nothing at all": ((None,), (None,), (None,), (None,)),
    "the first and the last": ((True,), ("a", "?"), (1, 0), (False,)),
    "neighbours": ((None, False), (None,), (None,), (False,)),
    "numbers that equal a truth": ((False, True), ("1",), (1,), (True,)),
    "the first row alone": ((None, *[True] * MANY), (None, *"b" * MANY), (0,), (None, False)),
}


@pytest.mark.parametrize("what", COLUMNS)
@pytest.mark.parametrize("count", [1, MANY - 1, MANY, 2 * MANY + 51, 1_000 + MANY + 1])
async def test_rows_are_read_as_they_were_written(tmp_path: Path, what: str, count: int) -> None:
    wanted = rows(count, *COLUMNS[what])
    async with await fresh_store(tmp_path) as store, store.transaction() as transaction:
        await transaction.run(SEEN.create)
        await transaction.upsert_values(SEEN, SEEN.c.keys(), wanted)
        assert await transaction.rows(select(SEEN).order_by(SEEN.c.number)) == wanted
        others = [(row[0], None, "other", None, True) for row in wanted]
        await transaction.upsert_values(SEEN, SEEN.c.keys(), others)
        assert await transaction.rows(select(SEEN).order_by(SEEN.c.number)) == others
