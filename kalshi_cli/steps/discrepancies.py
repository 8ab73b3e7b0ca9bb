"""The books held against everything that the exchange tells, fact by fact.

Each thing that differs says how it can be explained, and which repair the exchange's own record
proves; where nothing proves one there is none.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from kalshi_cli.domain.account import Settlement
from kalshi_cli.domain.history import Entry, cash_of, in_force, nets_of
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money
from kalshi_cli.domain.order import (
    DEAD,
    WORKING,
    ExchangeOrderStatus,
    Fill,
    Order,
    OrderReport,
    OrderState,
    fold_report,
    has_terms,
)
from kalshi_cli.steps.cash_explained import as_shown, cash_explained
from kalshi_cli.steps.missing_facts import Books, Missing, Record, missing_facts
from kalshi_cli.steps.shards import beyond_ledger
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
    `unexplained` the rest. `by_shard` is the difference on each shard, where the exchange tells.
    """

    discrepancies: tuple[Discrepancy, ...]
    why: str
    ledger_cash: Money
    exchange_cash: Money
    explained: Money
    unexplained: Money
    by_shard: Mapping[int, Money]


def compared(books: Books, record: Record, now_us: int) -> Comparison:
    """What differs between two sides that were read."""
    fills = {entry[0].fill_id: entry[0] for entry in books.history if isinstance(entry, tuple)}
    paid = in_force(books.history)
    missing = missing_facts(books, record)
    whole = [
        *books.history,
        *((fill, EXTERNAL) for fill in missing.fills),
        *missing.settlements,
    ]
    ours = cash_of(books.history, books.movements)
    movements = [*books.movements, *missing.movements]
    after = cash_of(whole, movements)
    nets = nets_of(whole)
    balance = before_collateral(record.balance, after, record.orders, nets)
    theirs = balance.cash
    by_shard = beyond_ledger(books.by_shard, balance)
    found = [
        *_orders(books.orders, record, now_us),
        *_missing(missing, paid),
        *([] if record.why else _extra(fills, paid, record)),
        *_changed(fills, record.fills),
        *([] if record.why else _positions(books.held, nets, record)),
        *_illegible("fill", record.illegible_fills),
        *_illegible("position", record.illegible_positions),
        *([] if record.why or ours != theirs else _shards(books.by_shard, by_shard)),
    ]
    if ours != theirs:
        shown = after if record.why else cash_of(as_shown(whole, record), movements)
        said, repair = cash_explained(ours, theirs, after, shown)
        found.append(Discrepancy(What.CASH, "all shards", str(ours), str(theirs), said, repair))
    why = "; ".join(filter(None, (record.why, _unshown(books.orders, whole, record, now_us))))
    return Comparison(tuple(found), why, ours, theirs, after - ours, theirs - after, by_shard)


def _unshown(orders: Sequence[Order], whole: Iterable[Entry], record: Record, now_us: int) -> str:
    """Which orders of ours have filled more than any fills tell of, which may be there yet.

    What has not come within the hour is not waited for.
    """
    shown: Counter[str | None] = Counter()
    for entry in whole:
        if isinstance(entry, tuple):
            shown[entry[0].order_id] += entry[0].count.units
    reports = told_of(orders, record.orders)
    late: list[str] = []
    for order in orders:
        report = reports.get(order.client_order_id)
        heard = order.filled if report is None else max(order.filled, report.filled)
        is_young = heard > order.filled or now_us - order.updated_us < HOUR
        is_legible = order.intent.ticker not in record.illegible_fills
        order_id = order.order_id if report is None else report.order_id
        if is_young and is_legible and heard.units > shown[order_id]:
            late.append(f"fills of order {order.client_order_id} are not shown yet")
    return "; ".join(late)


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
            after, theirs = fold_report(order, report, now_us), f"{report.status} {report.filled}"
            if (after.state, after.filled) != (order.state, order.filled):
                theirs, said = f"{after.state} {after.filled}", "the exchange knows more"
                found.append(_order(order, ours, theirs, said, FOLD))
            elif report.filled != order.filled:
                found.append(_order(order, ours, theirs, "fewer fills than we know of"))
            elif order.state in DEAD and report.status is ExchangeOrderStatus.RESTING:
                said = "it was told to be over: cancel it there"
                found.append(_order(order, ours, theirs, said))
        elif order.state in WORKING and not record.why:
            found.append(_order(order, ours, "nothing", "the exchange has no such order"))
    return found


def _order(order: Order, ours: str, theirs: str, said: str, repair: str = "") -> Discrepancy:
    return Discrepancy(What.ORDER, order.client_order_id, ours, theirs, said, repair)


def _missing(missing: Missing, paid: Mapping[str, Settlement]) -> list[Discrepancy]:
    found = [
        Discrepancy(
            What.MISSING_FILL,
            fill.fill_id,
            "nothing",
            f"{fill.side} {fill.count} {fill.ticker} at {fill.price}, fee {fill.fee}",
            "the exchange shows it, the ledger does not",
            BOOK,
        )
        for fill in missing.fills
    ]
    for settlement in missing.settlements:
        before = paid.get(settlement.ticker)
        said = "changed: the new revision reverses the old" if before else "paid, and not booked"
        ours = "nothing" if before is None else f"{before.result} {before.revenue}"
        theirs = f"{settlement.result} {settlement.revenue}"
        found.append(Discrepancy(What.SETTLEMENT, settlement.ticker, ours, theirs, said, BOOK))
    found += [
        Discrepancy(
            What.MOVEMENT, each.movement_id, "nothing", str(each.amount), f"a {each.kind}", BOOK
        )
        for each in missing.movements
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


def _shards(ours: Mapping[int, Money], beyond: Mapping[int, Money]) -> list[Discrepancy]:
    return [
        Discrepancy(
            What.SHARD,
            str(shard),
            str(ours.get(shard, NO_MONEY)),
            str(ours.get(shard, NO_MONEY) + amount),
            "moved between shards by no transfer on record; all together they agree",
            MOVE,
        )
        for shard, amount in beyond.items()
    ]
