"""The tape: every event of money in the order it happened, with the cash after it."""

from collections.abc import Iterable, Mapping, Sequence

from kalshi_cli.domain.account import CashMovement, Settlement
from kalshi_cli.domain.history import Entry
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money
from kalshi_cli.domain.order import Fill, Purpose
from kalshi_cli.domain.position import cash_effect
from kalshi_cli.ports.rows.markets import TapeRow


def replay(
    history: Sequence[Entry],
    movements: Iterable[CashMovement],
    purposes: Mapping[str, Purpose],
) -> list[TapeRow]:
    """Fold fills and settlements (in their order) and movements into rows, oldest first.

    At one instant money moves first, then fills, then settlements. `purposes` are our orders', by
    the exchange's id.
    """
    ordered: list[tuple[tuple[int, int, int], Entry | CashMovement]] = [
        ((movement.at_us, 0, number), movement) for number, movement in enumerate(movements)
    ]
    for number, entry in enumerate(history):
        if isinstance(entry, Settlement):
            ordered.append(((entry.settled_us, 2, number), entry))
        else:
            ordered.append(((entry[0].at_us, 1, number), entry))
    account = _Account(purposes)
    return [account.row(entry) for _, entry in sorted(ordered, key=lambda pair: pair[0])]


class _Account:
    """Cash, the net position of each market over all owners, and what each has paid out."""

    def __init__(self, purposes: Mapping[str, Purpose]) -> None:
        self._purposes = purposes
        self._balance = NO_MONEY
        self._net: dict[str, Contracts] = {}
        self._paid: dict[str, Money] = {}

    def row(self, entry: Entry | CashMovement) -> TapeRow:
        if isinstance(entry, CashMovement):
            return self._moved(entry)
        if isinstance(entry, Settlement):
            return self._settled(entry)
        return self._filled(*entry)

    def _moved(self, movement: CashMovement) -> TapeRow:
        self._balance += movement.amount
        return TapeRow(
            at_us=movement.at_us,
            kind=movement.kind.value,
            reference=movement.movement_id,
            ticker=None,
            owner=None,
            side=None,
            purpose=None,
            price=None,
            count=None,
            fee=NO_MONEY,
            cash=movement.amount,
            balance=self._balance,
        )

    def _filled(self, fill: Fill, owner: str) -> TapeRow:
        before = self._net.get(fill.ticker, NO_CONTRACTS)
        effect = cash_effect(before, side=fill.side, price=fill.price, count=fill.count)
        self._net[fill.ticker] = before + fill.side.signed(fill.count)
        self._balance += effect - fill.fee
        return TapeRow(
            at_us=fill.at_us,
            kind="fill",
            reference=fill.fill_id,
            ticker=fill.ticker,
            owner=owner,
            side=fill.side,
            purpose=self._purposes.get(fill.order_id),
            price=fill.price,
            count=fill.count,
            fee=fill.fee,
            cash=effect - fill.fee,
            balance=self._balance,
        )

    def _settled(self, settlement: Settlement) -> TapeRow:
        """A later settlement of a market reverses the one before it."""
        cash = settlement.revenue - self._paid.get(settlement.ticker, NO_MONEY)
        self._paid[settlement.ticker] = settlement.revenue
        self._balance += cash
        return TapeRow(
            at_us=settlement.settled_us,
            kind="settlement",
            reference=f"{settlement.ticker}/{settlement.revision}",
            ticker=settlement.ticker,
            owner=None,
            side=None,
            purpose=None,
            price=settlement.value,
            count=settlement.net,
            fee=NO_MONEY,
            cash=cash,
            balance=self._balance,
        )
