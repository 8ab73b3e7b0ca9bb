"""Market making: rest on both sides of a market, and be paid the spread by who is in a hurry.

Quotes lie around a reservation price that gives way to what is held, and never nearer to the fair
value than what those know who trade with us, plus the fee. They are made where others leave room:
a market with a spread of one tick, or one that jumped, whose fills lost money, whose book or tape
could not be read, or that is about to be decided, is not quoted. A quote that is still about right
stays, since its place in the queue is worth more than the last tick.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.book import OrderBook, reaches
from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.markout import middle
from kalshi_cli.domain.money import Contracts, Price, spoken_cents
from kalshi_cli.domain.order import LIVE, Order, Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side, spoken_net
from kalshi_cli.forecasting.logit import expit, logit
from kalshi_cli.forecasting.reservation import decay, half_spread, quote_prices
from kalshi_cli.portfolio.edge import SLACK, chance
from kalshi_cli.portfolio.rewards import reward_per_hour
from kalshi_cli.strategies._base import Abstention, Candidate, Strategy, View
from kalshi_cli.strategies._codes import Making
from kalshi_cli.strategies._quotable import (
    JUMP,
    WHOLE,
    Case,
    Maker,
    against,
    close_up,
    idle,
    promise,
)

LOOKED_AT = 2
"""How many markets are looked at for each one that may be quoted."""
FARTHEST = 1.5
"""No new quotes farther away than this, in half-spreads of others: only who knows comes so far."""
BAND = 3
"""A quote stays while it is within a tick, or this part (a third) of the half-spread, of right."""


@dataclass(frozen=True, slots=True)
class _Rank:
    """How the markets that are not ours stand by their quotes: what each promises an hour, or what
    is against it, and those that are looked at close up. `last` is the least promise of these.
    """

    promises: Mapping[str, float | Abstention]
    chosen: frozenset[str]
    last: float


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
        own = {c.market.ticker for c in (*view.candidates, *view.dropped) if _is_ours(c)}
        return tuple(sorted(own | self._rank(view).chosen))

    def withdraws(self, quote: Order, book: OrderBook | None) -> str:
        """Where nobody else is left to lean on, the market jumped, or is about to take it."""
        intent = quote.intent
        fair = None if book is None else middle(book)
        if fair is None or intent.fair is None:
            return "nobody else quotes both sides"
        moved = logit(fair) - logit(intent.fair)
        if abs(moved) > JUMP:
            was, now = (_worth_of(intent.side, each) for each in (intent.fair, fair))
            return f"the market moved from {was} to {now}"
        if intent.side.sign * (fair - float(intent.limit)) <= 0:
            return f"the market is at {_worth_of(intent.side, fair)}, beyond the quote"
        return ""

    def propose(self, view: View) -> tuple[Proposal | Abstention, ...]:
        """Both sides of the best markets, in whole contracts and what part of one is to be closed;
        those that are held are always quoted against, also in markets that a filter has dropped
        since.
        """
        rank, maker = self._rank(view), self._maker(view)
        judged = {c.market.ticker: _judged(c, view, maker, rank) for c in view.candidates}
        left = [close_up(candidate, view, maker) for candidate in view.dropped]
        cases = [case for case in judged.values() if isinstance(case, Case)]
        worth = {case.ticker: self._worth(case, view.now_us) for case in cases}
        wanted = [case for case in cases if case.held or _pays(worth[case.ticker])]
        wanted.sort(key=lambda case: _order(case, worth[case.ticker]))
        chosen, late = wanted[: self.max_quoted_markets], wanted[self.max_quoted_markets :]
        found = [p for case in chosen for p in self._both(case, view.now_us, reducing=False)]
        late += [case for case in left if isinstance(case, Case)]
        found += [p for case in late for p in self._both(case, view.now_us, reducing=True)]
        quoted = {proposal.ticker for proposal in found}
        silent = [case for ticker, case in sorted(judged.items()) if ticker not in quoted]
        why = (self._why(case, worth, chosen) for case in silent)
        return (*sorted(found, key=lambda p: (p.ticker, p.side)), *why)

    def _maker(self, view: View) -> Maker:
        bankroll = float(view.bankroll)
        inventory, quote = bankroll * self.inventory_share, bankroll * self.quote_share
        return Maker(inventory, quote, self.attended_every_s)

    def _rank(self, view: View) -> _Rank:
        maker, now_us = self._maker(view), view.now_us
        free = [candidate for candidate in view.candidates if not _is_ours(candidate)]
        promises = {c.market.ticker: promise(c, now_us, maker) for c in free}
        able = [(-p, ticker) for ticker, p in promises.items() if not isinstance(p, Abstention)]
        best = sorted(able)[: LOOKED_AT * self.max_quoted_markets]
        last = min((-paid for paid, _ in best), default=0.0)
        return _Rank(promises, frozenset(ticker for _, ticker in best), last)

    def _why(
        self,
        case: Case | Abstention,
        worth: Mapping[str, float | Abstention],
        chosen: Sequence[Case],
    ) -> Abstention:
        """Why a market is not quoted, in the order in which it is decided."""
        if isinstance(case, Abstention):
            return case
        own = worth[case.ticker]
        if isinstance(own, Abstention) and not case.held:
            return own
        if case not in chosen:
            return self._outranked(case, worth, chosen)
        limits = [self._limit(case, side) for side in Side if _count(case, side, reducing=False)]
        if not limits:
            return case.against(Making.SMALL_SHARE)
        if all(limit is None for limit in limits):
            return case.against(Making.NO_PRICE)
        return case.against(Making.CROSSES)

    def _outranked(
        self, case: Case, worth: Mapping[str, float | Abstention], chosen: Sequence[Case]
    ) -> Abstention:
        """Against the last of those that won by what they pay; no number where all are held."""
        most = self.max_quoted_markets
        rivals = [c for c in chosen if bool(c.held) is bool(case.held)]
        if not rivals:
            told = f"it may quote {most} market{'s' * (most != 1)}, and what is held comes first"
            return case.against(Making.OUTRANKED, told)
        own, last = (_counted(c, worth[c.ticker]) for c in (case, rivals[-1]))
        told = "others count for more: their dollars an hour, half as much again if quoted already"
        return case.against(Making.OUTRANKED, told, f"{own:.4f}", f"{last:.4f}")

    def _both(self, case: Case, now_us: int, *, reducing: bool) -> list[Proposal]:
        """The quotes of a market; only the side that works off what is held where `reducing`."""
        sides = (s for s in (Side.BID, Side.ASK) if not reducing or case.held * s.sign < 0)
        quotes = (self._quote(case, side, now_us, reducing=reducing) for side in sides)
        return [quote for quote in quotes if quote is not None]

    def _limit(self, case: Case, side: Side) -> Price | None:
        """Where a side is quoted, snapped away from the fair value; None beyond the grid."""
        prices = quote_prices(
            case.fair,
            max(-1.0, min(1.0, case.held / max(1, case.most))),
            case.variance,
            case.hours_left,
            risk_aversion=self.risk_aversion,
            decay=decay(case.fair, case.half),
            floor=case.least,
        )
        return case.grid.floor(prices.bid) if side is Side.BID else case.grid.ceil(prices.ask)

    def _quote(self, case: Case, side: Side, now_us: int, *, reducing: bool) -> Proposal | None:
        """One side; None where there is no room or no price for it, or it would trade at once."""
        limit, count = self._limit(case, side), _count(case, side, reducing=reducing)
        if limit is None or not count or _meets(case, side, limit):
            return None
        limit = _kept(case, side, limit) or limit
        return Proposal(
            ticker=case.ticker,
            side=side,
            limit=limit,
            fair=case.fair,
            purpose=Purpose.QUOTE,
            max_contracts=Contracts(count),
            reason=(
                f"fair {_worth_of(side, case.fair)}, at least {spoken_cents(case.floor)} away; "
                f"sigma {math.sqrt(case.variance):.3f} an hour, "
                f"{spoken_net(case.candidate.held)} held"
            ),
            resting=True,
            expires_us=min(now_us + int(self.quote_minutes * MINUTE), case.stop_us),
            closes=Contracts(min(_closes(case, side), count)),
        )

    def _worth(self, case: Case, now_us: int) -> float | Abstention:
        """Dollars an hour expected of quoting a market, with what the exchange pays for it.

        Fills thin out with the distance from the fair value, in others' half-spreads; half of them
        come to each side.
        """
        apart = half_spread(
            case.variance, risk_aversion=self.risk_aversion, decay=decay(case.fair, case.half)
        )
        at = logit(case.fair)
        below, above = case.fair - expit(at - apart), expit(at + apart) - case.fair
        sides = [max(case.least, away) for away in (below, above)]
        nearest = min(sides)
        if nearest > FARTHEST * case.half:
            most = f"{FARTHEST * case.half:.4f}"
            return case.against(Making.TOO_FAR, "", f"{nearest:.4f}", most)
        fills = float(case.candidate.quote.volume_24h) / 24 / len(sides)
        kept = [math.exp(-away / case.half) * (away - case.floor) for away in sides]
        bid = case.book.best_bid
        behind = nearest - case.half
        reward = reward_per_hour(
            case.candidate.incentives,
            now_us,
            size=case.clip / WHOLE,
            others=0.0 if bid is None else float(bid.count),
            steps_behind=max(0, round(behind / _tick(case.grid, case.fair))),
        )
        worth = fills * sum(kept) + reward
        return worth if worth > 0.0 else idle(case.candidate)


def _worth_of(side: Side, fair: float) -> str:
    """What a contract of the outcome that a quote buys is worth."""
    return spoken_cents(chance(side, fair))


def _is_ours(candidate: Candidate) -> bool:
    return bool(candidate.held) or candidate.is_working


def _pays(worth: float | Abstention) -> bool:
    return not isinstance(worth, Abstention)


def _judged(candidate: Candidate, view: View, maker: Maker, rank: _Rank) -> Case | Abstention:
    """A market close up; by its quote and its rank where it is not looked at."""
    ticker = candidate.market.ticker
    promised = rank.promises.get(ticker)
    if candidate.book is not None or promised is None or ticker in rank.chosen:
        return close_up(candidate, view, maker)
    if isinstance(promised, Abstention):
        return promised
    told = "others promise more by their quotes, in dollars an hour"
    return against(candidate, Making.OUTRANKED, told, f"{promised:.4f}", f"{rank.last:.4f}")


def _order(case: Case, worth: float | Abstention) -> tuple[bool, float, str]:
    """Inventory first, then the worth."""
    return not case.held, -_counted(case, worth), case.ticker


def _counted(case: Case, worth: float | Abstention) -> float:
    """Dollars an hour by which a market is ranked; half as much again if it is quoted already."""
    stays = 1.5 if case.candidate.is_working else 1.0
    return 0.0 if isinstance(worth, Abstention) else worth * stays


def _count(case: Case, side: Side, *, reducing: bool) -> int:
    """Contracts of a side, in units: whole ones, and what part of one is to be closed.

    A share that does not pay for one contract is no reason to keep what is held: one may go.
    """
    room = abs(case.held) if reducing else case.most - side.sign * case.held
    whole, odd = divmod(_closes(case, side), WHOLE)
    clip = max(case.clip, WHOLE if whole else 0)
    return max(0, min(clip, room - odd)) // WHOLE * WHOLE + odd


def _closes(case: Case, side: Side) -> int:
    """What there is on the other side of it, in units."""
    return max(0, -side.sign * case.held)


def _meets(case: Case, side: Side, limit: Price) -> bool:
    """Whether a quote would trade at once, with others or with our own quote of the other side."""
    prices = [level.price for level in case.book.against(side)[:1]]
    prices += [o.worst_limit for o in case.candidate.orders if o.intent.side is side.opposite]
    return any(reaches(side, limit, price) for price in prices)


def _kept(case: Case, side: Side, limit: Price) -> Price | None:
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
