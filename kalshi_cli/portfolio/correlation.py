"""How much of its stake a bet keeps beside others that tend to win and lose with it.

Of n equal bets that correlate by rho, each is best staked at about 1 / (1 + (n - 1) rho) of what it
would get alone (from a one-factor Gaussian copula; for five bets at rho 0.5 that says 0.33, the
copula 0.42). Unequal bets count by their stakes: a bet keeps its share of the dollars that, so
weighted, move together.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from kalshi_cli.portfolio.capital import Family

SAME_CLUSTER = 0.5
"""Correlation of bets on one underlying or one settlement day."""
SAME_CATEGORY = 0.2
"""Correlation of bets that share no more than their category."""

_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bet:
    """Dollars staked, or wanted, on one family of outcomes."""

    family: Family
    stake: float
    clusters: frozenset[str]
    category: str


def kept(bets: Sequence[Bet]) -> list[float]:
    """The part of its stake that each bet keeps: 1.0 where nothing moves with it."""
    sums: dict[_Key, float] = defaultdict(float)
    for bet in bets:
        for key, _ in _keys(bet):
            sums[key] += bet.stake
    return [_kept(bet, sums) for bet in bets]


def _kept(bet: Bet, sums: dict[_Key, float]) -> float:
    if bet.stake <= 0.0:
        return 1.0
    near = sum(sign * (sums[key] - bet.stake) for key, sign in _keys(bet) if key[0] == "near")
    both = sum(sign * (sums[key] - bet.stake) for key, sign in _keys(bet) if key[0] == "both")
    kin = sums["kin", bet.category] - bet.stake - both
    return bet.stake / (bet.stake + SAME_CLUSTER * max(0.0, near) + SAME_CATEGORY * max(0.0, kin))


def _keys(bet: Bet) -> Iterable[tuple[_Key, int]]:
    """What the bet is counted under: inclusion and exclusion count each pair once."""
    yield ("kin", bet.category), 1
    names = sorted(bet.clusters)
    for size in range(1, len(names) + 1):
        for some in combinations(names, size):
            sign = 1 if size % 2 else -1
            yield ("near", *some), sign
            yield ("both", bet.category, *some), sign
