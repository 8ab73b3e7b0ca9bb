"""Counter-based randomness: every draw is a function of who draws it and when, never of order.

A stream is named by (seed, market, agent, step). Nobody shares a generator, so an order of ours
cannot shift what anyone else draws, and a world can be left and entered again at any instant.
"""

import math
from collections.abc import Callable
from functools import cache
from hashlib import shake_128
from struct import Struct

_TWO_PI = 2.0 * math.pi
_SCALE = 2.0**-53


def stream(seed: int, market: str, agent: str, step: int = 0) -> bytes:
    """The name of a stream of draws."""
    return f"{seed}\x1f{market}\x1f{agent}\x1f{step}".encode()


def uniforms(name: bytes, count: int) -> list[float]:
    """The first `count` draws of a stream, strictly between 0 and 1."""
    words = _words(count)(shake_128(name).digest(8 * count))
    return [(word >> 11 | 1) * _SCALE for word in words]


@cache
def _words(count: int) -> Callable[[bytes], tuple[int, ...]]:
    return Struct(f"<{count}Q").unpack


def normals(name: bytes, count: int) -> list[float]:
    """Standard normal draws of a stream (Box-Muller, both values of each pair)."""
    flat = iter(uniforms(name, count + count % 2))
    drawn: list[float] = []
    for first, second in zip(flat, flat, strict=True):
        radius, angle = math.sqrt(-2.0 * math.log(first)), _TWO_PI * second
        drawn += radius * math.cos(angle), radius * math.sin(angle)
    return drawn[:count]


def normal_of(first: float, second: float) -> float:
    """One standard normal from two uniforms (Box-Muller, the cosine)."""
    return math.sqrt(-2.0 * math.log(first)) * math.cos(_TWO_PI * second)


def poisson(uniform: float, mean: float) -> int:
    """A Poisson count by inversion; meant for means below about 50."""
    term = math.exp(-mean)
    count, total = 0, term
    while uniform > total and count < 1_000:
        count += 1
        term *= mean / count
        total += term
    return count
