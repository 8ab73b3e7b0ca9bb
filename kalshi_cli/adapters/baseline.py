"""The baseline as a forecaster: the market's own number, corrected; it costs nothing."""

from kalshi_cli.domain.forecast import Judgement
from kalshi_cli.forecasting.baseline import DEFAULT_MARKET_ERROR, Baseline
from kalshi_cli.forecasting.coherence import at_most_one
from kalshi_cli.ports.forecaster import Question


class BaselineForecaster:
    """Implements `ports.forecaster.Forecaster`. `label` says where its corrections come from."""

    name = "baseline"

    def __init__(self, baseline: Baseline, label: str) -> None:
        self._baseline = baseline
        self.label = label

    def market_error(self, category: str) -> float | None:
        """The market's error in logits: the baseline is calibrated, so its weight is 1 anyway."""
        return self._baseline.market_errors.get(category, DEFAULT_MARKET_ERROR)

    async def judge(self, question: Question) -> tuple[Judgement, ...]:
        judged = (self._baseline.judge(x.quote, question.category) for x in question.listings)
        found = tuple(judgement for judgement in judged if judgement is not None)
        return at_most_one(found) if question.event.mutually_exclusive else found
