"""The states in which an event can end, and how likely each is.

Markets that exclude each other have a state each and one for none of them. Rungs of a ladder
("above 80", "above 82", ...) cut a line into intervals. Any other market has two states of its own.
Chances of single markets rarely fit together to the last digit; who gives way is said here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from kalshi_cli.domain.market import Market

UPWARD = {"greater_or_equal": 0, "greater": 1}
DOWNWARD = {"less_or_equal": 0, "less": 1}
"""Strike types of ladders; of two rungs at one strike the one that asks for more is harder."""
LEAST_CHANCE = 1e-9
"""Nothing is impossible: a stake must leave something in every state."""


class Firmness(IntEnum):
    """Whose chance gives way first where the chances of an event add up to more than one."""

    HELD = 0
    BUYS_YES = 1
    BUYS_NO = 2


@dataclass(frozen=True, slots=True, order=True)
class Rung:
    """A threshold of a ladder: harder is larger, whichever way the ladder goes."""

    height: float
    strictness: int


@dataclass(frozen=True, slots=True)
class Member:
    """A market among the outcomes of its event, and its chance of YES.

    A lower chance makes YES less worth buying, and a higher one NO: what buys NO is the last to be
    scaled down.
    """

    ticker: str
    chance: float
    firmness: Firmness
    rung: Rung | None = None


@dataclass(frozen=True, slots=True)
class States:
    """`chances` add up to 1; `pays` is 1.0 in each state where a market ends YES, else 0.0."""

    chances: tuple[float, ...]
    pays: Mapping[str, tuple[float, ...]]


def rung_of(market: Market) -> tuple[str, Rung] | None:
    """Which ladder of its event a market is on, and where; None for no threshold."""
    if market.strike_type in UPWARD and market.floor_strike is not None:
        height, strictness = _number(market.floor_strike), UPWARD[market.strike_type]
        return None if height is None else ("up", Rung(height, strictness))
    if market.strike_type in DOWNWARD and market.cap_strike is not None:
        height, strictness = _number(market.cap_strike), DOWNWARD[market.strike_type]
        return None if height is None else ("down", Rung(-height, strictness))
    return None


def exclusive(members: Sequence[Member]) -> States:
    """At most one ends YES. What is left of the chances is that of none."""
    chances = [member.chance for member in members]
    for firmness in Firmness:
        own = [i for i, member in enumerate(members) if member.firmness is firmness]
        excess, yielding = sum(chances) - 1.0, sum(chances[i] for i in own)
        if excess > 0.0 and yielding > 0.0:
            factor = max(0.0, 1.0 - excess / yielding)
            for i in own:
                chances[i] *= factor
    none = max(0.0, 1.0 - sum(chances))
    pays = {
        member.ticker: tuple(float(state == i) for state in range(len(members) + 1))
        for i, member in enumerate(members)
    }
    return States(_normal([*chances, none]), pays)


def ladder(members: Sequence[Member]) -> States:
    """A harder rung ends YES only where all easier ones do. Chances that say otherwise are pooled.

    The states are the intervals between rungs, the one below all of them first.
    """
    heights = sorted({member.rung for member in members if member.rung is not None})
    on = [[member for member in members if member.rung == height] for height in heights]
    beyond = _falling([(sum(m.chance for m in own) / len(own), len(own)) for own in on])
    chances = [
        easier - harder for easier, harder in zip([1.0, *beyond], [*beyond, 0.0], strict=True)
    ]
    pays = {
        member.ticker: tuple(float(state > index) for state in range(len(heights) + 1))
        for index, own in enumerate(on)
        for member in own
    }
    return States(_normal(chances), pays)


def alone(member: Member) -> States:
    """A market that nothing is known to exclude: it ends YES or NO."""
    return States(_normal([member.chance, 1.0 - member.chance]), {member.ticker: (1.0, 0.0)})


def _normal(chances: Sequence[float]) -> tuple[float, ...]:
    raised = [max(chance, LEAST_CHANCE) for chance in chances]
    whole = sum(raised)
    return tuple(chance / whole for chance in raised)


def _falling(values: Sequence[tuple[float, int]]) -> list[float]:
    """The closest sequence that never rises: neighbours that disagree are pooled by weight."""
    pools: list[tuple[float, int, int]] = []  # mean, weight, how many
    for value, weight in values:
        mean, size = value, 1
        while pools and pools[-1][0] < mean:
            before, heavy, many = pools.pop()
            mean = (before * heavy + mean * weight) / (heavy + weight)
            weight, size = weight + heavy, size + many  # noqa: PLW2901 - the pool grows
        pools.append((mean, weight, size))
    return [mean for mean, _, size in pools for _ in range(size)]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
