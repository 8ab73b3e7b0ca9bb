"""A prepared statement answers what SQLAlchemy's own run of it answers."""

import pytest
from sqlalchemy import Boolean, Integer, String, column, null, select, update
from sqlalchemy import table as plain_table

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.connection import locate
from kalshi_cli.adapters.store.prepared import Prepared, given
from kalshi_cli.adapters.store.store import SqlStore
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.errors import StoreUnusable

ROWS = plain_table(
    "rows", column("key", String), column("open", Boolean), column("number", Integer)
)


async def _made(transaction: Transaction) -> None:
    await transaction.run(
        lambda c: c.exec_driver_sql("CREATE TABLE rows (key TEXT, open BOOLEAN, number BIGINT)")
    )
    rows = [("a", True, 1), ("b", False, 2), ("c", None, 3)]
    await transaction.append(ROWS, [dict(zip(ROWS.c.keys(), row, strict=True)) for row in rows])


@pytest.fixture
async def transaction():
    async with SqlStore(locate(":memory:")) as store, store.transaction() as open_:
        await _made(open_)
        yield open_


async def test_constants_and_what_is_given_stand_in_their_places(transaction):
    query = Prepared(
        select(ROWS.c.number)
        .where(ROWS.c.number < 3, ROWS.c.key.in_(["a", "b", "c"]), ROWS.c.number > given("least"))
        .limit(5)
    )
    assert await transaction.rows(query, {"least": 0}) == [(1,), (2,)]
    assert await transaction.rows(query, {"least": 1}) == [(2,)]
    assert await transaction.number(query, {"least": 1}) == 2
    assert await transaction.number(query, {"least": 2}) is None


async def test_columns_have_their_types_as_without_it(transaction):
    query = select(ROWS.c.key, ROWS.c.open).order_by(ROWS.c.key)
    plain = await transaction.rows(query)
    prepared = await transaction.rows(Prepared(query))
    assert [tuple(row) for row in plain] == list(prepared)
    assert [row[1] for row in prepared] == [True, False, None]
    assert [type(row[1]) for row in prepared] == [bool, bool, type(None)]


async def test_what_is_not_given_is_an_error_and_never_nothing(transaction):
    query = Prepared(select(ROWS.c.key).where(ROWS.c.number == given("number")))
    with pytest.raises(KeyError, match="number"):
        await transaction.first(query)


async def test_a_number_of_more_rows_than_one_is_an_error(transaction):
    with pytest.raises(ValueError, match="too many"):
        await transaction.number(Prepared(select(ROWS.c.number)))


async def test_a_write_tells_how_many_rows_it_touched(transaction):
    change = update(ROWS).where(ROWS.c.number > given("least"))
    change = Prepared(change.values(key=given("new_key"), open=null()))
    touched = await transaction.write_prepared(change, {"least": 1, "new_key": "z"})
    assert touched == 2
    left = await transaction.rows(select(*ROWS.c).order_by(ROWS.c.number))
    assert [tuple(row) for row in left] == [("a", True, 1), ("z", None, 2), ("z", None, 3)]


async def test_a_failure_is_told_as_any_other(transaction):
    with pytest.raises(StoreUnusable, match="no such table: markers"):
        await transaction.first(Prepared(select(t.MARKERS.c.name)))


async def test_it_is_compiled_once(transaction):
    query = Prepared(select(ROWS.c.key).where(ROWS.c.number == given("number")))
    assert await transaction.first(query, {"number": 2}) == ("b",)
    assert query.sql is query.sql
