"""Append what happened to the account to the ledger, and fold the positions it touched.

Duplicated, late and reordered facts converge, because the positions of each market touched are
folded again from its whole history.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.account import Settlement
from kalshi_cli.domain.fees import effective_terms, fill_fee
from kalshi_cli.domain.history import Entry, fold_history
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import (
    NEVER_SEEN,
    Fill,
    Order,
    OrderReport,
    Purpose,
    fold_fill,
    fold_report,
    has_terms,
)
from kalshi_cli.domain.position import Position
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData, Trading
from kalshi_cli.ports.store import CatalogEntry, Store, Unit
from kalshi_cli.steps.analyze import learn_markets
from kalshi_cli.steps.following import resurrection
from kalshi_cli.steps.paging import collect

OVERLAP = 10 * MINUTE
FILLS_OWED, SETTLEMENTS_OWED = "fills_owed", "settlements_owed"
"""Markers of the oldest facts read that could not be booked: newer ones must not hide them."""
FEE_DRIFT = Money(100)
"""Dollars by which a fill's fee may differ from our fee model before that is an alarm."""


@dataclass(frozen=True, slots=True)
class Booked:
    """What was new. `whys` say why something could not be read whole, `alarms` what is odd.

    `unlisted` are markets that the exchange does not tell of: what happened there is not booked.
    """

    fills: tuple[Fill, ...]
    settlements: tuple[Settlement, ...]
    whys: tuple[str, ...]
    alarms: tuple[str, ...]
    unlisted: frozenset[str]

    def __add__(self, later: "Booked") -> "Booked":
        return Booked(
            self.fills + later.fills,
            self.settlements + later.settlements,
            self.whys + later.whys,
            self.alarms + later.alarms,
            later.unlisted,
        )


@dataclass(frozen=True, slots=True)
class _Claimed:
    """Orders behind fills, asked for because their ids never reached us.

    `unread` are ids that the exchange does not show yet: whose they are cannot be told.
    """

    reports: Mapping[str, OrderReport]
    unread: frozenset[str]

    @property
    def why(self) -> str:
        return f"fills of an order not shown yet: {min(self.unread)}" if self.unread else ""


async def book(data: MarketData, trading: Trading, store: Store, clock: Clock) -> Booked:
    """Read fills, settlements and cash movements since the last ones, and book the new ones."""
    async with store.unit() as unit:
        fill_us = await _read_from(unit, FILLS_OWED, await unit.ledger.last_fill_us())
        settled_us = await _read_from(
            unit, SETTLEMENTS_OWED, await unit.ledger.last_settlement_us()
        )
    fills = await collect(lambda c: trading.fills(min_us=fill_us, cursor=c))
    settlements = await collect(lambda c: trading.settlements(min_us=settled_us, cursor=c))
    movements = await collect(trading.cash_movements)
    claimed = await _claimed(trading, store, fills.items)
    touched = {fill.ticker for fill in fills.items} | {s.ticker for s in settlements.items}
    await learn_markets(data, store, clock, touched)
    async with store.unit() as unit:
        entries = await unit.catalog.entries(tickers=touched) if touched else ()
        unlisted = frozenset(touched) - {entry.market.ticker for entry in entries}
        owed = [f for f in fills.items if f.order_id in claimed.unread or f.ticker in unlisted]
        unpaid = [s for s in settlements.items if s.ticker in unlisted]
        usable = [fill for fill in fills.items if fill not in owed]
        paid = [settlement for settlement in settlements.items if settlement not in unpaid]
        new_fills, alarms = await _append_fills(unit, usable, claimed.reports, clock.now())
        new_settlements = await _append_settlements(unit, paid)
        unread = [] if fills.reached_end else [fill_us + OVERLAP]
        await _owe(unit, FILLS_OWED, [*unread, *(fill.at_us for fill in owed)], clock.now())
        await _owe(unit, SETTLEMENTS_OWED, [s.settled_us for s in unpaid], clock.now())
        await unit.ledger.add_cash(movements.items)
        changed = {fill.ticker for fill in new_fills} | {s.ticker for s in new_settlements}
        await _refold(unit, changed)
        await unit.commit()
    nowhere = f"markets the exchange does not tell of: {min(unlisted)}" if unlisted else ""
    whys = (fills.why, settlements.why, movements.why, claimed.why, nowhere)
    return Booked(new_fills, new_settlements, whys, alarms, unlisted)


async def book_told(
    data: MarketData, trading: Trading, store: Store, clock: Clock, told: Sequence[Fill]
) -> Booked:
    """Book fills that the stream told; those known are left alone.

    It may have left out others, older than these: the next read begins where it would have begun.
    A fill whose order or market is not shown yet is left to that read.
    """
    claimed = await _claimed(trading, store, told)
    touched = {fill.ticker for fill in told}
    await learn_markets(data, store, clock, touched)
    async with store.unit() as unit:
        newest_us = await unit.ledger.last_fill_us()
        listed = {entry.market.ticker for entry in await unit.catalog.entries(tickers=touched)}
        usable = [f for f in told if f.order_id not in claimed.unread and f.ticker in listed]
        new_fills, alarms = await _append_fills(unit, usable, claimed.reports, clock.now())
        if new_fills:
            await _keep_reading_from(unit, newest_us)
        await _refold(unit, {fill.ticker for fill in new_fills})
        await unit.commit()
    return Booked(new_fills, (), (claimed.why,), alarms, frozenset(touched) - listed)


