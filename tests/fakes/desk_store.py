"""Real stores for tests, empty or with one market to trade."""

from pathlib import Path

from fakes.decisions import NOW, a_market, a_quote, an_event

from kalshi_cli.adapters.store.store import SqlStore, open_store
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.identity import Env, StoreIdentity
from kalshi_cli.domain.market import Listing, Series
from kalshi_cli.ports.desk import Run

IDENTITY = StoreIdentity(Env.SIM, "http://sim.invalid", "account", "generated/7")
WALL = 1_900_000_000_000_000
"""Real time in these tests, in microseconds."""
SERIES = Series("SERIES", "A series", "Weather", FeeTerms("quadratic"))


async def fresh_store(where: Path | str, identity: StoreIdentity = IDENTITY) -> SqlStore:
    """An empty store: in a file of this directory, `:memory:`, or at a URL. Close it."""
    place = where / "desk.db" if isinstance(where, Path) else where
    return await open_store(place, identity, wall_us=WALL)


async def seed(store: SqlStore, *tickers: str) -> Run:
    """A run, a series, the event E, and its markets (T unless named) with their quotes."""
    async with store.unit() as unit:
        run = await unit.desk.start_run("test", NOW, WALL)
        await unit.catalog.save_series([SERIES], NOW)
        await unit.catalog.save_events([an_event()], NOW)
        listings = [Listing(a_market(t), a_quote(ticker=t)) for t in tickers or ("T",)]
        await unit.catalog.save_listings(listings, NOW)
        await unit.commit()
    return run
