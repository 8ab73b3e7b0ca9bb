"""What the exchange tells of the account, what the books have of it, and which facts they lack."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kalshi_cli.domain.account import Balance, CashMovement, ExchangePosition, Settlement
from kalshi_cli.domain.history import Entry
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
    return Missing(
        tuple(fill for fill in record.fills if fill.fill_id not in booked),
        tuple(_settlements(books.history, record.settlements)),
        tuple(_movements(books.movements, record.movements)),
    )


def _settlements(history: Iterable[Entry], told: Iterable[Settlement]) -> list[Settlement]:
    """Those that the newest revision of their market and time does not say, as the next one."""
    booked: dict[tuple[str, int], Settlement] = {}
    for entry in history:
        if isinstance(entry, Settlement):
            key = entry.ticker, entry.settled_us
            before = booked.get(key)
            if before is None or entry.revision > before.revision:
                booked[key] = entry
    missing: list[Settlement] = []
    for settlement in told:
        known = booked.get((settlement.ticker, settlement.settled_us))
        if known is None:
            missing.append(settlement)
        elif _money_of(known) != _money_of(settlement):
            missing.append(replace(settlement, revision=known.revision + 1))
    return missing


def _money_of(settlement: Settlement) -> tuple[object, ...]:
    return settlement.result, settlement.value, settlement.net, settlement.revenue, settlement.fee


def _movements(ours: Sequence[CashMovement], theirs: Sequence[CashMovement]) -> list[CashMovement]:
    known = {movement.movement_id for movement in ours}
    happened = {"", *known, *(m.movement_id for m in theirs if not m.reverses)}
    return [m for m in theirs if m.movement_id not in known and m.reverses in happened]
