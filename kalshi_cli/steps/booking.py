"""Append what happened to the account to the ledger, and fold the positions it touched.

Duplicated, late and reordered facts converge, because the positions of each market touched are
folded again from its whole history.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kalshi_cli.domain.account import Settlement, settlement_revenue
from kalshi_cli.domain.fees import effective_terms, fill_fee
from kalshi_cli.domain.history import Entry, fold_history
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money
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
from kalshi_cli.domain.position import Position, RoundTrip, net_by_ticker
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trail import Cause
from kalshi_cli.ports.archive import Archive
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData, Trading
from kalshi_cli.ports.store import Store, Unit
from kalshi_cli.ports.treasury import Treasury
from kalshi_cli.steps.archived import SURELY_LIVE, archived_orders, fills_since
from kalshi_cli.steps.following import imposture, resurrection
from kalshi_cli.steps.learning import learn_markets
from kalshi_cli.steps.paging import collect
from kalshi_cli.steps.shards import shard_movements, transfers_of

OVERLAP = 10 * MINUTE
FILLS_OWED = "fills_owed"
"""Marker of the oldest fill read that could not be booked: newer ones must not hide it."""
CASH_KNOWN, TRANSFERS_KNOWN = "cash_known", "transfers_known"
"""Markers of an instant before which all deposits and withdrawals, or transfers, were read."""
SETTLEMENTS_KNOWN = "settlements_known"
"""Marker of the instant when all settlements were last read.

One that is changed keeps its time, and where the account as a whole held nothing its money is none
before and after: no difference tells of it, though what each owner gained is another.
"""
SETTLEMENTS_TRIED = "settlements_tried"
"""Marker of the instant when a read of all settlements last ended before their end.

It is as long as the history of the account: another waits for an hour, not for the next pass.
"""
CASH_OVERLAP = 30 * DAY
"""How long a deposit may take from being made until it counts. Any other that counts late makes a
difference of cash, for which everything is read.
"""
FEE_DRIFT = Money(100)
"""Dollars by which a fill's fee may differ from our fee model before that is an alarm."""


