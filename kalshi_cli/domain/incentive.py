"""Incentive programmes: what the exchange pays to those who quote or trade in a market."""

from dataclasses import dataclass

from kalshi_cli.domain.money import Contracts, Money


@dataclass(frozen=True, slots=True)
class IncentiveProgram:
    """A reward for all who qualify in one market together, from `start_us` to `end_us`.

    `kind` is the exchange's word. Liquidity programmes have a `target` of contracts and a discount
    for each step away from the best price, in basis points.
    """

    program_id: str
    ticker: str
    kind: str
    reward: Money
    start_us: int
    end_us: int
    paid_out: bool
    target: Contracts | None = None
    discount_bps: int | None = None
    most_per_account: Money | None = None
