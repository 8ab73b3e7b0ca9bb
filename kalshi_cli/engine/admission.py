"""Whether an order is taken on, checked in the order in which the exchange looks."""

from collections.abc import Iterable

from kalshi_cli.domain.book import reaches
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Contracts, Money, total
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.collateral import Claim, claim, requirement
from kalshi_cli.engine.commands import Place, Rejected
from kalshi_cli.engine.orders import ExchangeOrder
from kalshi_cli.engine.state import ExchangeState
from kalshi_cli.engine.world import World
from kalshi_cli.errors import IntegrityError


def refusal(state: ExchangeState, world: World, order: Place) -> Rejected | None:
    """Why an order is not taken on; None when it is."""
    if order.client_order_id and order.client_order_id in state.by_client_id:
        return Rejected(409, "order_already_exists")
    return _market_refusal(state, order) or _order_refusal(state, world, order)


def allowed_count(state: ExchangeState, order: Place) -> Contracts:
    """The count, capped to the position it reduces where it may only reduce."""
    if not order.reduce_only:
        return order.count
    reducible = max(0, -order.side.sign * state.account.net(order.ticker).units)
    return Contracts(min(order.count.units, reducible))


def reserved(state: ExchangeState, now_us: int) -> Money:
    """Dollars of cash that resting orders may still need, at worst."""
    return total([_needed(state, ticker, now_us) for ticker in sorted({*state.resting.values()})])


def _market_refusal(state: ExchangeState, order: Place) -> Rejected | None:
    market = state.catalog.markets.get(order.ticker)
    if market is None:
        return Rejected(404, "not_found", "market not found")
    if market.status is not MarketStatus.ACTIVE:
        return Rejected(409, "MARKET_NOT_ACTIVE", f"market is {market.status}")
    if market.grid is None or not market.grid.contains(order.price):
        return Rejected(400, "invalid_price")
    return None


def _order_refusal(state: ExchangeState, world: World, order: Place) -> Rejected | None:
    if order.count.units <= 0:
        return Rejected(400, "invalid_order_size")
    if contradiction := _contradiction(order, world.now_us):
        return Rejected(400, "invalid_order", contradiction)
    if order.post_only and _would_take(world, order):
        return Rejected(400, "invalid_order", "post only cross")
    if not _can_afford(state, world, order):
        return Rejected(400, "insufficient_balance")
    return None


def _contradiction(order: Place, now_us: int) -> str:
    rests = order.time_in_force is TimeInForce.GTC
    expiry = order.expiration_us
    contradictions = {
        "fill_or_kill is not offered here": order.time_in_force is TimeInForce.FOK,
        "reduce only needs immediate_or_cancel": order.reduce_only and rests,
        "post only needs good_till_canceled": order.post_only and not rests,
        "expiration needs good_till_canceled": expiry is not None and not rests,
        "expiration in the past": expiry is not None and expiry <= now_us,
    }
    return next((said for said, found in contradictions.items() if found), "")


def _would_take(world: World, order: Place) -> bool:
    bids, asks = world.ladders(order.ticker)
    opposite = asks if order.side is Side.BID else bids
    return bool(opposite) and reaches(order.side, order.price, opposite[0].price)


def _can_afford(state: ExchangeState, world: World, order: Place) -> bool:
    count, now_us = allowed_count(state, order), world.now_us
    if not count:
        return True
    wanted = _claim(state, order, count, now_us, is_taker=_would_take(world, order))
    before = _needed(state, order.ticker, now_us)
    after = _needed(state, order.ticker, now_us, more=[wanted])
    free = state.account.cash - reserved(state, now_us)
    return after - before <= free


def _needed(state: ExchangeState, ticker: str, now_us: int, more: Iterable[Claim] = ()) -> Money:
    claims = [
        _claim(state, order, order.remaining, now_us, is_taker=False)
        for order in state.resting_in(ticker)
    ]
    return requirement(state.account.net(ticker), [*claims, *more])


def _claim(
    state: ExchangeState,
    order: Place | ExchangeOrder,
    count: Contracts,
    now_us: int,
    *,
    is_taker: bool,
) -> Claim:
    grid = state.catalog.markets[order.ticker].grid
    if grid is None:
        raise IntegrityError(f"An order rests in {order.ticker}, which has no price grid.")
    terms = state.catalog.fee_terms(order.ticker, now_us, waived=False)
    return claim(terms, grid, side=order.side, price=order.price, count=count, is_taker=is_taker)
