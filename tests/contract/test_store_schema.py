"""The migrations build what the tables say, on every database, and keep what is there."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fakes.decisions import a_market, a_quote, an_event
from fakes.desk_store import IDENTITY, SERIES, WALL, fresh_store, seed
from sqlalchemy import MetaData, insert, select

from kalshi_cli.adapters.store import migrate, schema
from kalshi_cli.adapters.store.store import open_store
from kalshi_cli.adapters.store.tables import all_tables
from kalshi_cli.adapters.store.version import HEAD
from kalshi_cli.domain.account import CashKind, CashMovement
from kalshi_cli.domain.money import NO_MONEY, Money
from kalshi_cli.errors import StoreVersion
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.snapshots import Snapshot


async def test_the_migrations_build_what_the_tables_say(store):
    def compare(connection) -> None:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences.extend(compare_metadata(context, all_tables()))

    differences: list[object] = []
    async with store.transaction() as transaction:
        await transaction.run(compare)
    assert differences == []


async def test_a_second_upgrade_does_nothing_on_postgres(postgres_url):
    async with await fresh_store(postgres_url):
        pass
    done = await migrate.upgrade(postgres_url)
    assert (done.before, done.after, done.steps, done.backup) == (HEAD, HEAD, (), None)


def as_at_first(connection):
    """Make a store what the first revision would have made of its rows."""
    newest, first = MetaData(), MetaData()
    newest.reflect(connection)
    kept = {t.name: connection.execute(select(t)).mappings().all() for t in newest.sorted_tables}
    newest.drop_all(connection)
    command.upgrade(schema.config(connection), "0001")
    first.reflect(connection)
    for table in first.sorted_tables:
        rows = [{column.name: row[column.name] for column in table.c} for row in kept[table.name]]
        if rows and table.name != "alembic_version":
            connection.execute(insert(table), rows)


async def test_a_store_of_the_first_migration_keeps_its_markets_and_its_money(
    tmp_path, store_place
):
    place = tmp_path / "desk.db" if isinstance(store_place, Path) else store_place
    if place == ":memory:":
        pytest.skip("what is in memory is never older than the program")
    async with await fresh_store(store_place) as store:
        await seed(store)
        async with store.unit() as unit:
            for name, amount, at_us in (("opening", 1000, 5), ("w1", -300, 7), ("d1", 50, 9)):
                moved = CashMovement(name, CashKind.DEPOSIT, Money(amount), at_us)
                await unit.ledger.add_cash([moved])
            for at_us in (4, 5, 8):
                row = Snapshot(at_us, NO_MONEY, NO_MONEY, Money(900), 0, 0, NO_MONEY)
                await unit.snapshots.add(row, (), {})
            await unit.commit()
        async with store.transaction() as transaction:
            await transaction.run(as_at_first)
            await transaction.commit()
    with pytest.raises(StoreVersion, match="older"):
        await open_store(place, IDENTITY, wall_us=WALL)

    done = await migrate.upgrade(place)

    assert (done.before, done.after) == ("0001", HEAD)
    assert (done.backup is not None) == isinstance(place, Path)
    async with await open_store(place, IDENTITY, wall_us=WALL) as store, store.unit() as unit:
        entry = CatalogEntry(a_market(), a_quote(), an_event(), SERIES)
        assert await unit.catalog.entries() == (entry,)
        assert await unit.catalog.unscreened(7, 0) == ("T",)
        last = (await unit.snapshots.watermarks(0)).last
        # 1,000 came at 5 and 300 went at 7, before the snapshot at 8
        assert last == Snapshot(8, NO_MONEY, NO_MONEY, Money(900), 0, 0, Money(700))
        assert [str(m.amount) for m in await unit.ledger.movements()] == [
            "0.001000",
            "-0.000300",
            "0.000050",
        ]
