"""How denials speak of an order's price."""

from kalshi_cli.domain.money import Price
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.domain.side import spoken_terms


def own_price(intent: OrderIntent, yes_price: Price) -> Price:
    """A price in YES as that of the outcome which the order trades: of NO, where it buys NO."""
    return spoken_terms(intent.side, yes_price, leaves=intent.purpose is Purpose.EXIT)[2]
