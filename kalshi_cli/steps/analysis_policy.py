"""How often, how dearly and about what a forecaster is asked."""

from dataclasses import dataclass

from kalshi_cli.domain.money import AiCost
from kalshi_cli.steps.questions import RoundSeconds


@dataclass(frozen=True, slots=True)
class Worth:
    """What makes a question worth its price: the say of who answers, and its error in logits."""

    weight: float
    logit_error: float
    min_to_close_us: int


@dataclass(frozen=True, slots=True)
class AnalysisPolicy:
    """How often and how dearly to ask. None means no such limit: a free forecaster has none, and
    what it said counts against no other.

    `daily_budget` is what the forecaster keeps to, for the report. Where `worth` is given, markets
    that close too soon are left alone, and the others asked about in the order of what that is
    worth. Words of AI calls are dropped after `keep_words_us` of real time. A forecast made within
    `fresh_us` of market time stands, and nobody is asked the same again. `round_` bounds a round
    among others, so that they need not wait for a slow answer.
    """

    cooldown_us: int | None
    per_day: int | None
    daily_budget: AiCost | None
    worth: Worth | None = None
    keep_words_us: int | None = None
    fresh_us: int | None = None
    round_: RoundSeconds | None = None
