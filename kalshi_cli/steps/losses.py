"""Losses that end the taking of risk: the desk goes to reduce-only, and stays there.

Equity is measured against what was written down: the day's start and the peak. What is lost can
come back, and a day ends at midnight; the desk resumes when a person says so, and not before.
"""

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.limits import Limits
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.risk._base import Denial
from kalshi_cli.risk._losses import loss_beyond
from kalshi_cli.steps.desk_view import DeskView, watermarks_of
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.reconcile import Reconciliation


async def hold_to_losses(
    data: MarketData, desk: Desk, view: DeskView, limits: Limits, found: Reconciliation
) -> Denial | None:
    """Put an active desk into reduce-only where it lost more than a limit allows; which one.

    Where the books are not whole, what looks lost may only be unread: then nothing is concluded,
    and entries are denied for that reason already.
    """
    if view.state is not DeskState.ACTIVE or not found.is_settled:
        return None
    contested = sorted(view.contested())
    books = await data.books(contested) if contested else {}
    equity = view.valued(found.balance.cash, books).liquidation
    day_start, peak = watermarks_of(view, equity)
    lost = loss_beyond(limits, equity=equity, day_start=day_start, peak=peak)
    if lost is None:
        return None
    async with desk.store.unit() as unit:
        if await unit.desk.state() is not DeskState.ACTIVE:
            return None  # somebody stopped it meanwhile, for a reason of their own
        await unit.desk.set_state(
            DeskState.REDUCE_ONLY,
            reason=f"{lost.code}: {lost.detail}",
            who=desk.run.run_id,
            at_us=desk.clock.now(),
            wall_us=desk.clock.wall(),
        )
        await unit.commit()
    return lost
