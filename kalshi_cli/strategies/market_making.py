"""Market making: rest on both sides of a market, and be paid the spread by who is in a hurry.

Quotes lie around a reservation price that gives way to what is held, and never nearer to the fair
value than what those know who trade with us, plus the fee. They are made where others leave room:
a market with a spread of one tick, or one that jumped, whose fills lost money, whose book or tape
could not be read, or that is about to be decided, is not quoted. A quote that is still about right
stays, since its place in the queue is worth more than the last tick.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.book import Level, OrderBook, reaches
from kalshi_cli.domain.fees import fee_per_contract
from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.markout import half_spread as distance
from kalshi_cli.domain.markout import middle
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Price
from kalshi_cli.domain.order import LIVE, Order, Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.forecasting.logit import expit, logit
from kalshi_cli.forecasting.reservation import decay, half_spread, quote_prices
from kalshi_cli.forecasting.volatility import implied_variance, moves, variance_per_hour
from kalshi_cli.portfolio.adverse import START, allowance, is_toxic
from kalshi_cli.portfolio.edge import SLACK
from kalshi_cli.portfolio.rewards import reward_per_hour
from kalshi_cli.strategies._base import Candidate, Strategy, View

LOOKED_AT = 2
"""How many markets are looked at for each one that may be quoted."""
LEAST_FAIR = 0.05
"""Nearer to $0 or $1 than this a market is left alone: a tick there is most of the price."""
WIDEST = Price(2_000)
"""Spreads from here on are no market to lean on, in dollars."""
CLOSING_US = 15 * MINUTE
CLOSING_SHARE = 20
"""No quotes so near the end, nor in the last part (one 20th) of a market's life."""
GAIN = 0.1
"""What is asked for beyond what fills lose and the fee, in half-spreads of others."""
FARTHEST = 1.5
"""No new quotes farther away than this, in half-spreads of others: only who knows comes so far."""
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
BAND = 3
"""A quote stays while it is within a tick, or this part (a third) of the half-spread, of right."""
_WHOLE = 100


@dataclass(frozen=True, slots=True)
class _Case:
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
    def held(self) -> int:
        return self.candidate.held.units

    @property
    def least(self) -> float:
        """How near a quote comes to the fair value, in dollars."""
        return self.floor + GAIN * self.half


