"""How much an account may ask of the exchange: token buckets by tier, shard and kind of request.

A request costs tokens; it is let in if its bucket holds them, else refused whole. Source: Kalshi's
rate limits page, October 2026. Time is real time, by argument.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

DEFAULT_COST = 10
_MICRO = 1_000_000
"""A token is a million parts, so that a microsecond adds a whole number of them."""


class Tier(StrEnum):
    """Usage levels, smallest first."""

    BASIC = "basic"
    ADVANCED = "advanced"
    EXPERT = "expert"
    PREMIER = "premier"
    PARAGON = "paragon"
    PRIME = "prime"
    PRESTIGE = "prestige"


@dataclass(frozen=True, slots=True)
class Allowance:
    """Tokens that come back in a second, and the most that a bucket holds."""

    rate: int
    capacity: int


@dataclass(frozen=True, slots=True)
class TierLimits:
    """What a tier may spend. The balance has a bucket of its own, which no other read touches."""

    read: Allowance
    write: Allowance
    balance: Allowance


_RATES: Mapping[Tier, tuple[int, int]] = MappingProxyType(
    {
        Tier.BASIC: (200, 100),
        Tier.ADVANCED: (300, 300),
        Tier.EXPERT: (600, 600),
        Tier.PREMIER: (1_200, 1_200),
        Tier.PARAGON: (2_400, 2_400),
        Tier.PRIME: (4_800, 4_800),
        Tier.PRESTIGE: (12_000, 9_600),
    }
)


def limits_of(tier: Tier) -> TierLimits:
    """A tier's budgets: three seconds' worth where bursts are allowed, else one."""
    read, write = _RATES[tier]
    is_small = tier in {Tier.BASIC, Tier.ADVANCED}
    balances = DEFAULT_COST * (1 if is_small else 5)
    return TierLimits(
        read=Allowance(read, read * (3 if is_small else 1)),
        write=Allowance(write, write * (1 if tier is Tier.BASIC else 3)),
        balance=Allowance(balances, balances),
    )


class TokenBucket:
    """Full when new. Over any span it gives no more than its capacity and what came back in it."""

    __slots__ = ("_allowance", "_parts", "_seen_us")

    def __init__(self, allowance: Allowance, now_us: int) -> None:
        self._allowance = allowance
        self._parts = allowance.capacity * _MICRO
        self._seen_us = now_us

    def holds(self, tokens: int, now_us: int) -> bool:
        """Whether so many tokens are there; a clock set back adds none."""
        elapsed = max(0, now_us - self._seen_us)
        self._seen_us = max(self._seen_us, now_us)
        grown = self._parts + elapsed * self._allowance.rate
        self._parts = min(self._allowance.capacity * _MICRO, grown)
        return self._parts >= tokens * _MICRO

    def take(self, tokens: int) -> None:
        """Use tokens that it holds."""
        self._parts -= tokens * _MICRO


def take_all(buckets: Iterable[TokenBucket], tokens: int, now_us: int) -> bool:
    """Take from every bucket, or from none if one of them does not hold the tokens."""
    charged = list(buckets)
    if not all(bucket.holds(tokens, now_us) for bucket in charged):
        return False
    for bucket in charged:
        bucket.take(tokens)
    return True
