"""A push that could be followed: what it costs and needs, or what is first against a market."""

from dataclasses import dataclass

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms, fee_per_contract
from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.instant import MINUTE, SECOND, format_span
from kalshi_cli.domain.levels import least_stop_distance
from kalshi_cli.domain.money import Price, spoken_cents
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trial import HitRate, Trial
from kalshi_cli.evaluation.flips import Stakes, most_needed, proven, trials_needed
from kalshi_cli.forecasting.momentum import LEAST_PRINTS, Push, of_window, push
from kalshi_cli.portfolio.edge import outcome_price
from kalshi_cli.strategies._base import Abstention, Candidate, View
from kalshi_cli.strategies._codes import Flipping

MOVED = 0.75
"""How far prices have moved, at least, as a part of the way to the target."""
LEAN = 0.3
"""How much more takers go with the move than against it, at least, as a share of all."""
LEAST_ENTRY = Price(1_000)
"""Nearer to $0 or $1 a market has no room to move."""
WIDEST = Price(500)
"""Spreads from here on cost more than any push brings, in dollars."""
CLOSING_US = 15 * MINUTE
"""No flip that might last until so near the close."""
LATENCY_US = SECOND
"""From when the book was read until an order is taken to be at the exchange: what is printed
before then, or before the book was, is no part of a trial.
"""


@dataclass(frozen=True, slots=True)
class _Signal:
    """A push at the prices of a book: `limit` is the best YES price to follow it at, `at_us` when
    an order would be there.
    """

    pushed: Push
    side: Side
    limit: Price
    spread: Price
    grid: PriceGrid
    at_us: int


@dataclass(frozen=True, slots=True)
class Flip:
    """A push with what following it costs; all prices but `limit` are of the outcome bought.

    By `spare` the hit rate that it needs falls short of what those need at most that it is measured
    with: so much of what is proven may be theirs alone.
    """

    candidate: Candidate
    trial: Trial
    limit: Price
    stakes: Stakes
    spare: float
    record: HitRate | None

    @property
    def proven(self) -> float:
        """The hit rate that this signal is sure of."""
        return proven(self.record)

    @property
    def needed(self) -> float:
        return self.stakes.break_even + self.spare

    @property
    def worth(self) -> float:
        """What a contract is worth by what is proven beyond all doubt of whose it is."""
        return self.stakes.worth(self.proven - self.spare)

    @property
    def unproven(self) -> Abstention | None:
        """What is missing, with the numbers; None where it is known to pay."""
        if self.proven > self.needed:
            return None
        enough = trials_needed(self.record, self.needed)
        more = "no number of trials like these is enough"
        if enough is not None:
            more = f"{enough} or more trials like these are"
        proven, needed = f"{self.proven:.3f}", f"{self.needed:.3f}"
        return against(self.candidate, Flipping.UNPROVEN, f"{self.told}; {more}", proven, needed)

    @property
    def told(self) -> str:
        trial, record = self.trial, self.record
        count, hits = (0, 0) if record is None else (record.count, record.hits)
        tells = "" if record is None or record.alike == 1.0 else f", worth {record.effective:.0f}"
        return (
            f"in at {trial.entry.spoken}, target {trial.target.spoken}, stop {trial.stop.spoken}; "
            f"{hits} of {count} hit in {trial.signal}{tells}, "
            f"{self.proven:.1%} proven, {self.needed:.1%} needed"
        )


def unable(candidate: Candidate, now_us: int, hold_us: int) -> Abstention | None:
    """Why a market could not be flipped, by its quote alone."""
    market, quote, spread = candidate.market, candidate.quote, candidate.quote.spread
    if market.grid is None:
        return against(candidate, Flipping.NO_GRID)
    if spread is None or quote.bid is None or quote.ask is None:
        return against(candidate, Flipping.NO_QUOTE)
    if spread >= WIDEST:
        return _too_wide(candidate, spread)
    left_us, least_us = market.close_us - now_us, hold_us + CLOSING_US
    if left_us < least_us:
        told = f"it closes in {format_span(left_us)}, {format_span(least_us)} are asked"
        return against(candidate, Flipping.CLOSING, told, str(left_us), str(least_us))
    bid, ask = quote.bid.price, quote.ask.price
    # with both of these against it, neither YES nor NO can be entered
    return _in_the_tail(candidate, ask) or _in_the_tail(candidate, bid.complement)


def _signal(candidate: Candidate, now_us: int, push_us: int) -> _Signal | Abstention:
    book, trades, grid = candidate.book, candidate.trades, candidate.market.grid
    if book is None or trades is None or grid is None:
        return against(candidate, Flipping.UNREAD)
    pushed = push(trades, now_us, push_us)
    if pushed is None:
        return _quiet(candidate, len(of_window(trades, now_us, push_us)))
    side = pushed.side
    if side is None:
        told = f"prices moved {spoken_cents(pushed.moved)}, takers lean {pushed.imbalance:+.2f}"
        return against(candidate, Flipping.MIXED, told)
    touch = _touch(book, side)
    if touch is None:
        return against(candidate, Flipping.NO_QUOTE)
    limit, spread = touch
    if spread >= WIDEST:
        return _too_wide(candidate, spread)
    return _Signal(pushed, side, limit, spread, grid, max(now_us, book.at_us) + LATENCY_US)


