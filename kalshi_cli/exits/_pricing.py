"""What leaving would pay now."""

from bisect import bisect_left

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms, exit_terms, fee_per_contract
from kalshi_cli.domain.money import ONE_DOLLAR, Price
from kalshi_cli.domain.position import Position
from kalshi_cli.portfolio.edge import SLACK, outcome_price


def exit_price(position: Position, book: OrderBook) -> Price | None:
    """The best price bid for the outcome held; None when flat or where nobody bids."""
    if position.is_flat:
        return None
    levels = book.against(position.side.opposite)
    return outcome_price(position.side, levels[0].price) if levels else None


def proceeds(price: Price, fees: FeeTerms) -> float:
    """Dollars that a contract of the outcome held brings at a price, after the taker's fee."""
    return float(price) - fee_per_contract(exit_terms(fees), price, is_taker=True)


def least_price(worth: float, fees: FeeTerms) -> Price | None:
    """The lowest price that brings this much after the taker's fee; None if none below $1 does."""
    units = 1 + bisect_left(
        range(1, ONE_DOLLAR.units), worth - SLACK, key=lambda at: proceeds(Price(at), fees)
    )
    return Price(units) if units < ONE_DOLLAR.units else None
