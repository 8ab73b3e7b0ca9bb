"""What is to be left now, why, and by which order: the same for a look and for a change of a book.
Pure.
"""

from collections.abc import Iterable, Mapping, Sequence

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.identity import EXTERNAL, DeskState
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.order import Order, OrderIntent, Purpose, TimeInForce
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.side import Side
from kalshi_cli.exits._base import Asked, Exit, ExitPlan, ExitReason, Venue
from kalshi_cli.exits._pricing import exit_price
from kalshi_cli.portfolio.edge import outcome_price
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.exiting import are_unclear, exits_of

EXIT_SLIPPAGE = Price(300)
"""How far through the best price an exit may reach, in dollars a contract."""
FLATTEN = ExitReason(Asked.FLATTEN, Asked.FLATTEN.means)


def leaving(
    view: DeskView, books: Mapping[str, OrderBook], exits: Sequence[Exit]
) -> frozenset[tuple[str, str]]:
    """(ticker, owner) of every position that has a reason to be sold."""
    return frozenset((held.ticker, held.owner) for held, _ in _for_sale(view, books, exits))


def saleable(
    view: DeskView, books: Mapping[str, OrderBook], exits: Sequence[Exit]
) -> frozenset[tuple[str, str]]:
    """Those of the leaving that somebody would take now: for them an exit that rests gives way."""
    return frozenset(
        (held.ticker, held.owner)
        for held, reason in _for_sale(view, books, exits)
        if exit_intent(held, reason, view, books) is not None
    )


def _for_sale(
    view: DeskView, books: Mapping[str, OrderBook], exits: Sequence[Exit]
) -> list[tuple[Position, ExitReason]]:
    reasons = ((held, reason_to_leave(held, view, books, exits)) for held in view.positions)
    return [(held, why) for held, why in reasons if why is not None and why.for_sale]


def reason_to_leave(
    position: Position, view: DeskView, books: Mapping[str, OrderBook], exits: Sequence[Exit]
) -> ExitReason | None:
    """The first reason by rank; none without a plan and a book, nor for what is not ours.

    An exit that is under way is the exit: there is no second one before it is known what became of
    it. One that rests is, too, for what asks as much as it does or more: who bids that takes it.
    """
    plan = view.plans.get((position.ticker, position.owner))
    book, entry = books.get(position.ticker), view.entries.get(position.ticker)
    if position.owner == EXTERNAL or position.is_flat or book is None or entry is None:
        return None
    open_exits = exits_of(position, view.orders)
    if are_unclear(open_exits):
        return None
    if view.state is DeskState.FLATTEN:
        return FLATTEN
    if plan is None:
        return None
    forecast, market = view.forecasts.get(position.ticker), entry.market
    others, terms = view.book_of_others(book), view.terms(position.ticker)
    venue = Venue(others, terms, market.close_us, market.payout)
    for rule in sorted(exits, key=lambda rule: rule.rank):
        reason = rule.check(position, plan, forecast, venue, view.now_us)
        if reason is not None and not _is_asked_for(reason, position, open_exits):
            return reason
    return None


def _is_asked_for(reason: ExitReason, position: Position, resting: Iterable[Order]) -> bool:
    """Whether an exit rests already that whoever pays enough for this one would take."""
    least = reason.least
    if least is None:
        return False
    asked = (outcome_price(position.side, order.intent.limit) for order in resting)
    return any(price <= least for price in asked)


def exit_intent(
    position: Position, reason: ExitReason, view: DeskView, books: Mapping[str, OrderBook]
) -> OrderIntent | None:
    """Leave all of a position at once, at a bounded price; None where nobody would take it."""
    entry = view.entries.get(position.ticker)
    if entry is None or not reason.for_sale:
        return None
    others = view.book_of_others(books[position.ticker])
    side = position.side.opposite
    limit = exit_limit(others, side, entry.market.grid, reason.least)
    if limit is None:
        return None
    return OrderIntent(
        strategy=position.owner,
        ticker=position.ticker,
        event_ticker=entry.event.event_ticker,
        side=side,
        limit=limit,
        count=abs(position.net),
        time_in_force=TimeInForce.IOC,
        purpose=Purpose.EXIT,
        reason=f"{reason.code.lower()}: {reason.detail}",
        reduce_only=True,
        exchange_index=entry.market.exchange_index,
    )


def exit_limit(
    book: OrderBook, side: Side, grid: PriceGrid | None, least: Price | None = None
) -> Price | None:
    """The worst price an exit on `side` accepts: a few cents through the best one, on the grid.

    Never less than `least` for the outcome that is sold.
    """
    levels = book.against(side)
    if not levels or grid is None:
        return None
    best = levels[0].price
    if side is Side.ASK:
        bound = best - EXIT_SLIPPAGE
        return grid.ceil(bound if least is None else max(bound, least))
    bound = best + EXIT_SLIPPAGE
    return grid.floor(bound if least is None else min(bound, least.complement))


def with_peaks(view: DeskView, books: Mapping[str, OrderBook]) -> dict[tuple[str, str], ExitPlan]:
    """The plans once these books were seen."""
    plans = dict(view.plans)
    for position in view.positions:
        key, book = (position.ticker, position.owner), books.get(position.ticker)
        if key in plans and book is not None and plans[key].levels.trail is not None:
            plans[key] = plans[key].seeing(exit_price(position, view.book_of_others(book)))
    return plans
