"""What a method of sizing answers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.portfolio.allotment import HUNDREDTH, WHOLE
from kalshi_cli.portfolio.capital import Capital
from kalshi_cli.portfolio.sizing import Sizing


class Method(ABC):
    """Pure: the same proposals, in whatever order, get the same counts."""

    @abstractmethod
    def size(
        self, proposals: Sequence[Proposal], books: Mapping[str, OrderBook], capital: Capital
    ) -> Sizing:
        """Contracts for each proposal of an entry, within every limit, or why there are none."""


def step_of(contracts: str) -> int:
    """The step of a count, in units of 0.01 contracts."""
    return WHOLE if contracts == "whole" else HUNDREDTH
