"""Does the bankroll grow as theory has it for what a forecaster knows, and not where it knows
nothing?

The markets are those of `growth_theory.py`. The desk's own strategy, sizing and fees decide one
after the other, which closes too soon for an order to wait; the bankroll compounds. Whole desks on
an exchange are in the study `oracle`.

Growth is told twice: as it was by the outcomes drawn, and as it is expected at the truth of each
market by what was bought, which leaves out that luck. Rows share their errors and outcomes.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FeeTerms, fill_fee
from kalshi_cli.domain.forecast import Forecast, probability
from kalshi_cli.domain.grid import LINEAR_CENT
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import DAY, MINUTE
from kalshi_cli.domain.market import Event, Market, MarketStatus, Quote
from kalshi_cli.domain.money import NO_CONTRACTS, NO_COST, NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.evaluation.interval import student_95
from kalshi_cli.forecasting.blend import anchored, blend
from kalshi_cli.portfolio.capital import Capital, Footing
from kalshi_cli.settings.sections import PRESETS, Settings, Trading
from kalshi_cli.steps.trade_policy import TradePolicy
from kalshi_cli.strategies._base import Candidate, View
from tests.studies.growth_theory import HALF_SPREAD, MARKETS, Case, Skill, Theory, cases

NOW = 1_800_000_000_000_000
LEFT_US = 40 * MINUTE
"""Until the close: orders wait for one 48th of that, and less than a minute is no wait."""
TERMS = FeeTerms("quadratic")
DEPTH = Contracts.parse("1000000.00")
START = Money.parse("10000.00")
EVENT = Event("E", "SERIES", "One of many", category="Study")
MARKET = Market(
    ticker="M",
    event_ticker="E",
    title="Will it?",
    status=MarketStatus.ACTIVE,
    open_us=NOW - DAY,
    close_us=NOW + LEFT_US,
    latest_expiration_us=NOW + DAY,
    grid=LINEAR_CENT,
)
RULES = {
    "beast": Trading(),
    "disciplined": Trading(preset="disciplined", **PRESETS["disciplined"]),
}


@dataclass(frozen=True)
class Grown:
    """One world: mean growth a market by its outcomes, and by its truths; how many markets were
    bought; dollars gained, those that were to be expected at the truths, and those that went into
    fees and half-spreads.
    """

    seed: int
    growth: float
    expected: float
    bought: int
    gained: float
    fair: float
    costs: float


def grow(seed: int, skill: Skill, rules: str) -> Grown:
    """Bet on a world's markets, one after the other."""
    settings = Settings(home=Path("unused"), trading=RULES[rules])
    trading = policies(Env.SIM, settings, "baseline").trading
    worth, growth, expected, bought, fair, costs = START, 0.0, 0.0, 0, 0.0, 0.0
    for case in cases(seed, skill):
        for intent in _intents(case, skill, worth, trading):
            price = _touch(case, intent.side)
            fee = fill_fee(TERMS, side=intent.side, price=price, count=intent.count, is_taker=True)
            cost = outcome_cost(intent.side, price, intent.count) + fee
            paid = Money(intent.count.units * 10_000)
            wins = case.truth if intent.side is Side.BID else 1.0 - case.truth
            won = (case.draw < case.truth) is (intent.side is Side.BID)
            ends = (worth - cost + paid, worth - cost)
            up, down = (math.log(float(each) / float(worth)) for each in ends)
            expected += wins * up + (1.0 - wins) * down
            fair += wins * float(paid) - float(cost)
            growth += up if won else down
            costs += float(fee) + HALF_SPREAD * float(intent.count)
            worth = worth - cost + (paid if won else NO_MONEY)
            bought += 1
    gained = float(worth - START)
    return Grown(seed, growth / MARKETS, expected / MARKETS, bought, gained, fair, costs)


def _intents(case: Case, skill: Skill, worth: Money, trading: TradePolicy) -> Sequence[OrderIntent]:
    """What the desk would buy."""
    quote = Quote(
        ticker="M",
        bid=Level(_touch(case, Side.ASK), DEPTH),
        ask=Level(_touch(case, Side.BID), DEPTH),
        last=None,
        volume=DEPTH,
        volume_24h=DEPTH,
        open_interest=DEPTH,
        at_us=NOW,
    )
    forecast = _forecast(case, skill)
    candidate = Candidate(EVENT, MARKET, quote, TERMS, forecast, NO_CONTRACTS, is_working=False)
    (strategy,) = trading.strategies
    said = strategy.propose(View(NOW, (candidate,)))
    proposals = tuple(each for each in said if isinstance(each, Proposal))
    if not proposals:
        return ()
    footing = Footing(
        event_ticker="E",
        category="Study",
        clusters=frozenset({"series", "day"}),
        fees=TERMS,
        forecast=forecast,
        fair=anchored(forecast, quote),
        market=case.market,
    )
    capital = Capital(
        strategy=strategy.name,
        bankroll=worth,
        cash=worth,
        limits=replace(trading.limits, strategy_allocation=trading.allocations[strategy.name]),
        kelly_fraction=trading.kelly_fraction,
        probation_stake=None,
        footings={"M": footing},
        by_ticker={},
        by_cluster={},
        by_category={},
        by_strategy=NO_MONEY,
    )
    book = OrderBook("M", (quote.bid,), (quote.ask,), NOW)
    return trading.sizing.size(proposals, {"M": book}, capital).intents


