"""The Critic looks for what makes a forecast worthless. It may veto or widen, no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from kalshi_cli.domain.deliberation import Prompt, Template
from kalshi_cli.domain.market import Event, Market
from kalshi_cli.forecasting.forecaster import Opinion
from kalshi_cli.forecasting.legs import (
    CHANCE_OR_NONE,
    POINTS,
    chance_or_none,
    described,
    each_leg,
    one_of,
    points,
    question,
)
from kalshi_cli.forecasting.untrusted import block


class Ruling(StrEnum):
    """What the Critic makes of a forecast."""

    ACCEPT = "accept"
    WIDEN = "widen"
    VETO = "veto"


LEG: Mapping[str, Any] = {
    "problems": POINTS,
    "ruling": {"type": "string", "enum": [ruling.value for ruling in Ruling]},
    "low": CHANCE_OR_NONE,
    "high": CHANCE_OR_NONE,
}


@dataclass(frozen=True, slots=True)
class Review:
    """The ruling on one market; `low` and `high` are the interval it would have, None as it is."""

    ticker: str
    ruling: Ruling
    low: float | None
    high: float | None
    problems: tuple[str, ...]


def ask(
    template: Template,
    event: Event,
    category: str,
    markets: Sequence[Market],
    opinions: Sequence[Opinion],
    now_us: int,
) -> Prompt:
    """The question: the event as the Forecaster saw it, and what it said. No price here either."""
    said = [block("forecast", told(opinion)) for opinion in opinions]
    parts = (described(event, category, markets, now_us), *said)
    return question(template, parts, [opinion.ticker for opinion in opinions], LEG)


def reviews(answer: Mapping[str, Any], tickers: Sequence[str]) -> dict[str, Review]:
    """One review a market. Raises `Unfit` for an answer that is no such."""
    return each_leg(answer, tickers, review)


def widened(opinion: Opinion, ruled: Review) -> Opinion:
    """The opinion with an interval at least as wide; its probability stays what it is."""
    if ruled.ruling is not Ruling.WIDEN:
        return opinion
    low = opinion.low if ruled.low is None else min(opinion.low, ruled.low)
    high = opinion.high if ruled.high is None else max(opinion.high, ruled.high)
    return replace(opinion, low=low, high=high)


def review(row: Mapping[str, Any]) -> Review:
    """One market's part. Raises `Unfit`."""
    return Review(
        ticker=row["ticker"],
        ruling=Ruling(one_of(row, "ruling", [ruling.value for ruling in Ruling])),
        low=chance_or_none(row, "low"),
        high=chance_or_none(row, "high"),
        problems=points(row, "problems"),
    )


def told(opinion: Opinion) -> str:
    """An opinion in words, for whoever reads it next."""
    lines = [
        f"ticker: {opinion.ticker}",
        f"probability of YES: {opinion.probability:.4f}",
        f"80 % interval: {opinion.low:.4f} to {opinion.high:.4f}",
        f"base rate: {'none' if opinion.base_rate is None else f'{opinion.base_rate:.4f}'}",
        *(f"for YES: {point}" for point in opinion.evidence_for),
        *(f"against YES: {point}" for point in opinion.evidence_against),
        f"reasoning: {opinion.reasoning}",
    ]
    return "\n".join(lines)
