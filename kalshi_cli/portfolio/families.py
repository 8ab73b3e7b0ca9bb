"""Purchases whose outcomes hang together, with what is held beside them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import mul

from kalshi_cli.domain.money import NO_MONEY
from kalshi_cli.domain.side import Side
from kalshi_cli.portfolio.capital import Family, Footing
from kalshi_cli.portfolio.joint import Offer
from kalshi_cli.portfolio.leg import Leg
from kalshi_cli.portfolio.rooms import Held
from kalshi_cli.portfolio.states import Firmness, Member, States, alone, exclusive, ladder

AS_UNCERTAIN_AS_CAN_BE = 0.5
"""The chance of a holding of which nothing tells, where only its risk counts."""


@dataclass(frozen=True, slots=True)
class Group:
    """The legs of one family, in the order of their tickers, and what is held of it.

    Without legs it is a holding only.
    """

    family: Family
    legs: tuple[Leg, ...]
    held: Held
    footings: Mapping[str, Footing]

    @property
    def clusters(self) -> frozenset[str]:
        return frozenset(name for footing in self._own() for name in footing.clusters)

    @property
    def category(self) -> str:
        return self._own()[0].category

    def _own(self) -> list[Footing]:
        """Of the markets wanted; of those held where none is."""
        held = [self.footings[ticker] for ticker in sorted(self.held.contracts)]
        return [leg.footing for leg in self.legs] or held

    @property
    def unpriced(self) -> str | None:
        """A market held here of which nothing tells how likely it is."""
        return next(
            (ticker for ticker in self._beside() if self.footings[ticker].fair is None), None
        )

    def _beside(self) -> list[str]:
        """Markets held that no leg is in."""
        wanted = {leg.ticker for leg in self.legs}
        return sorted(ticker for ticker in self.held.contracts if ticker not in wanted)

    def states(self, win: Callable[[Leg], float]) -> States:
        """The states of the family, where `win` is the chance that a leg pays."""
        members = {leg.ticker: _member(leg, win(leg)) for leg in reversed(self.legs)}
        for ticker in self._beside():
            fair, on = self.footings[ticker].fair, self.footings[ticker].ladder
            known = AS_UNCERTAIN_AS_CAN_BE if fair is None else fair
            members[ticker] = Member(ticker, known, Firmness.HELD, None if on is None else on[1])
        found = [members[ticker] for ticker in sorted(members)]
        if len(self.family) == 1:
            return exclusive(found)
        return ladder(found) if found[0].rung is not None else alone(found[0])

    def swings(self, states: States) -> list[float]:
        """What the holdings bring in each state, in dollars above their expectation."""
        swings = [0.0] * len(states.chances)
        for ticker, contracts in self.held.contracts.items():
            pays, count = states.pays[ticker], float(contracts)
            mean = sum(map(mul, states.chances, pays))
            swings = [had + count * (pay - mean) for had, pay in zip(swings, pays, strict=True)]
        return swings


def groups(
    legs: Sequence[Leg], held: Mapping[Family, Held], footings: Mapping[str, Footing]
) -> list[Group]:
    """The legs by family."""
    found: dict[Family, list[Leg]] = defaultdict(list)
    for leg in legs:
        found[leg.family].append(leg)
    nothing = Held({}, NO_MONEY)
    return [
        Group(family, tuple(own), held.get(family, nothing), footings)
        for family, own in sorted(found.items())
    ]


def holdings(
    held: Mapping[Family, Held], footings: Mapping[str, Footing], besides: Collection[Family]
) -> list[Group]:
    """What is held of other families."""
    return [
        Group(family, (), own, footings)
        for family, own in sorted(held.items())
        if own.contracts and family not in besides
    ]


def offer(leg: Leg, states: States, most: float) -> Offer:
    """The leg as what can be bought in these states, `most` contracts of it."""
    yes, left = states.pays[leg.ticker], most
    steps: list[tuple[float, float]] = []
    for count, price in leg.steps:
        if left <= 0.0:
            break
        steps.append((min(count, left), price))
        left -= count
    wins = yes if leg.proposal.side is Side.BID else tuple(1.0 - pay for pay in yes)
    return Offer(wins, tuple(steps))


def _member(leg: Leg, win: float) -> Member:
    buys_yes, on = leg.proposal.side is Side.BID, leg.footing.ladder
    return Member(
        ticker=leg.ticker,
        chance=win if buys_yes else 1.0 - win,
        firmness=Firmness.BUYS_YES if buys_yes else Firmness.BUYS_NO,
        rung=None if on is None else on[1],
    )
