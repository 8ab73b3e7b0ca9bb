"""Make the desk's books agree with the exchange: orders, then fills, then positions, then cash.

Starting, recovering and tracking are this one code path. Duplicated, late and reordered facts
converge because positions are folded again from the whole history of each market touched. A failed
or partial read is never evidence that something is gone.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from kalshi_cli.domain.account import Balance, CashKind, CashMovement, Settlement
from kalshi_cli.domain.history import Entry, fold_history
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.instant import MINUTE, SECOND
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Money
from kalshi_cli.domain.order import (
    UNRESOLVED,
    Fill,
    Order,
    OrderReport,
    OrderState,
    fold_fill,
    fold_report,
)
from kalshi_cli.domain.position import Position
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData, Trading
from kalshi_cli.ports.store import Store, Unit
from kalshi_cli.steps.analyze import learn_markets
from kalshi_cli.steps.paging import Collected, collect

OVERLAP = 10 * MINUTE
SEARCHES = 5
CASH = "cash"
SEARCH_PAUSE = SECOND


@dataclass(frozen=True, slots=True)
class Difference:
    """Something the exchange says otherwise. `ours` and `theirs` are texts in the same unit."""

    what: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What one pass learned. Unless `complete`, absence proves nothing; `why` says why."""

    at_us: int
    complete: bool
    why: str
    new_fills: tuple[Fill, ...]
    settlements: tuple[Settlement, ...]
    changed: tuple[Order, ...]
    unresolved: tuple[Order, ...]
    foreign: tuple[OrderReport, ...]
    differences: tuple[Difference, ...]
    balance: Balance
    cash: Money

    @property
    def frozen_tickers(self) -> frozenset[str]:
        """Markets where nothing new may be risked: an unknown order, or positions that differ."""
        differing = {d.what for d in self.differences if d.what != CASH}
        return frozenset({order.intent.ticker for order in self.unresolved} | differing)


async def reconcile(
    data: MarketData,
    trading: Trading,
    store: Store,
    clock: Clock,
    *,
    in_flight: Collection[str] = (),
) -> Reconciliation:
    """Run one pass. Raises `Unavailable` when the exchange cannot be read at all.

    `in_flight` are ids this very process is sending now: their outcome is not unknown yet.
    """
    resolved, unresolved = await _resolve(trading, store, clock, in_flight)
    resting = await collect(lambda cursor: trading.orders(resting_only=True, cursor=cursor))
    worked, foreign = await _follow(trading, store, clock, resting)
    fills, settlements, whys = await _facts(data, trading, store, clock)
    balance = await trading.balance()
    differences = await compare_positions(trading, store)
    if differences:  # a fill may have landed between two reads: look once more before alarming
        again = await _facts(data, trading, store, clock)
        fills, settlements, whys = fills + again[0], settlements + again[1], whys + again[2]
        balance = await trading.balance()
        differences = await compare_positions(trading, store)
    why = "; ".join(dict.fromkeys(filter(None, (resting.why, *whys))))
    cash = await _settle_cash(store, clock, balance, complete=not why)
    if cash != balance.cash:
        differences = (*differences, Difference(CASH, str(cash), str(balance.cash)))
    return Reconciliation(
        at_us=clock.now(),
        complete=not why,
        why=why,
        new_fills=fills,
        settlements=settlements,
        changed=(*resolved, *worked),
        unresolved=unresolved,
        foreign=foreign,
        differences=() if why else differences,
        balance=balance,
        cash=cash,
    )


def joined(first: Reconciliation, second: Reconciliation) -> Reconciliation:
    """Two passes as one: what either found, and how things stand after the second."""
    return replace(
        second,
        new_fills=first.new_fills + second.new_fills,
        settlements=first.settlements + second.settlements,
        changed=first.changed + second.changed,
    )


