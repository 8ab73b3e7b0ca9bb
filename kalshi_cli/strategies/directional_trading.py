"""Directional trading: buy the side that the blended forecast makes cheap, and hold it.

The forecast is anchored to the market of this moment, not of the moment it was made: what the
market learned since counts for all that the forecaster does not claim to know better. A quote that
pays for its taker fee is taken up to the last price that keeps the edge; else an order waits
inside the spread. What the legs of an event are worth beside each other is for sizing to say.
Where a Trader was asked, nothing goes against its side or beyond its limit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.book import reaches
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.forecast import Advice, Forecast
from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.market import Quote
from kalshi_cli.domain.money import Price, spoken_cents
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.forecasting.blend import anchored
from kalshi_cli.portfolio.edge import SLACK, chance, net_edge, outcome_price
from kalshi_cli.strategies._base import Abstention, Candidate, Strategy, View
from kalshi_cli.strategies._codes import Directional

WAITING_SHARE = 48
"""A resting order waits at most this part (one 48th) of the time left until the close.

What is known of a market grows until the close, so its probability moves by about
sqrt(p (1 - p) / 48) in that time, 7 cents at most. Longer, and the order mostly fills when the
market has moved through it: worth less than was paid, however right the forecast was.
"""
MIN_WAIT_US = MINUTE
"""An order that may not wait this long is not worth sending."""


@dataclass(frozen=True, slots=True)
class _Idea:
    """A proposal with what ranks it: dollars a contract at the price it would trade at first."""

    proposal: Proposal
    edge: float


@dataclass(frozen=True, slots=True)
class _Case:
    """One market with everything an idea needs."""

    candidate: Candidate
    forecast: Forecast
    grid: PriceGrid
    fair: float
    now_us: int
    wait_us: int

    @property
    def until_us(self) -> int:
        """When an order that waits expires."""
        return self.now_us + self.wait_us

    def fees(self, *, is_taker: bool) -> FeeTerms:
        """The terms in force, or the dearest ones while an order waits."""
        candidate = self.candidate
        return candidate.fees if is_taker else candidate.fees_by(self.until_us)

    def against(
        self, code: Directional, told: str = "", value: str = "", limit: str = ""
    ) -> Abstention:
        return _against(self.candidate, code, told, value, limit)


@dataclass(frozen=True, slots=True)
class DirectionalTrading(Strategy):
    """Edges are dollars a contract after fees; resting entries wait `resting_minutes` at most."""

    min_net_edge: float
    min_confidence_to_trade: float
    resting_minutes: float

    name: ClassVar[str] = "directional_trading"

    def propose(self, view: View) -> tuple[Proposal | Abstention, ...]:
        found = (self._considered(candidate, view.now_us) for candidate in view.candidates)
        said = [each.proposal if isinstance(each, _Idea) else each for each in found]
        return tuple(sorted(said, key=lambda each: each.ticker))

    def _considered(self, candidate: Candidate, now_us: int) -> _Idea | Abstention:
        case = self._case(candidate, now_us)
        return case if isinstance(case, Abstention) else self._best_side(case)

    def _case(self, candidate: Candidate, now_us: int) -> _Case | Abstention:
        """An abstention where a forecast sure enough is missing, or a market to anchor to."""
        forecast, market = candidate.forecast, candidate.market
        if forecast is None:
            return _against(candidate, Directional.NO_FORECAST)
        fair = anchored(forecast, candidate.quote)
        if fair is None:
            return _against(candidate, Directional.NO_ANCHOR)
        if market.grid is None:
            return _against(candidate, Directional.NO_GRID)
        unfit = self._unfit(candidate, forecast, now_us)
        if unfit is not None:
            return unfit
        wait = min(int(self.resting_minutes * MINUTE), (market.close_us - now_us) // WAITING_SHARE)
        return _Case(candidate, forecast, market.grid, fair, now_us, wait)

    def _unfit(self, candidate: Candidate, forecast: Forecast, now_us: int) -> Abstention | None:
        """Why a market is not to be traded now, whatever its price."""
        if candidate.is_working:
            return _against(candidate, Directional.WORKING)
        if candidate.market.close_us <= now_us:
            return _against(candidate, Directional.CLOSED)
        least = self.min_confidence_to_trade
        if forecast.confidence >= least:
            return None
        told = f"the forecast is {forecast.confidence:.1%} sure, at least {least:.1%} is asked"
        sure = f"{forecast.confidence:.3f}"
        return _against(candidate, Directional.CONFIDENCE, told, sure, f"{least:.3f}")

    def _best_side(self, case: _Case) -> _Idea | Abstention:
        """The better side by the forecast; none where that is against what is held."""
        ideas = [idea for side in Side if (idea := self._idea(case, side)) is not None]
        ideas.sort(key=lambda idea: idea.edge)
        if not ideas:
            return self._nothing_pays(case)
        if len(ideas) == 2 and ideas[1].edge - ideas[0].edge <= SLACK:
            # the spread pays for that, not the forecast
            as_good = case.against(Directional.EITHER_SIDE)
            return as_good if case.forecast.weight else _mute(case)
        if case.candidate.held.units * ideas[-1].proposal.side.sign < 0:
            return case.against(Directional.AGAINST_HELD)
        return ideas[-1]

    def _nothing_pays(self, case: _Case) -> Abstention:
        """Why no side is worth its price: who has no say, who stands aside, or the best edge."""
        if not case.forecast.weight:
            return _mute(case)
        best = max(
            (
                (_edge(case, side, price, is_taker=is_taker), (side, price, is_taker))
                for side, price, is_taker in self._terms(case)
            ),
            key=lambda each: each[0],
            default=None,
        )
        if best is None:
            return case.against(Directional.NO_QUOTE)
        edge, (side, price, is_taker) = best
        if edge >= self.min_net_edge - SLACK:
            return case.against(Directional.TRADER, _objection(case.forecast.advice, side, price))
        told = (
            f"at best {spoken_cents(edge)} a contract, {'taking' if is_taker else 'waiting for'} "
            f"{_bought(side)} at {outcome_price(side, price).spoken}"
        )
        return case.against(Directional.NET_EDGE, told, f"{edge:.4f}", f"{self.min_net_edge:.4f}")

    def _terms(self, case: _Case) -> Iterable[tuple[Side, Price, bool]]:
        """All that it may trade at: side, YES price, and whether as a taker."""
        quote = case.candidate.quote
        for side, touch in ((Side.BID, quote.ask), (Side.ASK, quote.bid)):
            if touch is not None:
                yield side, touch.price, True
            if case.wait_us >= MIN_WAIT_US:
                for price in _waiting_prices(quote, case.grid, side):
                    yield side, price, False

    def _idea(self, case: _Case, side: Side) -> _Idea | None:
        return self._taking(case, side) or self._resting(case, side)

    def _taking(self, case: _Case, side: Side) -> _Idea | None:
        quote = case.candidate.quote
        touch = quote.ask if side is Side.BID else quote.bid
        if touch is None or not self._pays(case, side, touch.price, is_taker=True):
            return None
        limit = self._last_paying(case, side)
        if limit is None or not reaches(side, limit, touch.price):
            return None
        edge = _edge(case, side, touch.price, is_taker=True)
        return _Idea(_proposal(case, side, limit, edge, resting=False), edge)

    def _last_paying(self, case: _Case, side: Side) -> Price | None:
        """The worst price on the grid that still keeps the edge after the taker's fee."""
        bound = case.fair - side.sign * self.min_net_edge
        advice = case.forecast.advice
        if advice is not None and advice.limit is not None:
            bound = side.sign * min(side.sign * bound, side.sign * float(advice.limit))
        price = case.grid.floor(bound) if side is Side.BID else case.grid.ceil(bound)
        while price is not None and not self._pays(case, side, price, is_taker=True):
            price = _worse(case.grid, side.opposite, price)
        return price

    def _resting(self, case: _Case, side: Side) -> _Idea | None:
        if case.wait_us < MIN_WAIT_US:
            return None
        for price in _waiting_prices(case.candidate.quote, case.grid, side):
            if self._pays(case, side, price, is_taker=False):
                edge = _edge(case, side, price, is_taker=False)
                return _Idea(_proposal(case, side, price, edge, resting=True), edge)
        return None

    def _pays(self, case: _Case, side: Side, price: Price, *, is_taker: bool) -> bool:
        """Whether the edge is enough there, and a Trader who was asked would go along."""
        advice = case.forecast.advice
        if advice is not None and not advice.allows(side, price):
            return False
        return _edge(case, side, price, is_taker=is_taker) >= self.min_net_edge - SLACK


