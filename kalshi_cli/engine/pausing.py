"""Pauses: of one market, of a shard, of the exchange; and what they do to orders.

A shard's pause leaves orders in the book, but for those that ask to be canceled. A market that
trades again after a pause of its own has lost every order that rested in it.
"""

from collections.abc import Iterable

from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.engine.commands import Rejected, SetTrading, TradingSet
from kalshi_cli.engine.orders import UpdateReason
from kalshi_cli.engine.treasury import NO_SHARD, SHARDS
from kalshi_cli.engine.venue import Venue
from kalshi_cli.engine.world import Moved


def set_trading(venue: Venue, command: SetTrading) -> TradingSet | Rejected:
    """Pause or resume a market, a shard or all of them."""
    if command.ticker:
        return _set_market(venue, command.ticker, active=command.active)
    shards = SHARDS if command.shard is None else [command.shard]
    if not set(shards) <= set(SHARDS):
        return NO_SHARD
    return TradingSet(_set_shards(venue, set(shards), active=command.active))


def follow_pauses(venue: Venue, moved: Moved, was: MarketStatus) -> None:
    """What a market's pause, or its end, does to our orders in it."""
    if moved.status is MarketStatus.INACTIVE:
        cancel_on_pause(venue, [moved.ticker], moved.at_us)
    elif moved.status is MarketStatus.ACTIVE:
        if was is MarketStatus.INACTIVE:
            for order in venue.state.resting_in(moved.ticker):
                venue.withdraw(order, UpdateReason.HALT, moved.at_us)
        if _is_stopped(venue, moved.ticker):
            venue.world.set_trading(moved.ticker, active=False)


def cancel_on_pause(venue: Venue, tickers: Iterable[str], at_us: int) -> None:
    """Cancel the orders that asked for it when trading pauses."""
    paused = frozenset(tickers)
    for order in venue.state.live_orders():
        if order.cancel_on_pause and order.ticker in paused:
            venue.withdraw(order, UpdateReason.HALT, at_us)


def _set_market(venue: Venue, ticker: str, *, active: bool) -> TradingSet | Rejected:
    market = venue.state.catalog.markets.get(ticker)
    if market is None:
        return Rejected(404, "not_found", "market not found")
    paused = venue.state.paused_markets
    if active != (ticker in paused) or (not active and market.status is not MarketStatus.ACTIVE):
        return Rejected(400, "bad_request", f"market is {market.status}")
    if active:
        paused.remove(ticker)
    else:
        paused.append(ticker)
    if active and market.status is not MarketStatus.INACTIVE:
        return TradingSet(0)  # it closed meanwhile
    status = MarketStatus.ACTIVE if active else MarketStatus.INACTIVE
    moved = Moved(venue.now_us, ticker, status)
    venue.world.set_trading(ticker, active=active)
    venue.state.catalog.move(moved)
    venue.told.append(moved)
    follow_pauses(venue, moved, market.status)
    return TradingSet(1)


def _set_shards(venue: Venue, shards: set[int], *, active: bool) -> int:
    state = venue.state
    paused = set(state.paused_shards)
    changed = shards & paused if active else shards - paused
    state.paused_shards = sorted(paused - shards if active else paused | shards)
    tickers = [
        market.ticker
        for market in state.catalog.markets.values()
        if market.exchange_index in changed and market.status is MarketStatus.ACTIVE
    ]
    for ticker in tickers:
        venue.world.set_trading(ticker, active=active)
    if not active:
        cancel_on_pause(venue, tickers, venue.now_us)
    return len(tickers)


def _is_stopped(venue: Venue, ticker: str) -> bool:
    return venue.market(ticker).exchange_index in venue.state.paused_shards
