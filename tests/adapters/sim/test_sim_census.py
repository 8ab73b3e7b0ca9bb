"""The world by category, counted here a second way."""

from collections import Counter, defaultdict

import pytest

from kalshi_cli.adapters.sim.simulation import open_simulation
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.engine.series_plan import CLIMATES


def test_every_market_book_and_trade_is_counted_under_its_category() -> None:
    simulation = open_simulation(None, seed=5)
    simulation.advance(simulation.now_us + 9 * HOUR)
    exchange = simulation._exchange
    catalog = exchange.catalog
    listed, trades = Counter(), Counter()
    kinds, halves = defaultdict(Counter), defaultdict(list)
    for event in catalog.events.values():
        for ticker in catalog.legs[event.event_ticker]:
            listed[event.category] += 1
            trades[event.category] += len(list(catalog.prints.newest_first(ticker)))
            if catalog.markets[ticker].status is MarketStatus.ACTIVE:
                bids, asks = exchange.world.ladders(ticker)
                kinds[event.category][bool(bids) + bool(asks)] += 1
                if bids and asks:
                    halves[event.category].append(float(asks[0].price) - float(bids[0].price))
    census = {each.category: each for each in simulation.status(census=True).categories}
    assert set(census) == set(CLIMATES)
    assert sum(trades.values()) > 500
    for name, each in census.items():
        found = kinds[name]
        assert (each.markets, each.trades) == (listed[name], trades[name])
        assert (each.active, each.empty) == (sum(found.values()), found[0])
        assert each.one_sided == found[1]
        assert each.market_logit_error == CLIMATES[name].logit_error
        mean = sum(halves[name]) / len(halves[name]) / 2
        assert each.half_spread == pytest.approx(mean)
    counts = [each.markets for each in census.values()]
    assert counts == sorted(counts, reverse=True)
    assert simulation.status().categories == ()
    simulation.close()
