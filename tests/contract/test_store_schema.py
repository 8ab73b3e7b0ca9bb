"""The migrations build what the tables say, on every database."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fakes.desk_store import fresh_store

from kalshi_cli.adapters.store import migrate
from kalshi_cli.adapters.store.tables import all_tables


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
    assert (done.before, done.after, done.steps, done.backup) == ("0001", "0001", (), None)
