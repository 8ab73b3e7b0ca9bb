"""Orders in, changed and out: one YES book a market, price-time priority.

Facts of the exchange followed here: client order ids are burnt for ever, by a killed order too; a
taker that meets its own order stops there (`taker_at_cross`) or removes it (`maker`); a
fill-or-kill order that meets its own is treated as immediate-or-cancel; an amend keeps its place
only where it takes contracts off or changes the expiry; cancel-all also reaches what is placed in
the minute after.
"""

from dataclasses import dataclass, replace

from kalshi_cli.domain.book import reaches
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Contracts, Money, Price, total
from kalshi_cli.domain.order import Fill, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.admission import (
    CLOSING,
    allowed_count,
    amend_refusal,
    refusal,
    stopped_market,
)
from kalshi_cli.engine.commands import (
    AUTO_ROUTE,
    NOT_FOUND,
    Amend,
    Amended,
    Cancel,
    CancelAll,
    Canceled,
    CanceledAll,
    Decrease,
    Decreased,
    Place,
    Placed,
    Rejected,
    SelfTrade,
)
from kalshi_cli.engine.group_desk import trigger_hit_groups
from kalshi_cli.engine.orders import ExchangeOrder, UpdateReason, new_order
from kalshi_cli.engine.venue import Venue

SWEEP_EVERY_US = 10 * SECOND
SWEEPS = 6
"""A cancel-all strikes again every ten seconds for a minute."""
_KILLED = Rejected(409, "fill_or_kill_insufficient_resting_volume", burns_id=True)


@dataclass(frozen=True, slots=True)
class Taken:
    """What an order got at once; `stopped` tells that an own order ended it."""

    fills: tuple[Fill, ...]
    stopped: bool

    @property
    def count(self) -> Contracts:
        return Contracts(sum(fill.count.units for fill in self.fills))

    @property
    def cost(self) -> Money:
        return total([fill.price * fill.count for fill in self.fills])

    @property
    def fees(self) -> Money:
        return total([fill.fee for fill in self.fills])


def place(venue: Venue, command: Place) -> Placed | Rejected:
    """Take an order on: it trades at once as far as it can, and the rest waits or goes."""
    refused = refusal(venue, command)
    if refused is not None:
        return refused
    order = new_order(
        venue.next_id("order"), command, venue.market(command.ticker).exchange_index, venue.now_us
    )
    if command.client_order_id:
        venue.state.by_client_id[command.client_order_id] = order.order_id
    if command.time_in_force is TimeInForce.FOK and _falls_short(venue, order):
        return _KILLED
    venue.state.keep(order)
    taken = _take(venue, order.order_id, allowed_count(venue.state, command))
    _rest_or_end(venue, order.order_id, taken, rests=command.time_in_force is TimeInForce.GTC)
    order = venue.state.orders[order.order_id]
    return Placed(
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        filled=taken.count,
        remaining=order.remaining,
        cost=taken.cost,
        fees=taken.fees,
        at_us=venue.now_us,
    )


def cancel(venue: Venue, command: Cancel) -> Canceled | Rejected:
    """Take an order out of the book."""
    order = _resting(venue, command.order_id, command.shard)
    if isinstance(order, Rejected):
        return order
    venue.withdraw(order, UpdateReason.NONE)
    return Canceled(order.order_id, order.client_order_id, order.remaining, venue.now_us)


def cancel_all(venue: Venue, _command: CancelAll) -> CanceledAll:
    """Cancel what rests, and again for a minute whatever rests by then."""
    now_us = venue.now_us
    venue.state.sweeps = [now_us + SWEEP_EVERY_US * (i + 1) for i in range(SWEEPS)]
    return CanceledAll(sweep(venue, now_us))


def sweep(venue: Venue, at_us: int) -> int:
    """Cancel all that rests and can be canceled; how many orders that were."""
    swept = [o for o in venue.state.live_orders() if o.ticker not in venue.state.closing]
    for order in swept:
        venue.withdraw(order, UpdateReason.NONE, at_us)
    return len(swept)


def decrease(venue: Venue, command: Decrease) -> Decreased | Rejected:
    """Take contracts off an order; it keeps its place."""
    order = _resting(venue, command.order_id, command.shard)
    if isinstance(order, Rejected):
        return order
    stopped = stopped_market(venue, venue.market(order.ticker))
    if stopped is not None:
        return stopped
    left = (
        command.reduce_to
        if command.reduce_by is None
        else order.remaining - command.reduce_by
        if command.reduce_to is None
        else None
    )
    if left is None:
        return Rejected(400, "invalid_order", "give reduce_by or reduce_to, and one of them")
    if not 0 <= left.units < order.remaining.units:
        return Rejected(400, "invalid_order_size")
    venue.shrink(order, left, UpdateReason.DECREASE)
    return Decreased(order.order_id, order.client_order_id, left, venue.now_us)


