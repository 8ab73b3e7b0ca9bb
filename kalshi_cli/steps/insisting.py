"""Writes that must not be lost because the store was busy: something was paid for."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from kalshi_cli.errors import StoreBusy
from kalshi_cli.ports.store import Store, Unit

Result = TypeVar("Result")
TRIES = 3
"""Each waits for as long as the store lets a writer wait."""


async def insist(
    store: Store,
    write: Callable[[Unit], Awaitable[Result]],
    *,
    begun: Awaitable[Result] | None = None,
) -> Result:
    """Write, with others or alone; again where the store was too busy. `StoreBusy` in the end.

    The first try may be `begun` already.
    Nothing of a try that failed stays: a unit is written whole or not at all.
    """
    tries_left = TRIES
    while True:
        tries_left -= 1
        try:
            return await (begun or store.write(write))
        except StoreBusy:
            if not tries_left:
                raise
            begun = None