def _touch(case: Case, side: Side) -> Price:
    """What an order of this side trades at."""
    return Price(round(10_000 * (case.market + side.sign * HALF_SPREAD)))


def _forecast(case: Case, skill: Skill) -> Forecast:
    said = probability(case.said)
    return Forecast(
        forecast_id="f",
        run_id="study",
        ticker="M",
        event_ticker="E",
        category="Study",
        forecaster="study",
        model="study",
        made_us=NOW,
        probability=said,
        low=said,
        high=said,
        logit_error=skill.error,
        weight=skill.weight,
        market=probability(case.market),
        blended=blend(said, case.market, skill.weight),
        cost=NO_COST,
        rationale="",
    )


def between(values: Sequence[float]) -> tuple[float, float, float]:
    """A mean over worlds and its 95 % interval."""
    middle, error = mean(values), _error(values)
    reach = student_95(len(values) - 1) * error
    return middle, middle - reach, middle + reach


def _error(values: Sequence[float]) -> float:
    return stdev(values) / math.sqrt(len(values))


HEADING = (
    f"{'forecaster':<22} {'rules':<11} {'bought':>6} {'theory':>6} "
    f"{'growth: theory':>14} {'at the truth, 95 %':>24} {'as it came, 95 %':>24}"
)


def told(skill: Skill, rules: str, found: Sequence[Grown], known: Theory) -> str:
    """One row: shares of markets bought, and basis points of growth a market."""
    bought = sum(world.bought for world in found) / (MARKETS * len(found))
    sure = between([10_000 * world.expected for world in found])
    came = between([10_000 * world.growth for world in found])
    return (
        f"{skill.name:<22} {rules:<11} {bought:>6.1%} {known.bought:>6.1%} "
        f"{10_000 * known.growth:>14.2f} "
        + " ".join(f"{m:>8.2f} [{low:>6.2f},{high:>6.2f}]" for m, low, high in (sure, came))
    )


def told_of_costs(found: Sequence[Grown]) -> str:
    """What came of no skill, in dollars of $10,000 over a world's markets."""
    came, fair = (
        "${:+,.0f} [{:+,.0f}, {:+,.0f}]".format(*between(values))
        for values in ([world.gained for world in found], [world.fair for world in found])
    )
    costs = mean(world.costs for world in found)
    return f"  fees and spreads took ${costs:,.0f}; at the truth {fair}, as it came {came}"


FAR = 3.5
"""Standard errors from the theory: of two dozen means of twenty worlds, luck takes one so far once
in seventeen studies.
"""
Rows = Mapping[tuple[str, str], tuple[Theory, Sequence[Grown]]]
"""By skill and rules."""


def failed(skilled: Rows, blind: Rows) -> list[str]:
    """The claims that did not hold. The skilled are in the order of falling skill."""
    return [*_off_theory({**skilled, **blind}), *_not_by_skill(skilled), *_beyond_costs(blind)]


def _off_theory(rows: Rows) -> Iterator[str]:
    for (skill, rules), (known, found) in rows.items():
        for how, values in (
            ("at the truth", [world.expected for world in found]),
            ("as it came", [world.growth for world in found]),
        ):
            if _is_off(values, known.growth):
                yield f"{skill}, {rules}: growth {how} is the theory's"


def _not_by_skill(rows: Rows) -> Iterator[str]:
    for rules in RULES:
        own = [found for (_, each), (_, found) in rows.items() if each == rules]
        grown = [mean(world.expected for world in found) for found in own]
        if sorted(grown, reverse=True) != grown:
            yield f"{rules}: who knows more grows faster"
    for (skill, rules), (_, found) in rows.items():
        if between([world.expected for world in found])[1] <= 0.0:
            yield f"{skill}, {rules}: knowing grows"


def _beyond_costs(rows: Rows) -> Iterator[str]:
    for (skill, rules), (_, found) in rows.items():
        for how, values in (
            ("at the truth", [world.fair + world.costs for world in found]),
            ("as it came", [world.gained + world.costs for world in found]),
        ):
            if _is_off(values, 0.0):
                yield f"{skill}, {rules}: no skill ends within its costs of flat, {how}"


def _is_off(values: Sequence[float], known: float) -> bool:
    return abs(mean(values) - known) > FAR * _error(values)
