"""What there is to tell after a command, to whoever wants it; nothing else is looked up.

What happened to orders, positions, groups, markets and prints comes from the exchange itself; books
and tickers are compared with what was told last. Where time stood still only those markets can have
changed in which something happened; where it moved, the others are looked at too, in turns if there
are many.
"""

from collections.abc import Iterator, Sequence

import msgspec

from kalshi_cli.adapters.sim.stream.books import Books, delta_msg, in_no_prices, snapshot_msg
from kalshi_cli.adapters.sim.stream.causes import OwnOrders
from kalshi_cli.adapters.sim.stream.channels import Channel
from kalshi_cli.adapters.sim.stream.fees import HeldFees
from kalshi_cli.adapters.sim.stream.interest import Interest
from kalshi_cli.adapters.sim.stream.lifecycle import Lifecycle
from kalshi_cli.adapters.sim.stream.outbox import News
from kalshi_cli.adapters.sim.stream.tickers import Tickers, ticker_msg
from kalshi_cli.adapters.sim.stream.turns import Turns
from kalshi_cli.adapters.sim.stream.view import View
from kalshi_cli.adapters.sim.stream.wire import (
    fill_msg,
    group_msg,
    market_id,
    order_msg,
    position_msg,
    trade_msg,
)
from kalshi_cli.adapters.sim.wire.markets import Wire
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.happenings import (
    Filled,
    GroupChanged,
    Happening,
    OrderChanged,
    PositionChanged,
)
from kalshi_cli.engine.world import Listed, Moved, Printed


