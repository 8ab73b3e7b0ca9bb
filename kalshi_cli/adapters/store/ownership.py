"""Whose store this is: its schema's version and its identity row, read at every opening."""

import hashlib
import secrets

from sqlalchemy import select, text

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.blueprint import blueprint
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.domain.identity import StoreIdentity
from kalshi_cli.errors import StoreMismatch

_SQLITE_TABLES = text("SELECT name FROM sqlite_master WHERE type = 'table'")
_POSTGRES_TABLES = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
_VERSION = text("SELECT version_num FROM alembic_version")


async def schema_version(transaction: Transaction, where: str) -> str | None:
    """The schema's revision; None for an empty database. `StoreMismatch` for a foreign one."""
    listing = _POSTGRES_TABLES if transaction.is_postgres else _SQLITE_TABLES
    names = {row[0] for row in await transaction.rows(listing)}
    if not names:
        return None
    version = await transaction.first(_VERSION) if "alembic_version" in names else None
    if version is None or "identity" not in names:
        raise StoreMismatch(
            f"{where} is a database of another program.",
            remedy="Point KALSHI_HOME elsewhere, or move that file away.",
        )
    return str(version[0])


async def create_schema(transaction: Transaction, identity: StoreIdentity, wall_us: int) -> None:
    """Build the schema in an empty database and write down whose it is."""
    statements = () if transaction.is_postgres else blueprint()
    if statements:
        await transaction.run_each(statements)
    else:
        from kalshi_cli.adapters.store.schema import upgrade_schema  # Alembic costs 0.3 s

        await transaction.run(upgrade_schema)
    row = {
        "number": 1,
        "env": identity.env.value,
        "origin": identity.origin,
        "account": identity.account,
        "world": identity.world,
        "nonce": _nonce(identity),
        "created_wall_us": wall_us,
    }
    await transaction.append(t.IDENTITY, [row])


def _nonce(identity: StoreIdentity) -> bytes:
    """Random, but for a simulated world, whose id holds its seed: one seed is one history."""
    if identity.world:
        return hashlib.blake2b(identity.world.encode(), digest_size=32).digest()
    return secrets.token_bytes(32)


async def check_owner(transaction: Transaction, identity: StoreIdentity, where: str) -> None:
    """Raise `StoreMismatch` when the store was made for another identity."""
    table = t.IDENTITY.c
    query = select(table.env, table.origin, table.account, table.world)
    found = await transaction.first(query)
    wanted = (identity.env.value, identity.origin, identity.account, identity.world)
    for name, kept, asked in zip(
        ("environment", "exchange", "account", "world"), found or ("",) * 4, wanted, strict=True
    ):
        if kept != asked:
            raise StoreMismatch(
                f"{where} was made for the {name} {kept or 'none'!r}, not {asked or 'none'!r}.",
                remedy="Use what it was made for, or set KALSHI_HOME to another directory.",
            )
