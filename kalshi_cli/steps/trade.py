"""Strategies propose, the portfolio sizes, risk disposes, execution sends.

Books are reconciled first and, where anything was sent, once more after. `--dry-run` is all of it
but the sending (and but the reconciling, which is the lease holder's).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.code import Code
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.order import Order, OrderIntent, OrderState, Purpose
from kalshi_cli.domain.stop import Stop, tallied
from kalshi_cli.errors import CapitalTaken, DuplicateEntry, OrderGroupTriggered, OrderGroupUnknown
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.exits._planning import ExitRules, plan_for, spread_of
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData, Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.risk._base import Denial, RiskState
from kalshi_cli.risk._gate import first_denial
from kalshi_cli.risk.order_group import OrderGroup
from kalshi_cli.steps.adjusting import Adjusted, adjust
from kalshi_cli.steps.clearing import cancel_every_entry
from kalshi_cli.steps.deciding import begun, decide, priced_at_limit
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.execution import Desk, heed_halt_file, send
from kalshi_cli.steps.forgetting import forget_denials
from kalshi_cli.steps.funnel import keep_stops, stops
from kalshi_cli.steps.isolating import asked, keep_faults, known_faults, left_by
from kalshi_cli.steps.leaving import leaving
from kalshi_cli.steps.looking import look
from kalshi_cli.steps.losses import hold_to_losses
from kalshi_cli.steps.marking_out import mark_out
from kalshi_cli.steps.pausing import after_refusal, paused_shards
from kalshi_cli.steps.quoting import CloseUps
from kalshi_cli.steps.reconcile import Reconciliation, joined, reconcile_desk
from kalshi_cli.steps.reserving import reserve
from kalshi_cli.steps.resting_targets import rest_targets
from kalshi_cli.steps.risk_state import with_sent
from kalshi_cli.steps.session import Account, Denied, Session, TradeResult, as_it_is
from kalshi_cli.steps.trade_policy import TradePolicy
from kalshi_cli.steps.trying import begin_trials, judge_trials
from kalshi_cli.steps.writing_down import write_down_untracked
from kalshi_cli.strategies._base import Strategy


class NotSent(Code):
    """Sending."""

    STOPPING = (
        "STOPPING",
        "the desk was told to stop",
        "nothing: the next pass proposes it again, if it still is one",
    )
    DUPLICATE_ENTRY = (
        "DUPLICATE_ENTRY",
        "the strategy entered this market on this forecast already",
        "wait for a newer forecast: each is traded once",
    )
    ORDER_GROUP_UNKNOWN = (
        "ORDER_GROUP_UNKNOWN",
        "whether the exchange has an order group for the entry to join is not known",
        "wait for the next pass; `kalshi doctor` where it stays so",
    )


async def trade(
    data: MarketData,
    desk: Desk,
    *,
    policy: TradePolicy,
    only: str | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> TradeResult:
    """Trade once. Raises `LeaseHeld` when another process took the account.

    Losses beyond a limit take the desk to reduce-only first; where nobody tracks, what they are
    measured from is written down here. A desk that takes no new risk has its
    entries cancelled. Once `stopping` is true, nothing more is sent.
    """
    await heed_halt_file(desk)
    before = await reconcile_desk(data, desk)
    view = await _look(desk, policy, before)
    reduced = await hold_to_losses(data, desk, view, policy.limits, before)
    if reduced is not None:
        view = await _look(desk, policy, before)
    await write_down_untracked(data, desk, view, before, charged_to=policy.ai_charged_to)
    paused = await paused_shards(data, view.entries.values())
    faults = await known_faults(desk.store)
    strategies, disabled = asked(policy.strategies, faults, only)
    close_ups = CloseUps(data)
    if view.state is DeskState.ACTIVE:
        left = left_by(view.orders, {each.strategy for each in disabled})
        session = Session(view, policy, Account.of(before, paused, view.cash), close_ups)
        adjusted = await adjust(data, desk, session, strategies, left)
    else:
        canceled = await cancel_every_entry(desk, view.orders)
        adjusted = Adjusted(canceled, (), asked=bool(canceled))
    if adjusted.asked:  # some may have filled instead
        before = joined(before, await reconcile_desk(data, desk))
        view = await _look(desk, policy, before)
    if await mark_out(data, desk.store, view):  # after what is stale has gone: reads may fail
        view = await _look(desk, policy, before)
    result = Session(view, policy, Account.of(before, paused, view.cash), close_ups)
    result.broken += disabled
    stopped: tuple[Stop, ...] = ()
    names: list[str] = []
    try:
        for strategy in begun(result, strategies):
            sender = partial(_send, desk, stopping)
            await _run_strategy(data, desk.clock, result, strategy, sender, desk.store)
        stopped, names = stops(result, strategies), [each.name for each in strategies]
    finally:
        await _record(desk.store, desk.run.run_id, result, stopped, names)
    after = joined(before, await reconcile_desk(data, desk)) if result.orders else before
    if any(levels.target_rests for levels in result.levels.values()):
        rested = await _rest_targets(data, desk, policy, after)
        after = joined(after, await reconcile_desk(data, desk)) if rested else after
    await judge_trials(data, desk.store, view)  # of passes before; nothing waits for their tapes
    await keep_faults(
        desk.store,
        faults,
        asked=[strategy.name for strategy in strategies],
        broken=result.broken,
        now_us=view.now_us,
        most_in_a_row=policy.max_strategy_faults,
    )
    await forget_denials(desk.store, desk.clock, policy.keep_denials_us)
    done = result.result(dry_run=False)
    return replace(
        done,
        canceled=adjusted.canceled,
        changed=adjusted.changed,
        reconciled=after,
        reduced=reduced,
        funnel=tallied(stopped),
    )


async def rehearse(
    data: MarketData,
    trading: Trading,
    store: Store,
    clock: Clock,
    *,
    policy: TradePolicy,
    only: str | None = None,
) -> TradeResult:
    """All of a trade but the sending: nothing is written and nothing is sent."""
    result = await as_it_is(data, trading, store, clock, policy)
    strategies, disabled = asked(policy.strategies, await known_faults(store), only)
    result.broken += disabled
    for strategy in begun(result, strategies):
        await _run_strategy(data, clock, result, strategy, _imagine, None)
    done = result.result(dry_run=True)
    return replace(done, funnel=tallied(stops(result, strategies)))


_Sender = Callable[[Session, OrderIntent, RiskState], Awaitable[Order | None]]


async def _look(desk: Desk, policy: TradePolicy, found: Reconciliation) -> DeskView:
    now = desk.clock.now()
    also = {r.ticker for r in found.foreign} | {p.ticker for p in found.unexplained}
    return await look(desk.store, now_us=now, filters=policy.filters, also=also)


async def _run_strategy(
    data: MarketData,
    clock: Clock,
    session: Session,
    strategy: Strategy,
    sender: _Sender,
    store: Store | None,
) -> None:
    """Hold each intent against the controls, those before it counted as filled, and send it.

    Its trials are in the store before: what is traded is measured, whatever ends the pass.
    """
    intents, state = await decide(data, session, strategy)
    if store is not None:
        await begin_trials(store, session.trials.get(strategy.name, ()))
    for intent in intents:
        denial = first_denial(session.policy.controls, intent, state, clock.now())
        if denial is not None:
            session.denied.append(Denied(intent, denial))
            continue
        order = await sender(session, intent, state)
        if order is not None:
            session.passed.append(intent)
            session.priced.append(priced_at_limit(intent, state))
            session.orders.append(order)
            state = after_refusal(with_sent(state, order), order)
            session.keep(state)


async def _send(
    desk: Desk,
    stopping: Callable[[], bool],
    session: Session,
    intent: OrderIntent,
    state: RiskState,
) -> Order | None:
    """Send with an exit plan. A forecast traded already is a denial, not an error, and so is
    capital that somebody else took meanwhile.
    """
    if stopping():
        session.denied.append(
            Denied(intent, Denial(NotSent.STOPPING, NotSent.STOPPING.means, "", ""))
        )
        return None
    book, now = state.facts[intent.ticker].book, desk.clock.now()
    plan = _planned(intent, session, book)
    taking = partial(
        reserve, intent=intent, state=state, controls=session.policy.controls, now_us=now
    )
    try:
        return await send(desk, intent, plan, book=book, reserve=taking)
    except CapitalTaken as taken:
        denial = Denial(taken.denial_code, taken.detail, taken.value, taken.limit)
        session.denied.append(Denied(intent, denial))
        return None
    except DuplicateEntry as error:
        told = " ".join((str(error), error.remedy))
        session.denied.append(Denied(intent, Denial(NotSent.DUPLICATE_ENTRY, told, "1", "1")))
        return None
    except (OrderGroupTriggered, OrderGroupUnknown) as error:
        is_known = isinstance(error, OrderGroupTriggered)
        code = OrderGroup.code if is_known else NotSent.ORDER_GROUP_UNKNOWN
        told = " ".join((str(error), error.remedy))
        session.denied.append(Denied(intent, Denial(code, told, "", "working")))
        return None


async def _imagine(session: Session, intent: OrderIntent, state: RiskState) -> Order:
    """What a rehearsal sends: an order that is nowhere but in this pass."""
    _planned(intent, session, state.facts[intent.ticker].book)
    number, now = len(session.orders) + 1, session.view.now_us
    return Order(f"rehearsed {number}", intent, OrderState.INTENT, now, now, "", number)


def _planned(intent: OrderIntent, session: Session, book: OrderBook | None) -> ExitPlan:
    """The plan of an entry; told where it is not as was asked for."""
    plan = entry_plan(intent, session.view.forecasts.get(intent.ticker), session, book)
    if plan.asked_stop is not None or plan.asked_trail is not None:
        session.widened.append(plan)
    return plan


async def _rest_targets(
    data: MarketData, desk: Desk, policy: TradePolicy, found: Reconciliation
) -> tuple[Order, ...]:
    """Place the sales of what was just entered: it may be a while until `track` looks.

    What there is a reason to leave already is left to it: a sale that rests would be in the way.
    """
    view = await _look(desk, policy, found)
    resting = {ticker for (ticker, _), plan in view.plans.items() if plan.levels.target_rests}
    held = sorted(resting & {position.ticker for position in view.positions})
    books = await data.books(held) if held else {}
    gone = leaving(view, books, policy.exits)
    rested, _ = await rest_targets(data, desk, view, books, policy, found, leaving=gone)
    return rested


def entry_plan(
    intent: OrderIntent, forecast: Forecast | None, session: Session, book: OrderBook | None
) -> ExitPlan:
    """What is decided about leaving when a position is entered.

    What quotes bring in, quotes take out again, on whichever side it came: no forecast, target or
    stop has a say in it, only time. Nor has a forecast that an entry was not made on.
    """
    rules = session.policy.exit_rules.get(intent.strategy, ExitRules())
    own = session.levels.get((intent.strategy, intent.ticker))
    if intent.purpose is Purpose.QUOTE:
        own = None
        rules = ExitRules(max_hold_us=rules.max_hold_us, before_close_us=rules.before_close_us)
    is_on_it = forecast is not None and forecast.forecast_id == intent.forecast_id
    return plan_for(
        intent,
        forecast if is_on_it else None,
        rules,
        session.view.now_us,
        terms=session.view.terms(intent.ticker),
        later=session.view.later_terms(intent.ticker),
        spread=spread_of(None if book is None else session.view.book_of_others(book)),
        own=own,
    )


async def _record(
    store: Store,
    run_id: str,
    session: Session,
    stopped: Sequence[Stop],
    names: Sequence[str],
) -> None:
    """What the controls refused; and of strategies that came to their end, where each market did.

    A pass that found nothing to look at is one, too.
    """
    rows = [(denied.intent, denied.denial) for denied in session.denied]
    now_us = session.view.now_us
    if rows:
        async with store.unit() as unit:
            await unit.journal.deny(rows, run_id, now_us)
            await unit.commit()
    if names:
        await keep_stops(store, stopped, names, run_id=run_id, at_us=now_us)