class Reporter:
    """Knows what was told last, from when it is made."""

    def __init__(self, host: Host, user_id: str, looks: int) -> None:
        self._host, self._user_id = host, user_id
        exchange = host.exchange
        self._interest = Interest()
        self._books, self._tickers, self._lifecycle = Books(), Tickers(), Lifecycle()
        self._own = OwnOrders(exchange.resting)
        self._held_fees = HeldFees(exchange.account.fills)
        self._ids: dict[str, str] = {}
        self._now_us = exchange.now_us
        self._book_turns, self._ticker_turns = Turns(looks), Turns(looks)

    def watch(self, channel: Channel, tickers: Sequence[str] | None) -> None:
        """Tell of these markets, or of the whole channel, from now on."""
        view, was = self._view(), self._interest.has(channel)
        self._interest.add(channel, tickers)
        if channel is Channel.ORDERBOOK:
            for ticker in tickers or ():
                self._books.watch(ticker, view)
        elif channel is Channel.TICKER:
            seen = self._ticker_turns.of(_active(view)) if tickers is None else tickers
            self._tickers.watch(seen, view)
        elif channel is Channel.LIFECYCLE and not was:
            self._lifecycle.watch(view)

    def release(self, channel: Channel, tickers: Sequence[str] | None) -> None:
        """One subscription wants these no more."""
        gone = self._interest.drop(channel, tickers)
        if channel is Channel.ORDERBOOK:
            for ticker in gone:
                self._books.forget(ticker)
        if channel is Channel.TICKER and not self._interest.has(channel):
            self._tickers.forget()

    def snapshot(self, ticker: str, *, yes_prices: bool) -> str:
        """The body of a book as it was told last."""
        book = self._books.book(ticker, self._view())
        return _json(snapshot_msg(ticker, self._market_id(ticker), book, yes_prices=yes_prices))

    def ticker(self, ticker: str) -> str:
        """The body of a market's ticker as it is now; empty where there is no such market."""
        view = self._view()
        if view.market(ticker) is None:
            return ""
        told = self._tickers.look(ticker, view)
        return _json(ticker_msg(ticker, self._market_id(ticker), told, view.now_us))

    def tickers_of(self, market_ids: Sequence[str]) -> dict[str, str]:
        """Tickers with their UUIDs; a UUID of no market stands for itself."""
        tickers = {self._market_id(t): t for t in self._host.exchange.catalog.markets}
        return {tickers.get(each, each): each for each in market_ids}

    def report(self, happenings: Sequence[Happening]) -> Iterator[News]:
        """What a command brought about, in order."""
        view = self._view()
        for happening in happenings:
            for channel, kind, ticker, msg in self._told(happening, view):
                if self._interest.wants(channel, ticker):
                    yield News(channel, kind, ticker, _json(msg))
        touched = list(dict.fromkeys(t for each in happenings for t in _tickers_in(each)))
        time_moved = view.now_us != self._now_us
        self._now_us = view.now_us
        yield from self._book_news(view, happenings, touched, time_moved=time_moved)
        yield from self._ticker_news(view, touched, time_moved=time_moved)

    def _view(self) -> View:
        return View(self._host.exchange, self._host.clock)

    def _market_id(self, ticker: str) -> str:
        found = self._ids.get(ticker)
        if found is None:
            world_id = self._host.exchange.world.world_id
            found = self._ids[ticker] = market_id(world_id, ticker)
        return found

    def _told(self, happening: Happening, view: View) -> Iterator[tuple[Channel, str, str, Wire]]:
        """What a happening is on which channel: the frame's type, its market and its message."""
        match happening:
            case Printed(trade=trade):
                yield Channel.TRADE, "trade", trade.ticker, trade_msg(trade)
            case OrderChanged(order=order):
                msg = order_msg(order, self._user_id)
                yield Channel.ORDERS, "user_order", order.ticker, msg
            case Filled(fill=fill):
                self._held_fees.book(fill)
                yield Channel.FILL, "fill", fill.ticker, fill_msg(happening)
            case PositionChanged(position=position):
                msg = position_msg(happening, self._user_id, self._held_fees.of(position))
                yield Channel.POSITIONS, "market_position", position.ticker, msg
            case GroupChanged():
                yield Channel.GROUPS, "order_group_updates", "", group_msg(happening)
            case Listed() if self._interest.has(Channel.LIFECYCLE):
                for kind, msg in self._lifecycle.listed(happening, view):
                    yield Channel.LIFECYCLE, kind, "", msg
            case Moved() if self._interest.has(Channel.LIFECYCLE):
                for kind, msg in self._lifecycle.moved(happening, view):
                    yield Channel.LIFECYCLE, kind, "", msg
            case _:
                pass

    def _book_news(
        self,
        view: View,
        happenings: Sequence[Happening],
        touched: Sequence[str],
        *,
        time_moved: bool,
    ) -> Iterator[News]:
        """Changes of the watched books."""
        causes = self._own.causes(happenings)
        watched = self._interest.named(Channel.ORDERBOOK)
        looked_at = [ticker for ticker in touched if ticker in watched]
        if time_moved:
            looked_at += self._book_turns.of(list(watched))
        for ticker in dict.fromkeys(looked_at):
            identity = self._market_id(ticker)
            for delta in self._books.changes(ticker, view, causes):
                msg = delta_msg(ticker, identity, delta, view.stamp)
                other = _json(in_no_prices(msg, delta)) if delta.side is Side.ASK else ""
                yield News(Channel.ORDERBOOK, "orderbook_delta", ticker, _json(msg), other)

    def _ticker_news(
        self, view: View, touched: Sequence[str], *, time_moved: bool
    ) -> Iterator[News]:
        """Tickers that changed. A market of the whole exchange is first seen, then told of."""
        if not self._interest.has(Channel.TICKER):
            return
        whole = self._interest.whole(Channel.TICKER)
        looked_at = [t for t in touched if self._interest.wants(Channel.TICKER, t)]
        if time_moved:
            candidates = _active(view) if whole else list(self._interest.named(Channel.TICKER))
            turn = self._ticker_turns.of(candidates)
            looked_at += self._tickers.known(turn)
            self._tickers.watch(turn, view)
        for ticker, told in self._tickers.changed(dict.fromkeys(looked_at), view):
            msg = ticker_msg(ticker, self._market_id(ticker), told, view.now_us)
            yield News(Channel.TICKER, "ticker", ticker, _json(msg))


def _active(view: View) -> list[str]:
    """The markets that trade."""
    markets = view.exchange.catalog.markets.values()
    return [market.ticker for market in markets if market.status is MarketStatus.ACTIVE]


def _tickers_in(happening: Happening) -> list[str]:
    """The markets that a happening is about."""
    match happening:
        case (
            OrderChanged(order=about)
            | Filled(fill=about)
            | PositionChanged(position=about)
            | Printed(trade=about)
        ):
            return [about.ticker]
        case Moved(ticker=ticker):
            return [ticker]
        case Listed(markets=markets):
            return [market.ticker for market in markets]
        case GroupChanged():
            return []


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
