"""What the stream tells, as the exchange writes it: the `msg` of each type of frame.

Times that the exchange truncates to milliseconds are truncated here. Legacy fields that its schema
still requires are sent: an order is on YES, bought as a bid and sold as an ask.
"""

from kalshi_cli.adapters.sim.wire.books import trade_id
from kalshi_cli.adapters.sim.wire.markets import Wire, amounts, outcome, price_structure
from kalshi_cli.adapters.sim.wire.orders import amounts_wire
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.instant import MILLISECOND, SECOND, to_datetime
from kalshi_cli.domain.market import Event, Market, Trade
from kalshi_cli.domain.money import Contracts, Money, Price, format_units
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.happenings import Filled, GroupChanged, PositionChanged
from kalshi_cli.engine.orders import ExchangeOrder, derived_id

_TOLD_STRUCTURES = frozenset({"linear_cent", "deci_cent", "tapered_deci_cent"})


def market_id(world_id: str, ticker: str) -> str:
    """A market's UUID: the same in every run of the same world, and for every ticker there is."""
    return derived_id(world_id, "market", ticker)


def to_ms(instant_us: int) -> str:
    """An instant as RFC 3339, truncated to milliseconds."""
    text = to_datetime(instant_us).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def dollars(price_units: int) -> str:
    return format_units(price_units, Price.DECIMALS)


def count(units: int) -> str:
    return format_units(units, Contracts.DECIMALS)


def trade_msg(trade: Trade) -> Wire:
    side = Side(trade.taker_side)
    return {
        "trade_id": trade_id(trade),
        "market_ticker": trade.ticker,
        **amounts(trade.price, trade.count),
        "taker_side": outcome(side),
        "taker_outcome_side": outcome(side),
        "taker_book_side": side,
        "is_block_trade": False,
        "ts": trade.at_us // SECOND,
        "ts_ms": trade.at_us // MILLISECOND,
    }


def fill_msg(filled: Filled) -> Wire:
    fill = filled.fill
    wire: Wire = {
        "trade_id": fill.fill_id,
        "order_id": fill.order_id,
        "market_ticker": fill.ticker,
        "exchange_index": fill.exchange_index,
        "is_taker": fill.is_taker,
        "yes_price_dollars": str(fill.price),
        "count_fp": str(fill.count),
        "fee_cost": str(fill.fee),
        "outcome_side": outcome(fill.side),
        "book_side": fill.side,
        "side": "yes",
        "action": _action(fill.side),
        "purchased_side": outcome(fill.side),
        "post_position_fp": str(filled.net),
        "ts": fill.at_us // SECOND,
        "ts_ms": fill.at_us // MILLISECOND,
    }
    if filled.client_order_id:
        wire["client_order_id"] = filled.client_order_id
    return wire


def order_msg(order: ExchangeOrder, user_id: str) -> Wire:
    wire: Wire = {
        "order_id": order.order_id,
        "user_id": user_id,
        "client_order_id": order.client_order_id,
        "ticker": order.ticker,
        "exchange_index": order.shard,
        "status": order.status,
        "outcome_side": outcome(order.side),
        "book_side": order.side,
        "side": "yes",
        "is_yes": True,
        "yes_price_dollars": str(order.price),
        **amounts_wire(order),
        "self_trade_prevention_type": order.self_trade_prevention,
        "created_time": to_ms(order.created_us),
        "created_ts_ms": order.created_us // MILLISECOND,
        "last_update_time": to_ms(order.updated_us),
        "last_updated_ts_ms": order.updated_us // MILLISECOND,
        "subaccount_number": 0,
    }
    if order.expires_us is not None:
        wire["expiration_time"] = to_ms(order.expires_us)
        wire["expiration_ts_ms"] = order.expires_us // MILLISECOND
    if order.group_id:
        wire["order_group_id"] = order.group_id
    if order.reason:
        wire["last_update_reason"] = order.reason
    return wire


def position_msg(changed: PositionChanged, user_id: str, held_fees: Money) -> Wire:
    """`held_fees` are the fees of what is still held."""
    position = changed.position
    return {
        "user_id": user_id,
        "market_ticker": position.ticker,
        "position_fp": str(position.net),
        "position_cost_dollars": str(position.cost),
        "realized_pnl_dollars": str(position.realized),
        "fees_paid_dollars": str(position.fees),
        "position_fee_cost_dollars": str(held_fees),
        "volume_fp": str(changed.volume),
    }


def group_msg(changed: GroupChanged) -> Wire:
    wire: Wire = {
        "event_type": changed.event,
        "order_group_id": changed.group_id,
        "ts_ms": changed.at_us // MILLISECOND,
    }
    if changed.limit is not None:
        wire["contracts_limit_fp"] = str(changed.limit)
    return wire


def event_msg(event: Event) -> Wire:
    wire: Wire = {
        "event_ticker": event.event_ticker,
        "exchange_index": event.exchange_index,
        "title": event.title,
        "subtitle": event.sub_title,
        "collateral_return_type": "MECNET" if event.mutually_exclusive else "",
        "series_ticker": event.series_ticker,
    }
    if event.strike_us is not None:
        wire["strike_date"] = event.strike_us // SECOND
    return wire


def event_fees_msg(event_ticker: str, terms: FeeTerms | None) -> Wire:
    """An override of the series' fees; without `terms` it is cleared."""
    return {
        "event_ticker": event_ticker,
        "fee_type_override": terms.fee_type if terms else None,
        "fee_multiplier_override": float(format_units(terms.multiplier, 6)) if terms else None,
    }


def created_msg(market: Market) -> Wire:
    return {
        "market_ticker": market.ticker,
        "event_type": "created",
        "exchange_index": market.exchange_index,
        "open_ts": market.open_us // SECOND,
        "close_ts": market.close_us // SECOND,
        "additional_metadata": {
            "name": market.title,
            "title": market.title,
            "yes_sub_title": market.title,
            "no_sub_title": market.title,
            "rules_primary": market.rules_primary,
            "rules_secondary": market.rules_secondary,
            "can_close_early": market.can_close_early,
            "event_ticker": market.event_ticker,
            "expected_expiration_ts": market.expires_us // SECOND,
            **_strikes(market),
        },
        **_structure(market),
    }


def _strikes(market: Market) -> Wire:
    """The strike of a market, as far as it has one."""
    wire: Wire = {"strike_type": market.strike_type} if market.strike_type else {}
    for name, text in (("floor_strike", market.floor_strike), ("cap_strike", market.cap_strike)):
        if text is not None:
            wire[name] = float(text) if "." in text else int(text)
    return wire


def _structure(market: Market) -> Wire:
    """The prices that a market accepts. A structure that has no name of its own is told as ""."""
    wire = price_structure(market.grid)
    if wire["price_level_structure"] not in _TOLD_STRUCTURES:
        wire["price_level_structure"] = ""
    return wire


def _action(side: Side) -> str:
    return "buy" if side is Side.BID else "sell"
