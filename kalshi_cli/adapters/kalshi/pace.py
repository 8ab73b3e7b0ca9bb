"""How fast this process may ask: the account's budgets, as the exchange tells them.

Reads, writes and the balance have a bucket each, which every request of a connection shares; who
does not sign is counted by address, apart from the account. Until the exchange has told, the
account counts as one of the smallest tier, and every request costs the default. One write bucket
stands for every shard's: an exchange that charges each shard apart then never has less than we
think. Source: Kalshi's rate limits page, 2026-10.
"""

import time
from functools import partial
from types import MappingProxyType

from kalshi_cli.adapters.kalshi.bucket import (
    Charge,
    Monotonic,
    Sleep,
    TokenBucket,
    sleep_monotonic,
)
from kalshi_cli.adapters.kalshi.costs import EndpointCosts
from kalshi_cli.ports.access import AccountLimits, Budget

BASIC = AccountLimits("basic", read=Budget(200, 600), write=Budget(100, 100))
"""The smallest tier."""
DEFAULT_COSTS = EndpointCosts(default=10, listed=MappingProxyType({}))
ANONYMOUS = Budget(rate=100, capacity=100)
"""Undocumented; seen were refusals from 40 tokens a second on, and none up to 200."""
CANCEL_RESERVE = 0.3
"""Share of the write bucket that only what takes orders away may use."""

BALANCE = "/portfolio/balance"
_SLOW, _FAST = Budget(1, 1), Budget(5, 5)
"""Calls, not tokens: the balance has a bucket of its own, without a burst."""
_FAST_TIERS = frozenset({"expert", "premier", "paragon", "prime", "prestige"})


def takes_away(method: str, path: str) -> bool:
    """Whether a write does nothing but take orders away: a cancel, or the trigger of their group.

    It waits for none that adds some, goes by any clock, and may be sent again.
    """
    return method == "DELETE" or path.endswith("/trigger")


class Pace:
    """The buckets of one account and of one address; asks each request to wait for its tokens."""

    def __init__(
        self, *, monotonic: Monotonic = time.monotonic_ns, sleep: Sleep = sleep_monotonic
    ) -> None:
        bucket = partial(TokenBucket, monotonic=monotonic, sleep=sleep)

        self.limits: AccountLimits | None = None
        self._costs = DEFAULT_COSTS
        self._read = bucket(BASIC.read)
        self._write = bucket(BASIC.write, reserve=_reserve(BASIC.write))
        self._balance = bucket(_SLOW)
        self._anonymous = bucket(ANONYMOUS, guessed=True)

    def learn(self, limits: AccountLimits | None, costs: EndpointCosts | None) -> None:
        """Take the exchange's word; None where it could not be had."""
        if costs is not None:
            self._costs = costs
        if limits is not None:
            self.limits = limits
            self._read.become(limits.read)
            self._write.become(limits.write, reserve=_reserve(limits.write))
            self._balance.become(_FAST if limits.tier in _FAST_TIERS else _SLOW)

    async def read(self, path: str, *, signed: bool) -> Charge:
        """Wait until a read may be sent; `path` begins below the root."""
        if signed and path == BALANCE:
            return await self._balance.admit(1)
        bucket = self._read if signed else self._anonymous
        return await bucket.admit(self._costs.of("GET", path))

    async def write(self, method: str, path: str, items: int = 1) -> Charge:
        """Wait until a write may be sent; what takes orders away never waits for what adds them.

        A batch costs for each of its `items`. Raises `Refused` for one that can never be sent.
        """
        cost = self._costs.of(method, path) * max(1, items)
        return await self._write.admit(cost, urgent=takes_away(method, path))

    def largest_batch(self, method: str, path: str) -> int:
        """Items of a batch that the bucket can ever pay for at once; one at least."""
        most = self._write.most(urgent=takes_away(method, path))
        return max(1, most // max(1, self._costs.of(method, path)))


def _reserve(budget: Budget) -> int:
    """What is kept for cancels; one order must still fit beside it."""
    most = max(0, budget.capacity - DEFAULT_COSTS.default)
    return min(most, int(budget.capacity * CANCEL_RESERVE))
