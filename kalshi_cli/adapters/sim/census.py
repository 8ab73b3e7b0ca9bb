"""The simulated world by category: how many markets there are, and how they trade."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kalshi_cli.domain.market import Market, MarketStatus
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.series_plan import Climate


@dataclass(frozen=True, slots=True)
class CategoryCensus:
    """One category. `markets` were ever listed; `active` trade now, some of them with a book that
    is `empty` or `one_sided`. `trades` are those that the exchange still has.

    `half_spread` is what books with two sides show now on average, in dollars. The crowd's error in
    logits is documented for a generated world, and unknown elsewhere.
    """

    category: str
    markets: int
    active: int
    empty: int
    one_sided: int
    trades: int
    half_spread: float | None
    market_logit_error: float | None


def take_census(exchange: Exchange, climates: Mapping[str, Climate]) -> tuple[CategoryCensus, ...]:
    """Count every market and look at every book; categories with most markets first."""
    catalog, printed = exchange.catalog, exchange.catalog.prints.counts()
    markets: dict[str, list[Market]] = defaultdict(list)
    for market in catalog.markets.values():
        event = catalog.events[market.event_ticker]
        markets[catalog.series[event.series_ticker].category].append(market)
    found = (
        _counted(exchange, name, its, printed, climates.get(name)) for name, its in markets.items()
    )
    return tuple(sorted(found, key=lambda each: (-each.markets, each.category)))


def _counted(
    exchange: Exchange,
    name: str,
    markets: list[Market],
    printed: Mapping[str, int],
    climate: Climate | None,
) -> CategoryCensus:
    books = list(_books(exchange, markets))
    halves = [(ask - bid) / 20_000 for bid, ask in books if bid is not None and ask is not None]
    empty = sum(bid is None and ask is None for bid, ask in books)
    return CategoryCensus(
        category=name,
        markets=len(markets),
        active=len(books),
        empty=empty,
        one_sided=len(books) - len(halves) - empty,
        trades=sum(printed.get(market.ticker, 0) for market in markets),
        half_spread=sum(halves) / len(halves) if halves else None,
        market_logit_error=None if climate is None else climate.logit_error,
    )


def _books(exchange: Exchange, markets: list[Market]) -> Iterator[tuple[int | None, int | None]]:
    """Best bid and ask of each market that trades, in price units."""
    for market in markets:
        if market.status is MarketStatus.ACTIVE:
            bids, asks = exchange.world.ladders(market.ticker)
            yield (
                bids[0].price.units if bids else None,
                asks[0].price.units if asks else None,
            )
