"""A span of days on one screen: the counts of its days together, and its nearest misses."""

from io import StringIO

from fakes.floor import A, B, the_policies
from rich.console import Console

from kalshi_cli.cli.render.steps import show_trade
from kalshi_cli.cli.render.why import show_why_market
from kalshi_cli.domain.instant import DAY
from kalshi_cli.domain.stop import At, Stop, StopDay
from kalshi_cli.settings.sections import Risk, Trading
from kalshi_cli.steps.explain import explain
from kalshi_cli.steps.regating import StartingSay, regate
from kalshi_cli.steps.trade import trade
from kalshi_cli.steps.why import WhyMarket, funnels, why_nothing


def a_day(day, code, passes, most, value="", at=At.STRATEGY):
    nearest = Stop("s", f"T{day}", at, code, value, "0.0100") if value else None
    return StopDay(day, "s", at, code, passes, most, nearest, day if value else None)


def test_days_add_up_and_the_nearest_miss_of_all_is_kept():
    (found,) = funnels(
        [
            a_day(2, "EVERY", 10, 50),
            a_day(2, "RATE", 1, 3, at=At.CONTROL),
            a_day(2, "NET_EDGE", 10, 5, "0.0075"),
            a_day(1, "EVERY", 20, 40),
            a_day(1, "NET_EDGE", 15, 7, "0.0090"),
        ]
    )
    assert (found.strategy, found.passes, found.markets) == ("s", 30, 50)
    assert [(e.code, e.passes, e.most) for e in found.ends] == [("NET_EDGE", 25, 7), ("RATE", 1, 3)]
    assert (found.ends[0].nearest.ticker, found.ends[0].nearest_us) == ("T1", 1)


def test_what_ended_most_markets_in_most_passes_comes_first():
    (found,) = funnels(
        [
            a_day(1, "EARLY", 2, 3),
            a_day(1, "LATE", 10, 5, at=At.CONTROL),
            a_day(1, "OFTEN", 30, 1, at=At.STAKE),
        ]
    )
    assert [end.code for end in found.ends] == ["LATE", "OFTEN", "EARLY"]


async def test_a_week_without_a_trade_says_what_stopped_it(floor):
    await floor.forecast(A, 0.425)
    policy = the_policies(trading=Trading(min_net_edge=0.05)).trading
    for _ in range(2):
        await trade(floor.exchange, floor.desk, policy=policy)
    now = floor.clock.now()
    found = await why_nothing(floor.store.reports, now_us=now, since_us=now - 7 * DAY)
    assert found.orders == 0
    assert found.since_us == now // DAY * DAY  # there is no day before on record
    (funnel,) = found.strategies
    assert (funnel.passes, funnel.markets) == (2, 2)
    assert {(e.code, e.most, e.passes) for e in funnel.ends} == {
        ("NET_EDGE", 1, 2),
        ("NO_FORECAST", 1, 2),
    }
    noon = now // DAY * DAY + DAY // 2
    short = await why_nothing(floor.store.reports, now_us=noon, since_us=noon - 1)
    assert short.strategies == found.strategies  # stops are counted by the day
    assert short.since_us == found.since_us
    later = now + 8 * DAY
    nothing = await why_nothing(floor.store.reports, now_us=later, since_us=later - DAY)
    assert nothing.strategies == ()
    assert nothing.last_run.command == "test"


async def test_a_size_by_itself_and_one_beside_the_rest_of_a_pass_are_told_apart(floor):
    """The rate lets one of two markets through. What it refused of the other was sized beside
    the first; at the gates it is sized alone, and each number says which it is.
    """
    for ticker in (A, B):
        await floor.forecast(ticker, 0.60, f"f{ticker}")
    await floor.ingest()
    policy = the_policies(risk=Risk(max_trades_per_hour=1)).trading
    (denied,) = (await trade(floor.exchange, floor.desk, policy=policy)).denied
    ticker, reports = denied.intent.ticker, floor.store.reports
    start = StartingSay(0.10, 1.0)
    now = await regate(floor.store, reports, policy=policy, start=start, ticker=ticker)
    trace = await explain(floor.store, reports, filters=policy.filters, ticker=ticker)
    found = WhyMarket(trace, await reports.stops(ticker=ticker), now, {}, None)
    (row,) = found.stops
    assert (row.stop.code, found.denied(row).count) == ("RATE", denied.intent.count)
    (plan,) = now.assessment.plans
    console = Console(file=StringIO(), width=200)
    show_why_market(found, console)
    told = console.file.getvalue()
    beside = f", for {denied.intent.count.units // 100} YES at 56c beside all else of that pass"
    assert f"{beside}; entry 2 within" in told
    assert f"{plan.intent.count.units // 100} YES at 56c, were nothing else proposed" in told


