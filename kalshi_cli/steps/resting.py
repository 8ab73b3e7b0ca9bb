"""What is wanted of an entry that rests, by the forecast, market and means of now. Pure.

On the forecast it was placed on, an order whose price no longer pays moves to the best price that
does, if nobody waits before it there: a forecast is traded once, so nothing could be placed anew.
On a newer forecast it goes, and the strategy decides again.
"""

from dataclasses import replace

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.forecast import Advice
from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.order import Order, OrderIntent, Terms
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.forecasting.blend import anchored
from kalshi_cli.portfolio.capital import Capital
from kalshi_cli.portfolio.edge import SLACK, net_edge
from kalshi_cli.portfolio.methods._base import Method
from kalshi_cli.steps.desk_view import DeskView


def wanted_now(
    order: Order, view: DeskView, book: OrderBook | None, sizing: Method, capital: Capital
) -> OrderIntent | None:
    """The entry as it should rest: `count` is what should be left of it; None for nothing.

    `capital` is what there is without the order itself. What cannot be judged stays as it is.
    """
    intent, entry = order.intent, view.entries.get(order.intent.ticker)
    forecast = view.forecasts.get(intent.ticker)
    as_it_is = replace(intent, count=order.remaining)
    if entry is None or forecast is None or intent.forecast_id is None:
        return as_it_is
    if view.now_us - forecast.made_us > capital.limits.max_forecast_age_us:
        return None
    is_renewed = forecast.forecast_id != intent.forecast_id
    fair = forecast.blended if is_renewed else anchored(forecast, entry.quote)
    if fair is None:
        return None if is_renewed else as_it_is
    seen = None if is_renewed else book
    limit = _limit(order, fair, view, seen, capital, forecast.advice)
    if limit is None:
        return None
    proposal = Proposal(
        ticker=intent.ticker,
        side=intent.side,
        limit=limit,
        fair=fair,
        purpose=intent.purpose,
        max_contracts=None,
        reason=intent.reason,
        resting=True,
        expires_us=intent.expires_us,
        forecast_id=intent.forecast_id,
    )
    sized = sizing.size([proposal], {}, capital).intents
    if not sized:
        return None
    return replace(as_it_is, limit=limit, count=min(sized[0].count, order.remaining))


def new_terms(order: Order, wanted: OrderIntent) -> Terms:
    """The terms that leave what is wanted resting."""
    return Terms(wanted.limit, order.filled + wanted.count, order.intent.expires_us)


def _limit(
    order: Order,
    fair: float,
    view: DeskView,
    book: OrderBook | None,
    capital: Capital,
    advice: Advice | None,
) -> Price | None:
    """Its own price where that pays, else the next one that does before all others' orders."""
    intent, terms = order.intent, view.terms(order.intent.ticker)
    least = capital.limits.min_net_edge - SLACK

    def pays(price: Price) -> bool:
        if advice is not None and not advice.allows(intent.side, price):
            return False
        edge = net_edge(intent.side, fair=fair, price=price, terms=terms, is_taker=False)
        return edge >= least

    if pays(intent.limit):
        return intent.limit
    grid = view.entries[intent.ticker].market.grid
    best = None if book is None else _best_of_others(order, book)
    if best is None or grid is None:
        return None
    price = _behind(grid, intent.side, intent.limit)
    while price is not None and (price.units - best.units) * intent.side.sign >= 0:
        if pays(price):
            return price
        price = _behind(grid, intent.side, price)
    return None


def _best_of_others(order: Order, book: OrderBook) -> Price | None:
    """The best price at which somebody else waits on the order's side."""
    own = order.intent
    levels = book.against(own.side.opposite)
    others = (
        level.price for level in levels if level.price != own.limit or level.count > order.remaining
    )
    return next(others, None)


def _behind(grid: PriceGrid, side: Side, price: Price) -> Price | None:
    """The next price at which the side pays less."""
    return grid.below(price) if side is Side.BID else grid.above(price)
