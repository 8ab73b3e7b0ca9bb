"""Make the desk's books agree with the exchange.

Orders, then fills and settlements, then positions, then cash. Starting, recovering and tracking are
this one code path. A failed or partial read is never evidence that something is gone. Where
anything still differs, all that ever happened is read again, the archive too, before it is told.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial

from kalshi_cli.domain.account import Balance, CashKind, CashMovement, Settlement
from kalshi_cli.domain.money import NO_MONEY, Money, total
from kalshi_cli.domain.order import Fill, Order, OrderReport
from kalshi_cli.domain.position import Position
from kalshi_cli.ports.archive import Archive
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData, Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.ports.treasury import Treasury
from kalshi_cli.steps import freezing
from kalshi_cli.steps.booking import Booked, book, book_archived
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.following import SEARCH_PAUSE, SEARCHES, follow, imposture, resolve
from kalshi_cli.steps.learning import learn_markets
from kalshi_cli.steps.positions import Difference
from kalshi_cli.steps.weighing import OPENED, Weighed, resting_orders, weigh

CASH = "cash"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What one pass learned. Unless `complete`, absence proves nothing; `why` says why.

    `unbooked` are orders whose fills the exchange reports but does not show yet: what they bought
    is in no position. `impostors` bear an id of ours and other terms than we sent. `unlisted` are
    markets that the exchange does not tell of: what is held there counts at its worst. `unreadable`
    are markets of which a row cannot be read, and why: what is held there is not known.
    `unexplained` are contracts that it says are held and no fill explains: they count at $1 each.
    `cash` is the ledger's, and means nothing before the books are `opened` by the first whole pass.
    `alarms` are for people: an odd fee, an order given up that exists after all, one overfilled.
    """

    at_us: int
    complete: bool
    why: str
    new_fills: tuple[Fill, ...]
    settlements: tuple[Settlement, ...]
    changed: tuple[Order, ...]
    unresolved: tuple[Order, ...]
    unbooked: tuple[Order, ...]
    foreign: tuple[OrderReport, ...]
    impostors: tuple[OrderReport, ...]
    unlisted: frozenset[str]
    unreadable: Mapping[str, str]
    unexplained: tuple[Position, ...]
    differences: tuple[Difference, ...]
    balance: Balance
    cash: Money
    opened: bool
    alarms: tuple[str, ...]

    @property
    def is_settled(self) -> bool:
        """Whether everything was read, and nothing is open or told otherwise."""
        open_ = (
            self.unresolved,
            self.unbooked,
            self.unlisted,
            self.unreadable,
            self.differences,
        )
        return self.complete and not any(open_)

    @property
    def frozen(self) -> Mapping[str, str]:
        """Markets where nothing new may be risked, and why: the gravest of several reasons."""
        return {
            **freezing.of_differences(d for d in self.differences if d.what != CASH),
            **freezing.of_orders(self.unresolved, self.unbooked),
            **freezing.of_unlisted(self.unlisted),
            **freezing.of_impostors(self.impostors),
            **self.unreadable,
        }

    @property
    def doubt(self) -> str:
        """Why no new risk may be taken anywhere; empty where the books stand.

        They were not read whole, or there is cash that nothing explains.
        """
        if self.why:
            return self.why
        return next((f"cash: {_said(d)}" for d in self.differences if d.what == CASH), "")

    def measured(self, ledger: Money) -> Money:
        """Cash to measure profit and loss by: the `ledger`'s, which knows what came and went, as it
        was when the positions were read that are valued with it.

        Cash that nothing explains is neither a gain nor a loss until a person accepts it.
        """
        return ledger if self.opened else self.balance.cash


def _said(difference: Difference) -> str:
    ours, theirs = (Money.parse(each) for each in (difference.ours, difference.theirs))
    return f"the ledger has {ours.spoken}, the exchange {theirs.spoken}"


async def reconcile(
    data: MarketData,
    trading: Trading,
    store: Store,
    clock: Clock,
    *,
    in_flight: Collection[str] = (),
    archive: Archive | None = None,
    treasury: Treasury | None = None,
) -> Reconciliation:
    """Run one pass. Raises `Unavailable` when the exchange cannot be read at all.

    `in_flight` are ids this very process is sending now: their outcome is not unknown yet. It is
    read as the pass goes on, so hand over the growing set, not a copy.
    """
    read = partial(book, data, trading, store, clock, archive=archive, treasury=treasury)
    resolved = await resolve(trading, store, clock, in_flight, archive)
    resting = await resting_orders(trading)
    followed = await follow(trading, store, clock, resting.items, archive)
    told = {report.order_id: report for report in (*resolved.impostors, *followed.impostors)}
    impostors = tuple(told.values())
    booked = await _book_all(read, store, clock)
    seen, restless = await weigh(trading, store), ""
    if not seen.opened:
        more, seen, restless = await _until_still(read, trading, store, clock, seen)
        booked += more
    for whole in (False, True) if seen.opened else ():
        # Something may have happened between two reads; or come late, or been changed long after.
        if seen.agrees:
            break
        booked += await read(whole=whole)
        seen = await weigh(trading, store)
    unbooked = await _unbooked(store)
    over = seen.compared.gone - booked.unreadable.keys() - {o.intent.ticker for o in unbooked}
    if over and archive is not None and not any(booked.whys):
        paid = await book_archived(archive, store, over)
        booked += paid
        seen = await weigh(trading, store) if paid.settlements else seen
    balance, compared = seen.balance, seen.compared
    await learn_markets(data, store, clock, {p.ticker for p in compared.unexplained})
    whys = (resting.why, *booked.whys, compared.why, restless)
    why = "; ".join(dict.fromkeys(filter(None, whys)))
    # Not read again: what another lane booked since is in no balance read before it.
    cash, opened = seen.cash, seen.opened
    if not opened and not why:
        cash, opened = await _open_books(store, clock, balance), True
    differences = compared.differences
    if cash != balance.cash:
        differences = (*differences, Difference(CASH, str(cash), str(balance.cash)))
    return Reconciliation(
        at_us=clock.now(),
        complete=not why,
        why=why,
        new_fills=booked.fills,
        settlements=booked.settlements,
        changed=(*resolved.changed, *followed.changed),
        unresolved=resolved.unresolved,
        unbooked=unbooked,
        foreign=followed.foreign,
        unlisted=booked.unlisted,
        unreadable={
            **freezing.of_unreadable("position", compared.unreadable),
            **freezing.of_unreadable("fill", booked.unreadable),
        },
        unexplained=compared.unexplained,
        differences=() if why else differences,
        balance=balance,
        cash=cash,
        opened=opened,
        impostors=impostors,
        alarms=_once(
            *map(imposture, impostors),
            *resolved.alarms,
            *followed.alarms,
            *booked.alarms,
            *_illegible("fill", booked.unreadable),
            *_illegible("position", compared.unreadable),
        ),
    )


