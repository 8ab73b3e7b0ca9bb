"""Exit plans, by ticker and owner."""

from collections.abc import Mapping

from sqlalchemy import delete, select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.market_mapping import price_from, price_units
from kalshi_cli.adapters.store.prepared import Prepared
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.exits._base import ExitPlan

_ALL = Prepared(select(*t.EXIT_PLANS.c).order_by(t.EXIT_PLANS.c.ticker, t.EXIT_PLANS.c.owner))


class SqlPlans:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def save(self, plan: ExitPlan) -> None:
        row = {
            "ticker": plan.ticker,
            "owner": plan.owner,
            "stop_price_units": price_units(plan.stop),
            "target_price_units": price_units(plan.target),
            "leave_by_us": plan.leave_by_us,
            "entry_confidence": plan.entry_confidence,
            "entry_fair": plan.entry_fair,
            "made_us": plan.made_us,
        }
        await self._transaction.upsert(t.EXIT_PLANS, [row])

    async def all(self) -> Mapping[tuple[str, str], ExitPlan]:
        plans: dict[tuple[str, str], ExitPlan] = {}
        for ticker, owner, stop, target, *rest in await self._transaction.rows(_ALL):
            plan = ExitPlan(ticker, owner, price_from(stop), price_from(target), *rest)
            plans[ticker, owner] = plan
        return plans

    async def remove(self, ticker: str, owner: str) -> None:
        mine = (t.EXIT_PLANS.c.ticker == ticker) & (t.EXIT_PLANS.c.owner == owner)
        await self._transaction.write(delete(t.EXIT_PLANS).where(mine))
