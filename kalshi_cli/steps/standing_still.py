"""Looking at an account that may trade while it is read.

Its lists are read one after the other, and the books after them: whatever happens meanwhile is in
some of them. So a difference stands only where two looks tell it between which nothing changed.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

MOST_LOOKS = 4
"""How often an account that does not stand still is looked at, at the most."""

Look = TypeVar("Look")


@dataclass(frozen=True, slots=True)
class Looks(Generic[Look]):
    """The last look, with the one `before` it where the account changed at each; else None."""

    last: Look
    before: Look | None = None

    @property
    def doubt(self) -> str:
        return "" if self.before is None else f"the account changed at each of {MOST_LOOKS} looks"


async def until_still(
    look: Callable[[], Awaitable[Look]],
    *,
    differs: Callable[[Look], bool],
    at_rest: Callable[[Look], object],
) -> Looks[Look]:
    """Look until nothing `differs`, or two looks have the same `at_rest`: what only a change of the
    account can change.
    """
    last = await look()
    before = last
    for _ in range(MOST_LOOKS - 1):
        if not differs(last):
            return Looks(last)
        before, last = last, await look()
        if at_rest(before) == at_rest(last):
            return Looks(last)
    return Looks(last, before if differs(last) else None)