@dataclass(frozen=True, slots=True)
class Booked:
    """What was new. `whys` say why something could not be read whole, `alarms` what is odd.

    `unlisted` are markets held or traded that the exchange does not tell of, such as combos bought
    by hand. What happened there is booked; it is worth nothing and may lose all that it cost.
    `unreadable` are markets with fills that cannot be read, and what is wrong with them.
    """

    fills: tuple[Fill, ...]
    settlements: tuple[Settlement, ...]
    whys: tuple[str, ...]
    alarms: tuple[str, ...]
    unlisted: frozenset[str]
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, later: "Booked") -> "Booked":
        return Booked(
            self.fills + later.fills,
            self.settlements + later.settlements,
            self.whys + later.whys,
            self.alarms + later.alarms,
            self.unlisted | later.unlisted,
            {**self.unreadable, **later.unreadable},
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


async def book(
    data: MarketData,
    trading: Trading,
    store: Store,
    clock: Clock,
    *,
    archive: Archive | None = None,
    treasury: Treasury | None = None,
    whole: bool = False,
) -> Booked:
    """Read fills, settlements and cash movements since the last ones, and book the new ones.

    `whole` reads all there ever were: what came late, or was changed long after, is booked too.
    """
    async with store.unit(reads=True) as unit:
        last_us = await unit.ledger.last_settlement_us()
        fill_us = 0 if whole else await _fills_from(unit)
        settled_us = 0 if whole or last_us is None else last_us - OVERLAP
        held = {position.ticker for position in await unit.ledger.positions()}
        cash_us = 0 if whole else await _known_from(unit, CASH_KNOWN)
        sent_us = 0 if whole else await _known_from(unit, TRANSFERS_KNOWN)
        began_us = clock.now()
        reads_ever = settled_us != 0 and await _is_due(unit, began_us)
    fills = await fills_since(trading, archive, clock, fill_us)
    settlements = await collect(lambda c: trading.settlements(min_us=settled_us, cursor=c))
    ever = settlements
    if reads_ever:
        # What is old and cannot be read is no doubt of what is so now.
        ever = await collect(lambda c: trading.settlements(cursor=c))
    moved = await collect(lambda c: trading.cash_movements(min_us=cash_us, cursor=c))
    sent = await transfers_of(treasury, sent_us)
    claimed = await _claimed(trading, store, clock, fills.items, archive)
    told = newest((*ever.items, *settlements.items))
    async with store.unit(reads=True) as unit:
        unheard = await unit.ledger.new_settlements(told)
    touched = (
        held
        | {fill.ticker for fill in fills.items}
        | {s.ticker for s in (*unheard, *settlements.items)}
    )
    await learn_markets(data, store, clock, touched)
    owed = [fill.at_us for fill in fills.items if fill.order_id in claimed.unread]
    usable = [fill for fill in fills.items if fill.order_id not in claimed.unread]
    async with store.unit() as unit:
        unlisted = frozenset(touched) - await unit.catalog.known_markets(touched)
        new_fills, alarms = await _append_fills(unit, usable, claimed.reports, clock.now())
        new_settlements = await unit.ledger.add_settlements(told)
        if ever.reached_end and (ever is not settlements or not settled_us):
            await _keep_known(unit, SETTLEMENTS_KNOWN, began_us)
        elif reads_ever:
            await unit.catalog.set_marker(SETTLEMENTS_TRIED, began_us)
        unread = [] if fills.reached_end else [fill_us + OVERLAP]
        await _owe(unit, [*unread, *owed], clock.now())
        await unit.ledger.add_cash([*moved.items, *shard_movements(sent.items)])
        for name, read in ((CASH_KNOWN, moved), (TRANSFERS_KNOWN, sent)):
            if read.complete and read.reached_end:
                await _keep_known(unit, name, began_us)
        await _refold(unit, {f.ticker for f in new_fills} | {s.ticker for s in new_settlements})
        await unit.commit()
    whys = (fills.doubt, settlements.why, moved.why, sent.why, claimed.why)
    return Booked(new_fills, new_settlements, whys, alarms, unlisted, fills.unreadable)


async def book_told(
    data: MarketData, trading: Trading, store: Store, clock: Clock, told: Sequence[Fill]
) -> Booked:
    """Book fills that the stream told; those known are left alone.

    It may have left out others, older than these: the next read begins where it would have begun.
    A fill whose order or market is not shown yet is left to that read.
    """
    claimed = await _claimed(trading, store, clock, told)
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


async def book_archived(archive: Archive, store: Store, gone: Collection[str]) -> Booked:
    """Book the settlements of markets that the exchange has put away, with their settlements.

    `gone` are markets that we hold and the exchange does not. A settlement older than the cutoff is
    told nowhere, but the archived market tells its result and when it paid; we know what we held.
    """
    page = await archive.listings(gone)
    async with store.unit() as unit:
        nets = net_by_ticker(await unit.ledger.positions())
        settlements = [
            Settlement(
                ticker=market.ticker,
                event_ticker=market.event_ticker,
                result=market.result,
                value=market.payout,
                net=nets[market.ticker],
                revenue=settlement_revenue(nets[market.ticker], market.payout),
                fee=NO_MONEY,
                settled_us=market.settlement_us,
                exchange_index=market.exchange_index,
            )
            for market in (listing.market for listing in page.items)
            if market.ticker in nets
            and market.result is not None
            and market.payout is not None
            and market.settlement_us is not None
        ]
        booked = await unit.ledger.add_settlements(settlements)
        await _refold(unit, {settlement.ticker for settlement in booked})
        await unit.commit()
    return Booked((), booked, (), (), frozenset())


def newest(settlements: Sequence[Settlement]) -> tuple[Settlement, ...]:
    """The first of each market and time: lists come newest first, and one may be changed."""
    return tuple({(s.ticker, s.settled_us): s for s in reversed(settlements)}.values())


async def _fills_from(unit: Unit) -> int:
    """Where to read from: before the newest fill on record, and before what is still owed."""
    newest_us = await unit.ledger.last_fill_us()
    if newest_us is None:
        return 0
    owed_us = await unit.catalog.marker(FILLS_OWED)
    return min(newest_us, newest_us if owed_us is None else owed_us) - OVERLAP


async def _known_from(unit: Unit, name: str) -> int:
    """Since when movements of cash have to be read; 0 for all."""
    known_us = await unit.catalog.marker(name)
    return 0 if known_us is None else known_us - CASH_OVERLAP


async def _is_due(unit: Unit, now_us: int) -> bool:
    """Whether all settlements have to be read again."""
    known_us = await unit.catalog.marker(SETTLEMENTS_KNOWN)
    tried_us = await unit.catalog.marker(SETTLEMENTS_TRIED)
    return (known_us is None or now_us - known_us >= DAY) and (
        tried_us is None or now_us - tried_us >= HOUR
    )


async def _keep_known(unit: Unit, name: str, at_us: int) -> None:
    """Remember that all before an instant was read; once a day will do, for a write costs more."""
    known_us = await unit.catalog.marker(name)
    if known_us is None or at_us - known_us >= DAY:
        await unit.catalog.set_marker(name, at_us)


async def _owe(unit: Unit, instants: Collection[int], now_us: int) -> None:
    """Remember since when fills could not be booked, or that none is owed any more."""
    if instants or await unit.catalog.marker(FILLS_OWED) is not None:
        await unit.catalog.set_marker(FILLS_OWED, min(instants, default=now_us))


async def _claimed(
    trading: Trading,
    store: Store,
    clock: Clock,
    fills: Collection[Fill],
    archive: Archive | None = None,
) -> _Claimed:
    """Ask whose order it was where a new fill may be of one that is being sent, or was given up."""
    async with store.unit(reads=True) as unit:
        new = await unit.ledger.unknown(fills)
        known = {o.order_id for o in await unit.journal.find(order_ids={f.order_id for f in new})}
        nobodys = [fill for fill in new if fill.order_id not in known]
        unplaced = await unit.journal.unplaced({fill.ticker for fill in nobodys})
    sent_us: dict[tuple[str, Side], int] = {}
    for order in reversed(unplaced):  # oldest last
        sent_us[order.intent.ticker, order.intent.side] = order.created_us
    strangers = [fill for fill in nobodys if (fill.ticker, fill.side) in sent_us]
    asked = sorted({fill.order_id for fill in strangers})
    answers = [await trading.order(order_id) for order_id in asked]
    reports = {report.order_id: report for report in answers if report is not None}
    missing = [fill for fill in strangers if fill.order_id not in reports]
    if not missing:
        return _Claimed(reports, frozenset())
    since = min(sent_us[fill.ticker, fill.side] for fill in missing) - MINUTE
    old = await archived_orders(archive, clock, since)
    reports |= {report.order_id: report for report in old.items if report.order_id in asked}
    # Of an old fill, no order since ours in either list is none of ours; young ones lag.
    told_us = clock.now() - SURELY_LIVE if archive is not None and old.complete else 0
    unread = {fill.order_id for fill in missing if fill.at_us >= told_us} - reports.keys()
    return _Claimed(reports, frozenset(unread))


async def _append_fills(
    unit: Unit, fills: Collection[Fill], claimed: Mapping[str, OrderReport], now_us: int
) -> tuple[tuple[Fill, ...], tuple[str, ...]]:
    orders = {o.order_id: o for o in await unit.journal.find(order_ids={f.order_id for f in fills})}
    alarms: list[str] = []
    for report in claimed.values():
        for order in await unit.journal.find(client_order_ids=[report.client_order_id or ""]):
            if not has_terms(report, order.intent):
                alarms.append(imposture(report))
                continue
            orders[report.order_id] = after = _found_again(order, report, now_us)
            if after != order:
                await unit.journal.save(after, Cause.REPORT)
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
    wanted = order.whole
    after = order if order.order_id is None else fold_fill(order, min(filled, wanted), now_us)
    if after != order:
        await unit.journal.save(after, Cause.FILL)
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
    trips: list[RoundTrip] = []
    for ticker, history in histories.items():
        folded = fold_history(ticker, history, reasons)
        positions += [item.position for item in folded]
        trips += [trip for item in folded for trip in item.trips]
    await unit.ledger.save_round_trips(tickers, trips)
    await unit.ledger.save_positions(positions)
    await _drop_plans(unit, [position for position in positions if position.is_flat])


async def _drop_plans(unit: Unit, flat: Collection[Position]) -> None:
    """Forget how to leave what is left, unless an entry there may fill yet, or is not booked whole.

    One that was given up may: should the exchange have it after all, there is something to leave.
    """
    maybe = (
        *await unit.journal.live(),
        *await unit.journal.unbooked(),
        *await unit.journal.unplaced({position.ticker for position in flat}),
    )
    entering = {
        (order.intent.ticker, order.intent.strategy)
        for order in maybe
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
