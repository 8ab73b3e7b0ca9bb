"""Every market of a pass has one end: the first thing that stopped it, with its numbers."""

from dataclasses import replace

import pytest
from fakes.floor import A, B, the_policies

from kalshi_cli.domain.instant import DAY, MINUTE
from kalshi_cli.domain.stop import At, Stop
from kalshi_cli.errors import StoreBusy
from kalshi_cli.settings.sections import Risk, Trading
from kalshi_cli.steps import funnel
from kalshi_cli.steps.trade import rehearse, trade
from kalshi_cli.strategies._base import Abstention, Strategy


async def traded(floor, **sections):
    await floor.ingest()
    return await trade(floor.exchange, floor.desk, policy=the_policies(**sections).trading)


async def ends(floor):
    rows = await floor.store.reports.stops()
    return {row.stop.ticker: row.stop for row in rows}


async def test_each_market_has_the_first_thing_that_stopped_it(floor):
    await floor.forecast(A, 0.60)
    result = await traded(floor)
    found = await ends(floor)
    assert (found[A].at, found[A].code) == (At.SENT, "SENT")
    assert (found[B].at, found[B].code) == (At.STRATEGY, "NO_FORECAST")
    assert [(c.code, c.markets) for c in result.funnel] == [("NO_FORECAST", 1), ("SENT", 1)]


async def test_an_edge_that_is_too_small_tells_the_best_there_was(floor):
    # fees are nothing here: YES at 44c of 0.43, NO at 60c of 0.57, waiting at 41c or 43c for YES:
    # 0.43 - 0.41 = 0.02 would do for waiting, so 0.425 leaves 0.015 at most; asked are 0.05
    await floor.forecast(A, 0.425)
    await traded(floor, trading=Trading(min_net_edge=0.05))
    found = (await ends(floor))[A]
    assert (found.code, found.value, found.limit) == ("NET_EDGE", "0.0250", "0.0500")
    assert "waiting for YES at 40c" in found.detail
    assert found.missed_by == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("changes", "code", "value", "limit"),
    [
        ({"low": 0.30, "high": 0.90}, "MIN_CONFIDENCE", "0.400", "0.450"),
        ({"low": 0.35, "high": 0.87}, "CONFIDENCE", "0.480", "0.500"),
        ({"weight": 0.0}, "WEIGHT", "0.00", "over 0"),
        ({"blended": None}, "NO_ANCHOR", "", ""),
    ],
)
async def test_why_a_forecast_leads_to_nothing(floor, changes, code, value, limit):
    await floor.forecast(A, 0.60, **changes)
    await traded(floor)
    found = (await ends(floor))[A]
    assert (found.code, found.value, found.limit) == (code, value, limit)


@pytest.mark.parametrize(
    ("interval", "told"),
    [
        ({"low": 0.30, "high": 0.90}, "40.0% sure, at least 45.0% is asked of a candidate"),
        ({"low": 0.35, "high": 0.87}, "48.0% sure, at least 50.0% is asked"),
    ],
)
async def test_how_sure_a_forecast_is_is_told_in_per_cent(floor, interval, told):
    """As sure as its interval is narrow: 1 less 0.6 is 0.4, 1 less 0.52 is 0.48."""
    await floor.forecast(A, 0.60, **interval)
    await traded(floor)
    assert (await ends(floor))[A].detail == f"the forecast is {told}"


async def test_a_control_that_refuses_is_where_it_ends(floor):
    await floor.forecast(A, 0.60)
    await traded(floor, risk=Risk(max_quote_age_s=300))
    assert (await ends(floor))[A].code == "SENT"
    await floor.forecast(B, 0.60, "f2")
    await traded(floor, risk=Risk(max_trades_per_hour=1))
    found = (await ends(floor))[B]
    assert (found.at, found.code, found.value, found.limit) == (At.CONTROL, "RATE", "2", "1")


