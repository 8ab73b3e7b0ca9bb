"""Both sides of the books, read whole and held against each other.

A difference stands only where two looks tell it between which nothing changed: see
`standing_still`.
"""

from dataclasses import replace
from functools import partial

from kalshi_cli.domain.position import net_by_ticker
from kalshi_cli.ports.archive import Archive
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.ports.treasury import Treasury
from kalshi_cli.steps.archived import fills_since, orders_since
from kalshi_cli.steps.booking import newest
from kalshi_cli.steps.discrepancies import Comparison, compared
from kalshi_cli.steps.missing_facts import Books, Record
from kalshi_cli.steps.paging import collect
from kalshi_cli.steps.shards import shard_movements, transfers_of
from kalshi_cli.steps.standing_still import until_still


async def compare(
    trading: Trading,
    store: Store,
    clock: Clock,
    *,
    archive: Archive | None,
    treasury: Treasury | None,
) -> tuple[Comparison, Record, Books]:
    """Read both sides whole and hold them against each other. Changes nothing.

    An account that changes from look to look is told in part: what the last two looks have alike.
    """
    looks = await until_still(
        partial(_look, trading, store, archive, treasury, clock),
        differs=lambda look: bool(look[0].discrepancies),
        at_rest=_at_rest,
    )
    if looks.before is None:
        return looks.last
    _, record, books = looks.last
    doubted = replace(record, why="; ".join(filter(None, (record.why, looks.doubt))))
    found = compared(books, doubted, clock.now())
    before, *_ = looks.before
    alike = tuple(each for each in found.discrepancies if each in before.discrepancies)
    return replace(found, discrepancies=alike), doubted, books


_Look = tuple[Comparison, Record, Books]


async def _look(
    trading: Trading,
    store: Store,
    archive: Archive | None,
    treasury: Treasury | None,
    clock: Clock,
) -> _Look:
    record = await read_record(trading, archive, treasury, clock)
    books = await read_books(store, record)
    return compared(books, record, clock.now()), record, books


def _at_rest(look: _Look) -> tuple[Record, Books]:
    """What two looks have alike where nothing changed between them; the time of day is no fact."""
    _, record, books = look
    return replace(record, balance=replace(record.balance, at_us=0)), books


async def read_record(
    trading: Trading, archive: Archive | None, treasury: Treasury | None, clock: Clock
) -> Record:
    orders = await orders_since(trading, archive, clock, 0)
    fills = await fills_since(trading, archive, clock, 0)
    settlements = await collect(lambda c: trading.settlements(cursor=c))
    moved = await collect(lambda c: trading.cash_movements(cursor=c))
    sent = await transfers_of(treasury)
    positions = await collect(trading.positions)
    whys = (orders.why, fills.doubt, settlements.why, moved.why, sent.why, positions.doubt)
    return Record(
        orders=orders.items,
        fills=fills.items,
        settlements=newest(settlements.items),
        movements=(*moved.items, *shard_movements(sent.items)),
        positions=positions.items,
        balance=await trading.balance(),
        settled_from_us=0 if archive is None else (await archive.cutoffs()).markets_us,
        why="; ".join(dict.fromkeys(filter(None, whys))),
        illegible_fills=fills.unreadable,
        illegible_positions=positions.unreadable,
    )


async def read_books(store: Store, record: Record) -> Books:
    async with store.unit(reads=True) as unit:
        told = await unit.journal.find(
            order_ids=[report.order_id for report in record.orders],
            client_order_ids=[r.client_order_id for r in record.orders if r.client_order_id],
        )
        live = await unit.journal.live()
        return Books(
            orders=tuple({o.client_order_id: o for o in (*told, *live)}.values()),
            history=await unit.ledger.history(),
            movements=await unit.ledger.movements(),
            held=net_by_ticker(await unit.ledger.positions()),
            by_shard=await unit.ledger.cash_by_shard(),
        )
