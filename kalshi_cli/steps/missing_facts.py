"""What the exchange tells of the account, what the books have of it, and which facts they lack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kalshi_cli.domain.account import Balance, CashMovement, ExchangePosition, Settlement
from kalshi_cli.domain.history import Entry, news_of
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import Fill, Order, OrderReport


@dataclass(frozen=True, slots=True)
class Record:
    """What the exchange tells of the account, read to the end.

    Of the markets of `illegible_fills` and `illegible_positions` it does not tell everything.
    """

    orders: tuple[OrderReport, ...]
    fills: tuple[Fill, ...]
    settlements: tuple[Settlement, ...]
    movements: tuple[CashMovement, ...]
    positions: tuple[ExchangePosition, ...]
    balance: Balance
    settled_from_us: int
    why: str
    illegible_fills: Mapping[str, str] = field(default_factory=dict)
    illegible_positions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Books:
    """What the store has of the same. `orders` are those that the exchange tells, and live ones."""

    orders: tuple[Order, ...]
    history: tuple[Entry, ...]
    movements: tuple[CashMovement, ...]
    held: Mapping[str, Contracts]
    by_shard: Mapping[int, Money]


@dataclass(frozen=True, slots=True)
class Missing:
    """Facts of the exchange's record that are not booked."""

    fills: tuple[Fill, ...]
    settlements: tuple[Settlement, ...]
    movements: tuple[CashMovement, ...]


def missing_facts(books: Books, record: Record) -> Missing:
    booked = {entry[0].fill_id for entry in books.history if isinstance(entry, tuple)}
    paid = (entry for entry in books.history if isinstance(entry, Settlement))
    return Missing(
        tuple(fill for fill in record.fills if fill.fill_id not in booked),
        tuple(news_of(paid, record.settlements)),
        tuple(_movements(books.movements, record.movements)),
    )


def _movements(ours: Sequence[CashMovement], theirs: Sequence[CashMovement]) -> list[CashMovement]:
    known = {movement.movement_id for movement in ours}
    happened = {"", *known, *(m.movement_id for m in theirs if not m.reverses)}
    return [m for m in theirs if m.movement_id not in known and m.reverses in happened]
