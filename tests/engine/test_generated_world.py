"""The generated world: about 60 coherent markets, the same again from a snapshot, ours in line."""

import math
from collections import defaultdict
from dataclasses import replace
from functools import cache

import msgspec
import pytest
from fakes.market_life import NEXT_STATUS

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE
from kalshi_cli.domain.market import Market, MarketStatus, Result
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.generated import EPOCH_US, GeneratedState, GeneratedWorld
from kalshi_cli.engine.occasion import draw_occasion
from kalshi_cli.engine.series_plan import (
    CLIMATES,
    SERIES,
    SeriesPlan,
    Shape,
    documented_bias,
    market_logit_error,
)
from kalshi_cli.engine.world import Listed, Matched, Moved, Occurrence, Printed
from kalshi_cli.engine.world_plan import Genesis, WorldPlan
from kalshi_cli.errors import InvalidValue, NotFound

SEED = 7


@cache
def _encoded_start() -> bytes:
    return msgspec.msgpack.encode(GeneratedWorld(SEED).state)


def a_world() -> GeneratedWorld:
    return GeneratedWorld.restore(msgspec.msgpack.decode(_encoded_start(), type=GeneratedState))


def frozen(world: GeneratedWorld) -> bytes:
    return msgspec.msgpack.encode(world.state)


@cache
def _three_days() -> tuple[Occurrence, ...]:
    return a_world().advance(EPOCH_US + 3 * DAY)


def listed_markets(happened: tuple[Occurrence, ...]) -> dict[str, Market]:
    return {m.ticker: m for o in happened if isinstance(o, Listed) for m in o.markets}


def active_at_start(world: GeneratedWorld) -> list[Market]:
    listed = listed_markets(world.advance(EPOCH_US)).values()
    return [market for market in listed if market.status is MarketStatus.ACTIVE]


def test_it_begins_with_some_sixty_open_markets_that_have_traded() -> None:
    world = a_world()
    active = active_at_start(world)
    assert 50 <= len(active) <= 80
    assert all(market.open_us <= EPOCH_US < market.close_us for market in active)
    traded = [market for market in active if world.tally(market.ticker).last is not None]
    assert len(traded) > 0.7 * len(active)
    assert world.advance(EPOCH_US) == ()


def test_every_open_market_has_a_book_on_its_grid_and_most_have_both_sides() -> None:
    world = a_world()
    both = 0
    active = active_at_start(world)
    for market in active:
        bids, asks = world.ladders(market.ticker)
        OrderBook(market.ticker, bids, asks, EPOCH_US)
        assert market.grid is not None
        assert all(market.grid.contains(level.price) for level in (*bids, *asks))
        both += bool(bids) and bool(asks)
    assert 0.6 * len(active) < both < len(active)


def test_one_hop_or_many_is_the_same_history() -> None:
    once, often = a_world(), a_world()
    whole = once.advance(EPOCH_US + 8 * HOUR)
    parts: list[Occurrence] = []
    for end in (1, 17 * MINUTE, 17 * MINUTE + 1, 2 * HOUR, 8 * HOUR):
        parts.extend(often.advance(EPOCH_US + end))
        often.ladders(active_ticker(often))
    assert tuple(parts) == whole
    ticker = active_ticker(once)
    assert once.ladders(ticker) == often.ladders(ticker)
    assert frozen(GeneratedWorld(SEED)) == _encoded_start()


def active_ticker(world: GeneratedWorld) -> str:
    """A weather market that is open for the whole test and trades near the middle."""
    return min(
        (t for t in world._pits if t.startswith("KXHIGHNY-27JAN04")),
        key=lambda t: abs(world.crowd(t) - 0.3),
    )


