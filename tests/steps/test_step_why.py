"""A span of days on one screen: the counts of its days together, and its nearest misses."""

from fakes.floor import A, the_policies

from kalshi_cli.domain.instant import DAY
from kalshi_cli.domain.stop import At, Stop, StopDay
from kalshi_cli.settings.sections import Trading
from kalshi_cli.steps.trade import trade
from kalshi_cli.steps.why import funnels, why_nothing


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
    later = now + 8 * DAY
    nothing = await why_nothing(floor.store.reports, now_us=later, since_us=later - DAY)
    assert nothing.strategies == ()
    assert nothing.last_run.command == "test"
