"""What was earned and whether it means anything; one market's trace; the desk on one screen."""

from dataclasses import replace
from io import StringIO

import pytest
from fakes.ai import paid
from fakes.floor import STRATEGY, WEIGHTS, A, B, taking, the_policies, waiting
from rich.console import Console

from kalshi_cli.cli.render.evaluation import show_evaluate
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import AiCost
from kalshi_cli.errors import NotFound
from kalshi_cli.evaluation.scores import By as Score
from kalshi_cli.settings.sections import Filters
from kalshi_cli.steps.ai_costs import By, ai_costs
from kalshi_cli.steps.evaluate import evaluate
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.explain import explain
from kalshi_cli.steps.status import status
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import trade


async def evaluated(floor, charged=STRATEGY, **options):
    kept = {"ai_charged_to": charged, "weights": WEIGHTS, **options}
    return await evaluate(floor.store, floor.store.reports, floor.clock, **kept)


async def a_day(floor):
    """Two forecasts of 60 %, A bought and won, B bought and open."""
    await floor.reconcile()
    for ticker, name in ((A, "fa"), (B, "fb")):
        await floor.forecast(ticker, name=name)
        await send(floor.desk, taking(ticker=ticker, forecast_id=name))
    floor.exchange.settle(A, Result.YES)
    await floor.reconcile()
    floor.clock.now_us += HOUR
    await floor.ingest()


async def test_an_empty_desk_has_nothing_to_tell(floor):
    result = await evaluated(floor)
    assert (result.scores, result.strategies, result.waiting, result.labels) == ((), (), 0, ())
    assert (result.since_start, result.equity, result.repeated) == (None, None, 0)


async def test_every_forecast_on_record_is_counted_once(floor):
    """A was forecast three times and is over: its first is judged. B waits."""
    await floor.reconcile()
    for ticker, name in ((A, "f1"), (A, "f2"), (A, "f3"), (B, "f4")):
        await floor.forecast(ticker, name=name)
    floor.exchange.settle(A, Result.YES)
    await floor.reconcile()
    await floor.ingest()
    result = await evaluated(floor)
    (score,) = result.scores
    assert (score.judged, score.contaminated) == (1, 0)
    assert (result.repeated, result.waiting) == (2, 1)
    shown = StringIO()
    show_evaluate(result, Console(file=shown, width=400))
    told = "4 on record: 1 judged (the first of each market and model), 0 with no market price"
    assert told in shown.getvalue()
    assert "2 later ones of the same markets, 1 with no result yet" in shown.getvalue()


async def test_profit_is_net_and_open_positions_are_at_their_marks(floor):
    await a_day(floor)
    result = await evaluated(floor)
    (row,) = result.strategies
    # A paid 10 x (1 - 0.44); B is marked at the mid of 0.42
    assert (row.strategy, row.markets) == (STRATEGY, 2)
    assert (str(row.realized), str(row.unrealized), str(row.net)) == (
        "5.600000",
        "-0.200000",
        "5.400000",
    )
    assert row.per_event is None  # both are of one event, which is not over
    assert result.waiting == 1
    (score,) = result.scores
    assert score.forecaster == "oracle"


async def test_closed_trades_are_cut_by_what_is_asked(floor):
    await a_day(floor)
    cuts = {}
    for by in (Score.STRATEGY, Score.CATEGORY, Score.HORIZON, Score.PRICE):
        result = await evaluated(floor, by=by)
        (cut,) = result.slices  # A alone is closed: 10 at 44c, each paid $1
        assert (cut.trades, cut.won, str(cut.net)) == (1, 1, "5.600000")
        cuts[by] = (cut.name, result.scores[0].model)
    assert cuts == {
        Score.STRATEGY: (STRATEGY, STRATEGY),
        Score.CATEGORY: ("Economics", "Economics"),
        Score.HORIZON: ("1-7 d", "1-7 d"),  # its market closes just a day later
        Score.PRICE: ("30-70c", "30-70c"),
    }
    assert (await evaluated(floor)).slices == ()


