"""What requests cost, and the buckets that pay for them.

A write that names a shard from 1 on is paid by that shard's budget, one that the exchange routes
itself by every shard's, anything else and every batch by the unscoped one, which is shard 0's.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec
from starlette.datastructures import QueryParams

from kalshi_cli.engine.commands import AUTO_ROUTE
from kalshi_cli.engine.limits import DEFAULT_COST, Tier, TokenBucket, limits_of, take_all
from kalshi_cli.engine.treasury import SHARDS

Operation = tuple[str, str]
"""A method and a path, as a route has it."""

BALANCE: Operation = ("GET", "/portfolio/balance")
_ORDERS = "/portfolio/events/orders"
_ONE = f"{_ORDERS}/{{order_id}}"
BATCHES = frozenset({("POST", f"{_ORDERS}/batched"), ("DELETE", f"{_ORDERS}/batched")})
_ROUTED_IF_NAMED = frozenset({("DELETE", _ONE), ("POST", f"{_ONE}/decrease")})
"""Routed by the exchange where the market is named; on shard 0 otherwise."""
_ROUTED = frozenset({("POST", _ORDERS), ("POST", f"{_ONE}/amend")})
COSTS: Mapping[Operation, int] = MappingProxyType(
    {
        ("DELETE", _ORDERS): 2,
        ("DELETE", f"{_ORDERS}/batched"): 2,
        ("DELETE", _ONE): 2,
        ("GET", "/portfolio/orders/{order_id}"): 2,
    }
)
"""Tokens of the operations that do not cost the default; of each order, in a batch."""
_MOST_CLIENTS = 1_000


@dataclass(frozen=True, slots=True)
class Bill:
    """Tokens, and the shards whose write budgets pay them."""

    tokens: int
    shards: tuple[int, ...] = (0,)


_INDEX = re.compile(r"-?[0-9]{1,3}")


class _Write(msgspec.Struct):
    """What of a body matters for its price."""

    exchange_index: int | None = None
    market_ticker: str = ""
    orders: list[msgspec.Raw] = []


def bill_of(operation: Operation, query: QueryParams, body: bytes) -> Bill:
    """The price of a request; a body that cannot be read costs as much as one that can."""
    tokens = COSTS.get(operation, DEFAULT_COST)
    try:
        write = msgspec.json.decode(body, type=_Write) if body else _Write()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        write = _Write()
    if operation in BATCHES:
        return Bill(tokens * max(1, len(write.orders)))
    return Bill(tokens, _shards(operation, query, write))


def _shards(operation: Operation, query: QueryParams, write: _Write) -> tuple[int, ...]:
    named = query.get("exchange_index", "")
    given = int(named) if _INDEX.fullmatch(named) else write.exchange_index
    if given is None:
        ticker = query.get("market_ticker") or write.market_ticker
        routed = operation in _ROUTED or (operation in _ROUTED_IF_NAMED and bool(ticker))
        given = AUTO_ROUTE if routed else 0
    if given == AUTO_ROUTE:
        return tuple(SHARDS)
    return (given if given in SHARDS else 0,)


class Budgets:
    """The buckets of one account, and of clients without one. Throttles where `enforced`."""

    def __init__(self, now_us: int) -> None:
        """A basic account, which nothing throttles yet."""
        self._fill(Tier.BASIC, now_us, enforced=False)

    def enforce(self, tier: Tier, now_us: int) -> None:
        """Throttle from now on, as accounts of a tier are."""
        self._fill(tier, now_us, enforced=True)

    def _fill(self, tier: Tier, now_us: int, *, enforced: bool) -> None:
        limits = limits_of(tier)
        self.tier, self.enforced = tier, enforced
        self._read = TokenBucket(limits.read, now_us)
        self._balance = TokenBucket(limits.balance, now_us)
        self._write = [TokenBucket(limits.write, now_us) for _ in SHARDS]
        self._strangers: OrderedDict[str, TokenBucket] = OrderedDict()

    def admits_read(self, operation: Operation, now_us: int) -> bool:
        """Take a read's tokens from the account."""
        bucket = self._balance if operation == BALANCE else self._read
        return self._take([bucket], COSTS.get(operation, DEFAULT_COST), now_us)

    def admits_write(self, bill: Bill, now_us: int) -> bool:
        """Take a write's tokens from every shard that is to pay, or from none."""
        return self._take([self._write[shard] for shard in bill.shards], bill.tokens, now_us)

    def admits_stranger(self, client: str, operation: Operation, now_us: int) -> bool:
        """Take an unsigned read's tokens from a client, who has a basic account's reads."""
        if client not in self._strangers:
            allowance = limits_of(Tier.BASIC).read
            self._strangers[client] = TokenBucket(allowance, now_us)
            if len(self._strangers) > _MOST_CLIENTS:
                self._strangers.popitem(last=False)
        self._strangers.move_to_end(client)
        bucket = self._strangers[client]
        return self._take([bucket], COSTS.get(operation, DEFAULT_COST), now_us)

    def _take(self, buckets: Iterable[TokenBucket], tokens: int, now_us: int) -> bool:
        return not self.enforced or take_all(buckets, tokens, now_us)
