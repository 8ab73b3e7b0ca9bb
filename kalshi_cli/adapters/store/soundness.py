"""Looking a file over before anything is traded on what it says.

SQLite's `quick_check` reads every page that it is asked for: 3 s of a processor for a gigabyte.
PostgreSQL looks after its own pages, and nothing of a store in memory was on a disk.
"""

from typing import TYPE_CHECKING

from sqlalchemy import text

from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.errors import StoreUnusable

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
            remedy="Restore a backup, or move the file away: nothing was sent."
            " `kalshi inspect-db` lists the damage.",
        )


async def damage(transaction: Transaction, table: str = "") -> list[str]:
    """What SQLite finds wrong, a line each, in a table and its indexes; in all, if in none."""
    asked = text(f"PRAGMA quick_check({table})" if table else "PRAGMA quick_check")
    told = [line for row in await transaction.rows(asked) for line in str(row[0]).splitlines()]
    return [line for line in told if line != "ok" and not line.startswith("*** in database")]