async def shown(floor, policy, supposed=None):
    """A market at the gates, and what `why` says of it and of the policy supposed, in lines."""
    reports, start = floor.store.reports, StartingSay(0.10, 1.0)
    now = await regate(floor.store, reports, policy=policy, start=start, ticker=A)
    then, supposing = None, {}
    if supposed is not None:
        then = await regate(floor.store, reports, policy=supposed, start=start, ticker=A)
        supposing = {"a.setting": "1 -> 2"}
    trace = await explain(floor.store, reports, filters=policy.filters, ticker=A)
    console = Console(file=StringIO(), width=200)
    found = WhyMarket(trace, await reports.stops(ticker=A), now, supposing, then)
    show_why_market(found, console)
    return now, console.file.getvalue().splitlines()


async def test_each_gate_that_stops_is_told_once_with_whom_it_stops(floor):
    await floor.forecast(A, 0.43)
    await floor.ingest()
    policy = the_policies(trading=Trading(min_net_edge=0.05)).trading
    await trade(floor.exchange, floor.desk, policy=policy)
    now, lines = await shown(floor, policy)
    (head,) = (n for n, line in enumerate(lines) if line.startswith("gates"))
    (sizes,) = (n for n, line in enumerate(lines) if line.startswith("size"))
    gates = now.assessment.gates
    assert f" {len(gates) - 1} of {len(gates)} passed" in lines[head]
    assert sizes == head + 2
    whose = "directional_trading, to buy YES: control, NET_EDGE: -1c against 5c; "
    assert lines[head + 1].strip().startswith(whose)
    assert "directional_trading: nothing; NET_EDGE: " in lines[sizes]


async def test_settings_that_change_nothing_are_said_to(floor):
    await floor.forecast(A, 0.43)
    await floor.ingest()
    asking = Trading(min_net_edge=0.05)
    policy = the_policies(trading=asking).trading
    await trade(floor.exchange, floor.desk, policy=policy)
    idle = the_policies(trading=asking, risk=Risk(max_trades_per_hour=99)).trading
    _, lines = await shown(floor, policy, supposed=idle)
    where = lines.index("With a.setting 1 -> 2")
    assert lines[where + 1].split("  ") == [
        "gates",
        "that changes nothing: NET_EDGE still stops it",
    ]
    assert lines[where + 2 :] == []
    _, lines = await shown(floor, policy, supposed=the_policies(trading=Trading()).trading)
    where = lines.index("With a.setting 1 -> 2")
    assert "passed" in lines[where + 1]


async def test_the_nearest_miss_of_a_pass_names_the_strategy_that_missed(floor):
    await floor.forecast(A, 0.43)  # waiting at 40c beside the bid leaves most
    await floor.ingest()
    policy = the_policies(trading=Trading(min_net_edge=0.05)).trading
    result = await trade(floor.exchange, floor.desk, policy=policy)
    console = Console(file=StringIO(), width=200)
    show_trade(result, console)
    (line,) = (each for each in console.file.getvalue().splitlines() if "nearest" in each)
    assert line.split("  ")[-1] == f"directional_trading, {A}, NET_EDGE: 3c against 5c"


async def test_what_no_forecast_gets_past_is_told_once_and_the_answer_stands_last(floor):
    await floor.forecast(B, 0.60)
    await floor.forecast(A, 0.42, "f2")
    await floor.ingest()
    policy = the_policies().trading
    await trade(floor.exchange, floor.desk, policy=policy)
    once = the_policies(risk=Risk(max_trades_per_hour=1)).trading
    _, lines = await shown(floor, once)
    start = lines.index("As the settings are")
    answer = [line.split("  ")[-1] for line in lines[start:]]
    assert sum("an hour" in line for line in answer) == 1  # the gate's own line
    wanted = [line for line in lines[start:] if "no forecast" in line]
    assert wanted == ["to buy  no forecast would do: RATE, as above"]
    assert "Fills" in "".join(lines[:start])
    assert answer[-1].startswith("by a forecast as sure as")
