"""Frames as the exchange's AsyncAPI file shows them, one of each type that the client reads."""

from typing import Any

TICKER = "KXHIGHNY-27JAN06-B40.5"
MARKET_ID = "8c8f4f0a-6d0b-4f6f-9a55-0b9d7b8a0c11"
USER_ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
ORDER_ID = "ee587a1c-8b87-4dcf-b721-9f6f790619fa"
TRADE_ID = "d91bc706-ee49-470d-82d8-11418bda6fed"
TS_MS = 1_800_000_000_123
SIDS = {
    "orderbook_delta": 1,
    "ticker": 2,
    "trade": 3,
    "fill": 4,
    "user_orders": 5,
    "market_positions": 6,
    "market_lifecycle_v2": 7,
}
Frame = dict[str, Any]


def snapshot(seq: int = 1, **msg: Any) -> Frame:
    body = {
        "market_ticker": TICKER,
        "market_id": MARKET_ID,
        "clock": 10,
        "yes_dollars_fp": [["0.4000", "5.00"], ["0.4200", "103.50"]],
        "no_dollars_fp": [["0.4300", "12.00"], ["0.4500", "40.00"]],
    }
    return {"type": "orderbook_snapshot", "sid": 1, "seq": seq, "msg": body | msg}


def delta(seq: int = 2, **msg: Any) -> Frame:
    body = {
        "market_ticker": TICKER,
        "market_id": MARKET_ID,
        "clock": 11,
        "price_dollars": "0.4100",
        "delta_fp": "7.00",
        "side": "yes",
        "ts_ms": TS_MS,
    }
    return {"type": "orderbook_delta", "sid": 1, "seq": seq, "msg": body | msg}


def ticker(**msg: Any) -> Frame:
    body = {
        "market_ticker": TICKER,
        "market_id": MARKET_ID,
        "price_dollars": "0.4200",
        "yes_bid_dollars": "0.4200",
        "yes_ask_dollars": "0.4300",
        "yes_bid_size_fp": "103.50",
        "yes_ask_size_fp": "12.00",
        "last_trade_size_fp": "3.00",
        "volume_fp": "1200.00",
        "open_interest_fp": "800.00",
        "dollar_volume": 600,
        "dollar_open_interest": 400,
        "ts": TS_MS // 1_000,
        "ts_ms": TS_MS,
        "time": "2027-01-15T08:00:00.123Z",
    }
    return {"type": "ticker", "sid": 2, "msg": body | msg}


def trade(seq: int = 1, **msg: Any) -> Frame:
    body = {
        "trade_id": TRADE_ID,
        "market_ticker": TICKER,
        "yes_price_dollars": "0.4300",
        "no_price_dollars": "0.5700",
        "count_fp": "3.00",
        "taker_side": "yes",
        "taker_outcome_side": "yes",
        "taker_book_side": "bid",
        "is_block_trade": False,
        "ts": TS_MS // 1_000,
        "ts_ms": TS_MS,
    }
    return {"type": "trade", "sid": 3, "seq": seq, "msg": body | msg}


def fill(**msg: Any) -> Frame:
    body = {
        "trade_id": TRADE_ID,
        "order_id": ORDER_ID,
        "client_order_id": "mine",
        "market_ticker": TICKER,
        "exchange_index": 2,
        "is_taker": True,
        "side": "yes",
        "yes_price_dollars": "0.4300",
        "count_fp": "2.50",
        "fee_cost": "0.042900",
        "action": "sell",
        "purchased_side": "no",
        "outcome_side": "no",
        "book_side": "ask",
        "post_position_fp": "-2.50",
        "ts": TS_MS // 1_000,
        "ts_ms": TS_MS,
    }
    return {"type": "fill", "sid": 4, "msg": body | msg}


def user_order(**msg: Any) -> Frame:
    body = {
        "order_id": ORDER_ID,
        "user_id": USER_ID,
        "client_order_id": "mine",
        "ticker": TICKER,
        "exchange_index": 2,
        "status": "resting",
        "side": "yes",
        "is_yes": True,
        "outcome_side": "yes",
        "book_side": "bid",
        "yes_price_dollars": "0.3500",
        "initial_count_fp": "10.00",
        "fill_count_fp": "2.50",
        "remaining_count_fp": "7.50",
        "taker_fill_cost_dollars": "0.000000",
        "maker_fill_cost_dollars": "0.875000",
        "taker_fees_dollars": "0.000000",
        "maker_fees_dollars": "0.000000",
        "self_trade_prevention_type": "taker_at_cross",
        "created_time": "2027-01-15T08:00:00.123Z",
        "created_ts_ms": TS_MS,
        "expiration_time": "2027-01-15T09:00:00.123Z",
        "expiration_ts_ms": TS_MS + 3_600_000,
        "subaccount_number": 0,
    }
    return {"type": "user_order", "sid": 5, "msg": body | msg}


def market_position(**msg: Any) -> Frame:
    body = {
        "user_id": USER_ID,
        "market_ticker": TICKER,
        "position_fp": "-2.50",
        "position_cost_dollars": "1.425000",
        "realized_pnl_dollars": "0.000000",
        "fees_paid_dollars": "0.042900",
        "position_fee_cost_dollars": "0.042900",
        "volume_fp": "2.50",
    }
    return {"type": "market_position", "sid": 6, "msg": body | msg}


def lifecycle(seq: int = 1, **msg: Any) -> Frame:
    body = {"market_ticker": TICKER, "event_type": "activated"}
    return {"type": "market_lifecycle_v2", "sid": 7, "seq": seq, "msg": body | msg}


def event_lifecycle(seq: int = 1, **msg: Any) -> Frame:
    body = {
        "event_ticker": "KXHIGHNY-27JAN06",
        "exchange_index": 2,
        "title": "Highest temperature in New York?",
        "subtitle": "On Jan 6, 2027",
        "collateral_return_type": "MECNET",
        "series_ticker": "KXHIGHNY",
        "strike_date": TS_MS // 1_000,
    }
    return {"type": "event_lifecycle", "sid": 7, "seq": seq, "msg": body | msg}


def event_fee_update(seq: int = 1, **msg: Any) -> Frame:
    body = {
        "event_ticker": "KXHIGHNY-27JAN06",
        "fee_type_override": "quadratic_with_maker_fees",
        "fee_multiplier_override": 0.5,
    }
    return {"type": "event_fee_update", "sid": 7, "seq": seq, "msg": body | msg}


def error(command_id: int = 0, code: int = 1, msg: str = "Unable to process message", **more: Any):
    frame: Frame = {"type": "error", "msg": {"code": code, "msg": msg}} | more
    return frame | ({"id": command_id} if command_id else {})


EVERY = (
    snapshot(),
    delta(),
    ticker(),
    trade(),
    fill(),
    user_order(),
    market_position(),
    lifecycle(),
    event_fee_update(),
    {"type": "ok", "id": 3, "sid": 1, "seq": 2, "msg": {"market_tickers": [TICKER]}},
    {"type": "unsubscribed", "id": 3, "sid": 2, "seq": 1},
    {"type": "subscribed", "id": 3, "msg": {"channel": "ticker", "sid": 9}},
    error(3, 7, "Unknown subscription ID"),
)
"""One frame of each type that the client reads."""
