"""Exits that a person orders, past the controls."""

from collections.abc import Sequence
from dataclasses import dataclass

from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import Order
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.reduction import beside, fitted
from kalshi_cli.errors import PASSING, ExitExceeds, Unauthorized
from kalshi_cli.exits._base import Asked, ExitReason
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.risk._gate import first_denial
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.execution import Desk, send
from kalshi_cli.steps.leaving import exit_intent
from kalshi_cli.steps.pausing import after_refusal, paused_shards
from kalshi_cli.steps.risk_state import risk_state, with_sent
from kalshi_cli.steps.trade_policy import TradePolicy

BY_HAND = ExitReason(Asked.BY_HAND, Asked.BY_HAND.means)


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
        others = beside((ticker, position.owner), intent.side, state.orders)
        if others:
            named = ", ".join(order.client_order_id for order in others)
            problems.append(f"{ticker}: what {named} may sell is left to that.")
        intent = fitted(intent, state.positions, state.orders)
        denial = first_denial(policy.controls, intent, state, desk.clock.now())
        if denial is not None:
            problems.append(f"{ticker}: {denial.code}: {denial.detail}.")
            continue
        try:
            order = await send(desk, intent, book=books[ticker], beside=state.orders)
        except Unauthorized as error:
            problems.append(str(error))
            break
        except (ExitExceeds, *PASSING) as error:
            problems.append(f"{ticker}: {error}")
            continue
        orders.append(order)
        state = after_refusal(with_sent(state, order), order)
    return Sold(tuple(orders), tuple(problems), nobody_bids=unbid == len(held))
