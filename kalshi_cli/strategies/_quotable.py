"""Whether a maker may quote a market, and what is first against it: by its quote alone, as for the
thousands that are not looked at close up, or by its book and tape.
"""

import math
from dataclasses import dataclass

from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FeeTerms, fee_per_contract
from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.instant import HOUR, MINUTE, format_span
from kalshi_cli.domain.markout import between
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.forecasting.logit import logit
from kalshi_cli.forecasting.volatility import implied_variance, moves, variance_per_hour
from kalshi_cli.portfolio.adverse import START, allowance, kept_at_best
from kalshi_cli.portfolio.rewards import reward_per_hour
from kalshi_cli.strategies._base import Abstention, Candidate, View
from kalshi_cli.strategies._codes import Making

LEAST_FAIR = 0.05
"""Nearer to $0 or $1 than this a market is left alone: a tick there is most of the price."""
WIDEST = Price(2_000)
"""Spreads from here on are no market to lean on, in dollars."""
CLOSING_US = 15 * MINUTE
CLOSING_SHARE = 20
"""No quotes so near the end, nor in the last part (one 20th) of a market's life."""
GAIN = 0.1
"""What is asked for beyond what fills lose and the fee, in half-spreads of others."""
CAUGHT = 0.75
"""What a market moves by itself between two looks, at most, as a part of others' half-spread.

They follow it, and we come too late: beyond this we trade mostly with who was there first.
"""
JUMP = 0.3
"""Log-odds by which a market moves at once when something happened: 7 cents where it is even."""
JUMP_DEVIATIONS = 4.0
"""And so many standard deviations of what it moves in that time by itself."""
JUMP_REST_US = 15 * MINUTE
"""How long a market that jumped is left alone."""
WHOLE = 100
"""Units of a contract; quotes are of whole ones."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Dollars that the inventory of a market may lose, dollars of a quote, and seconds of market
    time between two looks.
    """

    inventory: float
    quote: float
    every_s: float

    def clip(self, fair: float) -> int:
        """Contracts of a quote, in units."""
        return _contracts(self.quote, fair)

    def most(self, fair: float) -> int:
        """Contracts that may be held, in units."""
        return _contracts(self.inventory, fair)


@dataclass(frozen=True, slots=True)
class Case:
    """One market that can be quoted.

    `fair` is a probability, `variance` that of its log-odds an hour, `floor` the least half-spread
    and `half` others' half-spread (dollars), `most` the contracts that may be held, `clip` those of
    a quote. `stop_us` is when quotes must be gone.
    """

    candidate: Candidate
    book: OrderBook
    grid: PriceGrid
    fair: float
    variance: float
    hours_left: float
    floor: float
    half: float
    most: int
    clip: int
    stop_us: int

    @property
    def ticker(self) -> str:
        return self.candidate.market.ticker

    @property
    def held(self) -> int:
        return self.candidate.held.units

    @property
    def least(self) -> float:
        """How near a quote comes to the fair value, in dollars."""
        return self.floor + GAIN * self.half

    def against(self, code: Making, told: str = "", value: str = "", limit: str = "") -> Abstention:
        return against(self.candidate, code, told, value, limit)


@dataclass(frozen=True, slots=True)
class _Room:
    """What others bid and ask, with a price between them."""

    bid: Level
    ask: Level
    grid: PriceGrid

    @property
    def half(self) -> float:
        """Half of what others ask for, in dollars."""
        return (float(self.ask.price) - float(self.bid.price)) / 2


def promise(candidate: Candidate, now_us: int, maker: Maker) -> float | Abstention:
    """Dollars an hour that a market may pay, by its quote alone; never nothing."""
    quote = candidate.quote
    unfit = _unfit(candidate, now_us, CLOSING_US)
    room = unfit or _room(candidate, quote.bid, quote.ask)
    if isinstance(room, Abstention):
        return room
    fair, half = (float(room.bid.price) + float(room.ask.price)) / 2, room.half
    hours_left = (known_us(candidate, now_us) - now_us) / HOUR
    unfit = _in_the_tail(candidate, fair) or _too_fast(
        candidate, fair, half, implied_variance(hours_left), maker
    )
    if unfit is not None:
        return unfit
    reward = reward_per_hour(
        candidate.incentives,
        now_us,
        size=maker.clip(fair) / WHOLE,
        others=float(min(room.bid.count, room.ask.count)),
        steps_behind=0,
    )
    fee = fee_per_contract(_fees(candidate, now_us), room.bid.price, is_taker=False)
    edge = max(0.0, half * (1.0 - START) - fee)
    promised = edge * float(quote.volume_24h) / 24 + reward
    if promised > 0.0:
        return promised
    if edge > 0.0:
        return idle(candidate)
    return against(candidate, Making.MARKOUT, "", f"{half:.4f}", f"{half * START + fee:.4f}")


def close_up(candidate: Candidate, view: View, maker: Maker) -> Case | Abstention:
    """A market by its book and tape, whatever is held in it."""
    now_us, market = view.now_us, candidate.market
    book, trades = candidate.book, candidate.trades
    unfit = _unfit(candidate, now_us, MINUTE)
    if unfit is not None:
        return unfit
    if book is None or trades is None:
        return against(candidate, Making.UNREAD)
    room = _room(candidate, book.best_bid, book.best_ask)
    if isinstance(room, Abstention):
        return room
    fair, half = between(room.bid, room.ask), room.half
    own = [mark for mark in view.markouts if mark.ticker == market.ticker]
    hours_left = (known_us(candidate, now_us) - now_us) / HOUR
    variance = variance_per_hour(trades, hours_left)
    unfit = (
        _in_the_tail(candidate, fair)
        or _toxic(candidate, kept_at_best(own, now_us))
        or _jumped(candidate, fair, variance, now_us)
        or _too_fast(candidate, fair, half, variance, maker)
    )
    if unfit is not None:
        return unfit
    fee = max(_fee(_fees(candidate, now_us), fair, room.grid, side) for side in Side)
    return Case(
        candidate=candidate,
        book=book,
        grid=room.grid,
        fair=fair,
        variance=variance,
        hours_left=hours_left,
        floor=allowance(own, view.markouts, half) + fee,
        half=half,
        most=maker.most(fair),
        clip=maker.clip(fair),
        stop_us=_stop_us(candidate, now_us),
    )


