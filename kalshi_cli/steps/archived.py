"""What the exchange tells of the account, from its live lists and from its archive together.

What is over moves out of the live lists after weeks. A live list that was read from before the
exchange's cutoff is therefore no evidence that something is not there: the archive is read too,
after it, so that what moves meanwhile is in one of them.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from kalshi_cli.domain.instant import DAY
from kalshi_cli.domain.order import Fill, OrderReport
from kalshi_cli.errors import ExchangeRefusal, Unavailable
from kalshi_cli.ports.archive import Archive, Cutoffs
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import Page, Trading
from kalshi_cli.steps.paging import Collected, collect

Row = TypeVar("Row")
SURELY_LIVE = DAY
"""What is younger is in the live lists, which go back for two weeks at the least."""


async def orders_since(
    trading: Trading, archive: Archive | None, clock: Clock, since_us: int
) -> Collected[OrderReport]:
    """Orders from an instant on. Without an archive the live list is all there is."""
    live = await collect(lambda c: trading.orders(min_us=since_us, cursor=c))
    old = await archived_orders(archive, clock, since_us)
    return _joined(live, old, lambda report: report.order_id)


async def archived_orders(
    archive: Archive | None, clock: Clock, since_us: int
) -> Collected[OrderReport]:
    """The archive's orders from an instant on; it is not asked where it cannot have any."""
    if archive is None:
        return _NOTHING
    return await _archived(
        archive,
        clock,
        since_us,
        lambda cutoffs: cutoffs.orders_us,
        lambda c: archive.orders(min_us=since_us, cursor=c),
    )


async def fills_since(
    trading: Trading, archive: Archive | None, clock: Clock, since_us: int
) -> Collected[Fill]:
    """Fills from an instant on, as `orders_since`."""
    live = await collect(lambda c: trading.fills(min_us=since_us, cursor=c))
    if archive is None:
        return live
    old = await _archived(
        archive,
        clock,
        since_us,
        lambda cutoffs: cutoffs.trades_us,
        lambda c: archive.fills(min_us=since_us, cursor=c),
    )
    return _joined(live, old, lambda fill: fill.fill_id)


_NOTHING: Collected[OrderReport] = Collected((), (), complete=True, reached_end=True)


async def _archived(
    archive: Archive,
    clock: Clock,
    since_us: int,
    cutoff: Callable[[Cutoffs], int],
    fetch: Callable[[str], Awaitable[Page[Row]]],
) -> Collected[Row]:
    """An archive that does not answer leaves the reading incomplete; the live list stands."""
    if since_us > clock.now() - SURELY_LIVE:
        return Collected((), (), complete=True, reached_end=True)
    try:
        if since_us >= cutoff(await archive.cutoffs()):
            return Collected((), (), complete=True, reached_end=True)
        return await collect(fetch)
    except (Unavailable, ExchangeRefusal) as error:
        return Collected((), (), complete=False, reached_end=False, why=f"archive: {error}")


def _joined(live: Collected[Row], old: Collected[Row], key: Callable[[Row], str]) -> Collected[Row]:
    """Both as one; what is in both is told by the live list."""
    rows = {key(row): row for row in (*old.items, *live.items)} if old.items else None
    return Collected(
        live.items if rows is None else tuple(rows.values()),
        live.unusable + old.unusable,
        complete=live.complete and old.complete,
        reached_end=live.reached_end and old.reached_end,
        why="; ".join(filter(None, (live.why, old.why))),
    )
