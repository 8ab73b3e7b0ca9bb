"""Looking a file over before anything is traded on what it says.

SQLite's `quick_check` reads every page that it is asked for: 3 s of a processor for a gigabyte.
PostgreSQL looks after its own pages, and nothing of a store in memory was on a disk.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import text

from kalshi_cli.adapters.store.connection import Location
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.errors import StoreBusy, StoreUnusable

if TYPE_CHECKING:
    from kalshi_cli.adapters.store.store import SqlStore

MONEY = (
    "identity",
    "orders",
    "order_groups",
    "fills",
    "settlements",
    "cash_movements",
    "shard_transfers",
    "positions",
    "exit_plans",
    "round_trips",
    "balance_snapshots",
    "runs",
    "desk_states",
    "desk_requests",
    "leases",
    "limit_changes",
    "rebalanced_shares",
    "strategy_faults",
    "markers",
)
"""What was sent, what it came to, and what may stop the next. Small beside what markets say, and
without `order_events`, the longest: nothing is decided by what befell an order on its way.
"""
_TABLES = text("SELECT name FROM sqlite_master WHERE type = 'table'")


async def check_sound(store: "SqlStore", *, whole: bool) -> None:
    """Raise `StoreUnusable` where the pages of `MONEY`, or of the whole file, are damaged."""
    if store.location.path is None:
        return
    async with store.transaction(reads=True) as transaction:
        found = await (all_damage(transaction) if whole else _damage_to(transaction, MONEY))
    if found:
        raise StoreUnusable(
            f"{store.location} is damaged: {found[0].rstrip('.')}.",
            remedy=f"{restoring(store.location)} Nothing was sent."
            " `kalshi inspect-db` lists the damage.",
        )


def restoring(location: Location) -> str:
    """What to do about a file that is damaged; the newest backup beside it is named."""
    path = location.path
    beside = [] if path is None else list(path.parent.glob(f"{path.name}.*.backup*"))
    newest = max(beside, key=lambda file: file.stat().st_mtime_ns, default=None)
    told = "none is beside it" if newest is None else f"the newest beside it is {newest}"
    return f"Restore a backup ({told}), or move the file away."


async def all_damage(transaction: Transaction) -> list[str]:
    """What SQLite finds wrong with the whole file, a line each; where it cannot look at all of it,
    with each table.
    """
    try:
        return await _damage(transaction)
    except StoreBusy:
        raise
    except StoreUnusable as error:
        tables = [str(row[0]) for row in await transaction.rows(_TABLES)]
        return await _damage_to(transaction, tables) or [str(error)]


async def _damage_to(transaction: Transaction, tables: Iterable[str]) -> list[str]:
    """What is wrong with these tables and their indexes."""
    found: list[str] = []
    for table in tables:
        try:
            found += [f"{table}: {line}" for line in await _damage(transaction, table)]
        except StoreBusy:
            raise
        except StoreUnusable:
            found.append(f"{table} cannot be read")
    return found


async def _damage(transaction: Transaction, table: str = "") -> list[str]:
    asked = text(f"PRAGMA quick_check({table})" if table else "PRAGMA quick_check")
    told = [line for row in await transaction.rows(asked) for line in str(row[0]).splitlines()]
    return [line for line in told if line != "ok" and not line.startswith("*** in database")]
