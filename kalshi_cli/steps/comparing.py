"""The books held against everything that the exchange tells, fact by fact.

Each thing that differs says how it can be explained, and which repair the exchange's own record
proves; where nothing proves one there is none.

A difference stands only where two looks tell it between which nothing changed: see
`standing_still`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial

from kalshi_cli.domain.account import (
    Balance,
    CashKind,
    CashMovement,
    ExchangePosition,
    Settlement,
)
from kalshi_cli.domain.history import Entry, cash_of, nets_of
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money, total
from kalshi_cli.domain.order import (
    WORKING,
    Fill,
    Order,
    OrderReport,
    OrderState,
    fold_report,
    has_terms,
)
from kalshi_cli.domain.position import net_by_ticker
from kalshi_cli.ports.archive import Archive
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.ports.treasury import Treasury
from kalshi_cli.steps.archived import fills_since, orders_since
from kalshi_cli.steps.booking import newest, shard_movements, transfers_of
from kalshi_cli.steps.paging import collect
from kalshi_cli.steps.standing_still import until_still
from kalshi_cli.steps.weighing import before_collateral

BOOK, FOLD, MOVE = "book it", "fold it into the order", "book a transfer"


class What(StrEnum):
    CASH = "cash"
    SHARD = "shard cash"
    POSITION = "position"
    ORDER = "order"
    MISSING_FILL = "missing fill"
    EXTRA_FILL = "extra fill"
    CHANGED_FILL = "changed fill"
    SETTLEMENT = "settlement"
    MOVEMENT = "movement"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One thing told otherwise. `repair` is empty where the exchange's record proves none."""

    what: What
    subject: str
    ours: str
    theirs: str
    explanation: str
    repair: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs. Unless `why` is empty something could not be read whole.

    `explained` is the part of the difference in cash that the facts missing here make up,
    `unexplained` the rest.
    """

    discrepancies: tuple[Discrepancy, ...]
    why: str
    ledger_cash: Money
    exchange_cash: Money
    explained: Money
    unexplained: Money


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


async def compare(
    trading: Trading,
    store: Store,
    clock: Clock,
    *,
    archive: Archive | None,
    treasury: Treasury | None,
) -> tuple[Comparison, Record, Books]:
    """Read both sides whole and hold them against each other. Changes nothing.

    An account that changes from look to look is told in part: what the last two looks have alike.
    """
    looks = await until_still(
        partial(_look, trading, store, archive, treasury, clock),
        differs=lambda look: bool(look[0].discrepancies),
        at_rest=_at_rest,
    )
    if looks.before is None:
        return looks.last
    _, record, books = looks.last
    doubted = replace(record, why="; ".join(filter(None, (record.why, looks.doubt))))
    found = compared(books, doubted, clock.now())
    before, *_ = looks.before
    alike = tuple(each for each in found.discrepancies if each in before.discrepancies)
    return replace(found, discrepancies=alike), doubted, books


_Look = tuple[Comparison, Record, Books]


async def _look(
    trading: Trading,
    store: Store,
    archive: Archive | None,
    treasury: Treasury | None,
    clock: Clock,
) -> _Look:
    record = await read_record(trading, archive, treasury, clock)
    books = await read_books(store, record)
    return compared(books, record, clock.now()), record, books


def _at_rest(look: _Look) -> tuple[Record, Books]:
    """What two looks have alike where nothing changed between them; the time of day is no fact."""
    _, record, books = look
    return replace(record, balance=replace(record.balance, at_us=0)), books


async def read_record(
    trading: Trading, archive: Archive | None, treasury: Treasury | None, clock: Clock
) -> Record:
    orders = await orders_since(trading, archive, clock, 0)
    fills = await fills_since(trading, archive, clock, 0)
    settlements = await collect(lambda c: trading.settlements(cursor=c))
    moved = await collect(lambda c: trading.cash_movements(cursor=c))
    sent = await transfers_of(treasury)
    positions = await collect(trading.positions)
    whys = (orders.why, fills.doubt, settlements.why, moved.why, sent.why, positions.doubt)
    return Record(
        orders=orders.items,
        fills=fills.items,
        settlements=newest(settlements.items),
        movements=(*moved.items, *shard_movements(sent.items)),
        positions=positions.items,
        balance=await trading.balance(),
        settled_from_us=0 if archive is None else (await archive.cutoffs()).markets_us,
        why="; ".join(dict.fromkeys(filter(None, whys))),
        illegible_fills=fills.unreadable,
        illegible_positions=positions.unreadable,
    )


async def read_books(store: Store, record: Record) -> Books:
    async with store.unit() as unit:
        told = await unit.journal.find(
            order_ids=[report.order_id for report in record.orders],
            client_order_ids=[r.client_order_id for r in record.orders if r.client_order_id],
        )
        live = await unit.journal.live()
        return Books(
            orders=tuple({o.client_order_id: o for o in (*told, *live)}.values()),
            history=await unit.ledger.history(),
            movements=await unit.ledger.movements(),
            held=net_by_ticker(await unit.ledger.positions()),
            by_shard=await unit.ledger.cash_by_shard(),
        )


def compared(books: Books, record: Record, now_us: int) -> Comparison:
    """Pure: what differs between two sides that were read."""
    fills = {entry[0].fill_id: entry[0] for entry in books.history if isinstance(entry, tuple)}
    missing_fills = [fill for fill in record.fills if fill.fill_id not in fills]
    paid = _in_force(entry for entry in books.history if isinstance(entry, Settlement))
    missing_paid = _missing_settlements(books.history, record.settlements)
    missing_moved = _missing_movements(books.movements, record.movements)
    whole = [*books.history, *((fill, EXTERNAL) for fill in missing_fills), *missing_paid]
    ours = cash_of(books.history, books.movements)
    after = cash_of(whole, [*books.movements, *missing_moved])
    nets = nets_of(whole)
    balance = before_collateral(record.balance, after, record.orders, nets)
    theirs = balance.cash
    found = [
        *_orders(books.orders, record, now_us),
        *_missing(missing_fills, paid, missing_paid, missing_moved),
        *([] if record.why else _extra(fills, paid, record)),
        *_changed(fills, record.fills),
        *([] if record.why else _positions(books.held, nets, record)),
        *_illegible("fill", record.illegible_fills),
        *_illegible("position", record.illegible_positions),
        *_shards(books.by_shard, balance),
    ]
    if ours != theirs:
        found.append(_cash(ours, theirs, after))
    return Comparison(tuple(found), record.why, ours, theirs, after - ours, theirs - after)


def _in_force(settlements: Iterable[Settlement]) -> dict[str, Settlement]:
    ordered = sorted(settlements, key=lambda s: (s.settled_us, s.revision))
    return {settlement.ticker: settlement for settlement in ordered}


def _money_of(settlement: Settlement) -> tuple[object, ...]:
    return settlement.result, settlement.value, settlement.net, settlement.revenue, settlement.fee


def _missing_settlements(history: Iterable[Entry], told: Iterable[Settlement]) -> list[Settlement]:
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


def _missing_movements(
    ours: Sequence[CashMovement], theirs: Sequence[CashMovement]
) -> list[CashMovement]:
    known = {movement.movement_id for movement in ours}
    happened = {"", *known, *(m.movement_id for m in theirs if not m.reverses)}
    return [m for m in theirs if m.movement_id not in known and m.reverses in happened]


def told_of(orders: Iterable[Order], reports: Iterable[OrderReport]) -> dict[str, OrderReport]:
    """What the exchange tells of these orders, by our id.

    One whose exchange's id never reached us is found by ours, where it is as it was sent. What is
    being sent just now is its sender's to learn of.
    """
    by_id: dict[str | None, OrderReport] = {}
    by_name: dict[str | None, OrderReport] = {}
    for report in reports:
        by_id[report.order_id] = by_name[report.client_order_id] = report
    told: dict[str, OrderReport] = {}
    for order in orders:
        is_known = order.order_id is not None
        found = by_id.get(order.order_id) if is_known else by_name.get(order.client_order_id)
        is_its_own = is_known or (
            found is not None
            and order.state is not OrderState.INTENT
            and has_terms(found, order.intent)
        )
        if found is not None and is_its_own:
            told[order.client_order_id] = found
    return told


def _orders(orders: Sequence[Order], record: Record, now_us: int) -> list[Discrepancy]:
    reports = told_of(orders, record.orders)
    found: list[Discrepancy] = []
    for order in orders:
        report = reports.get(order.client_order_id)
        ours = f"{order.state} {order.filled}"
        if report is not None:
            after = fold_report(order, report, now_us)
            if (after.state, after.filled) != (order.state, order.filled):
                theirs, said = f"{after.state} {after.filled}", "the exchange knows more"
                found.append(_order(order, ours, theirs, said, FOLD))
            elif report.filled != order.filled:
                theirs, said = f"{report.status} {report.filled}", "fewer fills than we know of"
                found.append(_order(order, ours, theirs, said))
        elif order.state in WORKING and not record.why:
            found.append(_order(order, ours, "nothing", "the exchange has no such order"))
    return found


def _order(order: Order, ours: str, theirs: str, said: str, repair: str = "") -> Discrepancy:
    return Discrepancy(What.ORDER, order.client_order_id, ours, theirs, said, repair)


def _missing(
    fills: Iterable[Fill],
    paid: Mapping[str, Settlement],
    settlements: Iterable[Settlement],
    movements: Iterable[CashMovement],
) -> list[Discrepancy]:
    found = [
        Discrepancy(
            What.MISSING_FILL,
            fill.fill_id,
            "nothing",
            f"{fill.side} {fill.count} {fill.ticker} at {fill.price}, fee {fill.fee}",
            "the exchange shows it, the ledger does not",
            BOOK,
        )
        for fill in fills
    ]
    for settlement in settlements:
        before = paid.get(settlement.ticker)
        said = "changed: the new revision reverses the old" if before else "paid, and not booked"
        ours = "nothing" if before is None else f"{before.result} {before.revenue}"
        theirs = f"{settlement.result} {settlement.revenue}"
        found.append(Discrepancy(What.SETTLEMENT, settlement.ticker, ours, theirs, said, BOOK))
    found += [
        Discrepancy(
            What.MOVEMENT, each.movement_id, "nothing", str(each.amount), f"a {each.kind}", BOOK
        )
        for each in movements
    ]
    return found


def _extra(
    fills: Mapping[str, Fill], paid: Mapping[str, Settlement], record: Record
) -> list[Discrepancy]:
    told = {fill.fill_id for fill in record.fills}
    settled = {settlement.ticker for settlement in record.settlements}
    found = [
        Discrepancy(
            What.EXTRA_FILL,
            fill.fill_id,
            f"{fill.side} {fill.count} {fill.ticker} at {fill.price}, fee {fill.fee}",
            "nothing",
            "the exchange shows no such fill, not in its archive either",
        )
        for fill in fills.values()
        if fill.fill_id not in told and fill.ticker not in record.illegible_fills
    ]
    found += [
        Discrepancy(
            What.SETTLEMENT,
            each.ticker,
            f"{each.result} {each.revenue}",
            "nothing",
            "the exchange shows no such settlement",
        )
        for each in paid.values()
        if each.ticker not in settled and each.settled_us >= record.settled_from_us
    ]
    return found


def _changed(ours: Mapping[str, Fill], theirs: Iterable[Fill]) -> list[Discrepancy]:
    """Fills of other terms. When they happened the stream tells less exactly than the list."""
    return [
        Discrepancy(
            What.CHANGED_FILL,
            fill.fill_id,
            f"{known.side} {known.count} at {known.price}, fee {known.fee}",
            f"{fill.side} {fill.count} at {fill.price}, fee {fill.fee}",
            "facts of money are never edited: see what the exchange says of it",
        )
        for fill in theirs
        if (known := ours.get(fill.fill_id)) is not None
        and replace(known, at_us=fill.at_us) != fill
    ]


def _positions(
    held: Mapping[str, Contracts],
    nets: Mapping[str, Contracts],
    record: Record,
) -> list[Discrepancy]:
    theirs = {position.ticker: position.net for position in record.positions}
    found: list[Discrepancy] = []
    for ticker in sorted((held.keys() | theirs.keys()) - record.illegible_positions.keys()):
        ours, true = held.get(ticker, NO_CONTRACTS), theirs.get(ticker, NO_CONTRACTS)
        if ours == true:
            continue
        said, repair = "no fill on record explains it: the market is frozen", ""
        if nets.get(ticker, NO_CONTRACTS) == true:
            said, repair = "what is on the exchange's record makes it up", "derive it again"
        found.append(Discrepancy(What.POSITION, ticker, str(ours), str(true), said, repair))
    return found


def _illegible(what: str, unreadable: Mapping[str, str]) -> list[Discrepancy]:
    said = "the market is frozen until the exchange's row can be read"
    return [
        Discrepancy(What.UNREADABLE, ticker, "not known", f"a {what}: {reason}", said)
        for ticker, reason in sorted(unreadable.items())
    ]


def unmatched_shards(ours: Mapping[int, Money], balance: Balance) -> dict[int, Money]:
    """Cash that a shard has beyond the ledger's, where nothing is missing of all together."""
    theirs = dict(balance.by_shard)
    if total(list(theirs.values())) != balance.cash or total(list(ours.values())) != balance.cash:
        return {}
    beyond = {
        shard: theirs.get(shard, NO_MONEY) - ours.get(shard, NO_MONEY)
        for shard in sorted(theirs.keys() | ours.keys())
    }
    return {shard: amount for shard, amount in beyond.items() if amount}


