"""What is decided about leaving when a position is entered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import WORST_KNOWN, FeeTerms, LaterTerms, terms_by
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.levels import Levels, least_stop_distance
from kalshi_cli.domain.money import ONE_DOLLAR, ZERO_PRICE, Price
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.portfolio.edge import outcome_price


@dataclass(frozen=True, slots=True)
class ExitRules:
    """When to leave before settlement; by default never.

    `stop_loss`, `take_profit` and `trailing_stop` are shares of the entry price: lost, gained, or
    lost again from the best. `max_hold_us` is how long to stay, in market time, and
    `before_close_us` how long before the close to leave.
    """

    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None
    max_hold_us: int | None = None
    before_close_us: int | None = None

    def levels(self, entry: Price, now_us: int) -> Levels:
        """What these rules come to for an entry at this price of the outcome bought."""
        stop = None if self.stop_loss is None else _share(entry, 1.0 - self.stop_loss)
        target = None if self.take_profit is None else _share(entry, 1.0 + self.take_profit)
        return Levels(
            stop=None if stop is None else _above_zero(stop),
            target=target,
            trail=None if self.trailing_stop is None else _share(entry, self.trailing_stop),
            leave_by_us=None if self.max_hold_us is None else now_us + self.max_hold_us,
            before_close_us=self.before_close_us,
        )


def _share(price: Price, share: float) -> Price:
    return Price(int(round(price.units * share, 6)))


def plan_for(
    intent: OrderIntent,
    forecast: Forecast | None,
    rules: ExitRules,
    now_us: int,
    *,
    terms: FeeTerms = WORST_KNOWN,
    later: Sequence[LaterTerms] = (),
    spread: Price | None = ZERO_PRICE,
    own: Levels | None = None,
) -> ExitPlan:
    """The exit plan of an entry, in prices of the outcome it buys.

    `own` are the strategy's own levels, which take the place of those that the rules come to. A
    stop or trail nearer than `least_stop_distance`, by these terms, dearer ones that follow where
    it may be bought or sold so late, and this spread of the market, is put there; one that would
    lie at $0 is none.
    """
    entry = outcome_price(intent.side, intent.limit)
    ruled = rules.levels(entry, now_us)
    wanted = ruled if own is None else _first(own, ruled)
    leaving = terms_by(terms, later, wanted.leave_by_us)
    is_taker = not intent.post_only
    entering = terms_by(terms, later, intent.expires_us) if intent.post_only else terms
    least = least_stop_distance(entry, spread, entering, leaving=leaving, is_taker=is_taker)
    stop, trail = wanted.stop, wanted.trail
    if stop is not None:
        stop = _above_zero(min(stop, entry - least))
    if trail is not None:
        trail = max(trail, least)
        trail = trail if trail < entry else None
    target = wanted.target
    target = target if target is not None and target < ONE_DOLLAR else None
    return ExitPlan(
        ticker=intent.ticker,
        owner=intent.strategy,
        levels=replace(wanted, stop=stop, trail=trail, target=target),
        made_us=now_us,
        entry_confidence=None if forecast is None else forecast.confidence,
        entry_fair=intent.fair,
        entry_probability=None if forecast is None else forecast.probability,
        asked_stop=None if stop == wanted.stop else wanted.stop,
        asked_trail=None if trail == wanted.trail else wanted.trail,
    )


def _first(own: Levels, ruled: Levels) -> Levels:
    """Each level as the strategy says, else as the rules do."""
    return Levels(
        stop=ruled.stop if own.stop is None else own.stop,
        target=ruled.target if own.target is None else own.target,
        trail=ruled.trail if own.trail is None else own.trail,
        leave_by_us=ruled.leave_by_us if own.leave_by_us is None else own.leave_by_us,
        before_close_us=(
            ruled.before_close_us if own.before_close_us is None else own.before_close_us
        ),
        target_rests=own.target_rests,
    )


def _above_zero(price: Price) -> Price | None:
    return price if price > ZERO_PRICE else None


def spread_of(book: OrderBook | None) -> Price | None:
    """Ask minus bid in dollars; None where a side is missing, or nobody could read the book."""
    if book is None or book.best_bid is None or book.best_ask is None:
        return None
    return book.best_ask.price - book.best_bid.price
