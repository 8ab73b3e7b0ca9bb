"""The market's own number, corrected: what to trade on when nobody knows better.

The microprice weighs each side of the spread by the size on the other: a heavy bid means the price
is likelier to rise. A correction takes out a bias that is known (a simulated world documents its
own) or was fitted and proved on held-out markets (`corrections`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kalshi_cli.domain.forecast import Judgement, probability
from kalshi_cli.domain.market import Quote
from kalshi_cli.domain.marks import benchmark
from kalshi_cli.forecasting.logit import interval_80

DEFAULT_MARKET_ERROR = 0.30
"""A thin market's error in logits, where a category's own is not known."""


def microprice(quote: Quote) -> float | None:
    """The size-weighted probability; None unless both sides exist within 10 cents."""
    if quote.bid is None or quote.ask is None or benchmark(quote.bid, quote.ask) is None:
        return None
    bid, ask = quote.bid, quote.ask
    weighted = bid.price.units * ask.count.units + ask.price.units * bid.count.units
    return weighted / (bid.count.units + ask.count.units) / 10_000


@dataclass(frozen=True, slots=True)
class Baseline:
    """`excess` tells what a price of a category exceeds the truth by, in probability;
    `market_errors` the market's error in logits, which makes the interval.
    """

    excess: Callable[[str, float], float]
    market_errors: Mapping[str, float]
    model: str = "baseline"

    def judge(self, quote: Quote, category: str) -> Judgement | None:
        """A judgement calibrated by construction, or None to abstain."""
        price = microprice(quote)
        if price is None:
            return None
        bias = self.excess(category, price)
        fair = price - bias
        if not 0.0 < fair < 1.0:
            return None
        low, high = interval_80(fair, self.market_errors.get(category, DEFAULT_MARKET_ERROR))
        return Judgement(
            ticker=quote.ticker,
            probability=probability(fair),
            low=low,
            high=high,
            logit_error=0.0,
            weight=1.0,
            rationale=f"microprice {price:.4f} less the category's bias {bias:+.4f}",
            model=self.model,
        )
