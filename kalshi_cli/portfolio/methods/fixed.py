"""The fixed percentage of older bots: every entry gets the same share of the bankroll."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.portfolio.allotment import Bounded, Wish, allot
from kalshi_cli.portfolio.capital import Capital
from kalshi_cli.portfolio.methods._base import Method, step_of
from kalshi_cli.portfolio.rooms import Rooms
from kalshi_cli.portfolio.sizing import Sizing


@dataclass(frozen=True, slots=True)
class Fixed(Method):
    """`fixed_stake` is a share of the bankroll for each market, what it risks already included."""

    fixed_stake: float
    contracts: str

    def size(
        self, proposals: Sequence[Proposal], books: Mapping[str, OrderBook], capital: Capital
    ) -> Sizing:
        step = step_of(self.contracts)
        return allot(proposals, books, capital, step=step, wishes=self._wishes)

    def _wishes(self, bounded: Sequence[Bounded], rooms: Rooms) -> list[Wish]:
        return [self._wish(each, rooms) for each in bounded]

    def _wish(self, bounded: Bounded, rooms: Rooms) -> Wish:
        """The best returns rank first: edge a dollar, of the best leg."""
        legs, stake = bounded.group.legs, float(rooms.capital.bankroll.scaled(self.fixed_stake))

        def at(share: float) -> list[float]:
            return [
                share * min(most, leg.affordable(stake - float(rooms.at_risk(leg.ticker))))
                for leg, most in zip(legs, bounded.most, strict=True)
            ]

        rank = max(leg.win / leg.steps[0][1] for leg in legs)
        return Wish(bounded, rank, at(1.0), at)
