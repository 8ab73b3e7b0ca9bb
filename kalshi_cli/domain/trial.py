"""Trials: what came of a strategy's signal each time that it was given, traded or not.

A trial is begun with the prices of a book and judged by the prints that follow it, so nothing in it
was known before it was decided. The share of trials that ended well is the signal's hit rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import Market, Trade
from kalshi_cli.domain.money import ZERO_PRICE, Price
from kalshi_cli.domain.side import Side

ALIKE_US = HOUR
"""Trials of one signal that begin within the same such span of market time may end alike. It is
twice what a flip lasts, so that few of those that overlap begin in two of them.
"""


class Ending(StrEnum):
    """How a trial ended; UNTOLD where the tape of its time could not be read whole."""

    HIT = "hit"
    STOPPED = "stopped"
    TIMED_OUT = "timed_out"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Trial:
    """A signal that was given. `side` is that of the entry; prices are of the outcome it buys.

    `signal` names what hit rates are measured of. `entry` is what the outcome cost a taker when its
    book was read, and `at_us` is not before that: older prints were to be had and say nothing.
    `spread` is how far below the ask that book was bid, in dollars. The trial is over at `until_us`
    (market time) at the latest. Of one event a strategy has one trial at a time: what overlaps
    counts once.
    """

    strategy: str
    signal: str
    event_ticker: str
    ticker: str
    side: Side
    entry: Price
    target: Price
    stop: Price
    spread: Price
    at_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a trial ended, when, and what was bid where it was stopped (None otherwise)."""

    trial: Trial
    ending: Ending
    ended_us: int
    left: Price | None = None

    @property
    def slipped(self) -> float:
        """Dollars a contract by which a stop was missed."""
        return 0.0 if self.left is None else float(self.trial.stop) - float(self.left)


@dataclass(frozen=True, slots=True)
class HitRate:
    """What the trials of a signal came to. `slip` is dollars a contract that stops were missed by,
    on average; 0 where none was reached. So many trials tell as much as one, by `alike`: those of
    one hour may end alike, since what they are about moves together.
    """

    count: int
    hits: int
    slip: float
    alike: float = 1.0

    @property
    def effective(self) -> float:
        """How many trials of their own these are as good as."""
        return self.count / self.alike


def verdict(trial: Trial, tape: Sequence[Trade]) -> Verdict:
    """Judge a trial by all prints of its time, in any order.

    A sale that rests at the target is sure to have been filled only where somebody bought dearer:
    who waits before it is not known. What is bid at the stop ends it at that price: a print at or
    below it tells so, whoever traded, and one of a buyer who paid no more than the spread above it,
    for he paid the ask. Of what happens at one instant the worst counts.
    """
    own = [t for t in tape if t.ticker == trial.ticker and trial.at_us < t.at_us <= trial.until_us]
    for trade in sorted(own, key=lambda trade: (trade.at_us, _paid(trial, trade))):
        price, buys = _paid(trial, trade), trade.taker_side == trial.side.value
        bid = max(price - trial.spread, ZERO_PRICE) if buys else price
        if bid <= trial.stop:
            return Verdict(trial, Ending.STOPPED, trade.at_us, bid)
        if price > trial.target and buys:
            return Verdict(trial, Ending.HIT, trade.at_us)
    return Verdict(trial, Ending.TIMED_OUT, trial.until_us)


def determined(undecided: Verdict, market: Market) -> Verdict | None:
    """What becomes of a trial that no print decided where its market closed before its end: what
    the outcome pays is what it is left for. None where that is not known yet.
    """
    trial = undecided.trial
    if market.close_us > trial.until_us:
        return undecided
    if market.payout is None:
        return None
    paid = market.payout if trial.side is Side.BID else market.payout.complement
    if paid > trial.stop:
        return undecided
    return Verdict(trial, Ending.STOPPED, market.close_us, paid)


def _paid(trial: Trial, trade: Trade) -> Price:
    """What a print paid for the outcome of a trial."""
    return trade.price if trial.side is Side.BID else trade.price.complement
