"""Whose order is behind a fill that may be of one whose answer never reached us."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.order import Fill, OrderReport
from kalshi_cli.domain.side import Side
from kalshi_cli.ports.archive import Archive
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.archived import SURELY_LIVE, archived_orders


@dataclass(frozen=True, slots=True)
class Claimed:
    """Orders behind fills, asked for because their ids never reached us.

    `unread` are ids that the exchange does not show yet: whose they are cannot be told.
    """

    reports: Mapping[str, OrderReport]
    unread: frozenset[str]

    @property
    def why(self) -> str:
        return f"fills of an order not shown yet: {min(self.unread)}" if self.unread else ""


async def claim(
    trading: Trading,
    store: Store,
    clock: Clock,
    fills: Collection[Fill],
    archive: Archive | None = None,
) -> Claimed:
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
        return Claimed(reports, frozenset())
    since = min(sent_us[fill.ticker, fill.side] for fill in missing) - MINUTE
    old = await archived_orders(archive, clock, since)
    reports |= {report.order_id: report for report in old.items if report.order_id in asked}
    # Of an old fill, no order since ours in either list is none of ours; young ones lag.
    told_us = clock.now() - SURELY_LIVE if archive is not None and old.complete else 0
    unread = {fill.order_id for fill in missing if fill.at_us >= told_us} - reports.keys()
    return Claimed(reports, frozenset(unread))