def _once(*alarms: str) -> tuple[str, ...]:
    """What two reads tell is told once."""
    return tuple(dict.fromkeys(alarms))


def _illegible(what: str, unreadable: Mapping[str, str]) -> list[str]:
    """The alarms for rows that cannot be read, of markets that they name."""
    return [
        f"a {what} in {ticker} cannot be read, so nothing new is risked there: {reason}"
        for ticker, reason in sorted(unreadable.items())
    ]


async def reconcile_desk(data: MarketData, desk: Desk) -> Reconciliation:
    """Run one pass for a desk that trades."""
    return await reconcile(
        data,
        desk.trading,
        desk.store,
        desk.clock,
        in_flight=desk.in_flight,
        archive=desk.archive,
        treasury=desk.treasury,
    )


async def _book_all(read: Callable[[], Awaitable[Booked]], store: Store, clock: Clock) -> Booked:
    """Book what happened; fills that were reported but are not shown yet are asked for again."""
    booked = await read()
    for _ in range(SEARCHES - 1):
        if not await _unbooked(store):
            break
        await clock.sleep_until(clock.now() + SEARCH_PAUSE)
        booked += await read()
    return booked


async def _until_still(
    read: Callable[[], Awaitable[Booked]],
    trading: Trading,
    store: Store,
    clock: Clock,
    seen: Weighed,
) -> tuple[Booked, Weighed, str]:
    """What was booked and seen once nothing happens any more, before the books are opened.

    What is missing then is the opening: a fill that comes between two reads would be in it, and be
    booked again. So cash must be the same before and after a read that finds nothing new, with the
    positions that it explains; those that nothing explains are waited for, and then taken as they
    are. Else it says why not.
    """
    booked, has_moved = Booked((), (), (), (), frozenset()), True
    for attempt in range(SEARCHES):
        if attempt:
            await clock.sleep_until(clock.now() + SEARCH_PAUSE)
        more, before = await read(), seen
        seen = await weigh(trading, store)
        booked += more
        has_moved = bool(more.fills or more.settlements) or before.balance.cash != seen.balance.cash
        has_moved = has_moved or bool(await _unbooked(store))
        if not has_moved and not seen.compared.differences:
            break
    return booked, seen, "the account changed while it was first read" if has_moved else ""


async def _unbooked(store: Store) -> tuple[Order, ...]:
    async with store.unit(reads=True) as unit:
        return await unit.journal.unbooked()


def joined(first: Reconciliation, second: Reconciliation) -> Reconciliation:
    """Two passes as one: what either found, and how things stand after the second."""
    return replace(
        second,
        new_fills=first.new_fills + second.new_fills,
        settlements=first.settlements + second.settlements,
        changed=first.changed + second.changed,
        alarms=first.alarms + second.alarms,
    )


async def _open_books(store: Store, clock: Clock, balance: Balance) -> Money:
    """What no movement explains at the first whole pass is the opening; returns all cash."""
    async with store.unit() as unit:
        if await unit.catalog.marker(OPENED) is not None:  # the other lane was faster
            return await unit.ledger.cash()
        ours = await unit.ledger.cash_by_shard()
        await unit.ledger.add_cash(_opening(balance, ours, clock.now()))
        await unit.catalog.set_marker(OPENED, clock.now())
        await unit.commit()
    return balance.cash


def _opening(balance: Balance, ours: Mapping[int, Money], at_us: int) -> list[CashMovement]:
    """What each shard holds that nothing on record explains; the first one has the rest."""
    theirs = dict(balance.by_shard)
    told = total(list(theirs.values()))
    theirs[0] = theirs.get(0, NO_MONEY) + balance.cash - told
    amounts = {
        shard: theirs.get(shard, NO_MONEY) - ours.get(shard, NO_MONEY)
        for shard in sorted(theirs.keys() | ours.keys())
    }
    return [
        CashMovement(
            f"opening:{shard}" if shard else "opening", CashKind.OPENING, amount, at_us, shard
        )
        for shard, amount in amounts.items()
        if amount
    ]
