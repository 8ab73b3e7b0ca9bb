"""What leaving would pay now."""

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.position import Position
from kalshi_cli.portfolio.edge import outcome_price


def exit_price(position: Position, book: OrderBook) -> Price | None:
    """The best price bid for the outcome held; None when flat or where nobody bids."""
    if position.is_flat:
        return None
    levels = book.against(position.side.opposite)
    return outcome_price(position.side, levels[0].price) if levels else None
