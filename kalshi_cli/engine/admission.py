"""Whether an order is taken on or changed, checked in the order in which the exchange looks."""

from collections.abc import Iterable

from kalshi_cli.domain.book import reaches
from kalshi_cli.domain.market import Market, MarketStatus
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price, total
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.collateral import Claim, claim, requirement
from kalshi_cli.engine.commands import AUTO_ROUTE, Amend, Place, Rejected
from kalshi_cli.engine.orders import ExchangeOrder
from kalshi_cli.engine.state import ExchangeState
from kalshi_cli.engine.venue import Venue

PAUSED = Rejected(409, "trading_is_paused")
UNFUNDED = Rejected(404, "insufficient_shard_balance")
DUPLICATE = Rejected(409, "order_already_exists")
CLOSING = Rejected(409, "MARKET_INACTIVE", "orders of a closed market cannot be canceled")


def refusal(venue: Venue, order: Place) -> Rejected | None:
    """Why an order is not taken on; None when it is."""
    if order.client_order_id and order.client_order_id in venue.state.by_client_id:
        return DUPLICATE
    return (
        _shard_refusal(venue, order)
        or _market_refusal(venue, order)
        or _group_refusal(venue, order)
        or _terms_refusal(venue, order)
        or _money_refusal(venue, order)
    )


def amend_refusal(venue: Venue, order: ExchangeOrder, wanted: Amend) -> Rejected | None:
    """Why an order is not changed; None when it is."""
    remaining = wanted.count - order.filled
    grid = venue.market(order.ticker).grid
    stopped = stopped_market(venue, venue.market(order.ticker))
    if stopped is not None:
        return stopped
    objections = {
        Rejected(400, "order_ticker_mismatch"): wanted.ticker != order.ticker,
        Rejected(400, "order_side_mismatch"): wanted.side is not order.side,
        Rejected(400, "order_id_and_client_order_id_mismatch"): wanted.client_order_id
        not in {"", order.client_order_id},
        DUPLICATE: wanted.new_client_order_id != order.client_order_id
        and wanted.new_client_order_id in venue.state.by_client_id,
        Rejected(400, "invalid_price"): grid is None or not grid.contains(wanted.price),
        Rejected(400, "invalid_order_size"): remaining.units <= 0,
        Rejected(400, "invalid_order", "expiration in the past"): 0
        < (wanted.expiration_us or 0)
        <= venue.now_us,
        Rejected(400, "invalid_order", "post only cross"): order.post_only
        and would_take(venue, order.ticker, order.side, wanted.price),
    }
    said = next((said for said, found in objections.items() if found), None)
    if said is not None or _can_afford_change(venue, order, wanted, remaining):
        return said
    return Rejected(400, "insufficient_balance")


def stopped_market(venue: Venue, market: Market) -> Rejected | None:
    """Why a market takes no orders and no changes of orders now; None where it does."""
    if market.status is MarketStatus.INACTIVE:
        return Rejected(409, "MARKET_INACTIVE", "market is paused")
    if market.status is not MarketStatus.ACTIVE:
        return Rejected(409, "MARKET_NOT_ACTIVE", f"market is {market.status}")
    return PAUSED if venue.is_paused(market.exchange_index) else None


def allowed_count(state: ExchangeState, order: Place) -> Contracts:
    """The count, capped to the position it reduces where it may only reduce."""
    if not order.reduce_only:
        return order.count
    reducible = max(0, -order.side.sign * state.account.net(order.ticker).units)
    return Contracts(min(order.count.units, reducible))


def reserved(state: ExchangeState, now_us: int, shard: int | None = None) -> Money:
    """Dollars that resting orders may still need, at worst; on one shard, or on all."""
    tickers = sorted({*state.resting.values()})
    return total(
        [
            _needed(state, ticker, now_us)
            for ticker in tickers
            if shard in {None, state.catalog.markets[ticker].exchange_index}
        ]
    )


def free_cash(venue: Venue, shard: int) -> Money:
    """Dollars of a shard that no resting order may need."""
    on_shard = venue.state.account.cash_on.get(shard, NO_MONEY)
    return on_shard - reserved(venue.state, venue.now_us, shard)