async def _keep_reading_from(unit: Unit, newest_us: int | None) -> None:
    """Have the next read of fills begin as if none had been told since the newest that was read."""
    begins_us = OVERLAP if newest_us is None else newest_us
    owed_us = await unit.catalog.marker(FILLS_OWED)
    if owed_us is None or begins_us < owed_us:
        await unit.catalog.set_marker(FILLS_OWED, begins_us)


async def _read_from(unit: Unit, owed: str, newest_us: int | None) -> int:
    """Where to read from: before the newest fact on record, and before what is still owed."""
    if newest_us is None:
        return 0
    owed_us = await unit.catalog.marker(owed)
    return min(newest_us, newest_us if owed_us is None else owed_us) - OVERLAP


async def _owe(unit: Unit, owed: str, instants: Collection[int], now_us: int) -> None:
    """Remember since when facts could not be booked, or that none is owed any more."""
    if instants or await unit.catalog.marker(owed) is not None:
        await unit.catalog.set_marker(owed, min(instants, default=now_us))


async def _claimed(trading: Trading, store: Store, fills: Collection[Fill]) -> _Claimed:
    """Ask whose order it was where a fill may be of one that is being sent, or was given up."""
    async with store.unit() as unit:
        known = {o.order_id for o in await unit.journal.find(order_ids={f.order_id for f in fills})}
        unplaced = {(o.intent.ticker, o.intent.side) for o in await unit.journal.unplaced()}
    strangers = {f.order_id for f in fills if (f.ticker, f.side) in unplaced} - known
    answers = {order_id: await trading.order(order_id) for order_id in sorted(strangers)}
    return _Claimed(
        {order_id: report for order_id, report in answers.items() if report is not None},
        frozenset(order_id for order_id, report in answers.items() if report is None),
    )


async def _append_fills(
    unit: Unit, fills: Collection[Fill], claimed: Mapping[str, OrderReport], now_us: int
) -> tuple[tuple[Fill, ...], tuple[str, ...]]:
    orders = {o.order_id: o for o in await unit.journal.find(order_ids={f.order_id for f in fills})}
    alarms: list[str] = []
    for report in claimed.values():
        for order in await unit.journal.find(client_order_ids=[report.client_order_id or ""]):
            if not has_terms(report, order.intent):
                continue
            orders[report.order_id] = after = _found_again(order, report, now_us)
            if after != order:
                await unit.journal.save(after)
                alarms.append(resurrection(order.state, after))
    new = await unit.ledger.add_fills([(fill, _owner(orders.get(fill.order_id))) for fill in fills])
    touched = {fill.order_id for fill in new} & orders.keys()
    filled = await unit.ledger.filled(touched)
    for order_id in sorted(touched):
        alarms += await _count(unit, orders[order_id], filled[order_id], now_us)
    alarms += await _fee_alarms(unit, new)
    return new, tuple(alarms)


def _found_again(order: Order, report: OrderReport, now_us: int) -> Order:
    """An order given up comes back; one that is being sent is left to its sender."""
    return fold_report(order, report, now_us) if order.state in NEVER_SEEN else order


def _owner(order: Order | None) -> str:
    return EXTERNAL if order is None else order.intent.strategy


async def _count(unit: Unit, order: Order, filled: Contracts, now_us: int) -> list[str]:
    """Fold the fills of an order; more than were ordered are booked all the same, and alarm."""
    wanted = order.intent.count
    after = order if order.order_id is None else fold_fill(order, min(filled, wanted), now_us)
    if after != order:
        await unit.journal.save(after)
    if filled <= wanted:
        return []
    return [f"order {order.client_order_id} filled {filled} of {wanted} contracts"]


async def _fee_alarms(unit: Unit, fills: Sequence[Fill]) -> list[str]:
    entries = await unit.catalog.entries(tickers={fill.ticker for fill in fills}) if fills else ()
    by_ticker = {entry.market.ticker: entry for entry in entries}
    found = [(fill, modelled_fee(fill, by_ticker.get(fill.ticker))) for fill in fills]
    return [
        f"fill {fill.fill_id} in {fill.ticker} cost a fee of {fill.fee}, the model says {fee}"
        for fill, fee in found
        if fee is not None and abs(fill.fee - fee) > FEE_DRIFT
    ]


def modelled_fee(fill: Fill, entry: CatalogEntry | None) -> Money | None:
    """What a fill should have cost by our fee model; None where its terms are not known."""
    if entry is None:
        return None
    terms = effective_terms(
        entry.series.fees, entry.event.fees, entry.market.fee_waiver_expires_us, fill.at_us
    )
    if not terms.is_known:
        return None
    return fill_fee(
        terms, side=fill.side, price=fill.price, count=fill.count, is_taker=fill.is_taker
    )


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
    await _drop_plans(unit, [position for position in positions if position.is_flat])


async def _drop_plans(unit: Unit, flat: Collection[Position]) -> None:
    """Forget how to leave what is left, unless an entry there lives or is not booked whole."""
    entering = {
        (order.intent.ticker, order.intent.strategy)
        for order in (*await unit.journal.live(), *await unit.journal.unbooked())
        if order.intent.purpose is not Purpose.EXIT
    }
    for ticker, owner in {(position.ticker, position.owner) for position in flat} - entering:
        await unit.plans.remove(ticker, owner)


async def _exit_reasons(unit: Unit, histories: Iterable[Sequence[Entry]]) -> dict[str, str]:
    """Why each order was sent, by the exchange's id."""
    order_ids = {
        entry[0].order_id for history in histories for entry in history if isinstance(entry, tuple)
    }
    orders = await unit.journal.find(order_ids=order_ids)
    return {order.order_id: order.intent.reason for order in orders if order.order_id}
