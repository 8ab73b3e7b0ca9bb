"""Lives that do not go as announced: pauses, disputes, scalar results; all legs go together."""

from collections import defaultdict
from functools import cache

import msgspec
import pytest
from fakes.market_life import NEXT_STATUS

from kalshi_cli.domain.instant import DAY, HOUR, MINUTE
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.generated import EPOCH_US, GeneratedWorld
from kalshi_cli.engine.occasion import Occasion, draw_occasion
from kalshi_cli.engine.series_plan import SERIES, Shape
from kalshi_cli.engine.world import Listed, Matched, Moved, Occurrence, Printed
from kalshi_cli.engine.world_plan import DEFAULT_PLAN, Genesis, Upsets, WorldPlan

BUSY = Upsets(scalar=0.05, pauses=1.0, disputes=0.6)
PLAN = WorldPlan(
    tuple(p for p in SERIES if p.ticker in {"KXBTCD", "KXHIGHNY", "KXHOOPGAME"}), upsets=BUSY
)


@cache
def _two_days() -> tuple[Occurrence, ...]:
    return GeneratedWorld(5, plan=PLAN).advance(EPOCH_US + 2 * DAY)


def drawn(count: int, plan: WorldPlan = DEFAULT_PLAN) -> list[Occasion]:
    genesis = Genesis(2, EPOCH_US, plan)
    return [draw_occasion(genesis, s, n) for s in plan.series for n in range(count)]


def test_the_documented_shares_of_events_are_upset() -> None:
    occasions = drawn(600)
    count = len(occasions)
    paused = sum(o.times.pause is not None for o in occasions) / count
    disputed = sum(o.times.dispute is not None for o in occasions) / count
    amended = sum(o.times.dispute is not None and o.times.dispute.amended for o in occasions)
    assert count == 7_200
    assert paused == pytest.approx(0.02, abs=0.005)
    assert disputed == pytest.approx(0.01, abs=0.0035)
    assert amended / count == pytest.approx(0.005, abs=0.0025)
    assert sum(o.times.abandoned for o in occasions) / count == pytest.approx(0.007, abs=0.003)


def test_every_life_is_legal_and_in_order() -> None:
    for occasion in drawn(150, PLAN):
        status, at_us = MarketStatus.INITIALIZED, occasion.times.listed_us
        for moved_us, now in occasion.times.moves():
            assert now in NEXT_STATUS[status]
            assert moved_us >= at_us
            status, at_us = now, moved_us
        assert status is MarketStatus.FINALIZED
        pause = occasion.times.pause
        if pause is not None:
            assert pause[1] - pause[0] >= 10 * MINUTE or pause[1] > occasion.times.closed_us - HOUR


def test_an_amended_answer_is_the_truth_and_the_first_one_was_coherent() -> None:
    amended = [o for o in drawn(200, PLAN) if o.times.dispute and o.times.dispute.amended]
    different = 0
    for occasion in amended:
        first = occasion.answers(occasion.times.determined_us)
        last = occasion.answers(occasion.times.dispute.until_us)  # type: ignore[union-attr]
        assert last == occasion.outcomes()
        different += first != last
        for answer in (first, last):
            paid = [value.units for _, value in answer]
            if occasion.plan.shape is Shape.ABOVE:
                assert paid == sorted(paid, reverse=True)
            else:
                assert sum(paid) == 10_000
    assert 0 < different < len(amended)


def test_all_legs_of_an_event_move_together_and_amendments_tell_results() -> None:
    happened = _two_days()
    events = {m.ticker: o.event.event_ticker for o in happened if isinstance(o, Listed)
              for m in o.markets}  # fmt: skip
    moves = defaultdict(lambda: defaultdict(list))
    results: dict[str, Result] = {}
    seen = set()
    for o in happened:
        if isinstance(o, Moved):
            moves[events[o.ticker]][o.ticker].append((o.at_us, o.status))
            seen.add(o.status)
            if o.status in {MarketStatus.DETERMINED, MarketStatus.AMENDED}:
                assert o.result is not None
                results[o.ticker] = o.result
            else:
                assert o.result is None
    assert seen == set(MarketStatus) - {MarketStatus.INITIALIZED}
    for legs in moves.values():
        assert len({tuple(life) for life in legs.values()}) == 1
    assert results