async def _resolve(
    trading: Trading, store: Store, clock: Clock, in_flight: Collection[str]
) -> tuple[tuple[Order, ...], tuple[Order, ...]]:
    """Search for orders of unknown outcome; adopt what shows up, give up after five misses."""
    async with store.unit() as unit:
        live = await unit.journal.live()
    missing = {
        order.client_order_id: order
        for order in live
        if order.state in UNRESOLVED and order.client_order_id not in in_flight
    }
    found: dict[str, OrderReport] = {}
    complete = True
    for attempt in range(SEARCHES):
        if not missing:
            break
        if attempt:
            await clock.sleep_until(clock.now() + SEARCH_PAUSE)
        since = min(order.created_us for order in missing.values()) - MINUTE
        reports = await _orders_since(trading, since)
        complete = complete and reports.complete
        for report in reports.items:
            if missing.pop(report.client_order_id or "", None) is not None:
                found[report.client_order_id or ""] = report
    now = clock.now()
    folds = {key: partial(_adopted, report=report, now_us=now) for key, report in found.items()}
    if complete:
        folds |= {key: partial(_absent, now_us=now) for key in missing}
    changed = await amend(store, folds)
    return changed, () if complete else tuple(missing.values())


async def _orders_since(trading: Trading, since_us: int) -> Collected[OrderReport]:
    return await collect(lambda cursor: trading.orders(min_us=since_us, cursor=cursor))


def _adopted(order: Order, report: OrderReport, now_us: int) -> Order:
    unknown = order.moved(OrderState.UNKNOWN, now_us) if order.state is OrderState.INTENT else order
    return fold_report(unknown, report, now_us)


def _absent(order: Order, now_us: int) -> Order:
    unknown = order.moved(OrderState.UNKNOWN, now_us)
    return unknown.moved(OrderState.ABSENT, now_us, "the exchange has no such order")


async def amend(store: Store, folds: Mapping[str, Callable[[Order], Order]]) -> tuple[Order, ...]:
    """Change journalled orders by id; returns them as they are now.

    Reading, folding and saving is one transaction, so two lanes cannot lose each other's news.
    """
    if not folds:
        return ()
    orders: list[Order] = []
    async with store.unit() as unit:
        for order in await unit.journal.find(client_order_ids=list(folds)):
            after = folds[order.client_order_id](order)
            if after != order:
                await unit.journal.save(after)
            orders.append(after)
        await unit.commit()
    return tuple(orders)


async def _follow(
    trading: Trading, store: Store, clock: Clock, resting: Collected[OrderReport]
) -> tuple[tuple[Order, ...], tuple[OrderReport, ...]]:
    """Bring working orders up to date; what rests and is not ours is foreign."""
    async with store.unit() as unit:
        working = [o for o in await unit.journal.live() if o.state not in UNRESOLVED]
        ours = await unit.journal.find(order_ids=[report.order_id for report in resting.items])
    reports = {report.order_id: report for report in resting.items}
    folds: dict[str, Callable[[Order], Order]] = {}
    for order in working:
        report = reports.get(order.order_id or "") or await _ask(trading, order)
        if report is not None:
            folds[order.client_order_id] = partial(fold_report, report=report, now_us=clock.now())
    changed = [order for order in await amend(store, folds) if order not in working]
    known = {order.order_id for order in ours}
    return tuple(changed), tuple(r for r in resting.items if r.order_id not in known)


async def _ask(trading: Trading, order: Order) -> OrderReport | None:
    return await trading.order(order.order_id) if order.order_id else None


async def _facts(
    data: MarketData, trading: Trading, store: Store, clock: Clock
) -> tuple[tuple[Fill, ...], tuple[Settlement, ...], tuple[str, ...]]:
    """Append what happened to the ledger and fold the positions it touched."""
    async with store.unit() as unit:
        fill_us, settled_us = (
            await unit.ledger.last_fill_us(),
            await unit.ledger.last_settlement_us(),
        )
    fills = await collect(lambda c: trading.fills(min_us=_overlapping(fill_us), cursor=c))
    settlements = await collect(
        lambda c: trading.settlements(min_us=_overlapping(settled_us), cursor=c)
    )
    movements = await collect(trading.cash_movements)
    touched = {fill.ticker for fill in fills.items} | {s.ticker for s in settlements.items}
    await learn_markets(data, store, clock, touched)
    async with store.unit() as unit:
        new_fills = await _append_fills(unit, fills.items, clock.now())
        new_settlements = await _append_settlements(unit, settlements.items)
        await unit.ledger.add_cash(movements.items)
        changed = {fill.ticker for fill in new_fills} | {s.ticker for s in new_settlements}
        await _refold(unit, changed)
        await unit.commit()
    return new_fills, new_settlements, (fills.why, settlements.why, movements.why)