def test_a_restored_world_goes_on_byte_for_byte() -> None:
    world = a_world()
    ticker = active_ticker(world)
    world.advance(EPOCH_US + HOUR)
    best = world.ladders(ticker)[0][0].price
    world.join(ticker, "o1", Side.BID, Price(best.units + 100), Contracts(50_000))
    world.take(ticker, Side.BID, Price(9_900), Contracts(300))
    copy = GeneratedWorld.restore(msgspec.msgpack.decode(frozen(world), type=GeneratedState))
    later = EPOCH_US + 9 * HOUR
    assert copy.advance(later) == world.advance(later)
    assert frozen(copy) == frozen(world)
    assert copy.ladders(ticker) == world.ladders(ticker)


def test_our_orders_do_not_shift_the_others() -> None:
    alone, with_us = a_world(), a_world()
    ticker = active_ticker(alone)
    others = [t for t in alone._pits if t != ticker]
    with_us.join(ticker, "o1", Side.BID, Price(100), Contracts(10_000))
    with_us.take(ticker, Side.BID, Price(9_900), Contracts(100_000))
    for hour in (1, 3, 6):
        alone.advance(EPOCH_US + hour * HOUR)
        with_us.advance(EPOCH_US + hour * HOUR)
        assert [alone.truth(t) for t in alone._pits] == [with_us.truth(t) for t in with_us._pits]
        assert [alone.tally(t) for t in others] == [with_us.tally(t) for t in others]
        assert alone.ladders(ticker)[1] == with_us.ladders(ticker)[1]


def test_legs_and_ladders_cohere_at_every_moment() -> None:
    world = a_world()
    for hour in range(0, 30, 5):
        world.advance(EPOCH_US + hour * HOUR)
        for pits in world._stages.values():
            plan = pits[0].occasion.plan
            determined_us = pits[0].occasion.times.determined_us
            for chance in (world.truth, world.crowd):
                legs = [chance(pit.ticker) for pit in pits]
                if plan.shape is Shape.ABOVE:
                    assert legs == sorted(legs, reverse=True)
                elif plan.shape is not Shape.SINGLE and world.now_us < determined_us:
                    assert sum(legs) == pytest.approx(1.0, abs=1e-9)


def test_a_crowd_that_underreacts_prices_the_late_part_in_over_twenty_minutes() -> None:
    """Nine tenths of it as the mean of what was public 4, 8, 12, 16 and 20 minutes ago."""
    climates = {name: replace(each, underreaction=0.9) for name, each in CLIMATES.items()}
    late, prompt = GeneratedWorld(SEED, plan=WorldPlan(climates=climates)), GeneratedWorld(SEED)
    pits: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for world in (late, prompt):
        world.advance(EPOCH_US + HOUR)
    for ticker, pit in late._pits.items():
        if pit.is_open(late.now_us) and pit.occasion.times.open_us < EPOCH_US:
            public = [prompt._pits[ticker].crowd(late.now_us - n * 4 * MINUTE) for n in range(6)]
            expected = 0.1 * public[0] + 0.9 * sum(public[1:]) / 5
            assert late.crowd(ticker) == pytest.approx(expected, abs=1e-12)
            pits[pit.occasion.event.event_ticker].append((ticker, late.crowd(ticker)))
    bands = [legs for event, legs in pits.items() if event.startswith("KXHIGH")]
    assert bands
    for legs in bands:
        assert sum(chance for _, chance in legs) == pytest.approx(1.0, abs=1e-9)


def test_lives_are_legal_and_short_series_settle_within_hours() -> None:
    happened = _three_days()
    status = {ticker: m.status for ticker, m in listed_markets(happened).items()}
    assert [o.at_us for o in happened] == sorted(o.at_us for o in happened)
    finalized_early = 0
    for occurrence in happened:
        if isinstance(occurrence, Moved):
            was = status[occurrence.ticker]
            assert occurrence.status in NEXT_STATUS[was]
            status[occurrence.ticker] = occurrence.status
            determined = occurrence.status is MarketStatus.DETERMINED
            assert (occurrence.result is not None) == determined == (occurrence.value is not None)
            if occurrence.status is MarketStatus.FINALIZED:
                finalized_early += occurrence.at_us < EPOCH_US + 5 * HOUR
        elif isinstance(occurrence, Printed) and occurrence.at_us > EPOCH_US:
            assert 0 < occurrence.trade.price.units < 10_000
    assert finalized_early >= 8