def amend(venue: Venue, command: Amend) -> Amended | Rejected:
    """Change price, count, expiry or client id of an order; a new price may trade at once."""
    order = _resting(venue, command.order_id, command.shard)
    if isinstance(order, Rejected):
        return order
    refused = amend_refusal(venue, order, command)
    if refused is not None:
        return refused
    if command.new_client_order_id:
        venue.state.by_client_id[command.new_client_order_id] = order.order_id
    taken = _amend(venue, order, command)
    after = venue.state.orders[order.order_id]
    return Amended(
        order_id=after.order_id,
        client_order_id=after.client_order_id,
        filled=taken.count,
        remaining=after.remaining,
        cost=taken.cost,
        fees=taken.fees,
        at_us=venue.now_us,
        resized=after.remaining != order.remaining,
    )


def _amend(venue: Venue, order: ExchangeOrder, command: Amend) -> Taken:
    remaining = command.count - order.filled
    stays = command.price == order.price and remaining <= order.remaining
    if stays and remaining < order.remaining:
        venue.world.reduce(order.ticker, order.order_id, remaining)
    elif not stays:
        venue.world.leave(order.ticker, order.order_id)
    kept = command.expiration_us is None
    venue.keep(
        replace(
            order,
            client_order_id=command.new_client_order_id or order.client_order_id,
            price=command.price,
            initial=command.count,
            remaining=remaining,
            expires_us=order.expires_us if kept else command.expiration_us or None,
            updated_us=venue.now_us,
            reason=UpdateReason.AMEND,
        )
    )
    if stays:
        return Taken((), stopped=False)
    taken = _take(venue, order.order_id, remaining)
    _rest_or_end(venue, order.order_id, taken, rests=True)
    return taken


def _resting(venue: Venue, order_id: str, shard: int) -> ExchangeOrder | Rejected:
    """The live order of that id on that shard, or why it cannot be touched."""
    if order_id not in venue.state.resting:
        return NOT_FOUND
    order = venue.state.orders[order_id]
    if shard not in {AUTO_ROUTE, order.shard}:
        return NOT_FOUND
    return CLOSING if order.ticker in venue.state.closing else order


def _falls_short(venue: Venue, order: ExchangeOrder) -> bool:
    """Whether a fill-or-kill order must be killed: no own order stops it, and too little rests."""
    if _own_in_the_way(venue, order) is not None:
        return False
    bids, asks = venue.world.ladders(order.ticker)
    opposite = asks if order.side is Side.BID else bids
    there = sum(
        level.count.units for level in opposite if reaches(order.side, order.price, level.price)
    )
    return there < order.remaining.units


def _take(venue: Venue, order_id: str, allowed: Contracts) -> Taken:
    """Trade with the others up to the limit, until an own order stops it.

    Where an own order stands in the way, only prices better than it can be had: the others that may
    wait before it at its price are left alone, since the queue is not ours to know.
    """
    fills: list[Fill] = []
    left = allowed.units
    while left > 0:
        order = venue.state.orders[order_id]
        own = _own_in_the_way(venue, order)
        limit = order.price if own is None else Price(own.price.units - order.side.sign)
        for execution in venue.world.take(order.ticker, order.side, limit, Contracts(left)):
            fills.append(venue.fill(order_id, execution, venue.now_us, is_taker=True))
            left -= execution.count.units
        if own is None or left <= 0:
            break
        if order.self_trade_prevention is SelfTrade.TAKER_AT_CROSS:
            return Taken(tuple(fills), stopped=True)
        venue.withdraw(own, UpdateReason.SELF_TRADE)
    return Taken(tuple(fills), stopped=False)


def _own_in_the_way(venue: Venue, order: ExchangeOrder) -> ExchangeOrder | None:
    reached = [
        own
        for own in venue.state.resting_in(order.ticker)
        if own.side is order.side.opposite and reaches(order.side, order.price, own.price)
    ]
    return min(reached, key=lambda own: order.side.sign * own.price.units, default=None)


def _rest_or_end(venue: Venue, order_id: str, taken: Taken, *, rests: bool) -> None:
    """What becomes of an order after it has traded at once."""
    trigger_hit_groups(venue)
    order = venue.state.orders[order_id]
    if order_id not in venue.state.resting:
        return
    if taken.stopped:
        venue.keep(order.canceled(venue.now_us, UpdateReason.SELF_TRADE))
    elif not rests:
        venue.keep(order.canceled(venue.now_us, UpdateReason.NONE))
    else:
        venue.world.join(order.ticker, order.order_id, order.side, order.price, order.remaining)
        if not taken.fills:
            venue.keep(order)
