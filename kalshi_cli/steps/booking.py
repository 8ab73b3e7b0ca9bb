"""Append what happened to the account to the ledger, and fold the positions it touched.

Duplicated, late and reordered facts converge, because the positions of each market touched are
folded again from its whole history.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from kalshi_cli.domain.account import Settlement, settlement_revenue
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.position import net_by_ticker
from kalshi_cli.errors import ExchangeRefusal, Unavailable
from kalshi_cli.ports.archive import Archive
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData, Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.ports.treasury import Treasury
from kalshi_cli.steps.archived import fills_since
from kalshi_cli.steps.bookmarks import OVERLAP, Since, keep_read, owe_fills, owe_fills_since, since
from kalshi_cli.steps.claiming import claim
from kalshi_cli.steps.filling import append_fills
from kalshi_cli.steps.learning import learn_markets
from kalshi_cli.steps.paging import collect
from kalshi_cli.steps.refolding import refold
from kalshi_cli.steps.shards import shard_movements, transfers_of


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
    began_us = clock.now()
    async with store.unit(reads=True) as unit:
        begun = Since() if whole else await since(unit, began_us)
        held = {position.ticker for position in await unit.ledger.positions()}
    fills = await fills_since(trading, archive, clock, begun.fills_us)
    settlements = await collect(
        lambda c: trading.settlements(min_us=begun.settlements_us, cursor=c)
    )
    ever = settlements
    if begun.reads_all_settlements:
        # What is old and cannot be read is no doubt of what is so now.
        ever = await collect(lambda c: trading.settlements(cursor=c))
    moved = await collect(lambda c: trading.cash_movements(min_us=begun.cash_us, cursor=c))
    sent = await transfers_of(treasury, begun.transfers_us)
    claimed = await claim(trading, store, clock, fills.items, archive)
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
        new_fills, alarms = await append_fills(unit, usable, claimed.reports, clock.now())
        new_settlements = await unit.ledger.add_settlements(told)
        unread = [] if fills.reached_end else [begun.fills_us + OVERLAP]
        await owe_fills(unit, [*unread, *owed], clock.now())
        await unit.ledger.add_cash([*moved.items, *shard_movements(sent.items)])
        await keep_read(
            unit,
            begun,
            began_us,
            settlements=ever.reached_end,
            cash=moved.complete and moved.reached_end,
            transfers=sent.complete and sent.reached_end,
        )
        await refold(unit, {f.ticker for f in new_fills} | {s.ticker for s in new_settlements})
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
    claimed = await claim(trading, store, clock, told)
    touched = {fill.ticker for fill in told}
    await learn_markets(data, store, clock, touched)
    async with store.unit() as unit:
        newest_us = await unit.ledger.last_fill_us()
        listed = {entry.market.ticker for entry in await unit.catalog.entries(tickers=touched)}
        usable = [f for f in told if f.order_id not in claimed.unread and f.ticker in listed]
        new_fills, alarms = await append_fills(unit, usable, claimed.reports, clock.now())
        if new_fills:
            await owe_fills_since(unit, newest_us)
        await refold(unit, {fill.ticker for fill in new_fills})
        await unit.commit()
    return Booked(new_fills, (), (claimed.why,), alarms, frozenset(touched) - listed)


async def book_archived(archive: Archive, store: Store, gone: Collection[str]) -> Booked:
    """Book the settlements of markets that the exchange has put away, with their settlements.

    `gone` are markets that are held here and not there, of which all fills were read. A settlement
    older than the cutoff is told nowhere, but the archived market tells its result and when it
    paid; we know what we held. An archive that does not answer is a reading in part.
    """
    try:
        page = await archive.listings(gone)
    except (Unavailable, ExchangeRefusal) as error:
        return Booked((), (), (f"archive: {error}",), (), frozenset())
    async with store.unit() as unit:
        positions = await unit.ledger.positions()
        held, nets = {position.ticker for position in positions}, net_by_ticker(positions)
        settlements = [
            Settlement(
                ticker=market.ticker,
                event_ticker=market.event_ticker,
                result=market.result,
                value=market.payout,
                net=net,
                revenue=settlement_revenue(net, market.payout),
                fee=NO_MONEY,
                settled_us=market.settlement_us,
                exchange_index=market.exchange_index,
            )
            for market in (listing.market for listing in page.items)
            for net in [nets.get(market.ticker, NO_CONTRACTS)]
            if market.ticker in held
            and market.result is not None
            and market.payout is not None
            and market.settlement_us is not None
        ]
        booked = await unit.ledger.add_settlements(settlements)
        await refold(unit, {settlement.ticker for settlement in booked})
        await unit.commit()
    return Booked((), booked, (), (), frozenset())


def newest(settlements: Sequence[Settlement]) -> tuple[Settlement, ...]:
    """The first of each market and time: lists come newest first, and one may be changed."""
    return tuple({(s.ticker, s.settled_us): s for s in reversed(settlements)}.values())
