"""What the public routes of markets have in common: the exchange, its catalog, rows of markets."""

from kalshi_cli.adapters.sim.wire.markets import MarketRows
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.domain.market import Market


class PublicRoutes:
    """Answers from the exchange that `host` owns. No signature needed."""

    def __init__(self, host: Host, rows: MarketRows) -> None:
        self._exchange = host.exchange
        self._catalog = host.exchange.catalog
        self._rows = rows

    def _is_archived(self, market: Market) -> bool:
        return self._catalog.is_archived(market, self._exchange.now_us)
