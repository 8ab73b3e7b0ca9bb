"""Quick flips: follow a push in the tape for some minutes, where its hit rate is proven to pay.

A market is pushed where its prints moved by more than a round trip costs and most takers go the
same way. The entry takes the best price a; a sale rests at the target T; at the stop S, or after
half an hour, what is left is sold to who bids. Target and stop lie twice (spread + both fees) away.

It trades only where that is known to pay. With each price net of its fee, a share of
(a + fee - S) / (T - S) of the flips must reach the target before the stop. Each push is put on
record with these prices, traded or not, one an event at a time, and judged by the prints that
follow: a hit is one beyond the target, in time and before any at the stop. Pushes are
measured by category, with those that need about as much, and traded once 200 such trials are judged
and Wilson's lower bound of their hit rate (one-sided, 95 %) is above what any of them needs; until
then they are told as UNPROVEN, with the numbers. Where
prices are fair that is for ever: a flip pays the spread and a fee for nothing.

What its predecessors earned with it, none of them shows. The audit of one bot of this family
counted 160 paper trades in four markets and not one win, held for 67 seconds on average; another
sent 171 sales of which none filled, up to three at a time for one position; a third moved the price
of its sale in its own memory alone. None counted the fee, or how often such a trade works.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.levels import Levels
from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.trial import Trial
from kalshi_cli.forecasting.momentum import reach_us
from kalshi_cli.portfolio.edge import chance
from kalshi_cli.strategies._base import Abstention, Candidate, Strategy, View
from kalshi_cli.strategies._codes import Flipping
from kalshi_cli.strategies._pushes import Flip, against, flip, unable

_WHOLE = 100


@dataclass(frozen=True, slots=True)
class QuickFlipScalping(Strategy):
    """`flip_share` is of the bankroll, what one flip may cost; minutes are of market time."""

    watched_markets: int
    push_minutes: float
    hold_minutes: float
    flip_share: float

    name: ClassVar[str] = "quick_flip_scalping"

    @property
    def tape_us(self) -> int:
        return reach_us(self._push_us)

    @property
    def _push_us(self) -> int:
        return int(self.push_minutes * MINUTE)

    def watches(self, view: View) -> tuple[str, ...]:
        """The busiest markets that could be flipped, by their quotes."""
        return tuple(sorted(c.market.ticker for c in self._watched(view)))

    def tries(self, view: View) -> tuple[Trial, ...]:
        looks = self._looks(view)
        flips = (look for _, look in sorted(looks.items()) if isinstance(look, Flip))
        return tuple(flip.trial for flip in flips)

    def propose(self, view: View) -> tuple[Proposal | Abstention, ...]:
        looks = self._looks(view)
        return tuple(self._said(looks[ticker], view) for ticker in sorted(looks))

    def _said(self, look: Flip | Abstention, view: View) -> Proposal | Abstention:
        if isinstance(look, Abstention):
            return look
        return look.unproven or self._proposal(look, view)

    def _watched(self, view: View) -> list[Candidate]:
        """The busiest markets that could be flipped, by their quotes."""
        able = [c for c in view.candidates if unable(c, view.now_us, self._hold_us) is None]
        return sorted(able, key=_busiest)[: self.watched_markets]

    def _looks(self, view: View) -> Mapping[str, Flip | Abstention]:
        """Each market by its ticker: what following it is about, or what is against it.

        One flip an event, in its busiest market that is pushed.
        """
        watched = self._watched(view)
        found: dict[str, Flip | Abstention] = {}
        followed: dict[str, str] = {}
        for candidate in sorted(view.candidates, key=_busiest):
            event, ticker = candidate.event.event_ticker, candidate.market.ticker
            look = unable(candidate, view.now_us, self._hold_us)
            if look is None and event in view.trying:
                look = against(candidate, Flipping.TRYING)
            if look is None and event in followed:
                told = f"{followed[event]}, a busier market of its event, is pushed as well"
                look = against(candidate, Flipping.ONE_AN_EVENT, told)
            found[ticker] = look or self._look(candidate, view, watched)
            if isinstance(found[ticker], Flip):
                followed[event] = ticker
        return found

    def _look(
        self, candidate: Candidate, view: View, watched: Sequence[Candidate]
    ) -> Flip | Abstention:
        """Close up, where a market is among the watched."""
        if candidate.book is None and watched and _busiest(candidate) > _busiest(watched[-1]):
            volume, least = (c.quote.volume_24h for c in (candidate, watched[-1]))
            return against(candidate, Flipping.LESS_BUSY, "", str(volume), str(least))
        return flip(candidate, view, self.name, push_us=self._push_us, hold_us=self._hold_us)

    @property
    def _hold_us(self) -> int:
        return int(self.hold_minutes * MINUTE)

    def _proposal(self, idea: Flip, view: View) -> Proposal | Abstention:
        """What is proven is traded, but where something is held or works already."""
        candidate, trial, worth = idea.candidate, idea.trial, idea.worth
        if candidate.held or candidate.is_working or candidate.is_taken:
            return against(candidate, Flipping.OCCUPIED)
        if worth >= 1.0:
            return against(candidate, Flipping.UNLIKELY, "", f"{worth:.4f}", "1.0000")
        share = float(view.bankroll) * self.flip_share
        most = int(share / idea.stakes.cost) * _WHOLE
        if most <= 0:
            return against(
                candidate, Flipping.SMALL_SHARE, "", f"{share:.2f}", f"{idea.stakes.cost:.2f}"
            )
        return Proposal(
            ticker=trial.ticker,
            side=trial.side,
            limit=idea.limit,
            fair=chance(trial.side, worth),
            purpose=Purpose.ENTRY,
            max_contracts=Contracts(most),
            reason=idea.told,
            levels=Levels(
                stop=trial.stop,
                target=trial.target,
                leave_by_us=trial.until_us,
                target_rests=True,
            ),
            fair_error=0.0,
        )


def _busiest(candidate: Candidate) -> tuple[int, str]:
    return -candidate.quote.volume_24h.units, candidate.market.ticker
