"""The record of the forecasters: what each role said beside what came of it, and what that fits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from kalshi_cli.domain.deliberation import XAI, Role
from kalshi_cli.domain.side import Side
from kalshi_cli.evaluation.scores import ScoredForecast
from kalshi_cli.forecasting.critic import Ruling
from kalshi_cli.forecasting.reading import Form
from kalshi_cli.forecasting.views import Views, views_of
from kalshi_cli.forecasting.weights import Fit, Told, fit_weights
from kalshi_cli.ports.reports import Reports
from kalshi_cli.ports.rows.ai import SaidRow
from kalshi_cli.ports.rows.markets import ScoredRow
from kalshi_cli.ports.store import Store

NO_DATES: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class WeightPolicy:
    """How much of a say a language model may have: `starting` for the one that first answered to
    `primary`, none for others without a record of their own, and never more than `most`.
    `known_until` is the instant up to which a model, by the name that serves, knows the answers.
    """

    primary: str
    starting: float
    most: float
    known_until: Mapping[str, int] = field(default_factory=dict)


async def fitted_weights(
    store: Store,
    reports: Reports,
    policy: WeightPolicy,
    scored: Sequence[ScoredRow],
    *,
    is_fiction: bool,
) -> tuple[Fit, ...]:
    """What the record of each model and category says of its weight.

    Vetoed and repaired forecasts never trade, and contaminated ones prove nothing: they are left
    out. `is_fiction` says that nobody can have read of these markets.
    """
    made = await with_roles(reports, scored, policy.known_until, is_fiction=is_fiction)
    async with store.unit(reads=True) as unit:
        of_record = await unit.ai.first_served([policy.primary], XAI)
    history = [
        Told(
            model=row.model,
            category=row.category,
            event_ticker=row.event_ticker,
            said=row.probability,
            market=row.market,
            payout=float(row.payout),
            at_us=row.made_us,
            settled_us=row.close_us,
        )
        for row, forecast in zip(scored, made, strict=True)
        if row.decision_id and row.is_first and row.market is not None
        if forecast.may_trade and not forecast.contaminated
    ]
    return fit_weights(
        history,
        start=lambda model: policy.starting if model == of_record else 0.0,
        most=policy.most,
    )


async def with_roles(
    reports: Reports,
    scored: Sequence[ScoredRow],
    known_until: Mapping[str, int] = NO_DATES,
    *,
    is_fiction: bool,
) -> list[ScoredForecast]:
    """Forecasts as they are scored, in the order given."""
    said: dict[str, list[SaidRow]] = {}
    for each in await reports.said({row.decision_id for row in scored} - {""}):
        said.setdefault(each.decision_id, []).append(each)
    known = None if is_fiction else known_until
    return [_scored(row, said.get(row.decision_id, []), known) for row in scored]


def _scored(
    row: ScoredRow, said: Sequence[SaidRow], known_until: Mapping[str, int] | None
) -> ScoredForecast:
    """`known_until` is None where nobody can know the answer."""
    views = views_of([each.parsed for each in said], row.ticker)
    let_stand = None if views.review is None else views.review.ruling is not Ruling.VETO
    return ScoredForecast(
        ticker=row.ticker,
        event_ticker=row.event_ticker,
        category=row.category,
        forecaster=row.forecaster,
        model=row.model,
        probability=row.probability,
        blended=row.blended,
        market=row.market,
        payout=float(row.payout),
        made_us=row.made_us,
        horizon_us=row.close_us - row.made_us,
        low=row.low,
        high=row.high,
        prompt=_prompt(said),
        variant=row.variant,
        let_stand=let_stand,
        went_along=_went_along(row, views),
        may_trade=let_stand is not False and all(each.form != Form.REPAIRED for each in said),
        contaminated=known_until is not None and _may_have_read(row, said, known_until),
    )


def _prompt(said: Sequence[SaidRow]) -> str:
    """The version of what the Forecaster was asked by; that of whoever was asked first without."""
    versions = [each.prompt_version for each in said if each.role == Role.FORECASTER]
    return next(iter([*versions, *(each.prompt_version for each in said)]), "")


def _went_along(row: ScoredRow, views: Views) -> bool | None:
    """Whether the Trader would have bought the side that the number points to."""
    if views.tip is None or row.market is None:
        return None
    points_to = Side.BID if row.probability > row.market else Side.ASK
    return views.tip.advice.side is points_to


def _may_have_read(row: ScoredRow, said: Sequence[SaidRow], known_until: Mapping[str, int]) -> bool:
    """Whether the question had closed before the model's knowledge ended.

    Where nobody has told when it did, and where it searched, that is when it was asked.
    """

    def ended_us(each: SaidRow) -> int:
        asked_us = each.called_wall_us
        return asked_us if each.searches else known_until.get(each.served_model, asked_us)

    return any(row.close_us <= ended_us(each) for each in said)
