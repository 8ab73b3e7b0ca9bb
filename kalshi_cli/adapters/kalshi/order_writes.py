"""Writes of orders over REST: V2 only, signed, each sent exactly once."""

from collections.abc import Iterator, Sequence
from typing import TypeVar
from urllib.parse import quote

from kalshi_cli.adapters.kalshi.answers import (
    Answer,
    cancellation_of,
    cancellation_without_answer,
    placement_of,
    placement_without_answer,
)
from kalshi_cli.adapters.kalshi.batches import cancellations_of, placements_of
from kalshi_cli.adapters.kalshi.client import RestClient
from kalshi_cli.adapters.kalshi.outcomes import amendment_of, outcome_of, write
from kalshi_cli.adapters.kalshi.params import PRIMARY, Query
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.ports.exchange import (
    Amendment,
    Cancellation,
    OrderAddress,
    Outcome,
    Permit,
    Placement,
    PlacementKind,
)

ORDERS = "/portfolio/events/orders"
"""V2 writes. `/portfolio/orders` is the read path; its writes answer 410."""
BATCH = f"{ORDERS}/batched"
UNPACED_BATCH = 100
"""Orders a batch where no budget bounds it."""
_HELD_BACK = Placement(PlacementKind.NOT_SENT, code="not_sent", message="a batch before was lost")

Body = dict[str, str | int | bool]
Item = TypeVar("Item")


class OrderWrites:
    """The half of `ports.exchange.Trading` that changes something."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    async def place(
        self,
        client_order_id: str,
        intent: OrderIntent,
        *,
        group_id: str = "",
        permit: Permit | None = None,
    ) -> Placement:
        body = order_body(client_order_id, intent, group_id)
        sent = await write(self._rest, "POST", ORDERS, body=body, permit=permit)
        if not isinstance(sent, Answer):
            return placement_without_answer(sent)
        return placement_of(sent, client_order_id, intent.count)

    async def place_batch(
        self, orders: Sequence[tuple[str, OrderIntent]], *, group_id: str = ""
    ) -> tuple[Placement, ...]:
        placed: list[Placement] = []
        for some in self._in_batches("POST", orders):
            if any(each.kind is PlacementKind.UNKNOWN for each in placed):
                placed += [_HELD_BACK] * len(some)
            else:
                placed += await self._place_some(some, group_id)
        return tuple(placed)

    async def _place_some(
        self, orders: Sequence[tuple[str, OrderIntent]], group_id: str
    ) -> Sequence[Placement]:
        bodies = [order_body(name, intent, group_id) for name, intent in orders]
        body = {"orders": bodies}
        sent = await write(self._rest, "POST", BATCH, body=body, items=len(orders))
        if not isinstance(sent, Answer):
            return [placement_without_answer(sent)] * len(orders)
        return placements_of(sent, [(name, intent.count) for name, intent in orders])

    async def cancel(self, order_id: str, ticker: str, exchange_index: int) -> Cancellation:
        params: Query = [("market_ticker", ticker), ("exchange_index", exchange_index), PRIMARY]
        sent = await write(self._rest, "DELETE", one_order(order_id), params)
        if not isinstance(sent, Answer):
            return cancellation_without_answer(sent)
        return cancellation_of(sent, order_id)

    async def cancel_batch(self, orders: Sequence[OrderAddress]) -> tuple[Cancellation, ...]:
        canceled: list[Cancellation] = []
        for some in self._in_batches("DELETE", orders):
            body = {"orders": [{"order_id": each.order_id, **_where(each)} for each in some]}
            sent = await write(self._rest, "DELETE", BATCH, body=body, items=len(some))
            if not isinstance(sent, Answer):
                canceled += [cancellation_without_answer(sent)] * len(some)
            else:
                canceled += cancellations_of(sent, [each.order_id for each in some])
        return tuple(canceled)

    async def cancel_all(self) -> Outcome:
        return outcome_of(await write(self._rest, "DELETE", ORDERS, [PRIMARY]))

    async def amend(
        self, order_id: str, intent: OrderIntent, *, permit: Permit | None = None
    ) -> Amendment:
        path, body = f"{one_order(order_id)}/amend", amend_body(intent)
        sent = await write(self._rest, "POST", path, [PRIMARY], body=body, permit=permit)
        return amendment_of(sent, order_id, intent.count)

    async def decrease(self, order: OrderAddress, remaining: Contracts) -> Amendment:
        path = f"{one_order(order.order_id)}/decrease"
        body: Body = {
            "reduce_to": str(remaining),
            "market_ticker": order.ticker,
            "exchange_index": order.exchange_index,
        }
        sent = await write(self._rest, "POST", path, [PRIMARY], body=body)
        return amendment_of(sent, order.order_id, remaining, sizes_told=True)

    def _in_batches(self, method: str, items: Sequence[Item]) -> Iterator[Sequence[Item]]:
        pace = self._rest.pace
        size = pace.largest_batch(method, BATCH) if pace else UNPACED_BATCH
        return (items[start : start + size] for start in range(0, len(items), size))


def one_order(order_id: str) -> str:
    """The path of an order's writes."""
    return f"{ORDERS}/{quote(order_id, safe='')}"


def order_body(client_order_id: str, intent: OrderIntent, group_id: str = "") -> Body:
    """A V2 order. Expiries are whole Unix seconds, cut off: never later than was asked for."""
    body: Body = {
        "ticker": intent.ticker,
        "client_order_id": client_order_id,
        "side": intent.side.value,
        "count": str(intent.count),
        "price": str(intent.limit),
        "time_in_force": intent.time_in_force.value,
        "self_trade_prevention_type": "taker_at_cross",
        "exchange_index": intent.exchange_index,
        "subaccount": 0,
    }
    if intent.post_only:
        body["post_only"] = True
    if intent.reduce_only:
        body["reduce_only"] = True
    if intent.cancel_on_pause:
        body["cancel_order_on_pause"] = True
    if intent.expires_us is not None:
        body["expiration_time"] = intent.expires_us // SECOND
    if group_id:
        body["order_group_id"] = group_id
    return body


def amend_body(intent: OrderIntent) -> Body:
    """What an order shall be; an expiry of 0 takes it away, where the intent has none."""
    return {
        "ticker": intent.ticker,
        "side": intent.side.value,
        "price": str(intent.limit),
        "count": str(intent.count),
        "expiration_time": (intent.expires_us or 0) // SECOND,
        "exchange_index": intent.exchange_index,
    }


def _where(order: OrderAddress) -> Body:
    return {
        "market_ticker": order.ticker,
        "exchange_index": order.exchange_index,
        "subaccount": 0,
    }
