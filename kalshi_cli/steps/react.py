"""Act on the stream: leave at once what a book says to leave, and book what happened.

Between a change of a book and its exit stands one commit: the exit's own. All that can wait waits
until it is sent. The timed look at the exchange (`track`) stays, and comes to the same decisions.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from kalshi_cli.domain.order import Fill, Order, OrderState
from kalshi_cli.errors import KalshiError
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.ports.stream import Stream
from kalshi_cli.steps.clearing import entries_of
from kalshi_cli.steps.desk_view import look_at_holdings, risk_state
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.guarding import REFUSED_PAUSE_US, Guard, Owned
from kalshi_cli.steps.hearing import Heard, hear
from kalshi_cli.steps.track import Exited, leave
from kalshi_cli.steps.trade import TradePolicy

NOTHING = Heard((), (), (), ())


@dataclass(frozen=True, slots=True)
class Reacted:
    """What was done at once, and why the exchange is to be read now (`due`, which may be empty)."""

    at_us: int
    exits: tuple[Exited, ...]
    fills: tuple[Fill, ...]
    changed: tuple[Order, ...]
    alarms: tuple[str, ...]
    due: tuple[str, ...]


async def listen(stream: Stream, guard: Guard, clock: Clock, ring: Callable[[], None]) -> None:
    """Tell the guard all that the stream tells, and ring where it has news; until cancelled.

    Raises `ConfigError` where the exchange refuses the key.
    """
    while True:
        for event in await stream.take():
            guard.hear(event, clock.now())
        if guard.has_news:
            ring()


async def react(
    data: MarketData, desk: Desk, stream: Stream, guard: Guard, *, policy: TradePolicy
) -> Reacted:
    """Act on what the guard knows, and have it look again.

    Raises what writing to the exchange or reading it raises; what was told is then read again.
    """
    told = guard.take_told()
    try:
        clear = {owned for owned in guard.armed if owned[0] not in told.tickers}
        exits = await _leave(desk, stream, guard, clear, policy)
        heard = NOTHING
        if told.tickers:
            heard = await hear(data, desk, told.fills, told.reports)
        await _look(desk, stream, guard)
        exits += await _leave(desk, stream, guard, frozenset(guard.armed), policy)
    except KalshiError:
        guard.owe("what the stream told could not be acted on")
        raise
    for reason in heard.unclear:
        guard.owe(reason)
    return Reacted(
        at_us=desk.clock.now(),
        exits=exits,
        fills=heard.fills,
        changed=heard.changed,
        alarms=heard.alarms,
        due=guard.take_due(),
    )


async def _look(desk: Desk, stream: Stream, guard: Guard) -> None:
    """Look at what is held, and follow its markets."""
    before = guard.watched
    guard.see(await look_at_holdings(desk.store, now_us=desk.clock.now()))
    stream.follow(guard.watched - before)
    stream.unfollow(before - guard.watched)


async def _leave(
    desk: Desk, stream: Stream, guard: Guard, armed: Collection[Owned], policy: TradePolicy
) -> tuple[Exited, ...]:
    """Send the exits of these; where an own entry rests in the way, that is for `track` to clear.

    What is held is as of the last look: that no more leaves than is held, the journal sees to. The
    books are as old as the last sign of life of the stream.
    """
    if guard.held is None or not armed:
        return ()
    now_us, held = desk.clock.now(), guard.held
    blocked = {
        (order.intent.ticker, order.intent.strategy)
        for order in entries_of(held.view.orders, armed)
    }
    told = {ticker: stream.book(ticker) for ticker, _ in armed}
    books = {ticker: book for ticker, book in told.items() if book is not None}
    view = replace(held.view, now_us=now_us)
    state = risk_state(
        view,
        env=policy.env,
        limits=policy.limits,
        cash=held.cash,
        books=books,
        frozen=frozenset(),  # nothing new is risked here
        paused=None,  # asking would take as long as the order: an exit may try
    )
    free = set(armed) - blocked
    leaving = tuple(p for p in view.positions if (p.ticker, p.owner) in free)
    exited = await leave(
        desk, replace(view, positions=leaving), books, state, exits=guard.exits, policy=policy
    )
    for owned in armed:
        guard.pause(owned, now_us)
    for position in (each.position for each in exited if _is_refused(each)):
        guard.pause((position.ticker, position.owner), now_us, REFUSED_PAUSE_US)
    for ticker, _ in sorted(blocked):
        guard.owe(f"an entry rests in {ticker}")
    if any(each.order is not None for each in exited):
        guard.owe("an exit was sent")
    return exited


def _is_refused(exited: Exited) -> bool:
    """By the exchange, which may be paused: it is left to `track`, which asks for that first."""
    return exited.order is not None and exited.order.state is OrderState.REJECTED