def _shards(ours: Mapping[int, Money], balance: Balance) -> list[Discrepancy]:
    return [
        Discrepancy(
            What.SHARD,
            str(shard),
            str(ours.get(shard, NO_MONEY)),
            str(ours.get(shard, NO_MONEY) + amount),
            "moved between shards by no transfer on record; all together they agree",
            MOVE,
        )
        for shard, amount in unmatched_shards(ours, balance).items()
    ]


def moved_between(ours: Mapping[int, Money], balance: Balance, at_us: int) -> list[CashMovement]:
    """Movements that add up to nothing and make each shard what the exchange says it is."""
    return [
        CashMovement(
            f"moved:{at_us}:{shard}",
            CashKind.TRANSFER,
            amount,
            at_us,
            shard,
            why="the balances of the shards alone tell it",
        )
        for shard, amount in unmatched_shards(ours, balance).items()
    ]


def _cash(ours: Money, theirs: Money, after: Money) -> Discrepancy:
    if theirs == after:
        said, repair = f"the missing facts make up all of {theirs - ours}", "book them"
    elif after == ours:
        said, repair = f"nothing on record explains {theirs - after}", ""
    else:
        said = f"the missing facts make up {after - ours}, nothing explains {theirs - after}"
        repair = "book them; the rest stays"
    return Discrepancy(What.CASH, "all shards", str(ours), str(theirs), said, repair)