@dataclass(frozen=True, slots=True)
class MarketMaking(Strategy):
    """Shares are of the bankroll: a quote's collateral, and what a market's inventory may lose.

    `attended_every_s` is how often quotes are looked at, in seconds of market time.
    """

    max_quoted_markets: int
    inventory_share: float
    quote_share: float
    risk_aversion: float
    quote_minutes: float
    attended_every_s: float

    name: ClassVar[str] = "market_making"

    def watches(self, view: View) -> tuple[str, ...]:
        """Where something is held or rests, and the most promising others by their quotes."""
        own = [c for c in (*view.candidates, *view.dropped) if _is_ours(c)]
        free = [c for c in view.candidates if not _is_ours(c) and _looks_open(c, view.now_us)]
        promising = sorted(
            (-promise, c.market.ticker) for c in free if (promise := self._promise(c, view)) > 0
        )
        chosen = [ticker for _, ticker in promising[: LOOKED_AT * self.max_quoted_markets]]
        return tuple(sorted([*chosen, *(c.market.ticker for c in own)]))

    def withdraws(self, quote: Order, book: OrderBook | None) -> str:
        """Where nobody else is left to lean on, the market jumped, or is about to take it."""
        intent = quote.intent
        fair = None if book is None else middle(book)
        if fair is None or intent.fair is None:
            return "nobody else quotes both sides"
        moved = logit(fair) - logit(intent.fair)
        if abs(moved) > JUMP:
            return f"the market moved from {intent.fair:.4f} to {fair:.4f}"
        if intent.side.sign * (fair - float(intent.limit)) <= 0:
            return f"the market is at {fair:.4f}, beyond the quote"
        return ""

    def propose(self, view: View) -> tuple[Proposal, ...]:
        """Both sides of the best markets, in whole contracts; those that are held are always quoted
        against, also in markets that a filter has dropped since.
        """
        cases = [case for c in view.candidates if (case := self._case(c, view)) is not None]
        worth = {case.candidate.market.ticker: self._worth(case, view.now_us) for case in cases}
        wanted = [case for case in cases if case.held or worth[case.candidate.market.ticker] > 0]
        wanted.sort(key=lambda case: _rank(case, worth[case.candidate.market.ticker]))
        chosen = wanted[: self.max_quoted_markets]
        late = [case for case in wanted[self.max_quoted_markets :] if case.held]
        found = [p for case in chosen for p in self._both(case, view.now_us, reducing=False)]
        late += [case for c in view.dropped if (case := self._case(c, view)) is not None]
        found += [p for case in late for p in self._both(case, view.now_us, reducing=True)]
        return tuple(sorted(found, key=lambda p: (p.ticker, p.side)))

    def _promise(self, candidate: Candidate, view: View) -> float:
        """Dollars an hour that a market may pay, by its quote alone."""
        quote, spread = candidate.quote, candidate.quote.spread
        if spread is None or quote.bid is None or quote.ask is None:
            return 0.0
        fair = (float(quote.bid.price) + float(quote.ask.price)) / 2
        fee = fee_per_contract(candidate.fees, quote.bid.price, is_taker=False)
        edge = max(0.0, float(spread) / 2 * (1.0 - START) - fee)
        hours_left = (_known_us(candidate, view.now_us) - view.now_us) / HOUR
        if self._caught(fair, implied_variance(hours_left)) > CAUGHT * float(spread) / 2:
            return 0.0
        reward = reward_per_hour(
            candidate.incentives,
            view.now_us,
            size=self._clip(fair, view) / _WHOLE,
            others=float(min(quote.bid.count, quote.ask.count)),
            steps_behind=0,
        )
        return edge * float(quote.volume_24h) / 24 + reward

    def _clip(self, fair: float, view: View) -> int:
        return int(float(view.bankroll) * self.quote_share / max(fair, 1.0 - fair)) * _WHOLE

    def _case(self, candidate: Candidate, view: View) -> _Case | None:
        """None where the market is not to be quoted, whatever is held in it."""
        market, book, trades = candidate.market, candidate.book, candidate.trades
        stop_us = _stop_us(candidate, view.now_us)
        if market.grid is None or book is None or trades is None or candidate.is_taken:
            return None
        if stop_us - view.now_us < MINUTE:
            return None
        fair, half = middle(book), _half_of_others(book, market.grid)
        if fair is None or half is None or not LEAST_FAIR <= fair <= 1.0 - LEAST_FAIR:
            return None
        own = [mark for mark in view.markouts if mark.ticker == market.ticker]
        hours_left = (_known_us(candidate, view.now_us) - view.now_us) / HOUR
        variance = variance_per_hour(trades, hours_left)
        if is_toxic(own, view.now_us) or _jumped(candidate, fair, variance, view.now_us):
            return None
        if self._caught(fair, variance) > CAUGHT * half:
            return None
        fee = max(_fee(candidate, fair, market.grid, side) for side in Side)
        stake = float(view.bankroll) * self.inventory_share
        return _Case(
            candidate=candidate,
            book=book,
            grid=market.grid,
            fair=fair,
            variance=variance,
            hours_left=hours_left,
            floor=allowance(own, view.markouts, half) + fee,
            half=half,
            most=int(stake / max(fair, 1.0 - fair)) * _WHOLE,
            clip=self._clip(fair, view),
            stop_us=stop_us,
        )

    def _caught(self, fair: float, variance: float) -> float:
        """Dollars that a market moves by itself until we look again: one standard deviation."""
        return fair * (1.0 - fair) * math.sqrt(variance * self.attended_every_s / 3_600)

    def _both(self, case: _Case, now_us: int, *, reducing: bool) -> list[Proposal]:
        """The quotes of a market; only the side that works off what is held where `reducing`."""
        if case.most <= 0:
            return []
        prices = quote_prices(
            case.fair,
            max(-1.0, min(1.0, case.held / case.most)),
            case.variance,
            case.hours_left,
            risk_aversion=self.risk_aversion,
            decay=decay(case.fair, case.half),
            floor=case.least,
        )
        found: list[Proposal] = []
        for side, price in ((Side.BID, prices.bid), (Side.ASK, prices.ask)):
            if not reducing or case.held * side.sign < 0:
                proposal = self._quote(case, side, price, now_us, reducing=reducing)
                found += [] if proposal is None else [proposal]
        return found

    def _quote(
        self, case: _Case, side: Side, price: float, now_us: int, *, reducing: bool
    ) -> Proposal | None:
        """One side, snapped away from the fair value; None where there is no room for it."""
        limit = case.grid.floor(price) if side is Side.BID else case.grid.ceil(price)
        room = abs(case.held) if reducing else case.most - side.sign * case.held
        count = min(case.clip, room)
        if limit is None or count < _WHOLE or _meets(case, side, limit):
            return None
        limit = _kept(case, side, limit) or limit
        closes = max(0, -side.sign * case.held)
        return Proposal(
            ticker=case.candidate.market.ticker,
            side=side,
            limit=limit,
            fair=case.fair,
            purpose=Purpose.QUOTE,
            max_contracts=Contracts(count // _WHOLE * _WHOLE),
            reason=(
                f"fair {case.fair:.4f}, at least {case.floor:.4f} away; "
                f"sigma {math.sqrt(case.variance):.3f} an hour, {case.candidate.held} held"
            ),
            resting=True,
            expires_us=min(now_us + int(self.quote_minutes * MINUTE), case.stop_us),
            closes=Contracts(min(closes, count)) if closes else NO_CONTRACTS,
        )

    def _worth(self, case: _Case, now_us: int) -> float:
        """Dollars an hour expected of quoting a market, with what the exchange pays for it.

        Fills thin out with the distance from the fair value, in others' half-spreads; 0 too far.
        """
        half = half_spread(
            case.variance, risk_aversion=self.risk_aversion, decay=decay(case.fair, case.half)
        )
        away = max(case.least, case.fair - expit(logit(case.fair) - half))
        if away > FARTHEST * case.half:
            return 0.0
        fills = float(case.candidate.quote.volume_24h) / 24 * math.exp(-away / case.half)
        bid = case.book.best_bid
        behind = away - case.half
        reward = reward_per_hour(
            case.candidate.incentives,
            now_us,
            size=case.clip / _WHOLE,
            others=0.0 if bid is None else float(bid.count),
            steps_behind=max(0, round(behind / _tick(case.grid, case.fair))),
        )
        return fills * (away - case.floor) + reward


def _is_ours(candidate: Candidate) -> bool:
    return bool(candidate.held) or candidate.is_working


def _looks_open(candidate: Candidate, now_us: int) -> bool:
    """Whether a market's quote leaves room for another maker."""
    market, quote = candidate.market, candidate.quote
    if market.grid is None or candidate.is_taken or quote.bid is None or quote.ask is None:
        return False
    if _stop_us(candidate, now_us) - now_us < CLOSING_US:
        return False
    fair = (float(quote.bid.price) + float(quote.ask.price)) / 2
    return LEAST_FAIR <= fair <= 1.0 - LEAST_FAIR and _has_room(quote.bid, quote.ask, market.grid)


def _has_room(bid: Level, ask: Level, grid: PriceGrid) -> bool:
    """Whether there is a price between bid and ask, and they are near enough to mean something."""
    inside = grid.above(bid.price)
    return inside is not None and inside < ask.price and ask.price - bid.price < WIDEST


def _half_of_others(book: OrderBook, grid: PriceGrid) -> float | None:
    """Half of what others ask for, in dollars; None where they leave no room."""
    bid, ask = book.best_bid, book.best_ask
    if bid is None or ask is None or not _has_room(bid, ask, grid):
        return None
    return distance(book)


def _known_us(candidate: Candidate, now_us: int) -> int:
    """When the answer is expected to be known, at the latest when trading ends."""
    market, strike_us = candidate.market, candidate.event.strike_us
    ahead = [at for at in (market.expires_us, strike_us) if at is not None and at > now_us]
    return min([market.close_us, *ahead])


def _stop_us(candidate: Candidate, now_us: int) -> int:
    """When quotes must be gone."""
    market = candidate.market
    life = market.close_us - market.open_us
    return _known_us(candidate, now_us) - max(CLOSING_US, life // CLOSING_SHARE)


def _jumped(candidate: Candidate, fair: float, variance: float, now_us: int) -> bool:
    """Whether a market jumped of late, by its prints or by what our quotes were made on."""
    quoted = (o.intent.fair for o in candidate.orders if o.intent.purpose is Purpose.QUOTE)
    if any(abs(logit(fair) - logit(was)) > JUMP for was in quoted if was is not None):
        return True
    recent = tuple(t for t in candidate.trades or () if now_us - t.at_us <= 2 * JUMP_REST_US)
    return any(
        abs(after - before) > max(JUMP, JUMP_DEVIATIONS * math.sqrt(variance * span_us / HOUR))
        for side in Side
        for before, after, span_us in moves(recent, side)
    )


def _fee(candidate: Candidate, fair: float, grid: PriceGrid, side: Side) -> float:
    """Dollars a contract that the exchange takes of a maker about there."""
    price = grid.floor(fair) if side is Side.BID else grid.ceil(fair)
    return 0.0 if price is None else fee_per_contract(candidate.fees, price, is_taker=False)


def _rank(case: _Case, worth: float) -> tuple[bool, float, str]:
    """Inventory first, then the worth; one that is quoted already counts half as much again."""
    stays = 1.5 if case.candidate.is_working else 1.0
    return not case.held, -worth * stays, case.candidate.market.ticker


def _meets(case: _Case, side: Side, limit: Price) -> bool:
    """Whether a quote would trade at once, with others or with our own quote of the other side."""
    prices = [level.price for level in case.book.against(side)[:1]]
    prices += [o.worst_limit for o in case.candidate.orders if o.intent.side is side.opposite]
    return any(reaches(side, limit, price) for price in prices)


def _kept(case: _Case, side: Side, limit: Price) -> Price | None:
    """The price of a quote that rests already, where it is about right and gives nothing away."""
    for order in case.candidate.orders:
        intent = order.intent
        if (
            intent.purpose is not Purpose.QUOTE
            or intent.side is not side
            or order.state not in LIVE
        ):
            continue
        away = side.sign * (case.fair - float(intent.limit))
        off = abs(float(intent.limit) - float(limit))
        band = max(_tick(case.grid, case.fair), abs(case.fair - float(limit)) / BAND)
        if away >= case.floor - SLACK and off <= band + SLACK:
            return intent.limit
    return None


def _tick(grid: PriceGrid, fair: float) -> float:
    """The distance between two prices about there, in dollars."""
    low = grid.floor(fair)
    above = None if low is None else grid.above(low)
    return 0.01 if low is None or above is None else float(above) - float(low)
