"""Repairs that the exchange's record proves, each in one transaction, and cash that a person takes.

Nothing else is ever changed: what is not proved stays as it is, to be told again.
"""

from functools import partial

from kalshi_cli.domain.account import CashKind, CashMovement
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import fold_report
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import Refused
from kalshi_cli.ports.archive import Archive
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData, Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.ports.treasury import Treasury
from kalshi_cli.steps.booking import book
from kalshi_cli.steps.comparing import compare
from kalshi_cli.steps.discrepancies import FOLD, Comparison, What, told_of
from kalshi_cli.steps.following import amend
from kalshi_cli.steps.shards import moved_between
from kalshi_cli.steps.weighing import OPENED


async def repair(
    data: MarketData,
    trading: Trading,
    store: Store,
    clock: Clock,
    *,
    archive: Archive | None,
    treasury: Treasury | None,
) -> tuple[str, ...]:
    """Fold orders and book what is missing; returns what was done. The lease must be held.

    Where cash lies is compared again after that, and means nothing where something is in doubt.
    """
    read = partial(compare, trading, store, clock, archive=archive, treasury=treasury)
    before, record, books = await read()
    done: list[str] = []
    stale = {d.subject for d in before.discrepancies if d.what is What.ORDER and d.repair == FOLD}
    folds = {
        name: partial(fold_report, report=report, now_us=clock.now())
        for name, report in told_of(books.orders, record.orders).items()
        if name in stale
    }
    if await amend(store, folds, Cause.REPORT):
        done.append(f"{_some(len(folds), 'order')} brought to what the exchange says")
    booked = await book(data, trading, store, clock, archive=archive, treasury=treasury, whole=True)
    if booked.fills:
        done.append(f"{_some(len(booked.fills), 'fill')} booked")
    if booked.settlements:
        done.append(f"{_some(len(booked.settlements), 'settlement')} booked")
    after, _, books_after = await read()
    beyond = {} if after.why else after.by_shard
    async with store.unit() as unit:
        moved = await unit.ledger.add_cash(moved_between(beyond, clock.now()))
        await unit.commit()
    known = len(books_after.movements) - len(books.movements)
    if known:
        done.append(f"{_some(known, 'cash movement')} booked")
    if moved:
        done.append(f"{_some(len(moved), 'shard')} brought to what the exchange says")
    return tuple(done)


def _some(number: int, one: str) -> str:
    return f"{number} {one}{'s' * (number != 1)}"


async def accept_cash(
    store: Store, clock: Clock, found: Comparison, amount: Money, *, who: str, why: str
) -> CashMovement:
    """Book cash that nothing on record explains. Raises `Refused` unless it is exactly `amount`."""
    async with store.unit(reads=True) as unit:
        opened = await unit.catalog.marker(OPENED)
    if opened is None:
        raise Refused(
            "The books are not open yet: the first whole pass books what the account holds.",
            remedy="Run `kalshi track`; nothing was booked.",
        )
    if found.why:
        raise Refused(
            f"The exchange was read in part: {found.why}.", remedy="Nothing was booked; try again."
        )
    if found.explained:
        raise Refused(
            f"{found.explained.spoken} of the difference is on the exchange's record, and not "
            "booked.",
            remedy="Run `kalshi inspect-db --repair` first; nothing was booked.",
        )
    if not amount or amount != found.unexplained:
        raise Refused(
            f"{found.unexplained.spoken} is unexplained, not {amount.spoken}.",
            remedy="Nothing was booked. `kalshi inspect-db --reconcile` tells the amount.",
        )
    shard = next((at for at, beyond in found.by_shard.items() if beyond == amount), 0)
    accepted = CashMovement(
        f"accepted:{clock.wall()}", CashKind.ACCEPTED, amount, clock.now(), shard, who=who, why=why
    )
    async with store.unit() as unit:
        await unit.ledger.add_cash([accepted])
        await unit.commit()
    return accepted
