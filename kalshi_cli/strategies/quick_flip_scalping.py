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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import fee_per_contract
from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.instant import MINUTE, SECOND, format_span
from kalshi_cli.domain.levels import Levels, least_stop_distance
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trial import HitRate, Trial
from kalshi_cli.evaluation.flips import LEAST_TRIALS, Stakes, most_needed, proven
from kalshi_cli.forecasting.momentum import push, reach_us
from kalshi_cli.portfolio.edge import chance, outcome_price
from kalshi_cli.strategies._base import Abstention, Candidate, Strategy, View

MOVED = 0.75
"""How far prices have moved, at least, as a part of the way to the target."""
LEAN = 0.3
"""How much more takers go with the move than against it, at least, as a share of all."""
LEAST_ENTRY, MOST_ENTRY = Price(1_000), Price(9_000)
"""Nearer to $0 or $1 a market has no room to move."""
WIDEST = Price(500)
"""Spreads from here on cost more than any push brings, in dollars."""
CLOSING_US = 15 * MINUTE
"""No flip that might last until so near the close."""
LATENCY_US = SECOND
"""From when the book was read until an order is taken to be at the exchange: what is printed
before then, or before the book was, is no part of a trial.
"""
_WHOLE = 100


@dataclass(frozen=True, slots=True)
class _Flip:
    """A push with what following it costs; all prices but `limit` are of the outcome bought.

    By `spare` the hit rate that it needs falls short of what those need at most that it is measured
    with: so much of what is proven may be theirs alone.
    """

    candidate: Candidate
    trial: Trial
    limit: Price
    stakes: Stakes
    spare: float
    record: HitRate | None

    @property
    def proven(self) -> float:
        """The hit rate that this signal is sure of."""
        return proven(self.record)

    @property
    def needed(self) -> float:
        return self.stakes.break_even + self.spare

    @property
    def worth(self) -> float:
        """What a contract is worth by what is proven beyond all doubt of whose it is."""
        return self.stakes.worth(self.proven - self.spare)

    @property
    def unproven(self) -> Abstention | None:
        """What is missing, with the numbers; None where it is known to pay."""
        if self.proven > self.needed:
            return None
        count = 0 if self.record is None else self.record.count
        few = f", {LEAST_TRIALS} are asked" if count < LEAST_TRIALS else ""
        proven, needed = f"{self.proven:.3f}", f"{self.needed:.3f}"
        return Abstention("UNPROVEN", f"{self.told}{few}", proven, needed)

    @property
    def told(self) -> str:
        trial, record = self.trial, self.record
        count, hits = (0, 0) if record is None else (record.count, record.hits)
        return (
            f"in at {trial.entry}, target {trial.target}, stop {trial.stop}; {hits} of {count} hit "
            f"in {trial.signal}, {self.proven:.3f} proven, {self.needed:.3f} needed"
        )


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
        able = [c for c in view.candidates if self._unable(c, view) is None]
        able.sort(key=lambda c: (-c.quote.volume_24h.units, c.market.ticker))
        return tuple(sorted(c.market.ticker for c in able[: self.watched_markets]))

    def tries(self, view: View) -> tuple[Trial, ...]:
        return tuple(flip.trial for flip in self._flips(view))

    def propose(self, view: View) -> tuple[Proposal, ...]:
        return self._proposals(self._flips(view), view)

    def _proposals(self, flips: Iterable[_Flip], view: View) -> tuple[Proposal, ...]:
        return tuple(
            proposal
            for flip in flips
            if flip.unproven is None and (proposal := self._proposal(flip, view)) is not None
        )

    def abstains(self, view: View) -> Mapping[str, Abstention]:
        flips = {flip.trial.ticker: flip for flip in self._flips(view)}
        proposed = {proposal.ticker for proposal in self._proposals(flips.values(), view)}
        return {
            candidate.market.ticker: self._why(candidate, flips, view)
            for candidate in view.candidates
            if candidate.market.ticker not in proposed
        }

    def _why(self, candidate: Candidate, flips: Mapping[str, _Flip], view: View) -> Abstention:
        flip = flips.get(candidate.market.ticker)
        if flip is not None:
            occupied = Abstention("OCCUPIED", "something is held or at work there, or too dear")
            return flip.unproven or occupied
        if (unable := self._unable(candidate, view)) is not None:
            return unable
        if candidate.event.event_ticker in view.trying:
            return Abstention("TRYING", "a push of its event is being judged")
        if candidate.book is None or candidate.trades is None:
            return Abstention("NOT_WATCHED", "others are busier, or its tape could not be read")
        return Abstention("NO_PUSH", "no push in its tape, or in a busier market of its event")

    def _flips(self, view: View) -> tuple[_Flip, ...]:
        """One an event, the busiest market first; in the order of tickers."""
        found: dict[str, _Flip] = {}
        ranked = sorted(view.candidates, key=lambda c: (-c.quote.volume_24h.units, c.market.ticker))
        for candidate in ranked:
            event = candidate.event.event_ticker
            if event in found or event in view.trying or self._unable(candidate, view):
                continue
            flip = self._flip(candidate, view)
            if flip is not None:
                found[event] = flip
        return tuple(sorted(found.values(), key=lambda flip: flip.trial.ticker))

    def _unable(self, candidate: Candidate, view: View) -> Abstention | None:
        """Why a market could not be flipped, by its quote alone."""
        market, quote, spread = candidate.market, candidate.quote, candidate.quote.spread
        if market.grid is None or spread is None or quote.bid is None or quote.ask is None:
            return Abstention("NO_QUOTE", "a side of it is missing, or its price structure unknown")
        if spread >= WIDEST:
            return Abstention("SPREAD", "a round trip costs too much", str(spread), str(WIDEST))
        left_us, least_us = market.close_us - view.now_us, self._hold_us + CLOSING_US
        if left_us < least_us:
            left, least = format_span(left_us), format_span(least_us)
            return Abstention("CLOSING", f"it closes in {left}, {least} are asked")
        bid, ask = quote.bid.price, quote.ask.price
        if ask < LEAST_ENTRY or bid > MOST_ENTRY:  # then neither YES nor NO can be entered
            told = f"nearer to $0 or $1 than {LEAST_ENTRY} it has no room to move"
            return Abstention("NO_ROOM", told, f"{bid} to {ask}")
        return None

    @property
    def _hold_us(self) -> int:
        return int(self.hold_minutes * MINUTE)

    def _flip(self, candidate: Candidate, view: View) -> _Flip | None:
        """None where nothing pushes, or there is no room for a target and a stop."""
        book, trades, grid = candidate.book, candidate.trades, candidate.market.grid
        if book is None or trades is None or grid is None:
            return None
        pushed = push(trades, view.now_us, self._push_us)
        side = None if pushed is None else pushed.side
        touch = None if side is None else _touch(book, side)
        if pushed is None or side is None or touch is None:
            return None
        limit, spread = touch
        entry = outcome_price(side, limit)
        if not (LEAST_ENTRY <= entry <= MOST_ENTRY) or spread >= WIDEST:
            return None
        away = least_stop_distance(entry, spread, candidate.fees, is_taker=True)
        if abs(pushed.moved) < MOVED * float(away) or abs(pushed.imbalance) < LEAN:
            return None
        target, stop = _above(grid, side, entry + away), _below(grid, side, entry - away)
        if target is None or stop is None:
            return None
        stakes = _stakes(entry, target, stop, candidate, None)
        most = most_needed(stakes.break_even)
        signal = f"{candidate.event.category}, up to {most:.2f}"
        at_us = max(view.now_us, book.at_us) + LATENCY_US
        trial = Trial(
            strategy=self.name,
            signal=signal,
            event_ticker=candidate.event.event_ticker,
            ticker=candidate.market.ticker,
            side=side,
            entry=entry,
            target=target,
            stop=stop,
            spread=spread,
            at_us=at_us,
            until_us=at_us + self._hold_us,
        )
        record = view.hit_rates.get(signal)
        spare = most - stakes.break_even
        slipping = _stakes(entry, target, stop, candidate, record)
        return _Flip(candidate, trial, limit, slipping, spare, record)

    def _proposal(self, flip: _Flip, view: View) -> Proposal | None:
        """None where something is held or works already, and where a contract is worth nothing."""
        candidate, trial = flip.candidate, flip.trial
        worth = flip.worth
        if candidate.held or candidate.is_working or candidate.is_taken or not 0.0 < worth < 1.0:
            return None
        most = int(float(view.bankroll) * self.flip_share / flip.stakes.cost) * _WHOLE
        if most <= 0:
            return None
        return Proposal(
            ticker=trial.ticker,
            side=trial.side,
            limit=flip.limit,
            fair=chance(trial.side, worth),
            purpose=Purpose.ENTRY,
            max_contracts=Contracts(most),
            reason=flip.told,
            levels=Levels(
                stop=trial.stop,
                target=trial.target,
                leave_by_us=trial.until_us,
                target_rests=True,
            ),
            fair_error=0.0,
        )


