"""Whether the store can be believed, and how to mend what is derived."""

from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.domain.money import Money


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: a stable code, what it is about, and the numbers for people."""

    code: str
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
