"""Whether the store can be believed, and how to mend what is derived."""

from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.domain.code import Code
from kalshi_cli.domain.money import Money

RESTORE = "go back to a backup, or tell who made the program: no command writes this"
DERIVED = "`kalshi inspect-db --repair` derives it again from fills and settlements"


class Wrong(Code):
    """`inspect-db`."""

    FILE_DAMAGED = (
        "FILE_DAMAGED",
        "the database itself cannot be believed",
        "go back to a backup: `kalshi migrate` and --repair leave one beside the store",
    )
    ROW_ORPHANED = ("ROW_ORPHANED", "a row refers to one that is not there", RESTORE)
    ORDER_PRICE = ("ORDER_PRICE", "an order's limit does not lie between $0 and $1", RESTORE)
    ORDER_COUNT = (
        "ORDER_COUNT",
        "an order asks for nothing, or filled more than it asks for",
        RESTORE,
    )
    ORDER_STATE = (
        "ORDER_STATE",
        "an order is in no known state, or rests without the exchange's id",
        RESTORE,
    )
    ORDER_OVERFILLED = ("ORDER_OVERFILLED", "its fills add up to more than the order", RESTORE)
    ENTRY_DOUBLED = ("ENTRY_DOUBLED", "more than one live entry on one forecast", RESTORE)
    FILL_IMPOSSIBLE = (
        "FILL_IMPOSSIBLE",
        "a fill trades nothing, not between $0 and $1, or on no side",
        RESTORE,
    )
    FILL_ORPHANED = (
        "FILL_ORPHANED",
        "a fill that is not external belongs to no journalled order",
        RESTORE,
    )
    SETTLEMENT_IMPOSSIBLE = (
        "SETTLEMENT_IMPOSSIBLE",
        "a settlement does not pay its value for each contract held",
        RESTORE,
    )
    SETTLEMENT_COUNT = (
        "SETTLEMENT_COUNT",
        "a market was settled for another count than our fills add up to",
        "`kalshi inspect-db --reconcile` tells what the exchange has otherwise",
    )
    QUOTE_IMPOSSIBLE = (
        "QUOTE_IMPOSSIBLE",
        "a quote's bid is not below its ask, or one is beyond $0 or $1, or without size",
        "`kalshi ingest` reads it anew",
    )
    FORECAST_IMPOSSIBLE = (
        "FORECAST_IMPOSSIBLE",
        "a forecast is outside its interval, or that reaches 0 or 1",
        RESTORE,
    )
    TRIPS_UNBALANCED = (
        "TRIPS_UNBALANCED",
        "the round trips of a flat position do not add up to what it realized",
        DERIVED,
    )
    POSITION_WRONG = ("POSITION_WRONG", "a position does not follow from the ledger", DERIVED)
    TRIP_WRONG = ("TRIP_WRONG", "a round trip does not follow from the ledger", DERIVED)
    SHARE_IMPOSSIBLE = (
        "SHARE_IMPOSSIBLE",
        "a share that was put in force is less than nothing, or together they are more than all",
        "`kalshi evaluate --rebalance --undo` drops them",
    )
    AI_COST_UNBALANCED = (
        "AI_COST_UNBALANCED",
        "a day's AI cost is not the sum of its calls",
        RESTORE,
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: the code, what it is about, and the numbers for people."""

    code: Wrong
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What was looked at, by name with how many rows, and what was found wrong.

    `cash` is derived from the ledger, for comparison with the exchange.
    """

    checked: tuple[tuple[str, int], ...]
    findings: tuple[Finding, ...]
    cash: Money


@dataclass(frozen=True, slots=True)
class Repair:
    """How many rows derived from the ledger were put right."""

    positions: int
    round_trips: int


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes that a store took on the disk, and takes now.

    Where it `is_read` by somebody else meanwhile, it keeps what it took until they close it.
    """

    before: int
    after: int
    is_read: bool


class Auditor(Protocol):
    async def check(self) -> Audit:
        """Read everything and say what is wrong; changes nothing."""
        ...

    async def repair(self) -> Repair:
        """Derive positions and round trips again from fills and settlements."""
        ...

    async def vacuum(self) -> Space:
        """Give unused space back to the disk."""
        ...
