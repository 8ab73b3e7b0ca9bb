"""The newest schema as one text of SQL, for a new store on SQLite: what all migrations together
build, a second sooner.

`blueprint.sql` is drawn from the migrations by `python -m kalshi_cli.cli.documents`. Until that was
run after a new migration, new stores are built by the migrations themselves.
"""

from importlib.resources import files

from sqlalchemy import Connection

from kalshi_cli.adapters.store.version import HEAD

PATH = "kalshi_cli/adapters/store/blueprint.sql"
"""From the repository's root."""
_END = ";\n\n"
_CONSTRAINT = "\tCONSTRAINT "


def blueprint() -> tuple[str, ...]:
    """Its statements; none where it is not of `HEAD`."""
    text = files("kalshi_cli.adapters.store").joinpath("blueprint.sql").read_text("utf-8")
    return tuple(text.split(_END)) if text.startswith(_title(HEAD)) else ()


def drawn() -> str:
    """The text that `blueprint.sql` should have."""
    from sqlalchemy import create_engine

    from kalshi_cli.adapters.store.schema import upgrade_schema

    with create_engine("sqlite://").connect() as connection:
        upgrade_schema(connection)
        return _title(HEAD) + _END.join(_statements(connection)) + "\n"


def _title(version: str) -> str:
    return f"-- Schema {version}. Generated from the migrations; do not edit.\n"


def _statements(connection: Connection) -> list[str]:
    """Tables, then indexes; those that SQLite makes itself have no text."""
    made = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type = 'index', name"
    version = f"INSERT INTO alembic_version (version_num) VALUES ('{HEAD}')"  # noqa: S608 - ours
    return [*map(_ordered, connection.exec_driver_sql(made).scalars()), version]


def _ordered(statement: str) -> str:
    """A table's constraints by their names: Alembic copies a table with them in any order."""
    lines = [line.rstrip(", ") for line in statement.splitlines()]
    constraints = sorted(line for line in lines if line.startswith(_CONSTRAINT))
    if not constraints:
        return statement
    first, *columns = (line for line in lines if not line.startswith((_CONSTRAINT, ")")))
    return f"{first}\n" + ",\n".join([*columns, *constraints]) + "\n)"
