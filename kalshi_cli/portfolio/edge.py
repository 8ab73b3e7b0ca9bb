"""What a contract is worth beyond its all-in cost. NO mirrors YES exactly."""

from kalshi_cli.domain.fees import FeeTerms, fee_per_contract
from kalshi_cli.domain.forecast import Edge
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.side import Side

SLACK = 1e-9
"""Tolerance for comparing edges: far below any price step, far above what floats lose."""


def chance(side: Side, fair: float) -> float:
    """Probability that what the side buys pays: YES for a bid, NO for an ask."""
    return fair if side is Side.BID else 1.0 - fair


def outcome_price(side: Side, yes_price: Price) -> Price:
    """Dollars for one contract of the outcome that the side buys."""
    return yes_price if side is Side.BID else yes_price.complement


def net_edge(side: Side, *, fair: float, price: Price, terms: FeeTerms, is_taker: bool) -> Edge:
    """Dollars a contract expected from opening at a YES price, after the (unrounded) fee."""
    fee = fee_per_contract(terms, price, is_taker=is_taker)
    return Edge(chance(side, fair) - float(outcome_price(side, price)) - fee)