def _touch(book: OrderBook, side: Side) -> tuple[Price, Price] | None:
    """The best YES price to enter at, and the spread; None where a side is missing."""
    bid, ask = book.best_bid, book.best_ask
    if bid is None or ask is None:
        return None
    return (ask if side is Side.BID else bid).price, ask.price - bid.price


def _stakes(
    entry: Price, target: Price, stop: Price, candidate: Candidate, record: HitRate | None
) -> Stakes:
    """What the flip costs and pays, each net of its fee; stops are missed by what they were."""
    slip = 0.0 if record is None else record.slip

    def fee(price: Price, *, is_taker: bool) -> float:
        return fee_per_contract(candidate.fees, price, is_taker=is_taker)

    return Stakes(
        cost=float(entry) + fee(entry, is_taker=True),
        won=float(target) - fee(target, is_taker=False),
        lost=float(stop) - slip - fee(stop, is_taker=True),
    )


def _above(grid: PriceGrid, side: Side, price: Price) -> Price | None:
    """The lowest price of the outcome at or above, of which an order may be made."""
    yes = grid.ceil(price) if side is Side.BID else grid.floor(price.complement)
    return None if yes is None else outcome_price(side, yes)


def _below(grid: PriceGrid, side: Side, price: Price) -> Price | None:
    """The highest price of the outcome at or below, of which an order may be made."""
    yes = grid.floor(price) if side is Side.BID else grid.ceil(price.complement)
    return None if yes is None else outcome_price(side, yes)
