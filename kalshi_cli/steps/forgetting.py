"""Drop old words of AI calls, once a day: what they came to and what they cost stays on record."""

from kalshi_cli.domain.instant import day_of
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.store import Store

FORGOT = "ai_words_dropped_wall"
"""The marker of the wall time at which old words were last dropped."""


async def forget_words(store: Store, clock: Clock, keep_us: int | None) -> None:
    """Drop questions and answers older than `keep_us` of real time; None keeps them for ever."""
    if keep_us is None:
        return
    now = clock.wall()
    async with store.unit(reads=True) as unit:
        last = await unit.catalog.marker(FORGOT)
    if last is not None and day_of(last) == day_of(now):
        return
    async with store.unit() as unit:
        await unit.ai.drop_texts(now - keep_us)
        await unit.catalog.set_marker(FORGOT, now)
        await unit.commit()
