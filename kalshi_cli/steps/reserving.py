"""Capital is set aside where nothing can come between: in the transaction that journals an order.

The journal is the ledger of reservations: an order takes its cost from when it is journalled until
its fills are booked or it is gone. What the controls saw was read before that transaction, and
another strategy, lane or process may have written something since: sent an order, left the market,
or learnt that it settled or that others hold the other side. So the controls that such news may
change are asked once more, of what this transaction sees.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.money import NO_MONEY, Money, total
from kalshi_cli.domain.order import OrderIntent, OrderState
from kalshi_cli.errors import CapitalTaken
from kalshi_cli.ports.store import Unit
from kalshi_cli.risk._base import Control, RiskState
from kalshi_cli.risk._gate import first_denial
from kalshi_cli.steps.at_risk import at_risk
from kalshi_cli.steps.freezing import of_orders


async def reserve(
    unit: Unit, intent: OrderIntent, state: RiskState, controls: Sequence[Control], now_us: int
) -> None:
    """Raises `CapitalTaken` where what the intent would take, or its market, is taken by now."""
    recounted = await recount(unit, state, intent.ticker, now_us)
    denial = first_denial([c for c in controls if c.recounts], intent, recounted, now_us)
    if denial is not None:
        raise CapitalTaken(denial.code, denial.detail, denial.value, denial.limit)


async def recount(unit: Unit, state: RiskState, ticker: str, now_us: int) -> RiskState:
    """What the controls see, with positions, own orders, cash and one market as this transaction
    has them.

    Cash is the ledger's where that is less, on each shard, too: a fill that was booked since has
    taken some. What is not known of an order, or of its fills, stays unknown, whatever was read
    before.
    """
    live, unbooked = await unit.journal.live(), await unit.journal.unbooked()
    positions = await unit.ledger.positions()
    foreign = tuple(o for o in state.orders if o.intent.strategy == EXTERNAL)
    orders = (*at_risk(live, unbooked), *foreign)
    seen = {p.ticker for p in positions} | {order.intent.ticker for order in orders}
    strange = {each: each for each in seen}
    facts = dict(state.facts)
    for entry in await unit.catalog.entries([ticker]):
        facts[ticker] = replace(facts[ticker], market=entry.market)
    ledger = await unit.ledger.cash_by_shard()
    cash = total(list(ledger.values()))
    unknown = of_orders([o for o in live if o.state is OrderState.UNKNOWN], unbooked)
    return replace(
        state,
        positions=positions,
        orders=orders,
        cash=min(state.cash, cash),
        cash_by_shard=state.cash_by_shard if cash == state.cash else _least(state, ledger),
        facts=facts,
        orders_last_minute=await unit.journal.orders_since(now_us - MINUTE),
        last_exit_us={**state.last_exit_us, **await unit.ledger.last_exits([ticker])},
        unresolved={**state.unresolved, **unknown},
        event_of={**strange, **state.event_of},
        category_of={**strange, **state.category_of},
        clusters_of={**{t: frozenset({t}) for t in seen}, **state.clusters_of},
    )


def _least(state: RiskState, ledger: Mapping[int, Money]) -> Mapping[int, Money]:
    """Cash by shard, where something was booked since the exchange told it.

    Where nothing was, its word counts alone: what was moved between shards by hand is no ledger's.
    """
    told = state.cash_by_shard
    return {shard: min(cash, ledger.get(shard, NO_MONEY)) for shard, cash in told.items()}
