"""Targets that rest at the exchange: a sale of what is held, there whether we are or not.

It is placed once an entry has filled, by whoever looks first, and again where it is gone while the
position stays. Whatever else leaves the position has it cancelled and read back before.
"""

from collections.abc import Collection, Mapping

from kalshi_cli.domain.book import OrderBook, reaches
from kalshi_cli.domain.identity import EXTERNAL, DeskState
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import NO_CONTRACTS
from kalshi_cli.domain.order import Order, OrderIntent, Purpose, TimeInForce
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.reduction import spoken_for
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.portfolio.edge import outcome_price
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.risk.exit_reduces import ExitReduces
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.exiting import are_unclear, exit_state, exits_of, send_exit
from kalshi_cli.steps.pausing import after_refusal
from kalshi_cli.steps.reconcile import Reconciliation
from kalshi_cli.steps.risk_state import with_sent
from kalshi_cli.steps.trade_policy import TradePolicy

SELLING = frozenset({DeskState.ACTIVE, DeskState.REDUCE_ONLY})
"""States of a desk in which a sale may wait: a flattening one sells at once, a halted one never."""


def targets(
    view: DeskView, books: Mapping[str, OrderBook], leaving: Collection[tuple[str, str]]
) -> tuple[OrderIntent, ...]:
    """The sales that are to rest and do not, for positions that are not `leaving` anyway.

    None where the book is not known, or somebody bids as much: that is taken, not waited for.
    """
    if view.state not in SELLING:
        return ()
    found: list[OrderIntent] = []
    for position in view.positions:
        owned = (position.ticker, position.owner)
        plan, book = view.plans.get(owned), books.get(position.ticker)
        if position.is_flat or position.owner == EXTERNAL or owned in leaving:
            continue
        if plan is None or book is None or not plan.levels.target_rests:
            continue
        intent = _target(position, plan, view, view.book_of_others(book))
        found += [] if intent is None else [intent]
    return tuple(found)


def _target(
    position: Position, plan: ExitPlan, view: DeskView, others: OrderBook
) -> OrderIntent | None:
    entry = view.entries.get(position.ticker)
    side = position.side.opposite
    if (
        entry is None
        or entry.market.status is not MarketStatus.ACTIVE
        or plan.levels.target is None
    ):
        return None
    if are_unclear(exits_of(position, view.orders)):
        return None
    market = entry.market
    limit = outcome_price(position.side, plan.levels.target)
    left = abs(position.net) - spoken_for((position.ticker, position.owner), side, view.orders)
    ends_us = min(filter(None, (plan.levels.leave_by_us, market.close_us)))
    if left <= NO_CONTRACTS or ends_us - view.now_us < MINUTE:
        return None
    if market.grid is None or not market.grid.contains(limit):
        return None
    if any(reaches(side, limit, level.price) for level in others.against(side)[:1]):
        return None
    return OrderIntent(
        strategy=position.owner,
        ticker=position.ticker,
        event_ticker=entry.event.event_ticker,
        side=side,
        limit=limit,
        count=left,
        time_in_force=TimeInForce.GTC,
        purpose=Purpose.EXIT,
        reason=f"take_profit: rests at the target {plan.levels.target.spoken}",
        post_only=True,
        expires_us=ends_us,
        exchange_index=market.exchange_index,
    )


async def rest_targets(
    data: MarketData,
    desk: Desk,
    view: DeskView,
    books: Mapping[str, OrderBook],
    policy: TradePolicy,
    found: Reconciliation,
    *,
    leaving: Collection[tuple[str, str]],
) -> tuple[tuple[Order, ...], frozenset[tuple[str, str]]]:
    """Place the sales that are to rest, past the controls; those that were sent, as answered, and
    the (ticker, owner) of those that news kept back.

    `found` is what reconciling told, and `view` what is held after it.
    """
    wanted = targets(view, books, leaving)
    if not wanted:
        return (), frozenset()
    tickers = [intent.ticker for intent in wanted]
    state = await exit_state(data, view, books, policy, found, tickers)
    sent: list[Order] = []
    kept_back: set[tuple[str, str]] = set()
    for intent in wanted:
        order, denial = await send_exit(desk, intent, policy, state)
        if order is not None:
            sent.append(order)
            state = after_refusal(with_sent(state, order), order)
        elif denial is not None and denial.code == ExitReduces.code:
            kept_back.add((intent.ticker, intent.strategy))
    return tuple(sent), frozenset(kept_back)
