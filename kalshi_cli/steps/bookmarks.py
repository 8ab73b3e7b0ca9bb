"""How far the account was read, and from where the next pass reads each of its lists."""

from collections.abc import Collection
from dataclasses import dataclass

from kalshi_cli.domain.instant import DAY, HOUR, MINUTE
from kalshi_cli.ports.store import Unit

OVERLAP = 10 * MINUTE
FILLS_OWED = "fills_owed"
"""Marker of the oldest fill read that could not be booked: newer ones must not hide it."""
CASH_KNOWN, TRANSFERS_KNOWN = "cash_known", "transfers_known"
"""Markers of an instant before which all deposits and withdrawals, or transfers, were read."""
SETTLEMENTS_KNOWN = "settlements_known"
"""Marker of the instant when all settlements were last read.

One that is changed keeps its time, and where the account as a whole held nothing its money is none
before and after: no difference tells of it, though what each owner gained is another.
"""
SETTLEMENTS_TRIED = "settlements_tried"
"""Marker of the instant when a read of all settlements last ended before their end.

It is as long as the history of the account: another waits for an hour, not for the next pass.
"""
CASH_OVERLAP = 30 * DAY
"""How long a deposit may take from being made until it counts. Any other that counts late makes a
difference of cash, for which everything is read.
"""


@dataclass(frozen=True, slots=True)
class Since:
    """The instants from which a pass reads; 0 for all there ever was.

    `reads_all_settlements` where these are due once more, beside those since `settlements_us`.
    """

    fills_us: int = 0
    settlements_us: int = 0
    cash_us: int = 0
    transfers_us: int = 0
    reads_all_settlements: bool = False


async def since(unit: Unit, now_us: int) -> Since:
    last_us = await unit.ledger.last_settlement_us()
    return Since(
        fills_us=await _fills_from(unit),
        settlements_us=0 if last_us is None else last_us - OVERLAP,
        cash_us=await _known_from(unit, CASH_KNOWN),
        transfers_us=await _known_from(unit, TRANSFERS_KNOWN),
        reads_all_settlements=last_us is not None and await _is_due(unit, now_us),
    )


async def _fills_from(unit: Unit) -> int:
    """Where to read from: before the newest fill on record, and before what is still owed."""
    newest_us = await unit.ledger.last_fill_us()
    if newest_us is None:
        return 0
    owed_us = await unit.catalog.marker(FILLS_OWED)
    return min(newest_us, newest_us if owed_us is None else owed_us) - OVERLAP


async def _known_from(unit: Unit, name: str) -> int:
    """Since when movements of cash have to be read; 0 for all."""
    known_us = await unit.catalog.marker(name)
    return 0 if known_us is None else known_us - CASH_OVERLAP


async def _is_due(unit: Unit, now_us: int) -> bool:
    """Whether all settlements have to be read again."""
    known_us = await unit.catalog.marker(SETTLEMENTS_KNOWN)
    tried_us = await unit.catalog.marker(SETTLEMENTS_TRIED)
    return (known_us is None or now_us - known_us >= DAY) and (
        tried_us is None or now_us - tried_us >= HOUR
    )


async def keep_read(
    unit: Unit, begun: Since, at_us: int, *, settlements: bool, cash: bool, transfers: bool
) -> None:
    """Remember which lists a pass that began `at_us` read to the end.

    Reading the settlements since an instant leaves no mark; reading all does, also if it failed.
    """
    if settlements and (begun.reads_all_settlements or not begun.settlements_us):
        await _keep_known(unit, SETTLEMENTS_KNOWN, at_us)
    elif begun.reads_all_settlements:
        await unit.catalog.set_marker(SETTLEMENTS_TRIED, at_us)
    for name, is_known in ((CASH_KNOWN, cash), (TRANSFERS_KNOWN, transfers)):
        if is_known:
            await _keep_known(unit, name, at_us)


async def _keep_known(unit: Unit, name: str, at_us: int) -> None:
    """Remember that all before an instant was read; once a day will do, for a write costs more."""
    known_us = await unit.catalog.marker(name)
    if known_us is None or at_us - known_us >= DAY:
        await unit.catalog.set_marker(name, at_us)


async def owe_fills(unit: Unit, instants: Collection[int], now_us: int) -> None:
    """Remember since when fills could not be booked, or that none is owed any more."""
    if instants or await unit.catalog.marker(FILLS_OWED) is not None:
        await unit.catalog.set_marker(FILLS_OWED, min(instants, default=now_us))


async def owe_fills_since(unit: Unit, newest_us: int | None) -> None:
    """Have the next read of fills begin as if none had been told since the newest that was read."""
    begins_us = OVERLAP if newest_us is None else newest_us
    owed_us = await unit.catalog.marker(FILLS_OWED)
    if owed_us is None or begins_us < owed_us:
        await unit.catalog.set_marker(FILLS_OWED, begins_us)
