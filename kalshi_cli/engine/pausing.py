"""Pauses: of one market, of a shard, of the exchange; and what they do to orders.

A shard's pause leaves orders in the book, but for those that ask to be canceled. A market that
trades again after a pause of its own has lost every order that rested in it.
"""

from collections.abc import Collection

from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.market import FILTER_OF, MarketStatus
from kalshi_cli.engine.commands import Rejected, SetTrading, TradingSet
from kalshi_cli.engine.orders import UpdateReason
from kalshi_cli.engine.treasury import NO_SHARD, SHARDS
from kalshi_cli.engine.venue import Venue
from kalshi_cli.engine.world import Moved

_LOOK = MINUTE
"""How late a paused shard may notice that one of its markets trades."""
_UNOPENED = FILTER_OF[MarketStatus.INITIALIZED]


def set_trading(venue: Venue, command: SetTrading) -> TradingSet | Rejected:
    """Pause or resume a market, a shard or all of them."""
    until_us = command.until_us
    if until_us is not None and (command.active or until_us <= venue.now_us):
        return Rejected(400, "bad_request", "a pause ends after it began")
    if command.ticker:
        return _set_market(venue, command)
    shards = SHARDS if command.shard is None else [command.shard]
    if not set(shards) <= set(SHARDS):
        return NO_SHARD
    return TradingSet(_set_shards(venue, shards, command))


def pause_stops(venue: Venue) -> list[int]:
    """When pauses end by themselves, and when markets open of which some must not trade yet.

    One that is listed, or goes on after a pause of the world's own, while its shard is paused is
    noticed within a minute.
    """
    state, now_us = venue.state, venue.now_us
    ends = [*state.paused_shards.values(), *state.paused_markets.values()]
    stops = [end_us for end_us in ends if end_us is not None]
    if state.paused_shards:
        unopened = state.catalog.lists(now_us).by_word[_UNOPENED].all()
        stops += [now_us + _LOOK, *(venue.market(ticker).open_us for _, ticker in unopened)]
    return stops


def end_pauses(venue: Venue) -> None:
    """Let trade again whatever was paused until now."""
    state, now_us = venue.state, venue.now_us
    for ticker in [t for t, end_us in state.paused_markets.items() if _is_over(end_us, now_us)]:
        _resume_market(venue, ticker)
    over = [shard for shard, end_us in state.paused_shards.items() if _is_over(end_us, now_us)]
    _resume_shards(venue, over)


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


def cancel_on_pause(venue: Venue, tickers: Collection[str], at_us: int) -> None:
    """Cancel the orders that asked for it when trading pauses."""
    paused = frozenset(tickers)
    for order in venue.state.live_orders():
        if order.cancel_on_pause and order.ticker in paused:
            venue.withdraw(order, UpdateReason.HALT, at_us)


def _set_market(venue: Venue, command: SetTrading) -> TradingSet | Rejected:
    ticker, paused = command.ticker, venue.state.paused_markets
    market = venue.state.catalog.markets.get(ticker)
    if market is None:
        return Rejected(404, "not_found", "market not found")
    refused = Rejected(400, "bad_request", f"market is {market.status}")
    if command.active:
        return TradingSet(_resume_market(venue, ticker)) if ticker in paused else refused
    if ticker in paused:
        until_us = _later(paused[ticker], command.until_us)
        if market.status is not MarketStatus.INACTIVE or until_us == paused[ticker]:
            return refused
        paused[ticker] = until_us
        return TradingSet(0)
    if market.status is not MarketStatus.ACTIVE:
        return refused
    paused[ticker] = command.until_us
    _turn(venue, ticker, MarketStatus.INACTIVE)
    return TradingSet(1)


def _resume_market(venue: Venue, ticker: str) -> int:
    """End a market's pause; nothing goes on where it closed meanwhile."""
    del venue.state.paused_markets[ticker]
    if venue.market(ticker).status is not MarketStatus.INACTIVE:
        return 0
    _turn(venue, ticker, MarketStatus.ACTIVE)
    return 1


def _turn(venue: Venue, ticker: str, status: MarketStatus) -> None:
    moved, was = Moved(venue.now_us, ticker, status), venue.market(ticker).status
    venue.world.set_trading(ticker, active=status is MarketStatus.ACTIVE)
    venue.state.catalog.move(moved)
    venue.told.append(moved)
    follow_pauses(venue, moved, was)


def _set_shards(venue: Venue, shards: Collection[int], command: SetTrading) -> int:
    paused = venue.state.paused_shards
    if command.active:
        return _resume_shards(venue, [shard for shard in shards if shard in paused])
    begun = [shard for shard in shards if shard not in paused]
    for shard in shards:
        paused[shard] = _later(paused.get(shard, command.until_us), command.until_us)
    tickers = _trading_on(venue, begun)
    for ticker in tickers:
        venue.world.set_trading(ticker, active=False)
    cancel_on_pause(venue, tickers, venue.now_us)
    return len(tickers)


def _resume_shards(venue: Venue, shards: Collection[int]) -> int:
    for shard in shards:
        del venue.state.paused_shards[shard]
    tickers = _trading_on(venue, shards)
    for ticker in tickers:
        venue.world.set_trading(ticker, active=True)
    return len(tickers)


def _trading_on(venue: Venue, shards: Collection[int]) -> list[str]:
    if not shards:
        return []
    return [
        market.ticker
        for market in venue.state.catalog.markets.values()
        if market.exchange_index in shards and market.status is MarketStatus.ACTIVE
    ]


def _later(one: int | None, other: int | None) -> int | None:
    """The later end of two pauses; None is later than any instant."""
    return None if one is None or other is None else max(one, other)


def _is_over(end_us: int | None, now_us: int) -> bool:
    return end_us is not None and end_us <= now_us


def _is_stopped(venue: Venue, ticker: str) -> bool:
    return venue.market(ticker).exchange_index in venue.state.paused_shards
