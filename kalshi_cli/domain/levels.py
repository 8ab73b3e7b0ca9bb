"""Where a position is left again, in prices of the outcome held, and how near a stop may be."""

import math
from dataclasses import dataclass

from kalshi_cli.domain.fees import FeeTerms, exit_terms, fee_per_contract
from kalshi_cli.domain.money import ONE_DOLLAR, Price

_NOISE = 2
"""A stop is at least so many times what a round trip costs away: nearer, it mostly sells to the
spread that was paid on the way in.
"""


@dataclass(frozen=True, slots=True)
class Levels:
    """What leaves a position before settlement; None means no such exit.

    `stop` and `target` are prices bid for the outcome held, in dollars; `trail` is how far that bid
    may fall from the best one seen since entry; `leave_by_us` is market time, and `before_close_us`
    how long before the market's close, whenever that is. Where `target_rests`, a sale waits at the
    exchange; else it is sent once somebody bids as much.
    """

    stop: Price | None = None
    target: Price | None = None
    trail: Price | None = None
    leave_by_us: int | None = None
    before_close_us: int | None = None
    target_rests: bool = False


def least_stop_distance(
    entry: Price, spread: Price | None, terms: FeeTerms, *, leaving: FeeTerms, is_taker: bool
) -> Price:
    """How far below the entry price a stop is at least: twice (spread + both fees), rounded up.

    Both fees are those at the entry price, the exit's a taker's on the terms of `leaving`. Without
    a spread nobody knows what leaving costs: the distance is $1, and no stop is that far away.
    """
    if spread is None:
        return ONE_DOLLAR
    fees = fee_per_contract(exit_terms(terms), entry, is_taker=is_taker)
    fees += fee_per_contract(exit_terms(leaving), entry, is_taker=True)
    return Price(math.ceil(round(_NOISE * (spread.units + fees * ONE_DOLLAR.units), 6)))
