"""The schema, as SQLModel tables on a metadata of their own. Nobody else may import this.

Every amount is BIGINT `*_units` (prices $0.0001, contracts 0.01, money $0.000001, AI cost 1e-10
USD), every instant BIGINT `*_us` (market time) or `*_wall_us` (real time). Keys are the exchange's
ids or our own text ids. `row_hash` tells an unchanged row without reading it. The migrations
alone create these tables, or what is drawn from them: a test compares these with what they build.

A table is made when it is first asked for, with the others of its subject: making all of them
would be a tenth of a short command, which reads a few. Whoever needs the whole schema asks
`all_tables`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from sqlalchemy import MetaData, Table

SERIES: Table
EVENTS: Table
MARKETS: Table
QUOTES: Table
QUOTE_HISTORY: Table
FUNNEL: Table
MARKERS: Table
FEE_CHANGES: Table
FORECASTS: Table
AI_TEXTS: Table
AI_CALLS: Table
DAILY_AI_COST: Table
ORDERS: Table
ORDER_EVENTS: Table
DENIALS: Table
FILLS: Table
SETTLEMENTS: Table
CASH_MOVEMENTS: Table
POSITIONS: Table
EXIT_PLANS: Table
ROUND_TRIPS: Table
BALANCE_SNAPSHOTS: Table
PERFORMANCE_SNAPSHOTS: Table
SEEN_OF_OTHERS: Table
RUNS: Table
DESK_STATES: Table
DESK_REQUESTS: Table
ORDER_GROUPS: Table
SHARD_TRANSFERS: Table
LEASES: Table
LIMIT_CHANGES: Table
REBALANCED_SHARES: Table
STRATEGY_FAULTS: Table
MARKOUTS: Table
INCENTIVES: Table
STOPS: Table
STOP_DAYS: Table
TRIALS: Table
IDENTITY: Table

_SUBJECTS = {
    "catalog": ("SERIES", "EVENTS", "MARKETS", "QUOTES"),
    "passes": ("QUOTE_HISTORY", "FUNNEL", "MARKERS", "FEE_CHANGES"),
    "forecasts": ("FORECASTS",),
    "ai": ("AI_TEXTS", "AI_CALLS", "DAILY_AI_COST"),
    "orders": ("ORDERS", "ORDER_EVENTS", "DENIALS"),
    "ledger": ("FILLS", "SETTLEMENTS", "CASH_MOVEMENTS"),
    "holdings": ("POSITIONS", "EXIT_PLANS"),
    "results": ("ROUND_TRIPS", "BALANCE_SNAPSHOTS", "PERFORMANCE_SNAPSHOTS", "SEEN_OF_OTHERS"),
    "desk": (
        "RUNS",
        "DESK_STATES",
        "DESK_REQUESTS",
        "ORDER_GROUPS",
        "SHARD_TRANSFERS",
        "LEASES",
        "LIMIT_CHANGES",
        "REBALANCED_SHARES",
        "STRATEGY_FAULTS",
    ),
    "making": ("MARKOUTS", "INCENTIVES"),
    "funnel": ("STOPS", "STOP_DAYS"),
    "trials": ("TRIALS",),
    "identity": ("IDENTITY",),
}
_SUBJECT = {name: subject for subject, names in _SUBJECTS.items() for name in names}


def all_tables() -> MetaData:
    """The metadata with every table on it."""
    from kalshi_cli.adapters.store.tables._base import Record

    for subject in _SUBJECTS:
        import_module(f"{__name__}.{subject}")
    return Record.metadata


if not TYPE_CHECKING:  # A checker would take any name for a table.

    def __getattr__(name: str) -> Table:
        if name not in _SUBJECT:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f"{__name__}.{_SUBJECT[name]}"), name)
        globals()[name] = found  # asked once
        return found
