"""Many markets, as the store keeps them."""

from kalshi_cli.domain.market import Listing, Series
from kalshi_cli.ports.store import Unit
from tests.fakes.decisions import NOW, PLAIN, a_market, a_quote, an_event

LEGS = 5
SERIES = Series("SERIES", "A series", "Weather", PLAIN)


def names(count: int) -> list[tuple[str, str]]:
    """(event, market) tickers."""
    return [(f"SERIES-{n // LEGS}", f"SERIES-{n // LEGS}-{n % LEGS}") for n in range(count)]


async def save_catalog(unit: Unit, count: int) -> list[str]:
    """Put markets with quotes into a store; returns their tickers."""
    pairs = names(count)
    await unit.catalog.save_series([SERIES], NOW)
    await unit.catalog.save_events([an_event(event) for event in {e: 1 for e, _ in pairs}], NOW)
    await unit.catalog.save_listings(
        [Listing(a_market(t, event_ticker=e), a_quote(ticker=t)) for e, t in pairs], NOW
    )
    return [ticker for _, ticker in pairs]