def idle(candidate: Candidate) -> Abstention:
    return against(candidate, Making.NO_VOLUME)


def known_us(candidate: Candidate, now_us: int) -> int:
    """When the answer is expected to be known, at the latest when trading ends."""
    market, strike_us = candidate.market, candidate.event.strike_us
    ahead = [at for at in (market.expires_us, strike_us) if at is not None and at > now_us]
    return min([market.close_us, *ahead])


def _stop_us(candidate: Candidate, now_us: int) -> int:
    """When quotes must be gone."""
    market = candidate.market
    life = market.close_us - market.open_us
    return known_us(candidate, now_us) - max(CLOSING_US, life // CLOSING_SHARE)


def against(
    candidate: Candidate, code: Making, told: str = "", value: str = "", limit: str = ""
) -> Abstention:
    return Abstention(candidate.market.ticker, code, told or code.means, value, limit)


def _unfit(candidate: Candidate, now_us: int, least_us: int) -> Abstention | None:
    """What is against a market whatever its prices; quotes must have so much time left."""
    if candidate.market.grid is None:
        return against(candidate, Making.NO_GRID)
    if candidate.is_taken:
        return against(candidate, Making.TAKEN)
    stop_us = _stop_us(candidate, now_us)
    if stop_us - now_us >= least_us:
        return None
    known = known_us(candidate, now_us)
    left, least = known - now_us, known - stop_us + least_us
    told = f"it is decided in {format_span(left)}, {format_span(least)} are asked"
    return against(candidate, Making.CLOSING, told, str(left), str(least))


def _room(candidate: Candidate, bid: Level | None, ask: Level | None) -> _Room | Abstention:
    """Bid and ask, or why nobody can quote between them."""
    grid = candidate.market.grid
    if bid is None or ask is None or grid is None:
        return against(candidate, Making.NO_QUOTE)
    inside, spread = grid.above(bid.price), ask.price - bid.price
    if inside is None or inside >= ask.price:
        tick = spread if inside is None else inside - bid.price
        return against(candidate, Making.ONE_TICK, "", str(spread), str(tick + tick))
    if spread >= WIDEST:
        return against(candidate, Making.SPREAD, "", str(spread), str(WIDEST))
    return _Room(bid, ask, grid)


def _in_the_tail(candidate: Candidate, fair: float) -> Abstention | None:
    away = min(fair, 1.0 - fair)
    if away >= LEAST_FAIR:
        return None
    return against(candidate, Making.TAIL, "", f"{away:.4f}", f"{LEAST_FAIR:.4f}")


def _too_fast(
    candidate: Candidate, fair: float, half: float, variance: float, maker: Maker
) -> Abstention | None:
    """What a market moves by itself until we look again, one standard deviation, in dollars."""
    moved = fair * (1.0 - fair) * math.sqrt(variance * maker.every_s / 3_600)
    if moved <= CAUGHT * half:
        return None
    told = f"between two looks it moves more than {CAUGHT:.0%} of others' half-spread"
    return against(candidate, Making.VOLATILE, told, f"{moved:.4f}", f"{CAUGHT * half:.4f}")


def _toxic(candidate: Candidate, kept: float | None) -> Abstention | None:
    if kept is None or kept >= 0.0:
        return None
    return against(candidate, Making.TOXIC, "", f"{kept:.4f}", "0.0000")


def _jumped(candidate: Candidate, fair: float, variance: float, now_us: int) -> Abstention | None:
    """The jump of late, by a market's prints or by what our quotes were made on; None without."""
    quoted = (o.intent.fair for o in candidate.orders if o.intent.purpose is Purpose.QUOTE)
    recent = tuple(t for t in candidate.trades or () if now_us - t.at_us <= 2 * JUMP_REST_US)
    jumps = [(abs(logit(fair) - logit(was)), JUMP) for was in quoted if was is not None]
    jumps += [
        (abs(after - before), max(JUMP, JUMP_DEVIATIONS * math.sqrt(variance * span_us / HOUR)))
        for side in Side
        for before, after, span_us in moves(recent, side)
    ]
    for moved, most in jumps:
        if moved > most:
            return against(candidate, Making.JUMPED, "", f"{moved:.3f}", f"{most:.3f}")
    return None


def _fees(candidate: Candidate, now_us: int) -> FeeTerms:
    """The dearest terms while it may be quoted."""
    return candidate.fees_by(_stop_us(candidate, now_us))


def _fee(terms: FeeTerms, fair: float, grid: PriceGrid, side: Side) -> float:
    """Dollars a contract that the exchange takes of a maker about there."""
    price = grid.floor(fair) if side is Side.BID else grid.ceil(fair)
    return 0.0 if price is None else fee_per_contract(terms, price, is_taker=False)


def _contracts(dollars: float, fair: float) -> int:
    """Whole contracts for so much, of the dearer outcome, in units."""
    return int(dollars / max(fair, 1.0 - fair)) * WHOLE