def test_exclusive_events_pay_one_dollar_in_all_and_ladders_pay_downwards() -> None:
    happened = _three_days()
    events = {o.event.event_ticker: o for o in happened if isinstance(o, Listed)}
    paid: dict[str, int] = {
        o.ticker: o.value.units for o in happened if isinstance(o, Moved) and o.value is not None
    }
    shapes = {plan.ticker: plan.shape for plan in SERIES}
    settled = defaultdict(int)
    for listed in events.values():
        values = [paid[m.ticker] for m in listed.markets if m.ticker in paid]
        if len(values) < len(listed.markets):
            continue
        shape = shapes[listed.series.ticker]
        settled[shape] += 1
        if shape in {Shape.BANDS, Shape.VERSUS}:
            assert sum(values) == 10_000
        elif shape is Shape.ABOVE:
            assert values == sorted(values, reverse=True)
    assert all(settled[shape] >= 5 for shape in (Shape.ABOVE, Shape.BANDS, Shape.VERSUS))


def test_some_events_are_abandoned_at_their_fair_value() -> None:
    plan = next(plan for plan in SERIES if plan.shape is Shape.BANDS)
    drawn = [draw_occasion(Genesis(1, EPOCH_US), plan, number) for number in range(2_000)]
    abandoned = [occasion for occasion in drawn if occasion.times.abandoned]
    assert 4 <= len(abandoned) <= 26  # 0.7 % of 2,000 is 14; three deviations either way
    for occasion in abandoned:
        assert occasion.times.closed_us < occasion.times.close_us
        assert all(result is Result.SCALAR for result, _ in occasion.outcomes())
        cell = occasion.clock.cell(occasion.times.closed_us)
        for leg, (_, value) in zip(occasion.legs, occasion.outcomes(), strict=True):
            assert float(value) == pytest.approx(
                occasion.path.chance(cell, leg.low, leg.high), abs=4e-4
            )


def test_truth_is_the_payout_once_determined() -> None:
    world = a_world()
    happened = world.advance(EPOCH_US + 6 * HOUR)
    moved = [o for o in happened if isinstance(o, Moved) and o.value is not None]
    assert moved
    for occurrence in moved:
        assert world.truth(occurrence.ticker) == float(occurrence.value or Price(0))


def test_a_take_consumes_what_others_show_and_is_printed() -> None:
    world = a_world()
    ticker = active_ticker(world)
    world.advance(EPOCH_US)
    asks = world.ladders(ticker)[1]
    whole = sum(level.count.units for level in asks)
    got = world.take(ticker, Side.BID, Price(9_900), Contracts(whole + 100))
    assert [(e.price, e.count) for e in got] == [(a.price, a.count) for a in asks]
    assert world.ladders(ticker)[1] == ()
    assert world.take(ticker, Side.BID, Price(9_900), Contracts(100)) == ()
    prints = [o for o in world.advance(EPOCH_US) if isinstance(o, Printed)]
    assert [o.trade.count for o in prints] == [a.count for a in asks]
    assert {o.trade.taker_side for o in prints} == {"bid"}
    world.advance(EPOCH_US + 10 * MINUTE)
    assert world.ladders(ticker)[1]


def test_a_stale_order_of_ours_is_picked_off_by_who_reads_the_news() -> None:
    world = a_world()
    ticker = active_ticker(world)
    world.join(ticker, "cheap", Side.ASK, Price(100), Contracts(12_300))
    (own,) = [level for level in world.ladders(ticker)[1] if level.price == Price(100)]
    assert own.count == Contracts(12_300)
    matched = [o for o in world.advance(EPOCH_US + 6 * MINUTE) if isinstance(o, Matched)]
    assert sum(o.execution.count.units for o in matched) == 12_300
    assert {(o.order_id, o.execution.price) for o in matched} == {("cheap", Price(100))}


