"""The desk as it is on record at one instant, read in one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from kalshi_cli.domain.instant import AHEAD, DAY, HOUR, MINUTE, day_of
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.position import Position
from kalshi_cli.filters._base import Filter
from kalshi_cli.filters._gate import Screen
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.desk import GroupState
from kalshi_cli.ports.snapshots import Watermarks
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.execution import COOLING_UNTIL
from kalshi_cli.steps.selection import screen

FORBIDDEN_US = 6 * HOUR
"""How long a category is left alone in which the exchange refused this key an order."""
PEAK_SINCE = "peak_since"
"""The marker of the instant from which drawdowns are measured: a person took note of one then."""
MARKOUTS_US = 7 * DAY
"""How long what a fill was worth later has a say in where quotes are made."""
SEEN_FOR_US = 15 * MINUTE
"""How long what others wanted behind our own quote counts where the book cannot be read: three
snapshots. Then it is worth nothing, as if nobody had been seen there.
"""
LAST_US = 15 * MINUTE
"""How long before the last quote of a market somebody must have bid there: who quotes takes that
away just before the close.
"""
TRIALS_US = 30 * DAY
"""How long what came of a signal has a say in whether it is traded."""


async def look(
    store: Store,
    *,
    now_us: int,
    filters: Sequence[Filter],
    also: Collection[str] = (),
) -> DeskView:
    """Read the desk; `also` are markets to know of that it may have nothing in."""
    async with store.unit(reads=True) as unit:
        unbooked = await unit.journal.unbooked()
        wanted = {*also, *(order.intent.ticker for order in unbooked)}
        wanted.update(await unit.catalog.watched())
        wanted.update(await unit.catalog.undropped(Screen.of(filters).mark, now_us))
        forbidden = await unit.journal.forbidden_since(now_us - FORBIDDEN_US)
        wanted.update(forbidden)
        found = await unit.catalog.entries(tickers=wanted)
        entries = {entry.market.ticker: entry for entry in found}
        active = [e for e in entries.values() if e.market.status is MarketStatus.ACTIVE]
        screened = screen(active, filters, now_us)
        tickers = list(entries)
        positions = await unit.ledger.positions(open_only=True)
        return DeskView(
            now_us=now_us,
            state=await unit.desk.state(),
            entries=entries,
            eligible=tuple(entry.market.ticker for entry in screened.eligible),
            rejected=screened.rejected,
            forecasts=await unit.forecasts.latest(tickers),
            positions=positions,
            orders=await unit.journal.live(),
            unbooked=unbooked,
            plans=await unit.plans.all(),
            traded_forecasts=await unit.journal.traded_forecasts(tickers),
            entries_last_hour=await unit.journal.entries_since(now_us - HOUR),
            orders_last_minute=await unit.journal.orders_since(now_us - MINUTE),
            entries_today=await unit.journal.entries_by_market(now_us - DAY),
            cooling_until_us=await unit.catalog.marker(COOLING_UNTIL),
            last_exit_us=await unit.ledger.last_exits(),
            triggered_shards=frozenset(
                shard
                for shard, group in (await unit.desk.order_groups()).items()
                if group.state is GroupState.TRIGGERED
            ),
            barred=frozenset(entries[t].category for t in forbidden if t in entries),
            watermarks=await unit.snapshots.watermarks(
                day_of(now_us), _peak_since(await unit.catalog.marker(PEAK_SINCE), now_us)
            ),
            cash=await unit.ledger.cash(),
            markouts=await unit.making.markouts(now_us - MARKOUTS_US),
            incentives=await unit.making.incentives(now_us),
            trials=await unit.trials.under_way(),
            hit_rates=await unit.trials.hit_rates(now_us - TRIALS_US),
            rebalanced=await unit.desk.rebalanced(),
            seen=await unit.snapshots.seen(now_us - SEEN_FOR_US),
            last=await unit.catalog.last_quoted(standing_still(positions, entries), LAST_US),
        )


def standing_still(
    positions: Iterable[Position], entries: Mapping[str, CatalogEntry]
) -> frozenset[str]:
    """The markets held that do not trade, and whose result is not known."""
    known = (entries[p.ticker].market for p in positions if p.ticker in entries)
    return frozenset(
        market.ticker
        for market in known
        if market.status is not MarketStatus.ACTIVE and market.payout is None
    )


def _peak_since(noted_us: int | None, now_us: int) -> int:
    """From when on the peak counts: always, where the note was taken by a clock set back since."""
    return 0 if noted_us is None or noted_us > now_us + AHEAD else noted_us


async def look_at_holdings(store: Store, *, now_us: int) -> DeskView:
    """Read what the guard of positions needs; so little that it can be read every second.

    It knows the markets held or ordered, and nothing that only entries are held to: there is
    nothing eligible or unbooked in it, and no count of entries.
    """
    async with store.unit(reads=True) as unit:
        positions = await unit.ledger.positions(open_only=True)
        orders = await unit.journal.live()
        tickers = {p.ticker for p in positions} | {order.intent.ticker for order in orders}
        entries = await unit.catalog.entries(tickers=tickers) if tickers else ()
        return DeskView(
            now_us=now_us,
            state=await unit.desk.state(),
            entries={entry.market.ticker: entry for entry in entries},
            eligible=(),
            rejected={},
            forecasts=await unit.forecasts.latest(tickers) if tickers else {},
            positions=positions,
            orders=orders,
            unbooked=(),
            plans=await unit.plans.all(),
            traded_forecasts=frozenset(),
            entries_last_hour=0,
            orders_last_minute=await unit.journal.orders_since(now_us - MINUTE),
            entries_today={},
            cooling_until_us=await unit.catalog.marker(COOLING_UNTIL),
            last_exit_us={},
            triggered_shards=frozenset(),
            barred=frozenset(),
            watermarks=Watermarks(None, None, None, None),
            cash=await unit.ledger.cash(),
            seen=await unit.snapshots.seen(now_us - SEEN_FOR_US),
        )
