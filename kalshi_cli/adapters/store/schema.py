"""Alembic, driven from code: no alembic.ini, and on a connection that is given."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from kalshi_cli.adapters.store.version import HEAD

SCRIPTS = "kalshi_cli.adapters.store:migrations"


def config(connection: Connection | None = None) -> Config:
    made = Config()
    made.set_main_option("script_location", SCRIPTS)
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def upgrade_schema(connection: Connection) -> None:
    """Bring the schema to `HEAD` inside the connection's transaction; commits nothing."""
    if not connection.in_transaction():
        connection.begin()  # else Alembic takes each step for its own to commit
    command.upgrade(config(connection), HEAD)


def pending(current: str | None) -> tuple[str, ...]:
    """Revisions after `current` up to `HEAD`, oldest first, each with what it does."""
    scripts = ScriptDirectory.from_config(config())
    revisions = list(scripts.iterate_revisions(HEAD, current or "base"))
    return tuple(f"{step.revision} {step.doc}" for step in reversed(revisions))
