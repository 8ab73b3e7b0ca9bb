"""Losses that end the taking of risk: the desk goes to reduce-only, and stays there.

Equity is measured against what was written down: the day's start and the peak. What is lost can
come back, and a day ends at midnight; the desk resumes when a person says so, and not before.
Therefore one look is not enough: see `docs/decisions/0007`.
"""

from collections.abc import Mapping
from dataclasses import replace

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import SECOND, day_of, spoken
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.money import Money, total
from kalshi_cli.errors import PASSING
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.risk._base import Denial
from kalshi_cli.risk._losses import loss_beyond
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.looking import PEAK_SINCE
from kalshi_cli.steps.reconcile import Reconciliation
from kalshi_cli.steps.risk_state import watermarks_of

LOOK_AGAIN_US = 5 * SECOND
"""After how long a loss beyond a limit is looked at again."""


async def hold_to_losses(
    data: MarketData, desk: Desk, view: DeskView, limits: Limits, found: Reconciliation
) -> Denial | None:
    """Put an active desk into reduce-only where it lost more than a limit allows; which one.

    The markets held are looked at again a few seconds later, and that look counts. Meanwhile, and
    where either fails, the controls deny every entry that the books speak against: what is stale
    goes all the same.

    Where the books are in doubt, what looks lost may only be unread: then nothing is concluded, and
    entries are denied everywhere for that reason already. What is open in one market is no reason
    to wait: it may stay so for long, and the others trade on.
    """
    if view.state is not DeskState.ACTIVE or found.doubt:
        return None
    contested = sorted(view.contested())
    try:
        books = await data.books(contested) if contested else {}
    except PASSING:
        return None
    if _lost(view, books, limits, found, found.balance.cash) is None:
        return None
    lost = await _confirmed(data, desk, view, limits, found)
    if lost is None:
        return None
    async with desk.store.unit() as unit:
        if await unit.desk.state() is not DeskState.ACTIVE:
            return None  # somebody stopped it meanwhile, for a reason of their own
        await unit.desk.set_state(
            DeskState.REDUCE_ONLY,
            reason=f"{lost.code} at {spoken(desk.clock.now())}: {lost.detail}",
            who=desk.run.run_id,
            at_us=desk.clock.now(),
            wall_us=desk.clock.wall(),
        )
        await unit.commit()
    return lost


def _lost(
    view: DeskView,
    books: Mapping[str, OrderBook],
    limits: Limits,
    found: Reconciliation,
    cash: Money,
) -> Denial | None:
    """By the bids; what is held where the exchange tells of no market is carried at its cost."""
    unlisted = [held.cost for held in view.positions if held.ticker in found.unlisted]
    equity = view.valued(cash, books).liquidation + total(unlisted)
    day_start, peak = watermarks_of(view, equity)
    return loss_beyond(limits, equity=equity, day_start=day_start, peak=peak)


async def _confirmed(
    data: MarketData, desk: Desk, view: DeskView, limits: Limits, found: Reconciliation
) -> Denial | None:
    """By markets read anew: a bid may be gone for a moment, or because its market has closed. By
    positions and cash of one instant, too: another lane may have traded between two looks.
    """
    await desk.clock.sleep_until(desk.clock.now() + LOOK_AGAIN_US)
    async with desk.store.unit(reads=True) as unit:
        peak_since_us = await unit.catalog.marker(PEAK_SINCE) or 0
        view = replace(
            view,
            positions=await unit.ledger.positions(),
            watermarks=await unit.snapshots.watermarks(day_of(view.now_us), peak_since_us),
        )
        cash = await unit.ledger.cash()
    held = sorted({position.ticker for position in view.positions} & view.entries.keys())
    try:
        page = await data.listings(held)
        books = await data.books(held)
    except PASSING:
        return None
    entries = dict(view.entries)
    for listing in page.items:
        ticker = listing.market.ticker
        entries[ticker] = replace(entries[ticker], market=listing.market, quote=listing.quote)
    return _lost(replace(view, entries=entries), books, limits, found, cash)