def test_in_a_pause_nothing_trades_and_what_rested_is_gone_when_it_ends() -> None:
    world = GeneratedWorld(5, plan=PLAN)
    world.advance(EPOCH_US)
    ticker, (start, end) = next(
        (t, pit.occasion.times.pause)
        for t, pit in world._pits.items()
        if t.startswith("KXHIGHNY") and pit.occasion.times.pause
        and pit.occasion.times.pause[0] > EPOCH_US and 0.2 < world.crowd(t) < 0.8
    )  # fmt: skip
    world.advance(start - 1)
    world.join(ticker, "ours", Side.BID, Price(100), Contracts(700))
    shown = world.ladders(ticker)
    happened = world.advance(start)
    assert Moved(start, ticker, MarketStatus.INACTIVE) in happened
    while world.now_us < end - 1:
        happened = world.advance(min(end - 1, world.now_us + 7 * MINUTE))
        assert not [o for o in happened if isinstance(o, Printed) and o.trade.ticker == ticker]
        assert world.ladders(ticker) == shown
        assert world.quotes_at(ticker, world.now_us) == world.quotes_at(ticker, start - 1)
    others = [level.count for level in shown[0] if level.price > Price(100)]
    assert world.ahead(ticker, "ours").units == sum(count.units for count in others)
    assert Moved(end, ticker, MarketStatus.ACTIVE) in world.advance(end)
    assert world.ladders(ticker) != shown
    assert Price(100) not in {level.price for level in world.ladders(ticker)[0]}
    later = world.advance(end + 6 * HOUR)
    assert not [o for o in later if isinstance(o, Matched)]
    assert [o for o in later if isinstance(o, Printed) and o.trade.ticker == ticker]


def test_a_world_that_begins_in_a_pause_lists_its_market_as_paused() -> None:
    genesis = Genesis(5, EPOCH_US, PLAN)
    # Within the epoch's day a later epoch draws the same events.
    occasion, pause = next(
        (occasion, pause)
        for occasion in (draw_occasion(genesis, s, n) for s in PLAN.series for n in range(5))
        if (pause := occasion.times.pause) and pause[0] // DAY == EPOCH_US // DAY
    )
    world = GeneratedWorld(5, pause[0] + MINUTE, PLAN)
    listed = {o.event.event_ticker: o for o in world.advance(world.now_us) if isinstance(o, Listed)}
    event = occasion.event.event_ticker
    assert {m.status for m in listed[event].markets} == {MarketStatus.INACTIVE}
    (moved, *_) = [o for o in world.advance(pause[1]) if isinstance(o, Moved) and event in o.ticker]
    assert (moved.at_us, moved.status) == (pause[1], MarketStatus.ACTIVE)


def test_a_restored_world_remembers_a_pause_on_demand() -> None:
    world = GeneratedWorld(5, plan=PLAN)
    world.advance(EPOCH_US)
    ticker = next(t for t in world._pits if world._pits[t].is_open(EPOCH_US + 2 * HOUR))
    world.set_trading(ticker, active=False)
    shown = world.ladders(ticker)
    world.advance(EPOCH_US + HOUR)
    copy = GeneratedWorld.restore(world.state, PLAN)
    assert copy.ladders(ticker) == world.ladders(ticker) == shown
    for each in (world, copy):
        each.set_trading(ticker, active=True)
    assert copy.ladders(ticker) == world.ladders(ticker) != shown
    assert msgspec.msgpack.encode(copy.state) == msgspec.msgpack.encode(world.state)
