"""What a generated world is drawn from: its series, how their categories trade, how often lives go
wrong, and with what the account begins.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from kalshi_cli.domain.money import Money
from kalshi_cli.engine.archive import Archive
from kalshi_cli.engine.series_plan import CLIMATES, SERIES, Climate, SeriesPlan
from kalshi_cli.errors import NotFound

MOST_MARKETS = 120_000
CATEGORY_WEIGHTS: Mapping[str, float] = {
    "Sports": 0.30,
    "Politics": 0.15,
    "Entertainment": 0.12,
    "Financials": 0.10,
    "Climate and Weather": 0.10,
    "Crypto": 0.08,
    "Science and Technology": 0.08,
    "Economics": 0.07,
}
"""How the open markets of a scaled world spread over categories; one that is not here: 0.10."""
_OTHER_WEIGHT = 0.10


@dataclass(frozen=True, slots=True)
class Upsets:
    """Shares of all events whose life does not go as announced.

    `scalar` are abandoned before their time and settle at the fair value of that moment; in
    `pauses` trading stops for a while; in `disputes` the first answer is contested, and every
    second time another one takes its place.
    """

    scalar: float = 0.007
    pauses: float = 0.02
    disputes: float = 0.01


@dataclass(frozen=True, slots=True)
class Scale:
    """How the series are repeated so that about `markets` are open at a time.

    The k-th of a kind trades 1/k^`tail` as often as the first: most markets hardly trade. `weights`
    say how the markets spread over categories.
    """

    markets: int
    tail: float
    weights: Mapping[str, float]


@dataclass(frozen=True)
class WorldPlan:
    """All parameters of a generated world. `digest` names a plan of somebody's own.

    `series` are told once, however often `scale` repeats them. `climates` holds every category that
    a series belongs to. `cash` is dollars by exchange shard; where it is empty, the account opens
    with the usual amount on shard 0.
    """

    series: tuple[SeriesPlan, ...] = SERIES
    climates: Mapping[str, Climate] = field(default_factory=lambda: dict(CLIMATES))
    upsets: Upsets = Upsets()
    cash: Mapping[int, Money] = field(default_factory=dict)
    archive: Archive = field(default_factory=Archive)
    scale: Scale | None = None
    digest: str = ""

    @cached_property
    def listed(self) -> dict[str, SeriesPlan]:
        """Every series that the world lists, by ticker."""
        series = self.series if self.scale is None else _scaled(self.series, self.scale)
        return {plan.ticker: plan for plan in series}

    def series_named(self, ticker: str) -> SeriesPlan:
        """The plan of a series. Raises `NotFound` for a ticker that the world does not list."""
        found = self.listed.get(ticker)
        if found is None:
            raise NotFound(f"The generated world has no series {ticker}.")
        return found


DEFAULT_PLAN = WorldPlan()


@dataclass(frozen=True, slots=True)
class Genesis:
    """Everything that a generated world is a function of, but for our commands."""

    seed: int
    epoch_us: int
    plan: WorldPlan = DEFAULT_PLAN


def open_markets(plan: SeriesPlan) -> float:
    """How many markets of a series are open at a time, on average."""
    return plan.legs * plan.life_h / plan.period_h


def _scaled(series: tuple[SeriesPlan, ...], scale: Scale) -> Iterator[SeriesPlan]:
    kinds = Counter(plan.category for plan in series)
    weight = {name: scale.weights.get(name, _OTHER_WEIGHT) for name in kinds}
    for plan in series:
        share = weight[plan.category] / sum(weight.values()) / kinds[plan.category]
        count = max(1, round(scale.markets * share / open_markets(plan)))
        yield from (_copy(plan, k, scale.tail) for k in range(1, count + 1))


def _copy(plan: SeriesPlan, k: int, tail: float) -> SeriesPlan:
    """The k-th series of a kind; the first is the plan itself. Copies close at other hours."""
    if k == 1:
        return plan
    return replace(
        plan,
        ticker=f"{plan.ticker}N{k}",
        title=f"{plan.title} {k}",
        question=f"{plan.title} {k}: {plan.question}",
        offset_h=(plan.offset_h + k - 1) % plan.period_h,
        flow=plan.flow / k**tail,
    )
