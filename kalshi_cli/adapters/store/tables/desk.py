"""Runs, states, requests and the leases of the desk."""

from sqlalchemy import Text
from sqlmodel import Field

from kalshi_cli.adapters.store.tables._base import (
    Record,
    big,
    key,
    maybe_big,
    refers,
    row_id,
    table,
    text,
)


class RunRecord(Record, table=True):
    __tablename__ = "runs"

    run_id: str = key()
    number: int = Field(unique=True)
    command: str
    started_us: int = big()
    started_wall_us: int = big()
    ended_us: int | None = maybe_big()
    ended_wall_us: int | None = maybe_big()
    reason: str | None = Field(default=None, sa_type=Text, nullable=True)


class DeskStateRecord(Record, table=True):
    """Every change of the run state; the newest one holds.

    Without `at_us` where no market time was known yet.
    """

    __tablename__ = "desk_states"

    change_id: int | None = row_id()
    state: str
    reason: str = text()
    who: str
    at_us: int | None = maybe_big()
    changed_wall_us: int = big()


class DeskRequestRecord(Record, table=True):
    __tablename__ = "desk_requests"

    request_id: int | None = row_id()
    kind: str
    target: str
    asked_wall_us: int = big()
    answer: str | None = Field(default=None, sa_type=Text, nullable=True)
    exit_code: int | None
    answered_wall_us: int | None = maybe_big()


class OrderGroupRecord(Record, table=True):
    """The order group of each shard that had an entry."""

    __tablename__ = "order_groups"

    exchange_index: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    group_id: str
    state: str
    made_us: int = big()


class ShardTransferRecord(Record, table=True):
    """Cash between shards that a person asked for, written before it is sent."""

    __tablename__ = "shard_transfers"

    client_transfer_id: str = key()
    run_id: str = refers("runs.run_id")
    source: int
    destination: int
    amount_units: int = big()
    who: str
    state: str
    message: str = text()
    asked_us: int = big()


class LeaseRecord(Record, table=True):
    __tablename__ = "leases"

    name: str = key()
    token: str
    pid: int
    host: str
    acquired_wall_us: int = big()
    renewed_wall_us: int = big()
    expires_wall_us: int = big()


class LimitChangeRecord(Record, table=True):
    """Every limit as it was first seen (without `old`), and every change of one."""

    __tablename__ = "limit_changes"

    change_id: int | None = row_id()
    name: str
    old: str | None
    new: str
    who: str
    why: str = text()
    run_id: str = refers("runs.run_id")
    at_us: int = big()
    changed_wall_us: int = big()


class RebalancedShareRecord(Record, table=True):
    """The share of each strategy that ran when shares were put over the config file's; no rows
    where none were, or the config file was changed since.
    """

    __tablename__ = "rebalanced_shares"

    strategy: str = key()
    configured: float
    share: float


class StrategyFaultRecord(Record, table=True):
    """What a strategy did wrong in its last passes; none of those that did nothing wrong."""

    __tablename__ = "strategy_faults"

    strategy: str = key()
    in_a_row: int
    error: str = text()
    at_us: int = big()
    disabled_us: int | None = maybe_big()


RUNS = table(RunRecord)
DESK_STATES = table(DeskStateRecord)
DESK_REQUESTS = table(DeskRequestRecord)
ORDER_GROUPS = table(OrderGroupRecord)
SHARD_TRANSFERS = table(ShardTransferRecord)
LEASES = table(LeaseRecord)
LIMIT_CHANGES = table(LimitChangeRecord)
REBALANCED_SHARES = table(RebalancedShareRecord)
STRATEGY_FAULTS = table(StrategyFaultRecord)
