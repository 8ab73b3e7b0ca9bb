"""The channels that the desk reads, in the exchange's words, and the commands about them.

Whatever is told without a number (`fill`, `user_orders`, `market_positions`), or is not repeated
(`trade`, `market_lifecycle_v2`), has a read that makes good for what was missed; for fees of events
that nobody announced, that is the next reading of all events.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import msgspec

from kalshi_cli.ports.stream import Read


class Channel(StrEnum):
    BOOKS = "orderbook_delta"
    QUOTES = "ticker"
    TRADES = "trade"
    FILLS = "fill"
    ORDERS = "user_orders"
    POSITIONS = "market_positions"
    LIFECYCLE = "market_lifecycle_v2"


BY_MARKET = (Channel.BOOKS, Channel.QUOTES, Channel.TRADES)
"""They tell of the markets that are named; the others of everything."""
MARKETS = (*BY_MARKET, Channel.LIFECYCLE)
"""What everybody may know."""
ALL = tuple(Channel)
READ_OF: Mapping[Channel, Read] = MappingProxyType(
    {
        Channel.TRADES: Read.TRADES,
        Channel.FILLS: Read.FILLS,
        Channel.ORDERS: Read.ORDERS,
        Channel.POSITIONS: Read.POSITIONS,
        Channel.LIFECYCLE: Read.MARKETS,
    }
)
CHANNEL_OF_TYPE: Mapping[str, Channel] = MappingProxyType(
    {
        "orderbook_snapshot": Channel.BOOKS,
        "orderbook_delta": Channel.BOOKS,
        "ticker": Channel.QUOTES,
        "trade": Channel.TRADES,
        "fill": Channel.FILLS,
        "user_order": Channel.ORDERS,
        "market_position": Channel.POSITIONS,
        "market_lifecycle_v2": Channel.LIFECYCLE,
        "event_fee_update": Channel.LIFECYCLE,
    }
)
_OPTIONS: Mapping[Channel, Mapping[str, bool]] = MappingProxyType(
    {
        Channel.BOOKS: {"use_yes_price": True, "skip_ticker_ack": True},
        Channel.QUOTES: {"send_initial_snapshot": True, "skip_ticker_ack": True},
        Channel.TRADES: {"skip_ticker_ack": True},
    }
)
"""Prices of both sides in YES, whatever the exchange's default becomes; answers without lists."""


def subscribe(command_id: int, channel: Channel, tickers: Sequence[str]) -> str:
    """Subscribe to a channel: to the whole of it where no tickers are given."""
    params: dict[str, Any] = {"channels": [channel], **_OPTIONS.get(channel, {})}
    if tickers:
        params["market_tickers"] = tickers
    return _command(command_id, "subscribe", params)


def unsubscribe(command_id: int, sid: int) -> str:
    return _command(command_id, "unsubscribe", {"sids": [sid]})


class Action(StrEnum):
    ADD = "add_markets"
    DELETE = "delete_markets"
    SNAPSHOT = "get_snapshot"


def update(
    command_id: int, channel: Channel, sid: int, action: Action, tickers: Sequence[str]
) -> str:
    """Change the markets of a subscription, or ask for their books once more."""
    params: dict[str, Any] = {"sids": [sid], "action": action, "market_tickers": tickers}
    if channel is Channel.QUOTES and action is Action.ADD:
        params["send_initial_snapshot"] = True
    return _command(command_id, "update_subscription", params)


def _command(command_id: int, name: str, params: Mapping[str, Any]) -> str:
    return msgspec.json.encode({"id": command_id, "cmd": name, "params": params}).decode()
