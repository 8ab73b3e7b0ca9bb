"""What a forecast would have to say for a market to be traded: solved for, by the code that trades.

A surer forecast leaves more edge and a larger stake, never less: so the least one that would do is
found by halving. What it would have to say for the controls is asked of the order that comes of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from kalshi_cli.domain.code import Code
from kalshi_cli.domain.forecast import Forecast, Probability, probability
from kalshi_cli.domain.market import Quote
from kalshi_cli.domain.marks import benchmark
from kalshi_cli.domain.money import NO_COST
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.stop import At, End, Stop
from kalshi_cli.forecasting.blend import blend
from kalshi_cli.risk._base import RiskState
from kalshi_cli.risk._gate import first_denial
from kalshi_cli.steps.deciding import sized
from kalshi_cli.steps.funnel import of_silence
from kalshi_cli.steps.isolating import answered
from kalshi_cli.steps.means import means
from kalshi_cli.steps.trade_policy import TradePolicy
from kalshi_cli.strategies._base import Candidate, Strategy, View

SUREST = 0.9999
"""The farthest that a forecast is tried."""
CLOSE = 1e-4
"""How near to the least forecast that would do the answer is."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What is kept of a forecast while its probability is varied; `told` says whose it is.

    `confidence` is 1 - the width of its 80 % interval, `weight` its say against the market.
    """

    confidence: float
    weight: float
    slope: float
    slope_error: float
    logit_error: float
    told: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The forecast nearest the market that would have traded a side, and the order of it.

    `probability` is None where none would; `stop` is then what would stop even the surest before
    any control, or the control that denies the order of the least one that gets so far.
    """

    side: Side
    probability: Probability | None
    intent: OrderIntent | None
    stop: Stop | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One market, as the strategy that trades on forecasts is shown it."""

    strategy: Strategy
    policy: TradePolicy
    view: View
    candidate: Candidate
    state: RiskState
    basis: Basis

    def said(self, chance: float, market: float) -> Forecast:
        """A forecast of this chance, as sure and with as much say as the basis."""
        width, at = 1.0 - self.basis.confidence, self.candidate.market
        low = chance * (1.0 - width)
        return Forecast(
            forecast_id="asked about",
            run_id="",
            ticker=at.ticker,
            event_ticker=at.event_ticker,
            category="",
            forecaster="",
            model="",
            made_us=self.view.now_us,
            probability=probability(chance),
            low=Probability(low),
            high=Probability(low + width),
            logit_error=self.basis.logit_error,
            weight=self.basis.weight,
            market=probability(market),
            blended=blend(chance, market, self.basis.weight, self.basis.slope),
            cost=NO_COST,
            rationale="",
            slope=self.basis.slope,
            slope_error=self.basis.slope_error,
        )


def wanted(asked: Asked, side: Side, quote: Quote) -> Wanted:
    """The least forecast that would trade this side. Pure, and as fast as some thirty looks."""
    market = benchmark(quote.bid, quote.ask)
    if market is None:
        stop = _stop(asked, At.STRATEGY, End.NO_ANCHOR, End.NO_ANCHOR.means)
        return Wanted(side, None, None, stop)
    surest = SUREST if side is Side.BID else 1.0 - SUREST
    at_best = _end(asked, asked.said(surest, market), side)
    if isinstance(at_best, Stop):
        return Wanted(side, None, None, at_best)
    chance = least(
        lambda p: isinstance(_end(asked, asked.said(p, market), side), OrderIntent),
        market,
        surest,
    )
    forecast = asked.said(chance, market)
    intent = _end(asked, forecast, side)
    assert isinstance(intent, OrderIntent)  # noqa: S101 - `least` tried it
    denial = first_denial(
        asked.policy.controls, intent, _knowing(asked, forecast), asked.view.now_us
    )
    if denial is not None:
        numbers = (denial.value, denial.limit, denial.detail)
        stop = Stop(asked.strategy.name, intent.ticker, At.CONTROL, denial.code, *numbers)
        return Wanted(side, None, None, stop)
    return Wanted(side, probability(chance), intent, None)


def least(does: Callable[[float], bool], start: float, enough: float) -> float:
    """The number nearest `start` that does, to within `CLOSE`; `enough` is known to.

    Once one does, so must all that lie between it and `enough`.
    """
    if does(start):
        return start
    fails, works = start, enough
    while abs(works - fails) > CLOSE:
        middle = (works + fails) / 2
        if does(middle):
            works = middle
        else:
            fails = middle
    return works


def _end(asked: Asked, forecast: Forecast, side: Side) -> OrderIntent | Stop:
    """The order that would come of a forecast on a side, or what stops it before any control."""
    proposal = _proposed(asked, forecast, side)
    if isinstance(proposal, Stop):
        return proposal
    state = _knowing(asked, forecast)
    capital = means(
        state,
        strategy=asked.strategy.name,
        kelly_fraction=asked.policy.kelly_fraction,
        probation_stake=asked.policy.probation_stake,
    )
    books = {t: facts.book for t, facts in state.facts.items() if facts.book is not None}
    sizing = sized([proposal], asked.policy, books, capital, state.facts)
    if sizing.intents:
        return sizing.intents[0]
    unsized = sizing.unsized[0]
    return _stop(asked, At.STAKE, unsized.reason, unsized.detail)


def _proposed(asked: Asked, forecast: Forecast, side: Side) -> Proposal | Stop:
    """What the strategy would propose on a side, or why it would not."""
    sure, least_sure = forecast.confidence, asked.policy.min_confidence
    if sure < least_sure:
        told, numbers = "so unsure a forecast is no candidate", (f"{sure:.3f}", f"{least_sure:.3f}")
        return _stop(asked, At.STRATEGY, End.MIN_CONFIDENCE, told, *numbers)
    view = replace(asked.view, candidates=(replace(asked.candidate, forecast=forecast),))
    answer = answered(asked.strategy.propose, view)
    if isinstance(answer, str):
        return _stop(asked, At.STRATEGY, End.BROKEN, answer)
    if answer.proposals and answer.proposals[0].side is side:
        return answer.proposals[0]
    if answer.proposals:
        return _stop(asked, At.STRATEGY, End.OTHER_SIDE, End.OTHER_SIDE.means)
    return of_silence(
        asked.strategy.name,
        asked.candidate.market.ticker,
        answer.abstentions.get(asked.candidate.market.ticker),
    )


def _knowing(asked: Asked, forecast: Forecast) -> RiskState:
    """What the controls would see with this forecast on record."""
    ticker, facts = asked.candidate.market.ticker, asked.state.facts
    knowing = {**facts, ticker: replace(facts[ticker], forecast=forecast)}
    return replace(asked.state, facts=knowing)


def _stop(asked: Asked, at: At, code: Code, detail: str, value: str = "", limit: str = "") -> Stop:
    return Stop(asked.strategy.name, asked.candidate.market.ticker, at, code, value, limit, detail)
