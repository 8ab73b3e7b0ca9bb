"""What has moved from the exchange's live endpoints to its historical ones, and when it does.

Kalshi keeps about two months of settled markets and trades live, and two weeks of finished orders.
Resting orders, events and series are never archived. Source: Kalshi's page on historical data and
`GET /historical/cutoff`, October 2026.
"""

from dataclasses import dataclass

from kalshi_cli.domain.instant import DAY
from kalshi_cli.domain.market import Market
from kalshi_cli.domain.order import ExchangeOrderStatus, Fill
from kalshi_cli.engine.orders import ExchangeOrder


@dataclass(frozen=True, slots=True)
class Archive:
    """How long what is over stays live (microseconds). Cutoffs move every `step_us`.

    `prints` bounds the memory of public trades: beyond it the oldest are served nowhere.
    """

    markets_us: int = 60 * DAY
    trades_us: int = 60 * DAY
    orders_us: int = 14 * DAY
    positions_us: int = 60 * DAY
    step_us: int = DAY
    prints: int = 2_000_000

    def market_settled(self, now_us: int) -> int:
        """Markets that settled before this instant are archived."""
        return self._cutoff(now_us, self.markets_us)

    def trades_created(self, now_us: int) -> int:
        """Trades and fills from before this instant are archived."""
        return self._cutoff(now_us, self.trades_us)

    def orders_updated(self, now_us: int) -> int:
        """Orders that ended before this instant are archived."""
        return self._cutoff(now_us, self.orders_us)

    def positions_updated(self, now_us: int) -> int:
        """Positions settled before this instant are archived."""
        return self._cutoff(now_us, self.positions_us)

    def has_fill(self, fill: Fill, now_us: int) -> bool:
        return fill.at_us < self.trades_created(now_us)

    def has_order(self, order: ExchangeOrder, now_us: int) -> bool:
        """Whether an order has ended long ago; one that rests is never archived."""
        ended = order.status is not ExchangeOrderStatus.RESTING
        return ended and order.updated_us < self.orders_updated(now_us)

    def has_position(self, market: Market, now_us: int) -> bool:
        """Whether what was held in a market settled long ago."""
        settled_us = market.settlement_us
        return settled_us is not None and settled_us < self.positions_updated(now_us)

    def _cutoff(self, now_us: int, span_us: int) -> int:
        return (now_us - span_us) // self.step_us * self.step_us
