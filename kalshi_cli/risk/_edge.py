"""What an intent leaves at the worst price it accepts."""

from kalshi_cli.domain.forecast import Edge
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.portfolio.edge import net_edge
from kalshi_cli.risk._base import MarketFacts


def edge_at_limit(intent: OrderIntent, facts: MarketFacts) -> Edge | None:
    """Dollars a contract, after the fee; None for an intent without a fair value."""
    if intent.fair is None:
        return None
    return net_edge(
        intent.side,
        fair=intent.fair,
        price=intent.limit,
        terms=facts.fees_of(intent),
        is_taker=not intent.post_only,
    )
