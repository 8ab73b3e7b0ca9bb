"""Markets as people type them: theirs are in upper case, and one sign is soon wrong."""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a report asks the store for names and needs no other part of it
    from kalshi_cli.ports.store import Store


async def called(store: "Store", typed: Collection[str]) -> tuple[str, ...]:
    """What these markets are called: just as typed where that is known, else in upper case."""
    upper = {name: name.upper() for name in typed}
    async with store.unit(reads=True) as unit:
        known = await unit.catalog.known_markets([*upper, *upper.values()])
    return tuple(name if name in known else upper[name] for name in typed)


async def hint(store: "Store", ticker: str, otherwise: str = "") -> str:
    """Which market may be meant by a name that none has; `otherwise` where none is near."""
    async with store.unit(reads=True) as unit:
        near = await unit.catalog.near(ticker)
    return f"Did you mean {' or '.join(near)}?" if near else otherwise
