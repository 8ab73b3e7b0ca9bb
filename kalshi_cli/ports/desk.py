"""The desk itself: its runs and run state, order groups, transfers, and what processes ask of it.

Part of a unit of work: see `ports.store`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.limits import LimitChange
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.shares import Rebalanced
from kalshi_cli.domain.strategy_fault import StrategyFault


@dataclass(frozen=True, slots=True)
class Run:
    """One invocation of a command that writes. `number` counts them."""

    run_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that trades an account, and since when (real time)."""

    pid: int
    host: str
    since_wall_us: int


@dataclass(frozen=True, slots=True)
class Brakes:
    """The desk's run state, and the instant before which nothing is sent, if there is one."""

    state: DeskState
    cooling_until_us: int | None


class GroupState(StrEnum):
    """Whether entries may join an order group: not once it is triggered, until it is reset.

    RESUMED: triggered, and a person wants it reset before the next entry.
    """

    WORKING = "working"
    TRIGGERED = "triggered"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class KeptGroup:
    """The order group that the entries of one shard join."""

    exchange_index: int
    group_id: str
    state: GroupState
    made_us: int


class TransferState(StrEnum):
    """What is known of a transfer between shards. INTENT may have been sent."""

    INTENT = "intent"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class KeptTransfer:
    """A transfer between shards, on record before it is sent; `who` asked for it."""

    client_transfer_id: str
    run_id: str
    source: int
    destination: int
    amount: Money
    who: str
    state: TransferState
    asked_us: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class DeskRequest:
    """What another process asks of whoever holds the lease: see `steps.requests`."""

    request_id: int
    kind: str
    target: str
    asked_wall_us: int
    answer: str | None = None
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The run state, why it is so, and who made it so; both empty where nobody ever changed it."""

    state: DeskState
    reason: str
    who: str


class Desk(Protocol):
    """Runs, the run state, order groups, transfers, and requests between processes."""

    async def start_run(self, command: str, at_us: int, wall_us: int) -> Run: ...

    async def end_run(self, run_id: str, at_us: int, wall_us: int, reason: str) -> None: ...

    async def is_under_way(self, run_id: str) -> bool:
        """Whether a run has no end on record."""
        ...

    async def state(self) -> DeskState: ...

    async def standing(self) -> Standing: ...

    async def set_state(
        self, state: DeskState, *, reason: str, who: str, at_us: int | None, wall_us: int
    ) -> None:
        """Change the run state and keep the change on record; `at_us` is None where market time
        is not known.
        """
        ...

    async def limits(self) -> Mapping[str, str]:
        """The limits that were last in force, by name; empty before the first were recorded."""
        ...

    async def change_limits(
        self,
        changes: Sequence[LimitChange],
        *,
        run_id: str,
        who: str,
        why: str,
        at_us: int,
        wall_us: int,
    ) -> None:
        """Keep changes of limits on record."""
        ...

    async def rebalanced(self) -> Rebalanced | None:
        """Shares that were put in the place of the config file's; None where none were, and `VOID`
        where those on record are such as nobody can have: who leaves a position needs none.
        """
        ...

    async def rebalance(
        self, rebalanced: Rebalanced | None, lease_token: str, wall: Callable[[], int]
    ) -> None:
        """Put shares in the place of those there were, or none. Raises `LeaseHeld` and
        `LeaseRanOut` where the lease is not ours, which `wall` tells in this transaction.
        """
        ...

    async def strategy_faults(self) -> Mapping[str, StrategyFault]:
        """The strategies whose last pass went wrong, by name."""
        ...

    async def keep_fault(self, fault: StrategyFault) -> None:
        """Keep a strategy's newest fault, in the place of the one before."""
        ...

    async def forgive(self, strategy: str) -> bool:
        """Forget a strategy's faults; whether it had any."""
        ...

    async def nonce(self) -> bytes:
        """The installation's nonce, from which client order ids are derived."""
        ...

    async def order_groups(self) -> Mapping[int, KeptGroup]:
        """The order group of each shard that had an entry."""
        ...

    async def keep_group(self, group: KeptGroup) -> None:
        """Make a group the one of its shard."""
        ...

    async def turn_groups(
        self, after: GroupState, *, before: Collection[GroupState], group_id: str | None = None
    ) -> int:
        """Change the state of one group or all, where it is as told before; how many changed."""
        ...

    async def record_transfer(self, transfer: KeptTransfer) -> None:
        """Put a transfer on record, which commits nothing by itself: commit, then send."""
        ...

    async def turn_transfer(
        self, client_transfer_id: str, state: TransferState, message: str
    ) -> None:
        """Keep what became of a transfer."""
        ...

    async def open_transfers(self) -> tuple[KeptTransfer, ...]:
        """Transfers whose outcome is not known, oldest first."""
        ...

    async def ask(self, kind: str, target: str, wall_us: int) -> int:
        """Leave a request for the lease holder; returns its id."""
        ...

    async def requests(self) -> tuple[DeskRequest, ...]:
        """Requests that nobody has taken, oldest first."""
        ...

    async def take(self, request_id: int, wall_us: int) -> bool:
        """Claim a request, to carry it out or to withdraw it; False where somebody has already.

        Whoever takes it answers it. It is never handed out again, so nothing is done twice.
        """
        ...

    async def request(self, request_id: int) -> DeskRequest | None: ...

    async def answer(self, request_id: int, answer: str, exit_code: int, wall_us: int) -> None: ...