def _overlapping(since_us: int | None) -> int:
    return 0 if since_us is None else since_us - OVERLAP


async def _append_fills(unit: Unit, fills: Collection[Fill], now_us: int) -> tuple[Fill, ...]:
    order_ids = {fill.order_id for fill in fills}
    orders = {o.order_id: o for o in await unit.journal.find(order_ids=order_ids)}
    owned = [
        (fill, orders[fill.order_id].intent.strategy if fill.order_id in orders else EXTERNAL)
        for fill in fills
    ]
    new = await unit.ledger.add_fills(owned)
    touched = {fill.order_id for fill in new} & orders.keys()
    filled = await unit.ledger.filled(touched)
    for order_id in sorted(touched):
        order = orders[order_id]
        after = fold_fill(order, filled.get(order_id, NO_CONTRACTS), now_us)
        if after != order:
            await unit.journal.save(after)
    return new


async def _append_settlements(
    unit: Unit, settlements: Collection[Settlement]
) -> tuple[Settlement, ...]:
    added = [await unit.ledger.add_settlement(settlement) for settlement in settlements]
    return tuple(settlement for settlement in added if settlement is not None)


async def _refold(unit: Unit, tickers: Collection[str]) -> None:
    """Derive positions and round trips of these markets anew from their history."""
    if not tickers:
        return
    histories: dict[str, list[Entry]] = {ticker: [] for ticker in sorted(tickers)}
    for entry in await unit.ledger.history(tickers):
        ticker = entry.ticker if isinstance(entry, Settlement) else entry[0].ticker
        histories[ticker].append(entry)
    reasons = await _exit_reasons(unit, histories.values())
    positions: list[Position] = []
    for ticker, history in histories.items():
        folded = fold_history(ticker, history, reasons)
        positions += [item.position for item in folded]
        trips = [trip for item in folded for trip in item.trips]
        await unit.ledger.save_round_trips(ticker, trips)
    await unit.ledger.save_positions(positions)
    for position in positions:
        if position.is_flat:
            await unit.plans.remove(position.ticker, position.owner)


async def _exit_reasons(unit: Unit, histories: Iterable[Sequence[Entry]]) -> dict[str, str]:
    """Why each order was sent, by the exchange's id."""
    order_ids = {
        entry[0].order_id for history in histories for entry in history if isinstance(entry, tuple)
    }
    orders = await unit.journal.find(order_ids=order_ids)
    return {order.order_id: order.intent.reason for order in orders if order.order_id}


async def compare_positions(trading: Trading, store: Store) -> tuple[Difference, ...]:
    """Where net positions differ; nothing where the exchange's could not be read whole."""
    theirs = await collect(trading.positions)
    if not theirs.complete:
        return ()
    async with store.unit() as unit:
        ours = _net_by_ticker(
            {(p.ticker, p.owner): p.net for p in await unit.ledger.positions(open_only=True)}
        )
    reported = {position.ticker: position.net for position in theirs.items}
    return tuple(
        Difference(
            ticker, str(ours.get(ticker, NO_CONTRACTS)), str(reported.get(ticker, NO_CONTRACTS))
        )
        for ticker in sorted(ours.keys() | reported.keys())
        if ours.get(ticker, NO_CONTRACTS) != reported.get(ticker, NO_CONTRACTS)
    )


def _net_by_ticker(positions: Mapping[tuple[str, str], Contracts]) -> dict[str, Contracts]:
    totals: dict[str, Contracts] = {}
    for (ticker, _), net in positions.items():
        totals[ticker] = totals.get(ticker, NO_CONTRACTS) + net
    return {ticker: net for ticker, net in totals.items() if net}


async def _settle_cash(store: Store, clock: Clock, balance: Balance, *, complete: bool) -> Money:
    """The ledger's cash. The first whole pass books what no movement explains as the opening."""
    async with store.unit() as unit:
        cash = await unit.ledger.cash()
        if not complete or await unit.catalog.marker("books_opened") is not None:
            return cash
        if balance.cash != cash:
            opening = balance.cash - cash
            movement = CashMovement("opening", CashKind.OPENING, opening, clock.now())
            await unit.ledger.add_cash([movement])
        await unit.catalog.set_marker("books_opened", clock.now())
        await unit.commit()
        return balance.cash
