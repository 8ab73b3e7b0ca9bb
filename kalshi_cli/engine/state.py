"""Everything the exchange remembers of us, as data."""

from dataclasses import dataclass, field

from kalshi_cli.domain.order import ExchangeOrderStatus
from kalshi_cli.engine.account import Account
from kalshi_cli.engine.catalog import Catalog
from kalshi_cli.engine.groups import OrderGroup
from kalshi_cli.engine.orders import ExchangeOrder


@dataclass(slots=True)
class ExchangeState:
    """Orders by id, oldest first; `resting` names the live ones with their market.

    `by_client_id` never forgets: a client's order id is burnt for ever. `sweeps` are the instants
    at which a cancel-all still strikes. `closing` says until when orders of a closed market rest:
    they can no longer be canceled. `paused_*` are pauses on demand, each with the instant at which
    it ends by itself, or None.
    """

    account: Account
    catalog: Catalog = field(default_factory=Catalog)
    orders: dict[str, ExchangeOrder] = field(default_factory=dict)
    resting: dict[str, str] = field(default_factory=dict)
    by_client_id: dict[str, str] = field(default_factory=dict)
    groups: dict[str, OrderGroup] = field(default_factory=dict)
    sweeps: list[int] = field(default_factory=list)
    closing: dict[str, int] = field(default_factory=dict)
    paused_shards: dict[int, int | None] = field(default_factory=dict)
    paused_markets: dict[str, int | None] = field(default_factory=dict)
    ids_given: int = 0

    def keep(self, order: ExchangeOrder) -> None:
        """Remember an order as it is now."""
        self.orders[order.order_id] = order
        if order.status is ExchangeOrderStatus.RESTING:
            self.resting[order.order_id] = order.ticker
        else:
            self.resting.pop(order.order_id, None)

    def resting_in(self, ticker: str) -> tuple[ExchangeOrder, ...]:
        """Our live orders in one market, oldest first."""
        return tuple(self.orders[key] for key, where in self.resting.items() if where == ticker)

    def live_orders(self) -> tuple[ExchangeOrder, ...]:
        """Our live orders, oldest first."""
        return tuple(self.orders[key] for key in self.resting)
