"""Looking a file over before anything is traded on what it says.

SQLite's `quick_check` reads every page that it is asked for: 3 s of a processor for a gigabyte.
PostgreSQL looks after its own pages, and nothing of a store in memory was on a disk.
"""

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
    "order_events",
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
"""What was sent, what it came to, and what may stop the next. Small beside what markets say."""


async def check_sound(store: "SqlStore", *, whole: bool) -> None:
    """Raise `StoreUnusable` where the pages of `MONEY`, or of the whole file, are damaged."""
    if store.location.path is None:
        return
    async with store.transaction(reads=True) as transaction:
        parts = ("",) if whole else MONEY
        found = [line for part in parts for line in await damage(transaction, part)]
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


async def damage(transaction: Transaction, table: str = "") -> list[str]:
    """What SQLite finds wrong, a line each, in a table and its indexes; in all, if in none."""
    asked = text(f"PRAGMA quick_check({table})" if table else "PRAGMA quick_check")
    told = [line for row in await transaction.rows(asked) for line in str(row[0]).splitlines()]
    return [line for line in told if line != "ok" and not line.startswith("*** in database")]


async def all_damage(transaction: Transaction) -> list[str]:
    """The damage to the whole file; where SQLite cannot look at all of it, that to each table of
    `MONEY`.
    """
    try:
        return await damage(transaction)
    except StoreBusy:
        raise
    except StoreUnusable:
        return [line for table in MONEY for line in await _of(transaction, table)]


async def _of(transaction: Transaction, table: str) -> list[str]:
    try:
        return [f"{table}: {line}" for line in await damage(transaction, table)]
    except StoreUnusable as error:
        return [f"{table} cannot be read: {error}"]
