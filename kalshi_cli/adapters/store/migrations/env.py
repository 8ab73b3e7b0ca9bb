"""What Alembic runs: the given connection, in the transaction it is already in."""

from alembic import context

from kalshi_cli.adapters.store.tables import all_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=all_tables(),
    render_as_batch=True,  # SQLite alters a table by copying it
    compare_type=True,
)
context.run_migrations()
