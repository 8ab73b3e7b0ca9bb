"""What each role said of one market, read back from the answers on record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kalshi_cli.forecasting.all_in_one import for_critic
from kalshi_cli.forecasting.critic import Review, reviews
from kalshi_cli.forecasting.forecaster import Opinion, opinions
from kalshi_cli.forecasting.legs import Unfit
from kalshi_cli.forecasting.trader import Tip, tips


@dataclass(frozen=True, slots=True)
class Views:
    """Every Forecaster's opinion in the order asked; None for a role that was not heard."""

    opinions: tuple[Opinion, ...] = ()
    review: Review | None = None
    tip: Tip | None = None

    @property
    def is_silent(self) -> bool:
        return not self.opinions and self.review is None and self.tip is None


def views_of(answers: Iterable[Mapping[str, Any]], ticker: str) -> Views:
    """What these answers say of a market; one that is not understood any more says nothing.

    Whoever gave it, an answer is read by what it has: a number, a ruling, an action, or all three.
    """
    found = Views()
    for row in _rows(answers, ticker):
        found = Views(
            (*found.opinions, *_opinion(row, ticker)),
            _review(row, ticker) or found.review,
            _tip(row, ticker) or found.tip,
        )
    return found


def _rows(answers: Iterable[Mapping[str, Any]], ticker: str) -> list[Mapping[str, Any]]:
    return [
        row
        for answer in answers
        for row in answer.get("markets", ())
        if isinstance(row, Mapping) and row.get("ticker") == ticker
    ]


def _opinion(row: Mapping[str, Any], ticker: str) -> tuple[Opinion, ...]:
    try:
        return opinions({"markets": [row]}, [ticker]) if "probability" in row else ()
    except Unfit:
        return ()


def _review(row: Mapping[str, Any], ticker: str) -> Review | None:
    own = for_critic(row) if "probability" in row else row
    try:
        return reviews({"markets": [own]}, [ticker])[ticker] if "ruling" in row else None
    except Unfit:
        return None


def _tip(row: Mapping[str, Any], ticker: str) -> Tip | None:
    try:
        return tips({"markets": [row]}, [ticker])[ticker] if "action" in row else None
    except Unfit:
        return None
