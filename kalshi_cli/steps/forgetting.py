"""Drop what is old and proves nothing about money, once a day.

Words of AI calls: what they came to and what they cost stays on record. Denials: every pass writes
one for each thing that it did not do. What happened to an order is kept for ever; there is a row
for each step of it and not more orders than the controls let through.
"""

from kalshi_cli.domain.instant import day_of
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.store import Store

AT_ONCE = 10_000
"""Denials that one transaction drops, so that whoever journals an order meanwhile waits little."""
DENIALS_FORGOTTEN = "denials_dropped"
"""The marker of the instant at which old denials were last dropped."""
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


async def forget_denials(store: Store, clock: Clock, keep_us: int | None) -> None:
    """Drop denials older than `keep_us`, some at a time; None keeps them for ever.

    Those where an order of that strategy lives, or something is held for it, belong to its trail.
    """
    if keep_us is None:
        return
    now = clock.now()
    async with store.unit(reads=True) as unit:
        last = await unit.catalog.marker(DENIALS_FORGOTTEN)
    if last is not None and day_of(last) == day_of(now):
        return
    is_over = False
    while not is_over:
        async with store.unit() as unit:
            is_over = await unit.journal.drop_denials(now - keep_us, most=AT_ONCE) < AT_ONCE
            if is_over:
                await unit.catalog.set_marker(DENIALS_FORGOTTEN, now)
            await unit.commit()
