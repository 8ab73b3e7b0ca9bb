"""Messages of the stream as domain values. Everything here raises `InvalidValue`, alone."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from kalshi_cli.adapters.kalshi.public import book_side, fee_override, seconds
from kalshi_cli.adapters.kalshi.rows import (
    identity,
    money,
    price,
    quantity,
    traded,
    word,
)
from kalshi_cli.adapters.kalshi.stream.wire import (
    COUNTS,
    PRICES,
    EventFeesFrame,
    EventFeesMsg,
    FillFrame,
    FillMsg,
    Levels,
    LifecycleFrame,
    LifecycleMsg,
    News,
    OrderFrame,
    OrderMsg,
    PositionFrame,
    PositionMsg,
    TickerFrame,
    TickerMsg,
    TradeFrame,
    TradeMsg,
)
from kalshi_cli.domain.account import ExchangePosition
from kalshi_cli.domain.book import Level
from kalshi_cli.domain.instant import MILLISECOND
from kalshi_cli.domain.market import Result, Trade, payout
from kalshi_cli.domain.money import ONE_DOLLAR, Contracts, Price
from kalshi_cli.domain.order import ExchangeOrderStatus, Fill, OrderReport
from kalshi_cli.errors import InvalidValue
from kalshi_cli.ports.stream import Change, EventFees, MarketChange, StreamEvent, StreamQuote


def levels(wire: Levels | None) -> Iterator[tuple[int, int]]:
    """Raw levels of a snapshot; a price that comes twice refuses it."""
    seen: set[int] = set()
    for dollars, count in wire or ():
        raw = PRICES[dollars]
        if raw in seen:
            raise InvalidValue(f"Two levels at ${dollars}.")
        seen.add(raw)
        if units := COUNTS[count]:
            yield raw, units


def to_event(frame: News) -> StreamEvent:
    """What a frame tells."""
    return _READERS[type(frame)](frame.msg)


def _quote(msg: TickerMsg) -> StreamQuote:
    bid = _side(msg.yes_bid_dollars, msg.yes_bid_size_fp)
    ask = _side(msg.yes_ask_dollars, msg.yes_ask_size_fp)
    if bid and ask and bid.price >= ask.price:
        raise InvalidValue(f"A crossed quote: bid {bid.price}, ask {ask.price}.")
    return StreamQuote(
        ticker=identity(msg.market_ticker, "ticker"),
        bid=bid,
        ask=ask,
        last=price(msg.price_dollars) or None,
        volume=quantity(msg.volume_fp),
        open_interest=quantity(msg.open_interest_fp),
        at_us=msg.ts_ms * MILLISECOND,
    )


def _side(dollars: str, size: str) -> Level | None:
    count = quantity(size)
    if not count:
        return None
    at = price(dollars)
    if not 0 < at.units < ONE_DOLLAR.units:
        raise InvalidValue(f"A side with size at ${at}.")
    return Level(at, count)


def _trade(msg: TradeMsg) -> Trade:
    return Trade(
        trade_id=identity(msg.trade_id, "trade id"),
        ticker=identity(msg.market_ticker, "ticker"),
        price=price(msg.yes_price_dollars),
        count=traded(msg.count_fp),
        taker_side=book_side(msg.taker_book_side, msg.taker_outcome_side),
        at_us=msg.ts_ms * MILLISECOND,
    )


def _fill(msg: FillMsg) -> Fill:
    return Fill(
        fill_id=identity(msg.trade_id, "fill id"),
        order_id=identity(msg.order_id, "order id"),
        ticker=identity(msg.market_ticker, "ticker"),
        side=book_side(msg.book_side, msg.outcome_side),
        price=price(msg.yes_price_dollars),
        count=traded(msg.count_fp),
        is_taker=msg.is_taker,
        fee=money(msg.fee_cost),
        at_us=msg.ts_ms * MILLISECOND,
        exchange_index=msg.exchange_index or 0,
    )


def _order(msg: OrderMsg) -> OrderReport:
    if msg.created_ts_ms is None:
        raise InvalidValue("An order without the time of its creation.")
    expires_ms = msg.expiration_ts_ms
    return OrderReport(
        order_id=identity(msg.order_id, "order id"),
        client_order_id=msg.client_order_id or None,
        ticker=identity(msg.ticker, "ticker"),
        side=book_side(msg.book_side, msg.outcome_side),
        price=price(msg.yes_price_dollars),
        initial=quantity(msg.initial_count_fp),
        filled=quantity(msg.fill_count_fp),
        remaining=quantity(msg.remaining_count_fp),
        status=word(ExchangeOrderStatus, msg.status, "order status"),
        created_us=msg.created_ts_ms * MILLISECOND,
        expires_us=None if expires_ms is None else expires_ms * MILLISECOND,
        exchange_index=msg.exchange_index or 0,
    )


def _change(msg: LifecycleMsg) -> MarketChange:
    result, value = _result(msg)
    at_s = msg.determination_ts or msg.settled_ts
    return MarketChange(
        ticker=identity(msg.market_ticker, "ticker"),
        change=word(Change, msg.event_type, "change of a market"),
        close_us=None if msg.close_ts is None else seconds(msg.close_ts),
        result=result,
        settlement_value=value,
        at_us=None if at_s is None else seconds(at_s),
    )


def _result(msg: LifecycleMsg) -> tuple[Result | None, Price | None]:
    """The result and what it pays; a contradiction between the two refuses the message."""
    value = price(msg.settlement_value) if msg.settlement_value else None
    if not msg.result:
        return None, value
    result = word(Result, msg.result, "result")
    if value is not None and payout(result, value) != value:
        raise InvalidValue(f"Result {result} with a settlement value of ${value}.")
    return result, value


def _position(msg: PositionMsg) -> ExchangePosition:
    ticker = identity(msg.market_ticker, "ticker")
    return ExchangePosition(ticker, Contracts.parse(msg.position_fp))


def _fees(msg: EventFeesMsg) -> EventFees:
    ticker = identity(msg.event_ticker, "event ticker")
    return EventFees(ticker, fee_override(msg.fee_type_override, msg.fee_multiplier_override))


_READERS: Mapping[type[News], Callable[[Any], StreamEvent]] = MappingProxyType(
    {
        TickerFrame: _quote,
        TradeFrame: _trade,
        FillFrame: _fill,
        OrderFrame: _order,
        PositionFrame: _position,
        LifecycleFrame: _change,
        EventFeesFrame: _fees,
    }
)
