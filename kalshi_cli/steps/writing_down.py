"""What the desk is worth, put on record: losses are measured from that, and by nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import PASSING
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.ports.snapshots import Performance, Snapshot
from kalshi_cli.ports.store import Unit
from kalshi_cli.steps.charging import charged
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.reconcile import Reconciliation
from kalshi_cli.steps.valuation import performance, snapshot

SNAPSHOT_EVERY = 5 * MINUTE
UNTRACKED_FOR = 15 * MINUTE
"""After how long without a snapshot whoever trades takes one: nobody tracks. So one is of the half
hour before a day begins.
"""


@dataclass(frozen=True, slots=True)
class Written:
    """`snapshot` is None where the last one is fresh enough, and then `performance` is that of its
    instant.
    """

    at_us: int
    equity: Money
    snapshot: Snapshot | None
    performance: tuple[Performance, ...]


async def write_down(
    desk: Desk,
    view: DeskView,
    books: Mapping[str, OrderBook],
    found: Reconciliation,
    *,
    charged_to: str | None,
) -> Written:
    """Put on record what the desk is worth, where that is due.

    Nothing that is summed up of all history is asked for where no snapshot is due, or as a
    writer: whoever leaves a position meanwhile waits for nobody.

    A snapshot is of one instant of the books, that of the view: another lane may have traded since
    the exchange was asked, and what is held beside the cash of before is a worth that never was.
    """
    now = desk.clock.now()
    worth = view.valued(found.measured(view.cash), books)
    last, paid_in = view.watermarks.last, view.watermarks.paid_in
    row = None
    async with desk.store.unit(reads=True) as unit:
        if last is None or found.settlements or not _is_fresh(last, now, SNAPSHOT_EVERY):
            if found.opened and paid_in is not None:  # else the ledger has no cash to speak of
                row = snapshot(worth, now, paid_in)
            charges = await charged(unit, charged_to, desk.charging)
            results = await _performance(unit, view, books, charges, now)
        else:
            results = await unit.snapshots.performance(last.at_us)
    if row is not None:
        async with desk.store.unit() as unit:
            await unit.snapshots.add(row, results, view.others(books))
            await unit.commit()
    return Written(now, worth.equity, row, results)


async def write_down_untracked(
    data: MarketData,
    desk: Desk,
    view: DeskView,
    found: Reconciliation,
    *,
    charged_to: str | None,
) -> None:
    """Put on record what the desk is worth where nobody has for long: else whoever only trades
    would measure losses from nothing. Where a book cannot be read for it, the next pass does so.
    """
    last = view.watermarks.last
    if last is not None and _is_fresh(last, desk.clock.now(), UNTRACKED_FOR):
        return
    contested = sorted(view.contested())
    try:
        books = await data.books(contested) if contested else {}
    except PASSING:
        return
    await write_down(desk, view, books, found, charged_to=charged_to)


def _is_fresh(last: Snapshot, now_us: int, every_us: int) -> bool:
    """One of a clock that was set back since is not."""
    return 0 <= now_us - last.at_us < every_us


async def _performance(
    unit: Unit,
    view: DeskView,
    books: Mapping[str, OrderBook],
    charges: Mapping[str, Money],
    now_us: int,
) -> tuple[Performance, ...]:
    everything = await unit.ledger.positions(open_only=False)
    trips = await unit.ledger.round_trip_counts()
    return performance(everything, view.prices(books), trips, charges, now_us)
