"""Whether the exchange takes orders now: asked before any is sent, and told by refusals.

A refusal tells by its code, with whatever status.
"""

from collections.abc import Iterable
from dataclasses import replace

from kalshi_cli.domain.order import Order, OrderState
from kalshi_cli.errors import PASSING
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.exchange import ExchangeStatus, MarketData
from kalshi_cli.risk._base import RiskState


async def paused_shards(data: MarketData, entries: Iterable[CatalogEntry]) -> frozenset[int] | None:
    """The shards of these markets that take no orders now; None where that cannot be read."""
    try:
        status = await data.exchange_status()
    except PASSING:
        return None
    shards = {entry.market.exchange_index for entry in entries}
    return frozenset(shard for shard in shards if not trades(status, shard))


def trades(status: ExchangeStatus, exchange_index: int) -> bool:
    """Whether a shard takes orders; the first one speaks for those that are not told apart."""
    told = [shard for shard in status.shards if shard.exchange_index == exchange_index]
    if not told:
        return status.exchange_active and status.trading_active
    return all(shard.exchange_active and shard.trading_active for shard in told)


def after_refusal(state: RiskState, order: Order) -> RiskState:
    """What the controls see once an order was refused: of a pause, a triggered group, or a key that
    may not trade here, one order need tell.
    """
    if order.state is not OrderState.REJECTED:
        return state
    shard = {order.intent.exchange_index}
    match order.message.split(" ")[0]:
        case "trading_is_paused":
            paused = state.paused_shards or frozenset()
            return replace(state, paused_shards=paused | shard)
        case "order_group_triggered":
            return replace(state, triggered_shards=state.triggered_shards | shard)
        case "forbidden":
            category = state.category_of[order.intent.ticker]
            return replace(state, barred=state.barred | {category})
        case _:
            return state
