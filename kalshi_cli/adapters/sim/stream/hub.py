"""The stream's side of the exchange: after each command it tells every session what happened.

What happened to orders, positions, groups, markets and prints comes from the exchange itself;
books and tickers are compared with what was told last. Nothing is looked up that nobody wants.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from kalshi_cli.adapters.sim.host import Host
from kalshi_cli.adapters.sim.market_wire import Wire
from kalshi_cli.adapters.sim.stream.books import Books, delta_msg, snapshot_msg
from kalshi_cli.adapters.sim.stream.causes import OwnOrders
from kalshi_cli.adapters.sim.stream.channels import Channel
from kalshi_cli.adapters.sim.stream.coverage import StreamLimits
from kalshi_cli.adapters.sim.stream.fees import HeldFees
from kalshi_cli.adapters.sim.stream.interest import Interest
from kalshi_cli.adapters.sim.stream.lifecycle import Lifecycle
from kalshi_cli.adapters.sim.stream.outbox import News
from kalshi_cli.adapters.sim.stream.session import StreamSession
from kalshi_cli.adapters.sim.stream.tickers import Tickers, ticker_msg
from kalshi_cli.adapters.sim.stream.view import View
from kalshi_cli.adapters.sim.stream.wire import (
    fill_msg,
    group_msg,
    market_id,
    order_msg,
    position_msg,
    trade_msg,
)
from kalshi_cli.engine.happenings import (
    Filled,
    GroupChanged,
    Happening,
    OrderChanged,
    PositionChanged,
)
from kalshi_cli.engine.world import Listed, Moved, Printed

DEFAULT_LIMITS = StreamLimits()


class StreamHub:
    """Opens sessions and keeps them informed; a session's `Source`.

    `wall` is real time in microseconds. While there are no sessions a command costs nothing here.
    """

    def __init__(
        self,
        host: Host,
        *,
        user_id: str,
        wall: Callable[[], int],
        limits: StreamLimits = DEFAULT_LIMITS,
    ) -> None:
        self._host, self._user_id, self.wall = host, user_id, wall
        self.limits = limits
        self._sessions: list[StreamSession] = []
        self._interest = Interest()
        self._books, self._tickers, self._lifecycle = Books(), Tickers(), Lifecycle()
        self._own = OwnOrders(())
        self._held_fees = HeldFees(())
        self._ids: dict[str, str] = {}
        self._now_us = 0
        host.listen(self.hear)

    def open(self, wake: Callable[[], None] = lambda: None) -> StreamSession:
        """A new session; `wake` is called whenever it has frames to send."""
        if not self._sessions:
            exchange = self._host.exchange
            self._own, self._now_us = OwnOrders(exchange.resting), exchange.now_us
            self._held_fees = HeldFees(exchange.account.fills)
        session = StreamSession(self, self.limits, wake)
        self._sessions.append(session)
        return session

    def drop(self, session: StreamSession) -> None:
        """A client is gone."""
        session.close()
        self._sessions.remove(session)

    def hear(self, happenings: Sequence[Happening]) -> None:
        """A command was obeyed: tell every session what came of it."""
        if not self._sessions:
            return
        news = list(self._news(happenings))
        for session in self._sessions:
            session.tell(news)

    def watch(self, channel: Channel, tickers: Sequence[str] | None) -> None:
        view, was = self._view(), self._interest.has(channel)
        self._interest.add(channel, tickers)
        if channel is Channel.ORDERBOOK:
            for ticker in tickers or ():
                self._books.watch(ticker, view)
        elif channel is Channel.TICKER:
            self._tickers.watch(self._tickers.turn(view) if tickers is None else tickers, view)
        elif channel is Channel.LIFECYCLE and not was:
            self._lifecycle.watch(view)

    def release(self, channel: Channel, tickers: Sequence[str] | None) -> None:
        gone = self._interest.drop(channel, tickers)
        if channel is Channel.ORDERBOOK:
            for ticker in gone:
                self._books.forget(ticker)
        if channel is Channel.TICKER and not self._interest.has(channel):
            self._tickers.forget()

    def snapshot(self, ticker: str, *, yes_prices: bool) -> str:
        book = self._books.book(ticker, self._view())
        return _json(snapshot_msg(ticker, self._market_id(ticker), book, yes_prices=yes_prices))

    def ticker(self, ticker: str) -> str:
        view = self._view()
        if view.market(ticker) is None:
            return ""
        told = self._tickers.look(ticker, view)
        return _json(ticker_msg(ticker, self._market_id(ticker), told, view.now_us))

    def tickers_of(self, market_ids: Sequence[str]) -> dict[str, str]:
        tickers = {self._market_id(t): t for t in self._host.exchange.catalog.markets}
        return {tickers.get(each, each): each for each in market_ids}

    def _view(self) -> View:
        return View(self._host.exchange, self._host.seq)

    def _market_id(self, ticker: str) -> str:
        found = self._ids.get(ticker)
        if found is None:
            world_id = self._host.exchange.world.world_id
            found = self._ids[ticker] = market_id(world_id, ticker)
        return found

    def _news(self, happenings: Sequence[Happening]) -> Iterator[News]:
        view = self._view()
        for happening in happenings:
            for channel, kind, ticker, msg in self._told(happening, view):
                if self._interest.wants(channel, ticker):
                    yield News(channel, kind, ticker, _json(msg))
        touched = {ticker for each in happenings for ticker in _tickers_in(each)}
        time_moved = view.now_us != self._now_us
        self._now_us = view.now_us
        yield from self._book_news(view, happenings, None if time_moved else touched)
        yield from self._ticker_news(view, touched, time_moved=time_moved)

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
                fees = self._held_fees.of(position)
                msg = position_msg(happening, self._user_id, fees)
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
        self, view: View, happenings: Sequence[Happening], touched: set[str] | None
    ) -> Iterator[News]:
        """Deltas of the watched books; with `touched`, only those can have changed."""
        causes = self._own.causes(happenings)
        watched = self._interest.named(Channel.ORDERBOOK)
        for ticker in list(watched) if touched is None else [t for t in touched if t in watched]:
            identity = self._market_id(ticker)
            for delta in self._books.changes(ticker, view, causes):
                yes = delta_msg(ticker, identity, delta, view, yes_prices=True)
                no = delta_msg(ticker, identity, delta, view, yes_prices=False)
                yield News(Channel.ORDERBOOK, "orderbook_delta", ticker, _json(yes), _json(no))

    def _ticker_news(self, view: View, touched: set[str], *, time_moved: bool) -> Iterator[News]:
        """Tickers that changed: of all markets named, and of those whose turn it is."""
        if not self._interest.has(Channel.TICKER):
            return
        named, whole = self._interest.named(Channel.TICKER), self._interest.whole(Channel.TICKER)
        looked_at = dict.fromkeys(t for t in touched if whole or t in named)
        if time_moved:
            looked_at |= dict.fromkeys(named)
        if time_moved and whole:
            turn = self._tickers.turn(view)
            looked_at |= dict.fromkeys(self._tickers.known(turn))
            self._tickers.watch(turn, view)
        for ticker, told in self._tickers.changed(looked_at, view):
            msg = ticker_msg(ticker, self._market_id(ticker), told, view.now_us)
            yield News(Channel.TICKER, "ticker", ticker, _json(msg))


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