def test_a_smaller_order_keeps_its_place_in_the_queue() -> None:
    world = a_world()
    ticker = active_ticker(world)
    world.advance(EPOCH_US)
    bids = world.ladders(ticker)[0]
    best, second = bids[0], bids[1]
    world.join(ticker, "second", Side.BID, second.price, Contracts(1_000))
    world.join(ticker, "best", Side.BID, best.price, Contracts(700))
    assert world.ahead(ticker, "best") == best.count
    assert world.ahead(ticker, "second").units == best.count.units + 700 + second.count.units
    world.reduce(ticker, "best", Contracts(100))
    assert world.ahead(ticker, "second").units == best.count.units + 100 + second.count.units
    world.leave(ticker, "best")
    with pytest.raises(NotFound):
        world.ahead(ticker, "best")


def test_while_paused_on_demand_nothing_trades_and_the_book_stays() -> None:
    world, other = a_world(), a_world()
    ticker = active_ticker(world)
    world.join(ticker, "cheap", Side.ASK, Price(100), Contracts(12_300))
    world.set_trading(ticker, active=False)
    shown, tally = world.ladders(ticker), world.tally(ticker)
    paused = world.advance(EPOCH_US + 2 * HOUR)
    assert not [o for o in paused if isinstance(o, Printed) and o.trade.ticker == ticker]
    assert (world.ladders(ticker), world.tally(ticker).volume) == (shown, tally.volume)
    world = GeneratedWorld.restore(msgspec.msgpack.decode(frozen(world), type=GeneratedState))
    world.set_trading(ticker, active=True)
    after = world.advance(EPOCH_US + 2 * HOUR + 6 * MINUTE)
    matched = [o for o in after if isinstance(o, Matched)]
    assert sum(o.execution.count.units for o in matched) == 12_300
    assert min(o.at_us for o in matched) > EPOCH_US + 2 * HOUR
    other.advance(EPOCH_US + 2 * HOUR + 6 * MINUTE)
    others = [t for t in world._pits if t != ticker]
    assert [world.ladders(t) for t in others] == [other.ladders(t) for t in others]


def test_history_quotes_what_an_untouched_book_showed() -> None:
    world = a_world()
    ticker = active_ticker(world)
    shown: dict[int, tuple[Price | None, Price | None]] = {}
    for hop in range(1, 60):
        at_us = EPOCH_US + hop * 5 * MINUTE
        prints = [o for o in world.advance(at_us) if isinstance(o, Printed)]
        if all(o.trade.ticker != ticker for o in prints):
            bids, asks = world.ladders(ticker)
            shown[at_us] = (bids[0].price if bids else None, asks[0].price if asks else None)
    assert len(shown) > 10
    world.advance(EPOCH_US + 60 * HOUR)  # it is over after 28, and forgotten before 44
    with pytest.raises(NotFound):
        world.tally(ticker)
    assert {at_us: world.quotes_at(ticker, at_us) for at_us in shown} == shown
    assert world.quotes_at(ticker, world.now_us) == (None, None)
    for unknown in ("KXNONE-1", "KXHIGHNY-27JAN04-B0", "KXHIGHNY-27XXX04-B0", "KXHIGHNY"):
        with pytest.raises((NotFound, InvalidValue)):
            world.quotes_at(unknown, EPOCH_US)


def test_an_order_inside_a_wide_spread_is_filled_within_hours() -> None:
    world = a_world()
    active = active_at_start(world)
    wanted: dict[str, int] = {}
    for market in active:
        bids, asks = world.ladders(market.ticker)
        if bids and asks and asks[0].price.units - bids[0].price.units >= 400:
            price = Price(asks[0].price.units - 100)
            world.join(market.ticker, market.ticker, Side.ASK, price, Contracts(1_000))
            wanted[market.ticker] = 1_000
    filled = {o.order_id for o in world.advance(EPOCH_US + 4 * HOUR) if isinstance(o, Matched)}
    assert len(wanted) >= 15
    assert len(filled) > 0.4 * len(wanted)


