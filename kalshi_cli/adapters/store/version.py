"""Which schema this program reads. Apart from Alembic, whose import costs 0.3 s."""

from kalshi_cli.errors import StoreMismatch, StoreVersion

HEAD = "0023"
"""The newest revision in `migrations/versions`; a test holds the two together."""


def check_version(found: str, where: str) -> None:
    """Raise `StoreVersion` unless the store is at `HEAD`. Revisions are numbers that only grow."""
    check_not_newer(found, where)
    if int(found) < int(HEAD):
        raise StoreVersion(
            f"{where} has schema {found}, older than this program's {HEAD}.",
            remedy="Run `kalshi migrate`: it makes a backup first.",
        )


def check_not_newer(found: str, where: str) -> None:
    """Raise `StoreVersion` for a schema newer than `HEAD`, `StoreMismatch` for one not ours."""
    if not (found.isascii() and found.isdigit()):
        raise StoreMismatch(
            f"{where} is not a store of this program: its schema is {found!r}.",
            remedy="Point KALSHI_HOME elsewhere, or move that file away.",
        )
    if int(found) > int(HEAD):
        raise StoreVersion(
            f"{where} has schema {found}, newer than this program's {HEAD}.",
            remedy="Use the newer program that wrote it; nothing was changed.",
        )
