"""Bringing what rests to what is wanted now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from kalshi_cli.domain.adjusting import Adjustment, adjustment
from kalshi_cli.domain.order import WORKING, Order, OrderIntent, Pending, Purpose
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import PASSING
from kalshi_cli.ports.exchange import CancellationKind, MarketData
from kalshi_cli.steps.amending import cancel_many, decrease, reprice
from kalshi_cli.steps.clearing import OFF_GRID, off_grid
from kalshi_cli.steps.deciding import means_of, proposed, sized
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.following import amend
from kalshi_cli.steps.quoting import QuoteChanges, quote_changes, quotes_of
from kalshi_cli.steps.resting import Wanted, new_terms, wanted_now
from kalshi_cli.steps.session import Session
from kalshi_cli.strategies._base import Strategy


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Resting orders that were canceled, and those made smaller or moved, as they are now.

    `asked` says whether the exchange was asked for anything.
    """

    canceled: tuple[Order, ...]
    changed: tuple[Order, ...]
    asked: bool


async def adjust(
    data: MarketData,
    desk: Desk,
    session: Session,
    strategies: Sequence[Strategy],
    unwanted: tuple[Order, ...],
) -> Adjusted:
    """Bring resting entries and quotes to what is wanted now; those off the grid go, whatever they
    are for.

    During a pause the exchange takes cancels, and no changes.
    """
    paused, view = session.account.paused, session.view
    gone = dict.fromkeys(unwanted, "its strategy is not asked any more")
    gone |= dict.fromkeys(off_grid(view), OFF_GRID)
    smaller, moved = [], []
    judged = [each for each in await _judged(data, session) if each[0] not in gone]
    await _note_gaps(desk, judged)
    for order, found in judged:
        wanted = found.intent
        match adjustment(order, wanted):
            case Adjustment.REPLACE:
                gone[order] = found.why
            case _ if paused is None or order.intent.exchange_index in paused:
                continue
            case Adjustment.DECREASE if wanted is not None:
                smaller.append((order, wanted))
            case Adjustment.AMEND if wanted is not None:
                moved.append((order, new_terms(order, wanted)))
    quotes = await _changed_quotes(session, strategies)
    gone = dict.fromkeys(quotes.gone, "it would not be quoted now") | gone
    smaller += [each for each in quotes.smaller if each[0] not in gone]
    moved += [each for each in quotes.renewed if each[0] not in gone]
    answers = await cancel_many(desk, gone)
    canceled = [order for order, answer in answers if answer.kind is CancellationKind.CANCELED]
    for order, wanted in smaller:
        await decrease(desk, order, wanted.count)
    for order, terms in moved:
        await reprice(desk, order, terms)
    changed = [order.client_order_id for order, _ in (*smaller, *moved)]
    async with desk.store.unit() as unit:
        after = await unit.journal.find(client_order_ids=changed)
    return Adjusted(tuple(canceled), after, asked=bool(gone or changed))


async def _changed_quotes(session: Session, strategies: Sequence[Strategy]) -> QuoteChanges:
    """What is to become of resting quotes, by what their strategies propose now.

    A strategy that does not trade in this pass attends to none, nor does one that breaks; and where
    trading is paused, or may be, nothing shall wait for its end.
    """
    quotes = list(quotes_of(session.view.orders))
    wanted: list[OrderIntent] = []
    for strategy in strategies:
        own = [order for order in quotes if order.intent.strategy == strategy.name]
        if own:
            try:
                proposals, books = await proposed(session, strategy)
            except PASSING:
                quotes = [order for order in quotes if order not in own]
                continue
            state, capital = means_of(session.without(own), strategy.name, books)
            wanted += sized(proposals, session.policy, books, capital, state.facts).intents
    paused = session.account.paused
    trading = [i for i in wanted if paused is not None and i.exchange_index not in paused]
    return quote_changes(quotes, trading, session.view.now_us)


async def _judged(data: MarketData, session: Session) -> list[tuple[Order, Wanted]]:
    """Each undisturbed resting entry, and what is wanted of it: by quotes where no book is read."""
    view = session.view
    entries = [
        order
        for order in view.orders
        if order.state in WORKING
        and order.pending is Pending.NONE
        and order.intent.purpose is Purpose.ENTRY
    ]
    seen = {order.intent.ticker for order in entries} | view.contested()
    try:
        books = await data.books(sorted(seen)) if entries else {}
    except PASSING:
        books = {}
    involved = session.where_involved()
    found: list[tuple[Order, Wanted]] = []
    for order in entries:
        capital = means_of(involved.without([order]), order.intent.strategy, books)[1]
        book = books.get(order.intent.ticker)
        found.append((order, wanted_now(order, view, book, session.policy.sizing, capital)))
    return found


async def _note_gaps(desk: Desk, judged: Sequence[tuple[Order, Wanted]]) -> None:
    """Put on record where a market to lean on has gone, or is there again.

    An order may have ended while books were read: nothing leans any more.
    """
    folds, told = {}, {}
    for order, found in judged:
        if found.intent is not None and found.unanchored_us != order.unanchored_us:
            folds[order.client_order_id] = partial(
                _judged_anew, unanchored_us=found.unanchored_us, now_us=desk.clock.now()
            )
            told[order.client_order_id] = found.why or "others quote both sides again"
    await amend(desk.store, folds, Cause.JUDGED, told)


def _judged_anew(order: Order, unanchored_us: int | None, now_us: int) -> Order | None:
    if order.state not in WORKING:
        return None
    return replace(order, unanchored_us=unanchored_us, updated_us=now_us)