def _against(
    candidate: Candidate, code: Directional, told: str = "", value: str = "", limit: str = ""
) -> Abstention:
    return Abstention(candidate.market.ticker, code, told or code.means, value, limit)


def _objection(advice: Advice | None, side: Side, price: Price) -> str:
    """What the Trader has against the side with the edge, at the price where it has most."""
    if advice is None or advice.side is None:
        return "the Trader stands aside"
    if advice.side is not side or advice.limit is None:
        return f"the Trader would buy {_bought(advice.side)}, the edge is on {_bought(side)}"
    most, asked = outcome_price(side, advice.limit), outcome_price(side, price)
    return f"the Trader pays {most.spoken} for {_bought(side)} at most, not {asked.spoken}"


def _bought(side: Side) -> str:
    """What an order on that side buys."""
    return "YES" if side is Side.BID else "NO"


def _mute(case: _Case) -> Abstention:
    return case.against(Directional.WEIGHT, value="0.00", limit="over 0")


def _edge(case: _Case, side: Side, price: Price, *, is_taker: bool) -> float:
    terms = case.fees(is_taker=is_taker)
    return net_edge(side, fair=case.fair, price=price, terms=terms, is_taker=is_taker)


def _worse(grid: PriceGrid, side: Side, price: Price) -> Price | None:
    """The next price at which the side pays more."""
    return grid.above(price) if side is Side.BID else grid.below(price)


def _waiting_prices(quote: Quote, grid: PriceGrid, side: Side) -> Iterable[Price]:
    """Post-only prices worth waiting at: one tick inside the spread, else beside the best."""
    if quote.bid is None or quote.ask is None:
        return
    best = quote.bid.price if side is Side.BID else quote.ask.price
    inside = _worse(grid, side, best)
    if inside is not None and quote.bid.price < inside < quote.ask.price:
        yield inside
    if grid.contains(best):
        yield best


def _proposal(case: _Case, side: Side, limit: Price, edge: float, *, resting: bool) -> Proposal:
    worth, left = spoken_cents(chance(side, case.fair)), spoken_cents(edge)
    how = "waiting inside the spread" if resting else "taking the quote"
    return Proposal(
        ticker=case.candidate.market.ticker,
        side=side,
        limit=limit,
        fair=case.fair,
        purpose=Purpose.ENTRY,
        max_contracts=None,
        reason=f"{_bought(side)}, {how}: fair {worth}, net edge {left} a contract",
        resting=resting,
        expires_us=case.until_us if resting else None,
        forecast_id=case.forecast.forecast_id,
    )
