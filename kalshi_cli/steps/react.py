"""Act on the stream: leave at once what a book says to leave, take away the quotes that a strategy
takes back, book what happened, and keep what fees have become.

Between a change of a book and its exit stands one commit: the exit's own. Booking is another step,
so that it holds up no exit. The timed look at the exchange (`track`) stays, and comes to the same
decisions.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from kalshi_cli.domain.order import Fill, Order, OrderState
from kalshi_cli.errors import KalshiError
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.ports.stream import Stream
from kalshi_cli.steps.amending import cancel_many
from kalshi_cli.steps.clearing import in_the_way
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.guarding import REFUSED_PAUSE_US, Guard
from kalshi_cli.steps.hearing import Heard, hear, hear_fees
from kalshi_cli.steps.looking import look_at_holdings
from kalshi_cli.steps.readiness import readiness
from kalshi_cli.steps.track import Exited, leave, save_plans
from kalshi_cli.steps.trade_policy import TradePolicy

NOTHING = Heard((), (), (), ())


@dataclass(frozen=True, slots=True)
class Reacted:
    """The exits that were sent at once, or refused, and the quotes that were asked to go."""

    at_us: int
    exits: tuple[Exited, ...]
    pulled: tuple[Order, ...] = ()


@dataclass(frozen=True, slots=True)
class Attended:
    """What was booked, and why the exchange is to be read now (`due`, which may be empty)."""

    at_us: int
    fills: tuple[Fill, ...]
    changed: tuple[Order, ...]
    alarms: tuple[str, ...]
    due: tuple[str, ...]


async def listen(
    stream: Stream,
    guard: Guard,
    clock: Clock,
    *,
    armed: Callable[[], None],
    news: Callable[[], None],
) -> None:
    """Tell the guard all that the stream tells, and whoever acts on it; until cancelled.

    While an exit is armed nobody hears `news`: booking would take its time from the exit, and
    whoever has sent that asks for what there is to book.

    Raises `ConfigError` where the exchange refuses the key.
    """
    while True:
        for event in await stream.take():
            guard.hear(event, clock.now())
        if guard.is_urgent:
            armed()
        elif guard.has_news:
            news()


async def attend(
    data: MarketData, desk: Desk, stream: Stream, guard: Guard, *, policy: TradePolicy
) -> Attended:
    """Book and keep what was told, and have the guard look at what is held and follow its markets.

    Raises what reading the exchange raises; what was told is then read again.
    """
    told = guard.take_told()
    heard = NOTHING
    try:
        if told:
            heard = await hear(data, desk, told.fills, told.reports)
    except KalshiError:
        guard.owe("what the stream told could not be booked")
        raise
    for reason in heard.unclear:
        guard.owe(reason)
    await keep(desk, guard)
    await _look(desk, stream, guard, policy)
    return Attended(
        desk.clock.now(), heard.fills, heard.changed, heard.alarms, due=guard.take_due()
    )


async def keep(desk: Desk, guard: Guard) -> None:
    """Keep the best bids that trailing stops have seen, and what fees have become."""
    await save_plans(desk, guard.take_raised())
    fees = guard.fees
    await hear_fees(desk.store, fees)
    guard.forget_fees(fees)


async def _look(desk: Desk, stream: Stream, guard: Guard, policy: TradePolicy) -> None:
    """Look at what is held, and follow its markets. What nobody has changed is not read again."""
    before, now_us = guard.watched, desk.clock.now()
    changes = desk.store.changes()  # asked first: what is written meanwhile is read next time
    ready = guard.as_it_was(changes, now_us)
    if ready is None:
        held = await look_at_holdings(desk.store, now_us=now_us)
        ready = readiness(held, env=policy.env, limits=policy.limits)
    guard.see(ready, changes)
    stream.follow(guard.watched - before)
    stream.unfollow(before - guard.watched)


async def react(desk: Desk, stream: Stream | None, guard: Guard, *, policy: TradePolicy) -> Reacted:
    """Send the exits that are armed, and then take away what quotes are to go.

    Without a `stream`, since it was given up, no book says to leave; quotes go all the same.

    Raises what cancelling raises; the quotes are then to go, still.
    """
    done = await _exit(desk, stream, guard, policy)
    pulled = guard.take_pulled(desk.clock.now())
    try:
        await cancel_many(desk, pulled)
    except KalshiError:
        guard.quotes.put_back(pulled)
        raise
    return replace(done, pulled=tuple(pulled))


async def _exit(desk: Desk, stream: Stream | None, guard: Guard, policy: TradePolicy) -> Reacted:
    """Send the exits that are armed; where an own order rests in the way, `track` is to clear it.

    What is held is as of the last look: that no more leaves than is held, the journal sees to. The
    books are as old as the last sign of life of the stream.
    """
    armed = frozenset(guard.armed)
    if stream is None or guard.held is None or not armed:
        return Reacted(desk.clock.now(), ())
    now_us, held = desk.clock.now(), guard.held
    blocked = {
        (order.intent.ticker, order.intent.strategy)
        for order in in_the_way(held.view.orders, armed)
    }
    told = {ticker: stream.book(ticker) for ticker, _ in armed}
    books = {ticker: book for ticker, book in told.items() if book is not None}
    view = replace(held.view, now_us=now_us, plans=guard.plans)
    state = held.at(now_us, books)
    free = armed - blocked
    leaving = tuple(p for p in view.positions if (p.ticker, p.owner) in free)
    exited = await leave(
        desk, replace(view, positions=leaving), books, state, exits=guard.exits, policy=policy
    )
    for owned in (each for each in armed if each[0] in books):  # else nothing was tried
        guard.pause(owned, now_us)
    for position in (each.position for each in exited if _is_refused(each)):
        guard.pause((position.ticker, position.owner), now_us, REFUSED_PAUSE_US)
    for position in (each.position for each in exited if each.is_kept_back):
        guard.owe(f"an exit of {position.ticker} was kept back")
    for ticker, _ in sorted(blocked):
        guard.owe(f"an order rests in {ticker}")
    if any(each.order is not None for each in exited):
        guard.owe("an exit was sent")
    return Reacted(desk.clock.now(), exited)


def _is_refused(exited: Exited) -> bool:
    """By the exchange, which may be paused: it is left to `track`, which asks for that first."""
    return exited.order is not None and exited.order.state is OrderState.REJECTED
