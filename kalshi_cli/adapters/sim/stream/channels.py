"""The stream's channels and errors, in the exchange's words and numbers. Source: `asyncapi.yaml`.

The simulated exchange has no combos, no requests for quotes and no index feeds: those channels can
be subscribed to, and have nothing to tell.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Channel(StrEnum):
    ORDERBOOK = "orderbook_delta"
    TICKER = "ticker"
    TRADE = "trade"
    FILL = "fill"
    POSITIONS = "market_positions"
    LIFECYCLE = "market_lifecycle_v2"
    COMBO_LIFECYCLE = "multivariate_market_lifecycle"
    COMMUNICATIONS = "communications"
    GROUPS = "order_group_updates"
    ORDERS = "user_orders"
    INDICES = "cfbenchmarks_value"
    INDICES_5HZ = "cfbenchmarks_value_5hz"
    UNDERLYINGS = "pyth_value"


UNSEQUENCED = frozenset({Channel.TICKER, Channel.FILL, Channel.POSITIONS, Channel.ORDERS})
"""Their frames carry no `seq`; only the answers to commands do."""
BY_MARKET = UNSEQUENCED | {Channel.ORDERBOOK, Channel.TRADE}
"""They can be narrowed to markets; the others tell everything."""
INDEXED = frozenset({Channel.INDICES, Channel.INDICES_5HZ})

ERRORS: Mapping[int, str] = MappingProxyType(
    {
        1: "Unable to process message",
        2: "Params required",
        3: "Channels required",
        4: "Subscription IDs required",
        5: "Unknown command",
        7: "Unknown subscription ID",
        8: "Unknown channel name",
        10: "Channel error",
        11: "Invalid parameter",
        12: "Exactly one subscription ID is required",
        13: "Unsupported action",
        14: "Market Ticker required",
        15: "Action required",
        19: "shard_factor must be > 0",
        20: "shard_factor is required when shard_key is set",
        21: "shard_key must be >= 0 and < shard_factor",
        22: "shard_factor must be <= 100",
        24: "Index IDs required",
        25: "Subscription buffer overflow",
        26: "Subscription market limit exceeded",
        27: "Too many requests",
        28: "Underlying tickers required",
    }
)


class Complaint(Exception):
    """Why a command is not obeyed: one of `ERRORS`."""

    def __init__(self, code: int) -> None:
        super().__init__(ERRORS[code])
        self.code = code
