"""What came of what a person ordered by hand."""

from dataclasses import dataclass

from kalshi_cli.domain.order import Order
from kalshi_cli.domain.sale import Sale

READ_BACKS = 5
"""How often it is looked whether that came true: reads lag writes."""
AGAIN = "Run the same command again."


@dataclass(frozen=True, slots=True)
class Done:
    """What was ordered, and what the exchange says about it now; `sales` are what was sold."""

    kind: str
    target: str
    outcome: str
    orders: tuple[Order, ...] = ()
    sales: tuple[Sale, ...] = ()