def flip(
    candidate: Candidate, view: View, strategy: str, *, push_us: int, hold_us: int
) -> Flip | Abstention:
    """A market close up: its push, with room for a target and a stop."""
    signal = _signal(candidate, view.now_us, push_us)
    if isinstance(signal, Abstention):
        return signal
    side, spread, entry = signal.side, signal.spread, outcome_price(signal.side, signal.limit)
    until_us = signal.at_us + hold_us
    fees, leaving = candidate.fees, candidate.fees_by(until_us)
    away = least_stop_distance(entry, spread, fees, leaving=leaving, is_taker=True)
    unfit = (
        _in_the_tail(candidate, entry)
        or _in_the_tail(candidate, entry.complement)
        or _too_weak(candidate, signal.pushed, MOVED * float(away))
    )
    if unfit is not None:
        return unfit
    target = _above(signal.grid, side, entry + away)
    stop = _below(signal.grid, side, entry - away)
    if target is None or stop is None:
        return against(candidate, Flipping.NO_LEVELS)
    stakes = _stakes(entry, target, stop, fees, leaving, 0.0)
    most = most_needed(stakes.break_even)
    named = f"{candidate.event.category}, up to {most:.2f}"
    trial = Trial(
        strategy=strategy,
        signal=named,
        event_ticker=candidate.event.event_ticker,
        ticker=candidate.market.ticker,
        side=side,
        entry=entry,
        target=target,
        stop=stop,
        spread=spread,
        at_us=signal.at_us,
        until_us=until_us,
    )
    record = view.hit_rates.get(named)
    spare = most - stakes.break_even
    slip = 0.0 if record is None else record.slip
    slipping = _stakes(entry, target, stop, fees, leaving, slip)
    return Flip(candidate, trial, signal.limit, slipping, spare, record)


def against(
    candidate: Candidate, code: Flipping, told: str = "", value: str = "", limit: str = ""
) -> Abstention:
    return Abstention(candidate.market.ticker, code, told or code.means, value, limit)


def _too_wide(candidate: Candidate, spread: Price) -> Abstention:
    return against(candidate, Flipping.SPREAD, "", str(spread), str(WIDEST))


def _in_the_tail(candidate: Candidate, price: Price) -> Abstention | None:
    if price >= LEAST_ENTRY:
        return None
    return against(candidate, Flipping.TAIL, "", str(price), str(LEAST_ENTRY))


def _quiet(candidate: Candidate, prints: int) -> Abstention:
    if prints < LEAST_PRINTS:
        return against(candidate, Flipping.NO_FLOW, "", str(prints), str(LEAST_PRINTS))
    return against(candidate, Flipping.NO_FLOW, "no price of before to compare its prints with")


def _too_weak(candidate: Candidate, pushed: Push, least: float) -> Abstention | None:
    moved, lean = abs(pushed.moved), abs(pushed.imbalance)
    if moved < least:
        told = f"prices moved less than {MOVED:g} of the way to a target"
        return against(candidate, Flipping.NO_PUSH, told, f"{moved:.4f}", f"{least:.4f}")
    if lean < LEAN:
        return against(candidate, Flipping.NO_LEAN, "", f"{lean:.3f}", f"{LEAN:.3f}")
    return None


def _touch(book: OrderBook, side: Side) -> tuple[Price, Price] | None:
    """The best YES price to enter at, and the spread; None where a side is missing."""
    bid, ask = book.best_bid, book.best_ask
    if bid is None or ask is None:
        return None
    return (ask if side is Side.BID else bid).price, ask.price - bid.price


def _stakes(
    entry: Price, target: Price, stop: Price, fees: FeeTerms, leaving: FeeTerms, slip: float
) -> Stakes:
    """What the flip costs and pays, each net of its fee; stops are missed by so many dollars."""
    return Stakes(
        cost=float(entry) + fee_per_contract(fees, entry, is_taker=True),
        won=float(target) - fee_per_contract(leaving, target, is_taker=False),
        lost=float(stop) - slip - fee_per_contract(leaving, stop, is_taker=True),
    )


def _above(grid: PriceGrid, side: Side, price: Price) -> Price | None:
    """The lowest price of the outcome at or above, of which an order may be made."""
    yes = grid.ceil(price) if side is Side.BID else grid.floor(price.complement)
    return None if yes is None else outcome_price(side, yes)


def _below(grid: PriceGrid, side: Side, price: Price) -> Price | None:
    """The highest price of the outcome at or below, of which an order may be made."""
    yes = grid.floor(price) if side is Side.BID else grid.ceil(price.complement)
    return None if yes is None else outcome_price(side, yes)
