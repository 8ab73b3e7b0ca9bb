"""An exit on its way: which live for what is held, and one sent past the controls."""

from collections.abc import Iterable, Mapping

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.order import WORKING, Order, OrderIntent, Pending, Purpose
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.reduction import fitted
from kalshi_cli.errors import ExitExceeds
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.risk._base import Denial, RiskState
from kalshi_cli.risk._gate import first_denial
from kalshi_cli.risk.exit_reduces import ExitReduces
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.execution import Desk, send
from kalshi_cli.steps.pausing import paused_shards
from kalshi_cli.steps.reconcile import Reconciliation
from kalshi_cli.steps.risk_state import risk_state
from kalshi_cli.steps.trade_policy import TradePolicy


def exits_of(position: Position, orders: Iterable[Order]) -> tuple[Order, ...]:
    """The live exits of what is held."""
    return tuple(
        order
        for order in orders
        if order.intent.purpose is Purpose.EXIT
        and (order.intent.ticker, order.intent.strategy) == (position.ticker, position.owner)
    )


def are_unclear(exits: Iterable[Order]) -> bool:
    """Whether what becomes of one of these live exits is not known yet."""
    return any(o.state not in WORKING or o.pending is not Pending.NONE for o in exits)


async def exit_state(
    data: MarketData,
    view: DeskView,
    books: Mapping[str, OrderBook],
    policy: TradePolicy,
    found: Reconciliation,
    tickers: Iterable[str],
) -> RiskState:
    """What the controls see of exits in these markets, after reconciling `found` what it did."""
    return risk_state(
        view,
        env=policy.env,
        limits=policy.limits,
        cash=found.balance.cash,
        measured=found.measured(view.cash),
        books=books,
        frozen=found.frozen,
        paused=await paused_shards(data, [view.entries[ticker] for ticker in tickers]),
    )


async def send_exit(
    desk: Desk, intent: OrderIntent, policy: TradePolicy, state: RiskState
) -> tuple[Order | None, Denial | None]:
    """Send an exit past the controls, of no more than its owner's other orders leave to it; a
    denial leaves a row.
    """
    intent = fitted(intent, state.positions, state.orders)
    denial = first_denial(policy.controls, intent, state, desk.clock.now())
    if denial is None:
        try:
            book = state.facts[intent.ticker].book
            return await send(desk, intent, book=book, beside=state.orders), None
        except ExitExceeds as error:
            denial = Denial(ExitReduces.code, str(error), str(intent.count), "")
    async with desk.store.unit() as unit:
        await unit.journal.deny([(intent, denial)], desk.run.run_id, desk.clock.now())
        await unit.commit()
    return None, denial
