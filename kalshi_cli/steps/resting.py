"""What is wanted of an entry that rests, by the forecast, market and means of now. Pure.

On the forecast it was placed on, an order whose price no longer pays moves to the best price that
does, if nobody waits before it there: a forecast is traded once, so nothing could be placed anew.
On a newer forecast it goes, and the strategy decides again.

The market is what others want: an order that leans on itself always pays. Where they do not quote
both sides, one that pays by the forecast alone stays for as long as a quote may be old: a gap of a
moment is no reason to lose its place, and longer nothing rests on what nobody can check.
"""

from dataclasses import dataclass, replace

from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.forecast import Advice, Forecast
from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.instant import AHEAD, format_span
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.market import Quote
from kalshi_cli.domain.marks import MAX_MARK_SPREAD, behind, by_quote, resting
from kalshi_cli.domain.money import Price, spoken_cents
from kalshi_cli.domain.order import Order, OrderIntent, Terms
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.forecasting.blend import anchored
from kalshi_cli.portfolio.capital import Capital
from kalshi_cli.portfolio.edge import SLACK, chance, net_edge
from kalshi_cli.portfolio.methods._base import Method
from kalshi_cli.steps.deciding import charged
from kalshi_cli.steps.desk_view import DeskView

NO_MARKET = f"nobody else quotes both sides within {MAX_MARK_SPREAD.units // 100} cents"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The entry as it should rest: `count` is what should be left of it. None where it is to go,
    and `why`. `unanchored_us` is since when (market time) no market is there to lean on.
    """

    intent: OrderIntent | None
    why: str = ""
    unanchored_us: int | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """An entry beside a fair value (a probability), and the edge a contract that is asked ($)."""

    intent: OrderIntent
    advice: Advice | None
    fair: float
    terms: FeeTerms
    least: float

    def against(self, price: Price) -> str:
        """What is against resting at a price; empty where it pays."""
        side = self.intent.side
        if self.advice is not None and not self.advice.allows(side, price):
            return "the Trader would not place it"
        edge = net_edge(side, fair=self.fair, price=price, terms=self.terms, is_taker=False)
        if edge >= self.least - SLACK:
            return ""
        worth = spoken_cents(chance(side, self.fair))
        told = f"its edge is {spoken_cents(edge)} a contract at a fair value of {worth}"
        return f"{told}, {spoken_cents(self.least)} is asked"


def wanted_now(
    order: Order, view: DeskView, book: OrderBook | None, sizing: Method, capital: Capital
) -> Wanted:
    """What should rest of an entry. `capital` is what there is without the order itself, and `book`
    is None where it could not be read.

    What an entry is worth that was made on evidence of its own, only its strategy can tell.
    """
    intent, limits = order.intent, capital.limits
    forecast = None if intent.forecast_id is None else view.forecasts.get(intent.ticker)
    unchecked = _unchecked(order, forecast, view, book, limits)
    if unchecked:
        return Wanted(None, unchecked)
    if forecast is None:
        return Wanted(replace(intent, count=order.remaining))
    if forecast.blended is None:
        return Wanted(None, "its newest forecast had no market to lean on")
    entry, terms = view.entries[intent.ticker], view.terms_by(intent.ticker, intent.expires_us)
    alone = _Case(intent, forecast.advice, forecast.blended, terms, limits.min_net_edge)
    others = _of_others(entry.quote, book, view)
    fair = anchored(forecast, others)
    if fair is None:
        return _without_market(order, alone, view.now_us, limits.max_quote_age_us)
    may_move = book is not None and forecast.forecast_id == intent.forecast_id
    before = others.bid if intent.side is Side.BID else others.ask
    case = replace(alone, fair=fair)
    limit = _limit(case, entry.market.grid, before if may_move else None)
    if limit is None:
        return Wanted(None, case.against(intent.limit))
    return _sized(order, limit, fair, sizing, charged(capital, {intent.ticker: terms}))


def _sized(order: Order, limit: Price, fair: float, sizing: Method, capital: Capital) -> Wanted:
    """As much of it as would be staked now, at a price."""
    intent = order.intent
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
    sized = sizing.size([proposal], {}, capital)
    if not sized.intents:
        return Wanted(None, "; ".join(each.detail for each in sized.unsized))
    count = min(sized.intents[0].count, order.remaining)
    return Wanted(replace(intent, limit=limit, count=count))


def new_terms(order: Order, wanted: OrderIntent) -> Terms:
    """The terms that leave what is wanted resting."""
    return Terms(wanted.limit, order.filled + wanted.count, order.intent.expires_us)


def _unchecked(
    order: Order,
    forecast: Forecast | None,
    view: DeskView,
    book: OrderBook | None,
    limits: Limits,
) -> str:
    """What it is held to and is not known, or too old to hold it to; empty where all is fresh."""
    entry = view.entries.get(order.intent.ticker)
    if entry is None:
        return "its market is not known"
    if not view.terms(order.intent.ticker).is_known:
        return "its fees are not known"
    made_us = order.created_us if forecast is None else forecast.made_us
    ages = [("what it was made on is", made_us, limits.max_forecast_age_us)]
    if forecast is not None and book is None:
        ages.append(("its prices are", entry.quote.at_us, limits.max_quote_age_us))
    for what, at_us, most_us in ages:
        if view.now_us - at_us < -AHEAD:
            ahead = format_span(at_us - view.now_us)
            return f"{what} of {ahead} from now: the clock was set back since"
        if view.now_us - at_us > most_us:
            age, most = format_span(view.now_us - at_us), format_span(most_us)
            return f"{what} {age} old, at most {most} will do"
    return ""


def _of_others(quote: Quote, book: OrderBook | None, view: DeskView) -> Quote:
    """What others want now: by the book, else by the quote."""
    own = resting(order for order in view.orders if order.intent.ticker == quote.ticker)
    if book is not None:
        others = behind(book, own)
        return replace(quote, bid=others.bid, ask=others.ask)
    told = by_quote(None, None, (quote.bid, quote.ask), own)
    return replace(quote, bid=told.bid, ask=told.ask)


def _without_market(order: Order, alone: _Case, now_us: int, most_us: int) -> Wanted:
    """As it is for a while, where it pays by what was blended last; then nothing."""
    since_us = now_us if order.unanchored_us is None else order.unanchored_us
    if now_us - since_us > most_us:
        span, most = format_span(now_us - since_us), format_span(most_us)
        return Wanted(None, f"{NO_MARKET}, for {span}; at most {most} will do")
    against = alone.against(order.intent.limit)
    if against:
        return Wanted(None, f"{NO_MARKET}; by the forecast alone {against}")
    return Wanted(replace(order.intent, count=order.remaining), NO_MARKET, since_us)


def _limit(case: _Case, grid: PriceGrid | None, best: Level | None) -> Price | None:
    """Its own price where that pays, else the next one that does before the best of others."""
    side, limit = case.intent.side, case.intent.limit
    if not case.against(limit):
        return limit
    if best is None or grid is None:
        return None
    price = _behind(grid, side, limit)
    while price is not None and (price.units - best.price.units) * side.sign >= 0:
        if not case.against(price):
            return price
        price = _behind(grid, side, price)
    return None


def _behind(grid: PriceGrid, side: Side, price: Price) -> Price | None:
    """The next price at which the side pays less."""
    return grid.below(price) if side is Side.BID else grid.above(price)