def would_take(venue: Venue, ticker: str, side: Side, price: Price) -> bool:
    """Whether an order would trade at once."""
    bids, asks = venue.world.ladders(ticker)
    opposite = asks if side is Side.BID else bids
    return bool(opposite) and reaches(side, price, opposite[0].price)


def _shard_refusal(venue: Venue, order: Place) -> Rejected | None:
    """A shard that was asked for by name knows only who has money there."""
    on_shard = venue.state.account.cash_on.get(order.shard, NO_MONEY)
    return UNFUNDED if order.shard != AUTO_ROUTE and not on_shard else None


def _market_refusal(venue: Venue, order: Place) -> Rejected | None:
    market = venue.state.catalog.markets.get(order.ticker)
    if market is None or order.shard not in {AUTO_ROUTE, market.exchange_index}:
        return Rejected(404, "not_found", "market not found")
    stopped = stopped_market(venue, market)
    if stopped is None and (market.grid is None or not market.grid.contains(order.price)):
        return Rejected(400, "invalid_price")
    return stopped


def _group_refusal(venue: Venue, order: Place) -> Rejected | None:
    if not order.group_id:
        return None
    group = venue.state.groups.get(order.group_id)
    if group is None:
        return Rejected(404, "not_found", "order group not found")
    if group.shard != venue.market(order.ticker).exchange_index:
        return Rejected(400, "invalid_order", "order group is on another shard")
    return Rejected(409, "order_group_triggered") if group.triggered else None


def _terms_refusal(venue: Venue, order: Place) -> Rejected | None:
    if order.count.units <= 0:
        return Rejected(400, "invalid_order_size")
    if contradiction := _contradiction(order, venue.now_us):
        return Rejected(400, "invalid_order", contradiction)
    if order.post_only and would_take(venue, order.ticker, order.side, order.price):
        return Rejected(400, "invalid_order", "post only cross")
    return None


def _contradiction(order: Place, now_us: int) -> str:
    rests = order.time_in_force is TimeInForce.GTC
    takes_some = order.time_in_force is TimeInForce.IOC
    expiry = order.expiration_us
    contradictions = {
        "reduce only needs immediate_or_cancel": order.reduce_only and not takes_some,
        "post only needs good_till_canceled": order.post_only and not rests,
        "expiration needs good_till_canceled": expiry is not None and not rests,
        "expiration in the past": expiry is not None and expiry <= now_us,
    }
    return next((said for said, found in contradictions.items() if found), "")


def _money_refusal(venue: Venue, order: Place) -> Rejected | None:
    count = allowed_count(venue.state, order)
    if not count:
        return None
    shard = venue.market(order.ticker).exchange_index
    takes = would_take(venue, order.ticker, order.side, order.price)
    wanted = _claim(venue.state, order, count, venue.now_us, is_taker=takes)
    before = _needed(venue.state, order.ticker, venue.now_us)
    after = _needed(venue.state, order.ticker, venue.now_us, more=[wanted])
    if after - before <= free_cash(venue, shard):
        return None
    if not venue.state.account.cash_on.get(shard, NO_MONEY):
        return UNFUNDED
    return Rejected(400, "insufficient_balance")


def _can_afford_change(
    venue: Venue, order: ExchangeOrder, wanted: Amend, remaining: Contracts
) -> bool:
    takes = would_take(venue, order.ticker, order.side, wanted.price)
    terms = Place("", order.ticker, order.side, wanted.price, remaining, TimeInForce.GTC)
    changed = _claim(venue.state, terms, remaining, venue.now_us, is_taker=takes)
    before = _needed(venue.state, order.ticker, venue.now_us)
    after = _needed(venue.state, order.ticker, venue.now_us, more=[changed], without=order)
    return after - before <= max(NO_MONEY, free_cash(venue, order.shard))


def _needed(
    state: ExchangeState,
    ticker: str,
    now_us: int,
    more: Iterable[Claim] = (),
    without: ExchangeOrder | None = None,
) -> Money:
    claims = [
        _claim(state, order, order.remaining, now_us, is_taker=False)
        for order in state.resting_in(ticker)
        if order is not without
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
    terms = state.catalog.fee_terms(order.ticker, now_us, waived=False)
    return claim(terms, side=order.side, price=order.price, count=count, is_taker=is_taker)
