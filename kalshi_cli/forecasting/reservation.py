"""Where a maker quotes: the reservation price of Avellaneda and Stoikov (2008), on log-odds.

After Shaw and Dalen (2025, arXiv 2510.15205): with x the log-odds of the fair value, q what is held
as a part of the most that may be, v the variance of x an hour and T the hours until more is known,
the price at which one more contract is as good as none is x - q * g * v * T, g being the aversion
to risk. Around it lie the quotes, g * v * H / 2 + ln(1 + g / k) / g away: k tells how fast fills
thin out with the distance, and H is a horizon that does not shrink as the end comes near.
"""

import math
from dataclasses import dataclass

from kalshi_cli.forecasting.logit import expit, logit

HORIZON_HOURS = 4.0
"""The longest time that inventory is expected to be held."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Where to quote, in dollars, not on any grid yet."""

    bid: float
    ask: float


def decay(fair: float, half_spread: float) -> float:
    """How fast fills thin out, a unit of log-odds: others' half-spread (dollars) is two of these.

    Who asks for as much as they do is met half as often as the price allows; nearer, more often.
    """
    return 2.0 * fair * (1.0 - fair) / half_spread


def half_spread(variance: float, *, risk_aversion: float, decay: float) -> float:
    """Half of the distance between the quotes, in log-odds; the same however near the end is."""
    risk = risk_aversion * variance * HORIZON_HOURS / 2.0
    return risk + math.log1p(risk_aversion / decay) / risk_aversion


def quote_prices(
    fair: float,
    inventory: float,
    variance: float,
    hours_left: float,
    *,
    risk_aversion: float,
    decay: float,
    floor: float,
) -> Prices:
    """The quotes around a fair value, for an inventory between -1 and 1.

    Neither comes nearer to the fair value than `floor` (dollars), however much is held: what is
    held is worked off by quoting the other side farther away.
    """
    held_for = min(HORIZON_HOURS, hours_left)
    centre = logit(fair) - inventory * risk_aversion * variance * held_for
    half = half_spread(variance, risk_aversion=risk_aversion, decay=decay)
    return Prices(
        bid=min(expit(centre - half), fair - floor), ask=max(expit(centre + half), fair + floor)
    )
