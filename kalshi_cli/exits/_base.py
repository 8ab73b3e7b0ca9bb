"""What an exit sees and answers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.position import Position


@dataclass(frozen=True, slots=True)
class ExitPlan:
    """What was decided at entry about leaving, in the terms of the outcome held.

    `stop` and `target` are prices of the outcome held (YES or NO); None means no such exit.
    `leave_by_us` is market time.
    """

    ticker: str
    owner: str
    stop: Price | None
    target: Price | None
    leave_by_us: int | None
    entry_confidence: float | None
    entry_fair: float | None
    made_us: int


@dataclass(frozen=True, slots=True)
class ExitReason:
    """Why to leave: the exit's stable code, and its numbers for people."""

    code: str
    detail: str


class Exit(ABC):
    """Pure. Never fires on a flat position; without a price on the side needed it says nothing."""

    code: ClassVar[str]
    rank: ClassVar[int]

    @abstractmethod
    def check(
        self,
        position: Position,
        plan: ExitPlan,
        forecast: Forecast | None,
        book: OrderBook,
        now_us: int,
    ) -> ExitReason | None:
        """A reason to leave now, or None."""
