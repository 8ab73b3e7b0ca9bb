"""What a person orders by hand: cancel an order, close a position, stop for the night.

Each is verified by reading back. What another process asks for comes through `requests`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import (
    UNRESOLVED,
    WORKING,
    ExchangeOrderStatus,
    Order,
    OrderReport,
    OrderState,
    Purpose,
)
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.sale import Sale, sales
from kalshi_cli.errors import (
    PASSING,
    ExitExceeds,
    Halted,
    NotFound,
    Refused,
    Unauthorized,
    Unavailable,
)
from kalshi_cli.exits._base import ExitReason
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.desk import GroupState, Run
from kalshi_cli.ports.exchange import CancellationKind, MarketData
from kalshi_cli.ports.store import Store
from kalshi_cli.risk._gate import first_denial
from kalshi_cli.steps.clearing import clear_way, in_the_way
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.execution import HALT_FILE, Desk, cancel, cancel_many, heed_halt_file, send
from kalshi_cli.steps.leaving import exit_intent
from kalshi_cli.steps.looking import PEAK_SINCE, look
from kalshi_cli.steps.naming import called
from kalshi_cli.steps.pausing import after_refusal, paused_shards
from kalshi_cli.steps.reconcile import joined, reconcile_desk
from kalshi_cli.steps.risk_state import risk_state, with_sent
from kalshi_cli.steps.trade_policy import TradePolicy

READ_BACKS = 5
AGAIN = "Run the same command again."
STOPPED_HERE = {"halted", "refused", "lease_held", "lease_ran_out"}
"""The codes under which an order is on record that we did not send after all."""
BY_HAND = ExitReason("BY_HAND", "closed by hand")


@dataclass(frozen=True, slots=True)
class Done:
    """What was ordered, and what the exchange says about it now; `sales` are what was sold."""

    kind: str
    target: str
    outcome: str
    orders: tuple[Order, ...] = ()
    sales: tuple[Sale, ...] = ()


class StillHeld(Refused):
    """Not all could be sold; `sales` tell what could."""

    def __init__(self, message: str, done: tuple[Sale, ...], *, remedy: str) -> None:
        super().__init__(message, remedy=remedy)
        self.sales = done


async def cancel_order(data: MarketData, desk: Desk, some_id: str) -> Done:
    """Cancel an order by our id or the exchange's, and read it back.

    Raises `NotFound` for an id nobody knows, `Unavailable` when it still rests or cannot be read.
    """
    order = await _journalled(desk.store, some_id)
    if order is not None and order.state in UNRESOLVED:
        await reconcile_desk(data, desk)
        order = await _journalled(desk.store, some_id)
    if order is None:
        report = await desk.trading.order(some_id)
        if report is None:
            raise NotFound(
                f"No order is called {some_id}.", remedy="`kalshi inspect orders` lists them."
            )
        answer = await desk.trading.cancel(report.order_id, report.ticker, report.exchange_index)
        kind, order_id = answer.kind, report.order_id
    else:
        if order.state in UNRESOLVED:
            raise Unavailable(
                f"Whether the exchange has {some_id} is not known yet.",
                remedy=AGAIN,
            )
        if order.order_id is None or order.state not in WORKING:
            return Done("cancel", some_id, f"nothing to cancel: it is {order.state}", (order,))
        _, answer = await cancel(desk, order)
        kind, order_id = answer.kind, order.order_id
    report = await _read_back(desk, order_id)
    await reconcile_desk(data, desk)
    if report is None or report.status is ExchangeOrderStatus.RESTING:
        raise Unavailable(
            f"The cancel of {some_id} ({kind}) is not confirmed: {answer.message or 'no word'}.",
            remedy=AGAIN,
        )
    after = await _journalled(desk.store, some_id)
    outcome = f"{report.status} after {report.filled} of {report.initial} contracts"
    if kind is CancellationKind.GONE:
        outcome += " (it was gone already)"
    return Done("cancel", some_id, outcome, (after,) if after else ())


async def _journalled(store: Store, some_id: str) -> Order | None:
    async with store.unit() as unit:
        by_ours = await unit.journal.find(client_order_ids=[some_id])
        return next(iter(by_ours or await unit.journal.find(order_ids=[some_id])), None)


async def _read_back(desk: Desk, order_id: str) -> OrderReport | None:
    """The order once it no longer rests; reads lag writes, so ask a few times."""
    report = None
    for attempt in range(READ_BACKS):
        if attempt:
            await desk.clock.sleep_until(desk.clock.now() + SECOND)
        report = await desk.trading.order(order_id)
        if report is not None and report.status is not ExchangeOrderStatus.RESTING:
            return report
    return report


async def close_position(data: MarketData, desk: Desk, ticker: str, *, policy: TradePolicy) -> Done:
    """Sell what is held in a market, whoever owns it, and read the position back.

    Orders of its owners that rest there are canceled first: entries would buy it back, and an exit
    counts as the exit.

    Raises `NotFound` when nothing is held there, `Refused` when a control forbids it or nobody is
    on the other side, `Halted` on a halted desk: the halt holds for exits as well. Where something
    is left, `StillHeld`; `Unavailable` where the exchange was not reached, or gave no answer.
    """
    await heed_halt_file(desk)
    found = await reconcile_desk(data, desk)
    view = await look(desk.store, now_us=desk.clock.now(), filters=policy.filters)
    (ticker,) = await called(desk.store, [ticker])
    owners = {(p.ticker, p.owner) for p in view.positions if p.ticker == ticker}
    if await clear_way(desk, view.orders, owners):
        found = joined(found, await reconcile_desk(data, desk))
        view = await look(desk.store, now_us=desk.clock.now(), filters=policy.filters)
    held = [position for position in view.positions if position.ticker == ticker]
    if not held:
        near = get_close_matches(ticker, {position.ticker for position in view.positions}, n=1)
        lists = "`kalshi inspect positions` lists what is."
        raise NotFound(
            f"Nothing is held in {ticker}.", remedy=f"Did you mean {near[0]}?" if near else lists
        )
    sold = await sell(data, desk, view, held, cash=found.balance.cash, policy=policy)
    if not sold.orders:
        raise _nothing_sold(desk, view.state, sold)
    await reconcile_desk(data, desk)
    async with desk.store.unit() as unit:
        after = await unit.ledger.positions(open_only=False)
        resting = in_the_way(await unit.journal.live(), owners)
        ids = [order.client_order_id for order in sold.orders]
        orders = await unit.journal.find(client_order_ids=ids)
    left = [position for position in after if position.ticker == ticker and not position.is_flat]
    unfilled = [order for order in orders if not order.filled]
    whys = (*sold.problems, *(f"its sale is {o.state}: {o.message}" for o in unfilled))
    said = "; ".join((_said(left, resting), *(why.rstrip(".: ") for why in whys)))
    if not left:
        return Done("close", ticker, said, orders, sales(held, after))
    if any(order.state in UNRESOLVED or _is_unreached(order) for order in unfilled):
        raise Unavailable(said, remedy=AGAIN)
    raise StillHeld(said, sales(held, after), remedy=AGAIN)


def _is_unreached(order: Order) -> bool:
    """Whether it never reached the exchange for want of a way there, not because we stopped it."""
    if order.state is OrderState.ABSENT:
        return True
    code = order.message.partition(" ")[0]
    return order.state is OrderState.NOT_SENT and code not in STOPPED_HERE


@dataclass(frozen=True, slots=True)
class Sold:
    """Exits that were sent, and in sentences why others were not; whether it is for want of a bid
    that none was.
    """

    orders: tuple[Order, ...]
    problems: tuple[str, ...]
    nobody_bids: bool = False


async def sell(
    data: MarketData,
    desk: Desk,
    view: DeskView,
    held: Sequence[Position],
    *,
    cash: Money,
    policy: TradePolicy,
) -> Sold:
    """Send an exit for each of these positions, past the controls; none waits for another's sake.

    Nothing is read back here. Raises `LeaseHeld`, and what reading the books raises.
    """
    tickers = sorted({position.ticker for position in held})
    books = await data.books(tickers)
    known = [view.entries[ticker] for ticker in tickers if ticker in view.entries]
    state = risk_state(
        view,
        env=policy.env,
        limits=policy.limits,
        cash=cash,
        books=books,
        frozen={},
        paused=await paused_shards(data, known),
    )
    orders: list[Order] = []
    problems: list[str] = []
    unbid = 0
    for position in held:
        ticker = position.ticker
        if ticker not in view.entries:
            problems.append(f"The exchange does not tell of {ticker}: nothing can be sold there.")
            continue
        intent = exit_intent(position, BY_HAND, view, books) if ticker in books else None
        if intent is None:
            problems.append(f"Nobody bids for what is held in {ticker}.")
            unbid += 1
            continue
        denial = first_denial(policy.controls, intent, state, desk.clock.now())
        if denial is not None:
            problems.append(f"{ticker}: {denial.code}: {denial.detail}.")
            continue
        try:
            order = await send(desk, intent, book=books[ticker])
        except Unauthorized as error:
            problems.append(str(error))
            break
        except (ExitExceeds, *PASSING) as error:
            problems.append(f"{ticker}: {error}")
            continue
        orders.append(order)
        state = after_refusal(with_sent(state, order), order)
    return Sold(tuple(orders), tuple(problems), nobody_bids=unbid == len(held))


def _nothing_sold(desk: Desk, state: DeskState, sold: Sold) -> Refused:
    told = " ".join(sold.problems)
    if sold.nobody_bids:  # nothing sells it, halted or not
        return Refused(told, remedy="Try again later, or hold it to settlement.")
    if state is not DeskState.HALTED:
        return Refused(told, remedy="`kalshi status` says more.")
    first = "" if desk.halt_file() is None else f"First take the {HALT_FILE} file away: "
    ways = "`kalshi flatten` sells all that we hold, `kalshi resume` lifts the halt for all."
    return Halted(told, remedy=f"{first}{ways}")


def _said(left: Sequence[Position], resting: Sequence[Order]) -> str:
    said = "still held: " + ", ".join(f"{p.net} by {p.owner}" for p in left) if left else "flat"
    if not resting:
        return said
    return f"{said}; not canceled: " + ", ".join(order.client_order_id for order in resting)


@dataclass(frozen=True, slots=True)
class StateChange:
    """What the run state was, and how many triggered order groups were released by the change.

    `run` is under which command that stands on record, None where none was named.
    """

    before: DeskState
    released: int
    run: Run | None = None


async def set_desk_state(
    store: Store,
    clock: Clock,
    state: DeskState,
    *,
    reason: str,
    who: str,
    command: str | None = None,
) -> StateChange:
    """Change the run state. A running loop reads it before every order. A `command` that does so
    is a run, put on record once the change is: a halt holds though its record cannot be written.
    Whoever named one ends it, once all is done that belongs to it.

    Whoever makes it active takes note of what was lost: drawdowns are measured anew, and order
    groups that are triggered are to be reset before the next entry.
    """
    released = 0
    async with store.unit() as unit:
        before = await unit.desk.state()
        if state is DeskState.ACTIVE and before is not DeskState.ACTIVE:
            await unit.catalog.set_marker(PEAK_SINCE, clock.now())
        if state is DeskState.ACTIVE:
            triggered = {GroupState.TRIGGERED}
            released = await unit.desk.turn_groups(GroupState.RESUMED, before=triggered)
        at_us = clock.now() or None  # a clock that never saw the market stands at 0
        await unit.desk.set_state(state, reason=reason, who=who, at_us=at_us, wall_us=clock.wall())
        await unit.commit()
    if command is None or at_us is None:
        return StateChange(before, released)
    async with store.unit() as unit:
        run = await unit.desk.start_run(command, at_us, clock.wall())
        await unit.commit()
    return StateChange(before, released, run)


async def end_unless_ended(store: Store, clock: Clock, run: Run, reason: str) -> None:
    """End a run that goes no further, unless whoever continued it did."""
    async with store.unit() as unit:
        if await unit.desk.is_under_way(run.run_id):
            await unit.desk.end_run(run.run_id, clock.now(), clock.wall(), reason)
            await unit.commit()


@dataclass(frozen=True, slots=True)
class Left:
    """What a stopped desk leaves behind."""

    canceled: tuple[Order, ...]
    resting: tuple[Order, ...]
    positions: tuple[Position, ...]


async def wind_down(data: MarketData, desk: Desk, *, cancel_entries: bool) -> Left:
    """Before a stop: cancel own resting entries (exits stay), and say what is left."""
    async with desk.store.unit() as unit:
        live = await unit.journal.live()
    entries = [o for o in live if o.state in WORKING and o.intent.purpose is not Purpose.EXIT]
    if cancel_entries:
        await cancel_many(desk, entries)
    asked = [order.client_order_id for order in entries] if cancel_entries else []
    await reconcile_desk(data, desk)
    async with desk.store.unit() as unit:
        after = await unit.journal.find(client_order_ids=asked)
        canceled = tuple(order for order in after if order.state is OrderState.CANCELED)
        return Left(canceled, await unit.journal.live(), await unit.ledger.positions())
