"""Objects in the exchange's shape, made up here; tests change a field at a time."""

from typing import Any

RANGES = [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}]
PROGRAM = {
    "id": "p-1",
    "market_ticker": "KXA",
    "incentive_type": "liquidity",
    "period_reward": 200_000,
    "start_date": "2027-01-04T00:00:00Z",
    "end_date": "2027-01-05T00:00:00Z",
    "paid_out": False,
    "target_size_fp": "300.00",
    "discount_factor_bps": 5_000,
    "max_reward_per_account": 70_000,
}


def market(**changes: Any) -> dict[str, Any]:
    base = {
        "ticker": "KXRAIN-27JAN05-NYC",
        "event_ticker": "KXRAIN-27JAN05",
        "market_type": "binary",
        "title": "Will it rain?",
        "yes_sub_title": "Rain",
        "no_sub_title": "Rain",
        "status": "active",
        "created_time": "2027-01-01T00:00:00Z",
        "updated_time": "2027-01-04T10:00:00.250000Z",
        "open_time": "2027-01-04T00:00:00Z",
        "close_time": "2027-01-06T00:00:00Z",
        "latest_expiration_time": "2027-01-12T00:00:00Z",
        "expected_expiration_time": "2027-01-06T15:00:00Z",
        "settlement_timer_seconds": 300,
        "yes_bid_dollars": "0.4100",
        "yes_bid_size_fp": "12.50",
        "yes_ask_dollars": "0.4400",
        "yes_ask_size_fp": "3.00",
        "no_bid_dollars": "0.5600",
        "no_ask_dollars": "0.5900",
        "last_price_dollars": "0.4300",
        "volume_fp": "1200.00",
        "volume_24h_fp": "90.00",
        "open_interest_fp": "800.00",
        "notional_value_dollars": "1.0000",
        "result": "",
        "can_close_early": True,
        "expiration_value": "",
        "rules_primary": "Pays if it rains.",
        "rules_secondary": "",
        "price_level_structure": "linear_cent",
        "price_ranges": RANGES,
        "settlement_bounds_type": "default",
        "strike_type": "greater",
        "floor_strike": 0.01,
        "exchange_index": 2,
        "a_field_from_the_future": {"x": [1]},
    }
    return _changed(base, changes)


def event(**changes: Any) -> dict[str, Any]:
    base = {
        "event_ticker": "KXRAIN-27JAN05",
        "series_ticker": "KXRAIN",
        "title": "Rain on 5 January",
        "sub_title": "",
        "collateral_return_type": "MECNET",
        "mutually_exclusive": True,
        "category": "Climate and Weather",
        "markets": [market()],
    }
    return _changed(base, changes)


def series(**changes: Any) -> dict[str, Any]:
    base = {
        "ticker": "KXRAIN",
        "title": "Rain",
        "frequency": "daily",
        "category": "Climate and Weather",
        "tags": None,
        "fee_type": "quadratic",
        "fee_multiplier": 0.5,
    }
    return _changed(base, changes)


def order(**changes: Any) -> dict[str, Any]:
    base = {
        "order_id": "o-1",
        "client_order_id": "k1a",
        "ticker": "KXRAIN-27JAN05-NYC",
        "outcome_side": "no",
        "book_side": "ask",
        "type": "limit",
        "status": "resting",
        "yes_price_dollars": "0.4400",
        "no_price_dollars": "0.5600",
        "initial_count_fp": "10.00",
        "fill_count_fp": "4.00",
        "remaining_count_fp": "6.00",
        "created_time": "2027-01-04T10:00:00Z",
        "expiration_time": "2027-01-04T11:00:00Z",
        "exchange_index": 2,
    }
    return _changed(base, changes)


def fill(**changes: Any) -> dict[str, Any]:
    base = {
        "fill_id": "f-1",
        "trade_id": "f-1",
        "order_id": "o-1",
        "ticker": "KXRAIN-27JAN05-NYC",
        "market_ticker": "KXRAIN-27JAN05-NYC",
        "outcome_side": "yes",
        "book_side": "bid",
        "count_fp": "1.00",
        "yes_price_dollars": "0.5200",
        "no_price_dollars": "0.4800",
        "is_taker": True,
        "fee_cost": "0.017500",
        "created_time": "2027-01-04T10:00:00.164956Z",
        "exchange_index": 2,
    }
    return _changed(base, changes)


def settlement(**changes: Any) -> dict[str, Any]:
    base = {
        "ticker": "KXRAIN-27JAN05-NYC",
        "event_ticker": "KXRAIN-27JAN05",
        "exchange_index": 2,
        "market_result": "yes",
        "yes_count_fp": "10.00",
        "yes_total_cost_dollars": "4.100000",
        "no_count_fp": "2.50",
        "no_total_cost_dollars": "1.400000",
        "revenue": 750,
        "value": 100,
        "fee_cost": "0.170000",
        "settled_time": "2027-01-06T15:05:00.5Z",
    }
    return _changed(base, changes)


def trade(**changes: Any) -> dict[str, Any]:
    base = {
        "trade_id": "t-1",
        "ticker": "KXRAIN-27JAN05-NYC",
        "count_fp": "7.77",
        "yes_price_dollars": "0.0300",
        "no_price_dollars": "0.9700",
        "taker_outcome_side": "yes",
        "taker_book_side": "bid",
        "created_time": "2027-01-04T10:00:00Z",
        "is_block_trade": False,
    }
    return _changed(base, changes)


def book(**changes: Any) -> dict[str, Any]:
    base = {
        "ticker": "KXRAIN-27JAN05-NYC",
        "orderbook_fp": {
            "yes_dollars": [["0.4000", "7.00"], ["0.4100", "12.50"]],
            "no_dollars": [["0.5500", "9.00"], ["0.5600", "3.00"]],
        },
    }
    return _changed(base, changes)


def transfer(**changes: Any) -> dict[str, Any]:
    base = {
        "id": "d-1",
        "status": "applied",
        "type": "ach",
        "amount_cents": 12_345,
        "fee_cents": 0,
        "created_ts": 1_798_900_000,
        "finalized_ts": 1_798_900_100,
    }
    return _changed(base, changes)


def shard_transfer(**changes: Any) -> dict[str, Any]:
    base = {
        "transfer_id": "t-1",
        "client_transfer_id": "c-1",
        "source": "event_contract",
        "destination": "event_contract",
        "source_exchange_shard": 0,
        "destination_exchange_shard": 2,
        "amount": "12.345600",
        "status": "complete",
        "created_ts": 1_798_900_000,
    }
    return _changed(base, changes)


def _changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Fields replaced; those set to `...` are left out."""
    return {key: value for key, value in (base | changes).items() if value is not ...}
