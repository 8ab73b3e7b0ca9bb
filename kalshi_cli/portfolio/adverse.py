"""What those know who trade with a maker, by the mark-outs of its own fills.

It is measured in half-spreads of others: they ask for what they lose to who knows better, so what a
market takes back of that differs less from market to market than dollars do.
"""

import math
from collections.abc import Sequence

from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.markout import Horizon, Markout

START = 0.9
"""What is taken for lost before any fill was looked at again, in half-spreads of others."""
START_FILLS = 20
"""How many fills weigh as much as that; so many of all markets weigh as much as a market's own."""
TOXIC_FILLS = 5
"""A market is judged by at least so many of its fills."""
TOXIC_US = 12 * HOUR
"""And by none that is older: what drove a maker out is forgotten by then."""


def allowance(own: Sequence[Markout], everything: Sequence[Markout], half: float) -> float:
    """Dollars a contract that the market moves against a fill, the worse of the horizons.

    `own` are one market's, drawn to those of all markets, and these to where every maker starts;
    `half` is half of what others ask for now. Never below nothing: that fills were lucky is no
    reason to ask for less than the fee.
    """
    worst = 0.0
    for horizon in Horizon:
        of_all = _drawn([m for m in everything if m.horizon is horizon], START)
        worst = max(worst, _drawn([m for m in own if m.horizon is horizon], of_all))
    return worst * half


def kept_at_best(own: Sequence[Markout], now_us: int) -> float | None:
    """Dollars a contract that a market's fills of late kept soon after, and one standard error
    more; None where these are too few to judge by.
    """
    kept = [
        mark.kept
        for mark in own
        if mark.horizon is Horizon.SOON and now_us - mark.filled_us <= TOXIC_US
    ]
    if len(kept) < TOXIC_FILLS:
        return None
    mean = sum(kept) / len(kept)
    squares = sum((each - mean) ** 2 for each in kept)
    error = math.sqrt(squares / (len(kept) - 1) / len(kept))
    return mean + error


def _drawn(measured: Sequence[Markout], toward: float) -> float:
    """Half-spreads lost a fill: a ratio of sums, so that no narrow market blows it up."""
    if not measured:
        return toward
    usual = sum(mark.half for mark in measured) / len(measured)
    lost = sum(mark.adverse for mark in measured)
    return (lost + START_FILLS * toward * usual) / ((len(measured) + START_FILLS) * usual)
