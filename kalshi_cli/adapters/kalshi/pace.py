"""Token buckets that keep one process below the smallest tier's limits.

Basic tier: 200 read and 100 write tokens a second, most calls cost 10. Half of the reads are left
to whatever else uses the account; writes have no burst; the balance has a bucket of its own, one
call a second. Source: Kalshi's rate limits page, 2026-10.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

DEFAULT_COST = 10
CANCEL_COST = 2
GET_ORDER_COST = 2

_SHORTEST_NAP_S = 0.001
"""A nap lost in the clock's rounding would never fill the bucket."""

Sleep = Callable[[float], Awaitable[None]]


async def sleep_monotonic(seconds: float) -> None:
    """Wait on the monotonic clock: this is about the network, never about trading."""
    await asyncio.sleep(seconds)  # noqa: TID251 - network pacing and backoff, not trading


class Bucket(StrEnum):
    READ = "read"
    WRITE = "write"
    BALANCE = "balance"


@dataclass(slots=True)
class TokenBucket:
    """`rate` tokens a second up to `capacity`; callers wait their turn in order."""

    rate: float
    capacity: float
    monotonic: Callable[[], float] = time.monotonic
    sleep: Sleep = sleep_monotonic
    _level: float = field(init=False)
    _seen: float = field(init=False)
    _turn: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._level, self._seen = self.capacity, self.monotonic()

    async def take(self, cost: float) -> None:
        """Wait until `cost` tokens are there, and use them."""
        async with self._turn:
            while self._refill() < cost:
                await self.sleep(max(_SHORTEST_NAP_S, (cost - self._level) / self.rate))
            self._level -= cost

    def _refill(self) -> float:
        now = self.monotonic()
        self._level = min(self.capacity, self._level + (now - self._seen) * self.rate)
        self._seen = now
        return self._level


def basic_tier() -> dict[Bucket, TokenBucket]:
    """Buckets for an account of the smallest tier."""
    return {
        Bucket.READ: TokenBucket(rate=100, capacity=300),
        Bucket.WRITE: TokenBucket(rate=100, capacity=100),
        Bucket.BALANCE: TokenBucket(rate=DEFAULT_COST, capacity=DEFAULT_COST),
    }