async def test_forecasts_are_paid_for_by_the_strategy_that_uses_them(floor):
    await a_day(floor)
    cost = AiCost.parse("0.25")
    await paid(floor.store, floor.run, cost)
    (row,) = (await evaluated(floor)).strategies
    assert (str(row.ai_cost), str(row.net)) == ("0.250000", "5.150000")
    (row,) = (await evaluated(floor, None)).strategies
    assert str(row.net) == "5.400000"
    assert (await evaluated(floor)).ai_cost == cost


async def test_a_decision_is_paid_for_by_whoever_traded_on_it(floor):
    await floor.reconcile()
    await floor.forecast(A, name="fa", decision_id="d1")
    await send(floor.desk, taking(ticker=A, forecast_id="fa", strategy="another"))
    await paid(floor.store, floor.run, AiCost.parse("0.25"))  # of d1
    assert await floor.store.reports.ai_users() == {"d1": {"another"}}
    costs = {row.strategy: str(row.ai_cost) for row in (await evaluated(floor)).strategies}
    assert costs == {"another": "0.250000"}
    trading = replace(the_policies("oracle").trading, ai_charged_to=STRATEGY)
    tracked = await track(floor.exchange, floor.desk, exits=(), policy=trading)
    assert {row.strategy: str(row.ai_cost) for row in tracked.performance} == costs
    costs = await ai_costs(floor.store.reports, By.STRATEGY)
    assert [(line.name, line.calls) for line in costs.lines] == [("another", 1)]
    (day,) = (await ai_costs(floor.store.reports, By.DAY)).lines
    assert (day.name, day.cost) == ("1970-01-01", AiCost.parse("0.25"))


async def test_a_trace_leads_from_the_row_to_the_fill(floor):
    await a_day(floor)
    chosen = the_policies().filters
    trace = await explain(floor.store, floor.store.reports, filters=chosen, ticker=B)
    assert (trace.market.ticker, trace.rejected) == (B, None)
    assert [row.forecast.forecast_id for row in trace.analyses] == ["fb"]
    assert [row.forecast_id for row in trace.orders] == ["fb"]
    assert [str(row.fill.count) for row in trace.fills] == ["10.00"]
    assert [str(row.count) for row in trace.positions] == ["10.00"]
    assert (trace.round_trips, trace.denials) == ((), ())
    over = await explain(floor.store, floor.store.reports, filters=chosen, ticker=A)
    assert [str(row.pnl) for row in over.round_trips] == ["5.600000"]


async def test_a_trace_names_the_filter_and_the_control_that_refused(floor):
    chosen = the_policies(filters=Filters(min_volume=0, block_tickers=(A,))).filters
    trace = await explain(floor.store, floor.store.reports, filters=chosen, ticker=A)
    assert trace.rejected.code == "BLOCKED"
    await floor.forecast(B)
    strict = the_policies("oracle").trading
    floor.clock.now_us += 23 * HOUR  # quotes of yesterday
    result = await trade(floor.exchange, floor.desk, policy=strict)
    assert [d.denial.code for d in result.denied] == ["STALE"]
    assert result.orders == ()
    trace = await explain(floor.store, floor.store.reports, filters=chosen, ticker=B)
    assert [row.code for row in trace.denials] == [d.denial.code for d in result.denied]


async def test_a_market_never_read_has_no_trace(floor):
    with pytest.raises(NotFound, match="KXNO"):
        await explain(floor.store, floor.store.reports, filters=(), ticker="KXNO")


async def test_the_desk_on_one_screen(floor):
    await a_day(floor)
    policies = the_policies("oracle")
    await send(floor.desk, waiting(floor.clock, ticker=B))
    await track(floor.exchange, floor.desk, exits=policies.exits, policy=policies.trading)
    shown = await status(floor.store.reports, unlimited=("max_positions",), halt_file=None)
    assert shown.unlimited == ("max_positions",)
    assert {row.name: row.count for row in shown.funnel} == {"open": 1, "eligible": 1}
    assert [(row.ticker, str(row.count)) for row in shown.positions] == [(B, "10.00")]
    (row,) = shown.strategies
    assert (row.open_positions, row.live_orders, row.round_trips, row.won) == (1, 1, 1, 1)
    assert shown.summary.forecasts == 2
