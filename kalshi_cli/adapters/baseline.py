"""The baseline as a forecaster: the market's own number, corrected; it costs nothing."""

from kalshi_cli.forecasting.baseline import Baseline
from kalshi_cli.forecasting.coherence import at_most_one
from kalshi_cli.ports.forecaster import Judged, Planned, Question


class BaselineForecaster:
    """Implements `ports.forecaster.Forecaster`. `label` says where its corrections come from."""

    name = "baseline"
    at_once = 1

    def __init__(self, baseline: Baseline, label: str) -> None:
        self._baseline = baseline
        self.label = label

    def preview(self, question: Question) -> tuple[Planned, ...]:  # noqa: ARG002 - no call at all
        return ()

    async def judge(self, question: Question) -> Judged:
        judged = (self._baseline.judge(x.quote, question.category) for x in question.listings)
        found = tuple(judgement for judgement in judged if judgement is not None)
        return Judged(at_most_one(found) if question.event.mutually_exclusive else found)
