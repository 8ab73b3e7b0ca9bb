"""What a number of contracts really costs: the book walked level by level, each fill's own fee."""

from kalshi_cli.domain.book import OrderBook, reaches
from kalshi_cli.domain.fees import FeeTerms, fill_fee
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.domain.side import Side


def depth(book: OrderBook, side: Side, limit: Price) -> Contracts:
    """Contracts that an order on `side` could take up to its limit."""
    levels = (level for level in book.against(side) if reaches(side, limit, level.price))
    return Contracts(sum(level.count.units for level in levels))


def taker_cost(
    book: OrderBook, side: Side, count: Contracts, limit: Price, terms: FeeTerms
) -> Money | None:
    """Dollars, fees included, to take `count` now; None where the book holds less."""
    left, spent = count, NO_MONEY
    for level in book.against(side):
        if not left or not reaches(side, limit, level.price):
            break
        part = min(left, level.count)
        spent += outcome_cost(side, level.price, part)
        spent += fill_fee(terms, side=side, price=level.price, count=part, is_taker=True)
        left -= part
    return None if left else spent


def maker_cost(side: Side, count: Contracts, limit: Price, terms: FeeTerms) -> Money:
    """Dollars, fee included, if a resting order is filled whole at its limit."""
    fee = fill_fee(terms, side=side, price=limit, count=count, is_taker=False)
    return outcome_cost(side, limit, count) + fee
