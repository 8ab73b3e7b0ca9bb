"""Exit plans, by ticker and owner."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.market_mapping import price_from, price_units
from kalshi_cli.adapters.store.prepared import Prepared
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.domain.levels import Levels
from kalshi_cli.domain.maker import maker
from kalshi_cli.exits._base import ExitPlan

_ALL = Prepared(select(*t.EXIT_PLANS.c).order_by(t.EXIT_PLANS.c.ticker, t.EXIT_PLANS.c.owner))
_plan, _levels = maker(ExitPlan), maker(Levels)


class SqlPlans:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def save(self, plan: ExitPlan) -> None:
        row = {
            "ticker": plan.ticker,
            "owner": plan.owner,
            "stop_price_units": price_units(plan.levels.stop),
            "target_price_units": price_units(plan.levels.target),
            "leave_by_us": plan.levels.leave_by_us,
            "entry_confidence": plan.entry_confidence,
            "entry_fair": plan.entry_fair,
            "made_us": plan.made_us,
            "trail_units": price_units(plan.levels.trail),
            "before_close_us": plan.levels.before_close_us,
            "peak_price_units": price_units(plan.peak),
            "asked_stop_units": price_units(plan.asked_stop),
            "asked_trail_units": price_units(plan.asked_trail),
            "entry_probability": plan.entry_probability,
            "target_rests": plan.levels.target_rests,
        }
        await self._transaction.upsert(t.EXIT_PLANS, [row])

    async def all(self) -> Mapping[tuple[str, str], ExitPlan]:
        plans: dict[tuple[str, str], ExitPlan] = {}
        for row in await self._transaction.rows(_ALL):
            plan = plan_from(row)
            plans[plan.ticker, plan.owner] = plan
        return plans

    async def remove(self, ticker: str, owner: str) -> None:
        mine = (t.EXIT_PLANS.c.ticker == ticker) & (t.EXIT_PLANS.c.owner == owner)
        await self._transaction.write(delete(t.EXIT_PLANS).where(mine))


def plan_from(row: Sequence[Any]) -> ExitPlan:
    """A plan by the columns of its table, in their order."""
    ticker, owner, stop, target, *entry, trail, before, peak, asked, trailed, told, rests = row
    leave_by_us, confidence, fair, made_us = entry
    return _plan(
        ticker=ticker,
        owner=owner,
        levels=_levels(
            stop=price_from(stop),
            target=price_from(target),
            trail=price_from(trail),
            leave_by_us=leave_by_us,
            before_close_us=before,
            target_rests=rests,
        ),
        made_us=made_us,
        entry_confidence=confidence,
        entry_fair=fair,
        entry_probability=told,
        peak=price_from(peak),
        asked_stop=price_from(asked),
        asked_trail=price_from(trailed),
    )
