"""Losses that end the taking of risk: the desk goes to reduce-only, and stays there.

Equity is measured against what was written down: the day's start and the peak. What is lost can
come back, and a day ends at midnight; the desk resumes when a person says so, and not before.
Therefore one look is not enough: see `docs/decisions/0007`.
"""

from collections.abc import Mapping
from dataclasses import replace

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import MINUTE, SECOND, spoken
from kalshi_cli.domain.limits import Limits
from kalshi_cli.errors import PASSING
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.risk._base import Denial
from kalshi_cli.risk._losses import loss_beyond
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.looking import LAST_US, standing_still
from kalshi_cli.steps.pausing import paused_shards
from kalshi_cli.steps.reconcile import Reconciliation
from kalshi_cli.steps.risk_state import watermarks_of

LOOK_AGAIN_US = 5 * SECOND
"""After how long a loss beyond a limit is looked at again."""
QUOTED_WITHIN_US = 5 * MINUTE
"""How old a quote may be that a loss is measured by; where it is older, the book is read."""


async def hold_to_losses(
    data: MarketData, desk: Desk, view: DeskView, limits: Limits, found: Reconciliation
) -> Denial | None:
    """Put an active desk into reduce-only where it lost more than a limit allows; which one.

    The markets held are looked at again a few seconds later, and that look counts. Meanwhile, and
    where either fails, the controls deny every entry that the books speak against: what is stale
    goes all the same.

    Where the books were not read whole, what looks lost may only be unread: then nothing is
    concluded, and entries are denied everywhere for that reason already. What is open in one market
    is no reason to wait, nor is cash that nothing explains, which is not in what is measured: it
    may stay so for long, and what rests may fill.
    """
    if view.state is not DeskState.ACTIVE or found.why:
        return None
    unsure = sorted(view.contested() | _outdated(view))
    try:
        books = await data.books(unsure) if unsure else {}
    except PASSING:
        return None
    if _lost(view, books, limits, found) is None:
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


def _outdated(view: DeskView) -> set[str]:
    """Markets held whose quote is old: the row that tells a newer one cannot be read, say."""
    since_us = view.now_us - QUOTED_WITHIN_US
    held = {position.ticker for position in view.positions} & view.entries.keys()
    return {ticker for ticker in held if view.entries[ticker].quote.at_us < since_us}


def _lost(
    view: DeskView, books: Mapping[str, OrderBook], limits: Limits, found: Reconciliation
) -> Denial | None:
    """By the bids."""
    equity = view.valued(found.measured(view.cash), books).liquidation
    day_start, peak = watermarks_of(view, equity)
    return loss_beyond(limits, equity=equity, day_start=day_start, peak=peak)


async def _confirmed(
    data: MarketData, desk: Desk, view: DeskView, limits: Limits, found: Reconciliation
) -> Denial | None:
    """The same positions and cash by markets read anew: a bid may be gone for a moment, or because
    its market has closed. None where some are on a shard that does not trade, or may not: who bids
    there comes back when it does.
    """
    await desk.clock.sleep_until(desk.clock.now() + LOOK_AGAIN_US)
    held = sorted({position.ticker for position in view.positions} & view.entries.keys())
    paused = await paused_shards(data, [view.entries[ticker] for ticker in held])
    if paused is None or paused:
        return None
    try:
        page = await data.listings(held)
        books = await data.books(held)
    except PASSING:
        return None
    entries = dict(view.entries)
    for listing in page.items:
        ticker = listing.market.ticker
        entries[ticker] = replace(entries[ticker], market=listing.market, quote=listing.quote)
    async with desk.store.unit(reads=True) as unit:
        still = standing_still(view.positions, entries)
        last = await unit.catalog.last_quoted(still, LAST_US)
    return _lost(replace(view, entries=entries, last=last), books, limits, found)
