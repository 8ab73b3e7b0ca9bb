"""Rows about the desk's runs, its limits, and the desk as a whole.

See `ports.reports`.
"""

from dataclasses import dataclass

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.money import AiCost, Money
from kalshi_cli.ports.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class RunRow:
    """One invocation of a command that writes. Without an end it is running, or was killed."""

    run_id: str
    number: int
    command: str
    started_us: int
    started_wall_us: int
    ended_us: int | None
    ended_wall_us: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class LimitChangeRow:
    """A change of a limit; `old` is None where it was recorded for the first time.

    `at_us` is market time, `changed_wall_us` real time.
    """

    name: str
    old: str | None
    new: str
    who: str
    why: str
    run_id: str
    at_us: int
    changed_wall_us: int


@dataclass(frozen=True, slots=True)
class DeskSummary:
    """The desk on one screen.

    `cash` is derived from the ledger: None while that is empty and the account was never valued.
    `last_run` is the newest that began anything: a command that was asked for what there is not
    did nothing. `state_since_us` is None where market time was not known yet. `orders` are those
    that were sent, or may have been. `ai_cost` is all ever spent.
    """

    state: DeskState
    state_reason: str
    state_since_us: int | None
    cash: Money | None
    snapshot: Snapshot | None
    events: int
    markets: int
    markets_active: int
    forecasts: int
    markets_forecast: int
    orders: int
    live_orders: int
    unresolved_orders: int
    fills: int
    open_positions: int
    round_trips: int
    settlements: int
    denials: int
    ai_calls: int
    ai_cost: AiCost
    last_run: RunRow | None