def test_an_order_that_left_is_never_matched_and_orders_end_with_trading() -> None:
    world = a_world()
    ticker = active_ticker(world)
    world.join(ticker, "gone", Side.ASK, Price(100), Contracts(100))
    world.leave(ticker, "gone")
    short = next(t for t in world._pits if t.startswith("KXBTCD-27JAN0401"))
    world.join(short, "last", Side.BID, Price(10), Contracts(100))
    happened = world.advance(EPOCH_US + 4 * HOUR)
    assert not [o for o in happened if isinstance(o, Matched) and o.order_id == "gone"]
    assert world.ladders(short) == ((), ())
    with pytest.raises(InvalidValue, match="does not trade"):
        world.join(short, "late", Side.BID, Price(100), Contracts(100))
    with pytest.raises(NotFound):
        world.tally("KXNONE-1")
    with pytest.raises(InvalidValue, match="back in time"):
        world.advance(EPOCH_US)


def test_settled_events_are_forgotten_but_for_what_history_tells() -> None:
    world = a_world()
    short = next(t for t in world._pits if t.startswith("KXBTCD-27JAN0401"))
    world.advance(EPOCH_US + 12 * HOUR)
    outcome = world.truth(short)
    assert outcome in {0.0, 1.0}
    assert world.tally(short).last is not None
    world.advance(EPOCH_US + DAY)
    with pytest.raises(NotFound):
        world.tally(short)
    assert world.truth(short) == outcome
    assert world.quotes_at(short, EPOCH_US) != (None, None)
    with pytest.raises(NotFound, match="yet"):
        world.truth(short.replace("27JAN04", "27FEB04"))
    assert len(frozen(world)) < 50_000


def test_what_a_trader_may_know_is_documented() -> None:
    assert market_logit_error("Crypto") == 0.15
    assert market_logit_error("Politics") == 0.30
    for plan in SERIES:
        assert 0.0 < documented_bias(plan.category) <= 0.015
        assert documented_bias(plan.category, 0.05) == documented_bias(plan.category) / 2
    assert documented_bias("Unheard of") == 0.0


def test_takers_sizes_are_heavy_tailed() -> None:
    counts = sorted(o.trade.count.units / 100 for o in _three_days() if isinstance(o, Printed))
    assert 10 <= counts[len(counts) // 2] <= 40
    assert 150 <= counts[int(0.99 * len(counts))] <= 1_000


@pytest.mark.parametrize("plan", SERIES, ids=lambda plan: plan.ticker)
def test_the_crowd_errs_as_documented(plan: SeriesPlan) -> None:
    """Root mean square over 120 events of each series, at ten moments of their lives."""
    squares: list[float] = []
    for number in range(120):
        occasion = draw_occasion(Genesis(SEED, EPOCH_US), plan, number)
        life = occasion.times.closed_us - occasion.times.open_us
        for tenth in range(10):
            cell = occasion.clock.cell(occasion.times.open_us + life * (2 * tenth + 1) // 20)
            for leg in occasion.legs:
                truth = occasion.path.chance(cell, leg.low, leg.high)
                crowd = occasion.path.crowd(cell, leg.low, leg.high)
                if 0.05 < crowd < 0.95 and 0.02 < truth < 0.98:
                    gap = math.log(truth / (1 - truth)) - math.log(crowd / (1 - crowd))
                    squares.append(gap * gap)
    rms = math.sqrt(sum(squares) / len(squares))
    assert rms == pytest.approx(market_logit_error(plan.category), rel=0.15)


def test_last_prices_of_exclusive_events_add_up_to_over_one() -> None:
    world = a_world()
    sums: list[float] = []
    for hour in (1, 12, 20, 26, 38):
        world.advance(EPOCH_US + hour * HOUR)
        for pits in world._stages.values():
            times = pits[0].occasion.times
            lasts = [world.tally(pit.ticker).last for pit in pits]
            traded = times.open_us + 10 * HOUR < world.now_us < times.closed_us
            if pits[0].occasion.plan.shape is Shape.BANDS and traded:
                sums.append(sum(float(last) for last in lasts if last is not None))
    assert len(sums) >= 12
    assert 1.01 < sum(sums) / len(sums) < 1.10
