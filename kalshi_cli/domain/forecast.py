"""Forecasts. Probability, confidence and edge are three types, and none turns into another."""

from dataclasses import dataclass
from typing import NewType

from kalshi_cli.domain.money import NO_COST, AiCost, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import InvalidValue

Probability = NewType("Probability", float)
"""Chance of YES, strictly between 0 and 1."""
Confidence = NewType("Confidence", float)
"""1 - width of the 80 % interval, for every forecaster. Scored; never a probability or a size."""
Edge = NewType("Edge", float)
"""Dollars a contract: probability of what is bought, minus its all-in cost."""

BASELINE = "baseline"
"""The forecaster that says what the market says, corrected."""


def probability(value: float) -> Probability:
    """Check a number and call it a probability. Raises `InvalidValue` outside (0, 1) or for NaN."""
    if not 0.0 < value < 1.0:
        raise InvalidValue(f"Expected a probability between 0 and 1, was {value!r}.")
    return Probability(value)


@dataclass(frozen=True, slots=True)
class Advice:
    """What a Trader would do: buy YES (`BID`), buy NO (`ASK`), or nothing (None).

    `limit` is the worst price it would pay, in YES terms; None leaves that to the edge.
    """

    side: Side | None
    limit: Price | None = None

    def allows(self, side: Side, price: Price) -> bool:
        """Whether a trade on this side at this price is within the advice."""
        if side is not self.side:
            return False
        return self.limit is None or side.sign * (price.units - self.limit.units) <= 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a forecaster says of one market, before it is blended with the price.

    `low` and `high` bound the 80 % interval. `logit_error` is the forecaster's own error in logits
    (sigma_f); 0 where the number is calibrated by construction. `weight` is w, the say of the
    forecaster against the market, from 0 to 1: at 0 it is only put on record. `decision_id` is
    common to the AI calls behind it; empty where there were none. `advice` is None where no Trader
    was asked. `slope` is what the market's log-odds are multiplied by in the blend: 1 until fitted,
    and then with a standard error, `slope_error`.
    `inputs`, `prompt_version` and `variant` are what `Forecast` keeps of them.
    """

    ticker: str
    probability: Probability
    low: Probability
    high: Probability
    logit_error: float
    weight: float
    rationale: str
    model: str
    cost: AiCost = NO_COST
    decision_id: str = ""
    advice: Advice | None = None
    slope: float = 1.0
    inputs: str = ""
    prompt_version: str = ""
    variant: str = ""
    slope_error: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.low <= self.probability <= self.high < 1.0:
            raise InvalidValue(
                f"{self.ticker}: probability {self.probability} outside its interval "
                f"[{self.low}, {self.high}]."
            )

    @property
    def confidence(self) -> Confidence:
        return Confidence(1.0 - (self.high - self.low))


@dataclass(frozen=True, slots=True)
class Forecast:
    """A judgement on record, with the market of that moment and the blended number.

    `market` is the mid at decision time, None unless both sides existed within 10 cents; `blended`
    is p*, None where there was no market to anchor to (such a forecast trades nothing).
    `weight` is w, the say of the forecaster against the market, and `slope` what the market's
    log-odds are multiplied by, `slope_error` its standard error. `inputs` is a hash of all that it
    was asked from: the same inputs need no second forecast. It is empty where it was free, or where
    somebody was not heard. `prompt_version` is a hash of the instructions, and `variant` says in
    what way they were used.
    """

    forecast_id: str
    run_id: str
    ticker: str
    event_ticker: str
    category: str
    forecaster: str
    model: str
    made_us: int
    probability: Probability
    low: Probability
    high: Probability
    logit_error: float
    weight: float
    market: Probability | None
    blended: Probability | None
    cost: AiCost
    rationale: str
    label: str = ""
    decision_id: str = ""
    advice: Advice | None = None
    slope: float = 1.0
    inputs: str = ""
    prompt_version: str = ""
    variant: str = ""
    slope_error: float = 0.0

    @property
    def confidence(self) -> Confidence:
        return Confidence(1.0 - (self.high - self.low))

    @property
    def is_of_market(self) -> bool:
        """Whether it is the market's own number, corrected: it moves as the price does."""
        return self.forecaster == BASELINE
