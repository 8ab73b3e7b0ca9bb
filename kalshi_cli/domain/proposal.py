"""What strategies say: a trade worth considering, before it is sized."""

from dataclasses import dataclass

from kalshi_cli.domain.levels import Levels
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.side import Side


@dataclass(frozen=True, slots=True)
class Proposal:
    """A trade worth considering, unsized. `limit` is the worst YES price accepted (dollars).

    `fair` is the probability of YES it is based on. `resting` proposals are post-only and expire at
    `expires_us`; the others take what the book gives up to `limit`. `closes` are contracts that are
    held and that it would close before it opens any. `levels` are where it would leave an entry
    again; those that it leaves open are as the settings say. An entry is made on a forecast, or on
    evidence of its own: then `fair_error` is the standard deviation of `fair`.
    """

    ticker: str
    side: Side
    limit: Price
    fair: float
    purpose: Purpose
    max_contracts: Contracts | None
    reason: str
    resting: bool = False
    expires_us: int | None = None
    forecast_id: str | None = None
    closes: Contracts = NO_CONTRACTS
    levels: Levels | None = None
    fair_error: float | None = None
