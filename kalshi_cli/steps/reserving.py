"""Capital is set aside where nothing can come between: in the transaction that journals an order.

The journal is the ledger of reservations: an order takes its cost from when it is journalled until
its fills are booked or it is gone. What the controls saw was read before that transaction, and
another strategy, lane or process may have journalled something since. So the controls that count
what is held and ordered are asked once more, of what this transaction sees.
"""

from collections.abc import Sequence
from dataclasses import replace

from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.errors import CapitalTaken
from kalshi_cli.ports.store import Unit
from kalshi_cli.risk._base import Control, RiskState
from kalshi_cli.risk._gate import first_denial
from kalshi_cli.steps.at_risk import at_risk


async def reserve(
    unit: Unit, intent: OrderIntent, state: RiskState, controls: Sequence[Control], now_us: int
) -> None:
    """Raises `CapitalTaken` where what the intent would take, or its market, is taken by now."""
    recounted = await recount(unit, state)
    denial = first_denial([c for c in controls if c.recounts], intent, recounted, now_us)
    if denial is not None:
        raise CapitalTaken(denial.code, denial.detail, denial.value, denial.limit)


async def recount(unit: Unit, state: RiskState) -> RiskState:
    """What the controls see, with positions, own orders and cash as this transaction has them.

    Cash is the ledger's where that is less: a fill that was booked since has taken some.
    """
    live, unbooked = await unit.journal.live(), await unit.journal.unbooked()
    positions = await unit.ledger.positions()
    foreign = tuple(o for o in state.orders if o.intent.strategy == EXTERNAL)
    orders = (*at_risk(live, unbooked), *foreign)
    seen = {p.ticker for p in positions} | {order.intent.ticker for order in orders}
    strange = {ticker: ticker for ticker in seen}
    return replace(
        state,
        positions=positions,
        orders=orders,
        cash=min(state.cash, await unit.ledger.cash()),
        event_of={**strange, **state.event_of},
        category_of={**strange, **state.category_of},
        clusters_of={**{t: frozenset({t}) for t in seen}, **state.clusters_of},
    )
