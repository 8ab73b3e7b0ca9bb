"""The Forecaster: probabilities of an event's markets, blind to their prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kalshi_cli.domain.deliberation import Prompt, Template
from kalshi_cli.domain.market import Event, Market
from kalshi_cli.forecasting.legs import (
    CHANCE,
    CHANCE_OR_NONE,
    POINTS,
    WORDS,
    Unfit,
    chance,
    chance_or_none,
    described,
    each_leg,
    points,
    question,
    words,
)

LEG: Mapping[str, Any] = {
    "base_rate": CHANCE_OR_NONE,
    "evidence_for": POINTS,
    "evidence_against": POINTS,
    "reasoning": WORDS,
    "probability": CHANCE,
    "low": CHANCE,
    "high": CHANCE,
}
"""Evidence before the number: what is written first is what the number can follow from."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the Forecaster says of one market. `low` and `high` bound its 80 % interval."""

    ticker: str
    probability: float
    low: float
    high: float
    base_rate: float | None
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]
    reasoning: str

    @property
    def confidence(self) -> float:
        return 1.0 - (self.high - self.low)


def ask(
    template: Template, event: Event, category: str, markets: Sequence[Market], now_us: int
) -> Prompt:
    """The question. No price can be in it: none is given."""
    parts = (described(event, category, markets, now_us),)
    return question(template, parts, [market.ticker for market in markets], LEG)


def opinions(answer: Mapping[str, Any], tickers: Sequence[str]) -> tuple[Opinion, ...]:
    """One opinion a market, in the order asked. Raises `Unfit` for an answer that is no such."""
    found = each_leg(answer, tickers, opinion)
    return tuple(found[ticker] for ticker in tickers)


def opinion(row: Mapping[str, Any]) -> Opinion:
    """One market's part. Raises `Unfit`."""
    middle, low, high = chance(row, "probability"), chance(row, "low"), chance(row, "high")
    if not low <= middle <= high:
        raise Unfit(f"the probability {middle} is outside its interval {low} to {high}")
    return Opinion(
        ticker=row["ticker"],
        probability=middle,
        low=low,
        high=high,
        base_rate=chance_or_none(row, "base_rate"),
        evidence_for=points(row, "evidence_for"),
        evidence_against=points(row, "evidence_against"),
        reasoning=words(row, "reasoning"),
    )
