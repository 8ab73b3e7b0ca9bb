"""Fees of what is still held, folded from the account's fills."""

from collections.abc import Iterable
from dataclasses import dataclass

from kalshi_cli.domain.money import NO_MONEY, Money
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.position import Position


@dataclass(frozen=True, slots=True)
class _Held:
    net: int = 0
    fees: int = 0

    def after(self, fill: Fill) -> "_Held":
        """What closes takes its share of the fees along; what opens brings its own."""
        change, fee = fill.side.sign * fill.count.units, fill.fee.units
        if self.net * change >= 0:
            return _Held(self.net + change, self.fees + fee)
        closing = min(abs(self.net), abs(change))
        kept = self.fees - self.fees * closing // abs(self.net)
        return _Held(self.net + change, kept + fee * (abs(change) - closing) // abs(change))


class HeldFees:
    """By market, in dollars."""

    def __init__(self, fills: Iterable[Fill]) -> None:
        self._held: dict[str, _Held] = {}
        for fill in fills:
            self.book(fill)

    def book(self, fill: Fill) -> None:
        self._held[fill.ticker] = self._held.get(fill.ticker, _Held()).after(fill)

    def of(self, position: Position) -> Money:
        """What a position paid in fees that has not been closed; none once it is settled."""
        return NO_MONEY if position.is_flat else Money(self._held[position.ticker].fees)
