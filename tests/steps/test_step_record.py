"""What each role said, beside what came of it; and what a model may have read before."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from fakes.ai import a_reservation, a_settled, opinion, review, tip
from fakes.floor import WEIGHTS, A, B

from kalshi_cli.bootstrap.policies import weight_policy
from kalshi_cli.domain.deliberation import Prompt, Role
from kalshi_cli.domain.instant import DAY
from kalshi_cli.domain.market import Result
from kalshi_cli.evaluation.scores import By
from kalshi_cli.forecasting.reading import Form
from kalshi_cli.settings.sections import Ai, Settings
from kalshi_cli.steps.evaluate import evaluate
from kalshi_cli.steps.record import fitted_weights, with_roles


async def said(floor, decision, *answers, wall_us=0, form=Form.CLEAN, **changes):
    """Put answers of the roles on record, as (role, what it says of A)."""
    async with floor.store.unit() as unit:
        for role, row in answers:
            name = f"{decision}-{role}"
            prompt = Prompt(role, f"{role}-v1", "You.", "?", "{}")
            facts = {"decision_id": decision, "prompt": prompt, "wall_us": wall_us}
            await unit.ai.reserve(a_reservation(floor.run.run_id, name, **facts), daily_budget=None)
            done = a_settled(1, name, parsed={"markets": [row]})
            await unit.ai.settle(replace(done, form=form, **changes))
        await unit.commit()


async def settled(floor, p=0.60, *, decision="d1"):
    await floor.forecast(A, p, decision_id=decision)
    floor.exchange.settle(A, Result.YES)
    await floor.ingest()
    await floor.reconcile()
    return await floor.store.reports.scored()


async def the_record(floor, *, is_fiction=False):
    (row,) = await with_roles(
        floor.store.reports, await floor.store.reports.scored(), is_fiction=is_fiction
    )
    return row


ALL = (
    (Role.FORECASTER, opinion(A)),
    (Role.CRITIC, review(A)),
    (Role.TRADER, tip(A)),
)


async def test_what_all_roles_said_is_scored(floor):
    await said(floor, "d1", *ALL)
    await settled(floor)
    row = await the_record(floor)
    assert (row.prompt, row.let_stand, row.went_along) == ("forecaster-v1", True, True)
    assert (row.after_critic, row.after_trader, row.may_trade) == (0.60, 0.60, True)
    assert row.contaminated is False


@pytest.mark.parametrize(
    ("critic", "trader", "after"),
    [
        (review(A, "veto", problems=["no"]), None, (0.42, None)),
        (review(A, "widen", 0.2, 0.9), tip(A, "skip"), (0.60, 0.42)),
        (review(A), tip(A, "buy", "no"), (0.60, 0.42)),
    ],
)
async def test_the_market_stands_where_a_role_stood_in_the_way(floor, critic, trader, after):
    trading = [] if trader is None else [(Role.TRADER, trader)]
    await said(floor, "d1", ALL[0], (Role.CRITIC, critic), *trading)
    await settled(floor)
    row = await the_record(floor)
    assert (row.after_critic, row.after_trader) == after


async def test_a_question_that_was_over_when_it_was_asked_may_have_been_read(floor):
    close = floor.exchange.markets[A].close_us
    await said(floor, "d1", *ALL, wall_us=close)
    await settled(floor)
    assert (await the_record(floor)).contaminated is True
    assert (await the_record(floor, is_fiction=True)).contaminated is False
    result = await evaluate(
        floor.store,
        floor.store.reports,
        floor.clock,
        ai_charged_to=None,
        weights=WEIGHTS,
        by=By.ROLE,
    )
    (score,) = result.scores
    assert (score.contaminated, score.judged, result.weights) == (1, 0, ())


@pytest.mark.parametrize(
    ("known", "searches", "contaminated"),
    [
        ({"grok-4.3": 0}, 0, False),  # trained before the question was over
        ({"grok-4.3": 0}, 1, True),  # and has searched since
        ({"grok-4.5": 0}, 0, True),  # of this one nothing is told
        ({"grok-4.3": 2**62}, 0, True),
    ],
)
async def test_a_model_knows_what_was_over_before_its_knowledge_ended(
    floor, known, searches, contaminated
):
    """Each was asked when the market had closed."""
    usage = replace(a_settled(1).attempt.usage, searches=searches)
    attempt = replace(a_settled(1).attempt, usage=usage)
    await said(floor, "d1", *ALL, wall_us=floor.exchange.markets[A].close_us, attempt=attempt)
    rows = await settled(floor)
    (row,) = await with_roles(floor.store.reports, rows, known, is_fiction=False)
    assert row.contaminated is contaminated


def test_a_model_knows_the_whole_of_the_last_day_it_was_trained_on():
    ai = Ai(knowledge_until={"grok-4.3": date(1970, 1, 1), "grok-4.5": "1970-01-02"})
    known = weight_policy(Settings(home=Path("unused"), ai=ai)).known_until
    assert known == {"grok-4.3": DAY, "grok-4.5": 2 * DAY}


@pytest.mark.parametrize(("form", "count"), [(Form.CLEAN, 1), (Form.REPAIRED, 0)])
async def test_only_what_may_trade_is_fitted_on(floor, form, count):
    await said(floor, "d1", *ALL, form=form)
    rows = await settled(floor)
    found = await fitted_weights(floor.store, floor.store.reports, WEIGHTS, rows, is_fiction=False)
    assert [fit.markets for fit in found] == [1] * count


async def test_what_asked_nobody_has_no_roles_and_no_fit(floor):
    await floor.forecast(B, 0.6, name="fb")
    rows = await settled(floor, decision="")
    row = await the_record(floor)
    assert (row.prompt, row.let_stand, row.went_along, row.contaminated) == ("", None, None, False)
    fits = await fitted_weights(floor.store, floor.store.reports, WEIGHTS, rows, is_fiction=False)
    assert fits == ()