async def test_a_day_counts_its_passes_and_keeps_the_nearest_miss(floor):
    await floor.forecast(A, 0.425)
    sections = {"trading": Trading(min_net_edge=0.05)}
    await traded(floor, **sections)
    floor.clock.now_us += MINUTE
    await floor.forecast(A, 0.42, "f2")
    await traded(floor, **sections)
    days = {day.code: day for day in await floor.store.reports.stop_days()}
    assert (days["NET_EDGE"].passes, days["NET_EDGE"].most) == (2, 1)
    assert days["NET_EDGE"].nearest.value == "0.0250"
    assert days["NET_EDGE"].nearest_us == floor.clock.now() - MINUTE
    assert (days["EVERY"].passes, days["EVERY"].most) == (2, 2)
    floor.clock.now_us += DAY
    await traded(floor, **sections)
    assert len({day.day for day in await floor.store.reports.stop_days()}) == 2


class Mute(Strategy):
    name = "mute"

    def propose(self, view):
        return ()


class Talking(Mute):
    """Tells of one market, in words that no terminal should be sent."""

    name = "talking"

    def propose(self, view):
        return (Abstention(A, "TOO_DEAR", "by\x1b[31m far\nfar", "0.44", "0.40"),)


class Broken(Mute):
    name = "broken"

    def propose(self, view):
        raise RuntimeError("no ideas")


async def test_a_strategy_says_why_in_what_it_proposes_or_says_nothing(floor):
    shares = {"mute": 0.1, "broken": 0.1, "talking": 0.1}
    strategies = (Mute(), Broken(), Talking())
    policy = replace(the_policies().trading, strategies=strategies, allocations=shares)
    result = await rehearse(floor.exchange, floor.exchange, floor.store, floor.clock, policy=policy)
    assert [(c.strategy, c.code, c.markets) for c in result.funnel] == [
        ("broken", "BROKEN", 2),
        ("mute", "NOT_PROPOSED", 2),
        ("talking", "NOT_PROPOSED", 1),
        ("talking", "TOO_DEAR", 1),
    ]
    near = result.funnel[-1].nearest
    assert (near.value, near.limit) == ("0.44", "0.40")
    assert near.detail == "by\N{REPLACEMENT CHARACTER}[31m far far"
    assert near.missed_by == pytest.approx(0.1)
    assert [each.strategy for each in result.broken] == ["broken"]
    assert await floor.store.reports.stops() == ()  # a rehearsal writes nothing


async def test_a_strategy_without_a_share_has_nothing_and_is_told_so(floor):
    await floor.forecast(A, 0.60)
    await floor.ingest()
    policy = replace(the_policies().trading, allocations={"market_making": 0.3})
    result = await trade(floor.exchange, floor.desk, policy=policy)
    assert result.orders == ()
    (count,) = result.funnel
    assert (count.code, count.markets) == ("NO_SHARE", 2)
    assert "others.directional_trading = 0.05 under [allocation]" in (await ends(floor))[A].detail


class Interrupted:
    """A store that is busy from its second transaction on."""

    def __init__(self, store):
        self.store, self.begun = store, 0

    def unit(self):
        self.begun += 1
        if self.begun > 1:
            raise StoreBusy("somebody else writes")
        return self.store.unit()


def stop(ticker, code):
    return Stop("directional_trading", ticker, At.STRATEGY, code)


async def test_a_pass_is_put_on_record_some_stops_at_a_time(floor, monkeypatch):
    monkeypatch.setattr(funnel, "AT_ONCE", 1)  # one transaction a stop
    await traded(floor)
    of_one = {"run_id": floor.desk.run.run_id, "at_us": floor.clock.now() + 1}
    of_two = {**of_one, "at_us": floor.clock.now() + 2}
    both = (stop(A, "FIRST"), stop(B, "FIRST"))
    await funnel.keep_stops(floor.store, both, ["directional_trading"], **of_one)
    assert {t: s.code for t, s in (await ends(floor)).items()} == {A: "FIRST", B: "FIRST"}

    both = (stop(A, "SECOND"), stop(B, "SECOND"))
    cut_off = Interrupted(floor.store)
    with pytest.raises(StoreBusy):
        await funnel.keep_stops(cut_off, both, ["directional_trading"], **of_two)
    rows = await floor.store.reports.stops()
    assert [(r.stop.ticker, r.stop.code, r.at_us) for r in rows] == [
        (A, "SECOND", of_two["at_us"]),
        (B, "FIRST", of_one["at_us"]),
    ]

    await funnel.keep_stops(floor.store, both[:1], ["directional_trading"], **of_two)
    assert {t: s.code for t, s in (await ends(floor)).items()} == {A: "SECOND"}
