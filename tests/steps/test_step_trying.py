"""Trials of signals: begun, judged and counted over passes, and the flips that they allow."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, NoReturn

import pytest
from fakes.exchange import FakeExchange
from fakes.floor import A, B, the_policies

from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import Result, Trade
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import WORKING, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trial import Ending, HitRate, Trial, Verdict
from kalshi_cli.errors import ClockRefused, ExchangeRefusal, MalformedAnswer, Unavailable
from kalshi_cli.settings.sections import Filters, Settings, Trading
from kalshi_cli.steps.looking import TRIALS_US
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import rehearse, trade
from kalshi_cli.steps.trying import AT_ONCE, FAILURES, PAGES
from kalshi_cli.strategies._base import Strategy
from kalshi_cli.strategies._pushes import LATENCY_US

NAME = "quick_flip_scalping"
SETTINGS = Settings(
    home=Path("unused"), trading=Trading(strategies=(NAME,)), filters=Filters(min_volume=0)
)
POLICY = policies(Env.SIM, SETTINGS, None).trading
SIGNAL = (NAME, "Economics, up to 0.50")


def printed(floor, price: str, minutes_ago: float, side=Side.BID, ticker=A) -> None:
    at_us = floor.clock.now() - int(minutes_ago * MINUTE)
    count = Contracts.parse("10.00")
    number = len(floor.exchange.prints)
    floor.exchange.prints.append(
        Trade(f"p{number}", ticker, Price.parse(price), count, side.value, at_us)
    )


def pushed(floor, ticker=A) -> None:
    """Up by ten cents to an ask of 44 and a bid of 43, all takers on one side, without fees.

    2 x 1 c make a target of 46 and a stop of 42, which need (44 - 42) / (46 - 42) = one half.
    """
    for price, ago in (("0.3400", 8), ("0.4400", 4), ("0.4400", 3), ("0.4400", 2)):
        printed(floor, price, ago, ticker=ticker)
    floor.exchange.set_book(ticker, (("0.4300", "500.00"),), (("0.4400", "500.00"),))


async def run(floor, *strategies):
    policy = replace(POLICY, strategies=strategies or POLICY.strategies)
    await floor.ingest()
    return await trade(floor.exchange, floor.desk, policy=policy)


async def look(floor):
    exits = the_policies().exits
    return await track(floor.exchange, floor.desk, exits=exits, policy=POLICY)


async def rates(floor):
    async with floor.store.unit(reads=True) as unit:
        return await unit.trials.hit_rates(0)


async def under_way(floor):
    async with floor.store.unit(reads=True) as unit:
        return await unit.trials.under_way()


async def known(floor, *, hits: int, of: int, slips: tuple[str, ...] = ()) -> None:
    """Put so many judged trials on record, each of an hour of its own, long ago."""
    begun = [
        Trial(
            *SIGNAL, f"E{n}", "OLD", Side.BID, Price.parse("0.5000"),
            Price.parse("0.6000"), Price.parse("0.4000"), Price.parse("0.0100"),
            floor.clock.now() - (n + 1) * HOUR, floor.clock.now() - (n + 1) * HOUR + 30 * MINUTE,
        )
        for n in range(of)
    ]  # fmt: skip
    verdicts = [
        Verdict(trial, Ending.HIT if n < hits else Ending.TIMED_OUT, trial.until_us)
        for n, trial in enumerate(begun)
    ]
    for n, slip in enumerate(slips):
        left = verdicts[-1 - n].trial.stop - Price.parse(slip)
        verdicts[-1 - n] = replace(verdicts[-1 - n], ending=Ending.STOPPED, left=left)
    async with floor.store.unit() as unit:
        await unit.trials.begin(begun)
        await unit.trials.judge(verdicts)
        await unit.commit()


@pytest.mark.databases
async def test_a_push_is_put_on_record_and_not_traded(floor):
    pushed(floor)
    result = await run(floor)
    (told,) = [each for each in result.funnel if each.code == "UNPROVEN"]
    assert (told.markets, result.orders, result.proposals) == (1, (), ())
    assert told.nearest.detail == (
        "in at 44c, target 46c, stop 42c; 0 of 0 hit in Economics, up to 0.50, 0.0% "
        "proven, 50.0% needed; 200 or more trials like these are"
    )
    (trial,) = await under_way(floor)
    assert (trial.strategy, trial.signal, trial.ticker, trial.side) == (*SIGNAL, A, Side.BID)
    assert tuple(map(str, (trial.entry, trial.target, trial.stop, trial.spread))) == (
        "0.4400", "0.4600", "0.4200", "0.0100",
    )  # fmt: skip
    assert trial.at_us == floor.clock.now() + LATENCY_US
    assert trial.until_us - trial.at_us == 30 * MINUTE
    assert await rates(floor) == {}


async def test_of_one_event_one_trial_is_under_way_at_a_time(floor):
    pushed(floor)
    pushed(floor, B)
    await run(floor)
    floor.clock.now_us += MINUTE
    pushed(floor)
    again = await run(floor)
    assert (len(await under_way(floor)), {each.code for each in again.funnel}) == (1, {"TRYING"})


@pytest.mark.databases
async def test_it_is_judged_by_what_was_printed_once_its_time_is_over(floor):
    pushed(floor)
    await run(floor)
    floor.clock.now_us += 30 * MINUTE + LATENCY_US
    printed(floor, "0.4700", 20)
    printed(floor, "0.4000", 10, Side.ASK)
    await run(floor)
    assert await rates(floor) == {}  # its last instant may still be printed
    floor.clock.now_us += SECOND
    await run(floor)
    assert await rates(floor) == {SIGNAL: HitRate(1, 1, 0.0)}
    assert await under_way(floor) == ()


async def test_what_was_printed_before_the_book_was_read_is_no_part_of_a_trial(floor):
    """The pass looked ten seconds before the book, and an order takes another one to get there."""
    pushed(floor)
    read = floor.exchange.books
    began_us = floor.clock.now()

    async def late(tickers):
        if floor.clock.now() == began_us:
            floor.clock.now_us += 10 * SECOND
            printed(floor, "0.4900", 3 / 60)
        return await read(tickers)

    floor.exchange.books = late
    await run(floor)
    (trial,) = await under_way(floor)
    assert trial.at_us == began_us + 10 * SECOND + LATENCY_US
    printed(floor, "0.4900", -0.5 / 60)  # before an order is there
    floor.clock.now_us += 31 * MINUTE
    await run(floor)
    assert await rates(floor) == {SIGNAL: HitRate(1, 0, 0.0)}


@pytest.mark.databases
async def test_what_is_known_is_counted_by_signal(floor):
    await known(floor, hits=3, of=8, slips=("0.0100", "0.0300"))
    found = (await rates(floor))[SIGNAL]
    assert (found.count, found.hits, found.slip) == (8, 3, pytest.approx(0.02))
    assert found.alike == 1.0
    async with floor.store.unit() as unit:
        since_us = floor.clock.now() - 4 * HOUR
        assert (await unit.trials.hit_rates(since_us))[SIGNAL].count == 4
        await unit.trials.forget(since_us)
        assert (await unit.trials.hit_rates(0))[SIGNAL].count == 4


@pytest.mark.databases
async def test_trials_of_one_hour_that_end_alike_count_as_what_they_tell(floor):
    """Of three hours with two trials each, one hit and two missed: as good as three trials."""
    hour_us = floor.clock.now() // HOUR * HOUR - 10 * HOUR
    begun = [
        Trial(
            *SIGNAL, f"E{n}", f"OLD{n}", Side.BID, Price.parse("0.5000"), Price.parse("0.6000"),
            Price.parse("0.4000"), Price.parse("0.0100"),
            hour_us + n // 2 * HOUR + n * MINUTE, hour_us + n // 2 * HOUR + 30 * MINUTE,
        )
        for n in range(6)
    ]  # fmt: skip
    ends = [Ending.HIT if n < 2 else Ending.TIMED_OUT for n in range(6)]
    async with floor.store.unit() as unit:
        await unit.trials.begin(begun)
        await unit.trials.judge(
            [Verdict(t, e, t.until_us) for t, e in zip(begun, ends, strict=True)]
        )
        await unit.commit()
    found = (await rates(floor))[SIGNAL]
    assert (found.count, found.hits, found.alike) == (6, 2, 2.0)
    assert found.effective == 3.0


async def test_what_was_judged_long_ago_is_forgotten_once_others_are_judged(floor):
    pushed(floor)
    await run(floor)
    (trial,) = await under_way(floor)
    await known(floor, hits=1, of=1)
    first_us = floor.clock.now() - HOUR  # when that one began
    for past_us, hits in ((0, 1), (1, 0)):
        floor.clock.now_us = first_us + TRIALS_US + past_us
        late = replace(trial, at_us=floor.clock.now() - HOUR, until_us=floor.clock.now() - MINUTE)
        async with floor.store.unit() as unit:
            await unit.trials.judge([Verdict(trial, Ending.UNTOLD, trial.until_us)])
            await unit.trials.begin([replace(late, ticker=f"{A}-{past_us}")])
            await unit.commit()
        await run(floor)
        assert (await rates(floor)).get(SIGNAL, HitRate(0, 0, 0.0)).hits == hits


async def test_a_rehearsal_puts_nothing_on_record(floor):
    pushed(floor)
    await floor.ingest()
    shown = await rehearse(floor.exchange, floor.exchange, floor.store, floor.clock, policy=POLICY)
    assert "UNPROVEN" in {each.code for each in shown.funnel}
    assert await under_way(floor) == ()


async def test_with_a_proven_record_the_push_is_bought_and_its_sale_rests_at_once(floor):
    """200 hits of 250 are sure of 0.755: a contract is worth 42 + 0.755 x 4 = 45.02 cents."""
    await known(floor, hits=200, of=250)
    pushed(floor)
    (order,) = (await run(floor)).orders
    intent = order.intent
    assert (intent.purpose, intent.side, str(intent.limit)) == (Purpose.ENTRY, Side.BID, "0.4400")
    assert intent.fair == pytest.approx(0.4502, abs=1e-4)
    assert intent.forecast_id is None
    assert str(order.filled) == "22.00"  # 1 % of $1,000, in whole contracts at 44 cents
    (sale,) = [o for o in await floor.orders() if o.state in WORKING]
    assert (sale.intent.purpose, str(sale.intent.limit)) == (Purpose.EXIT, "0.4600")
    assert str(sale.intent.count) == "22.00"
    assert sale.intent.expires_us == floor.clock.now() + LATENCY_US + 30 * MINUTE
    async with floor.store.unit() as unit:
        plan = (await unit.plans.all())[A, NAME]
    assert (str(plan.levels.stop), str(plan.levels.target), plan.levels.target_rests) == (
        "0.4200",
        "0.4600",
        True,
    )
    assert len(await under_way(floor)) == 1  # what is traded is measured like what is not


async def test_one_hit_less_than_pays_buys_nothing(floor):
    """Wilson's bound of 124 hits of 222 is above one half, that of 123 is not."""
    await known(floor, hits=123, of=222)
    pushed(floor)
    result = await run(floor)
    (told,) = [each.nearest for each in result.funnel if each.code == "UNPROVEN"]
    assert (result.orders, told.value, told.limit) == ((), "0.499", "0.500")


async def test_a_proven_push_that_leaves_less_than_an_edge_is_left_as_well(floor):
    """0.604 proven: worth 44.41 cents, where a cent more than 44 is asked."""
    await known(floor, hits=165, of=250)
    pushed(floor)
    result = await run(floor)
    assert (result.orders, [u.reason for u in result.unsized]) == ((), ["NO_STAKE"])


async def test_a_flip_is_over_at_its_stop(floor):
    await known(floor, hits=200, of=250)
    pushed(floor)
    await run(floor)
    floor.exchange.set_book(A, (("0.4200", "500.00"),), (("0.4300", "500.00"),))
    (exited,) = (await look(floor)).exits
    assert (exited.reason.code, str(exited.order.filled)) == ("STOP_LOSS", "22.00")
    assert [o for o in await floor.orders() if o.state in WORKING] == []
    assert await floor.nets() == {}


async def test_no_sale_rests_where_the_market_fell_to_the_stop_meanwhile(floor):
    """It would be in the way of the one that is due at once."""
    await known(floor, hits=200, of=250)
    pushed(floor)
    books = floor.exchange.books

    async def fallen(tickers):
        if A in floor.exchange.nets:
            floor.exchange.set_book(A, (("0.4200", "500.00"),), (("0.4300", "500.00"),))
        return await books(tickers)

    floor.exchange.books = fallen
    (order,) = (await run(floor)).orders
    assert str(order.filled) == "22.00"
    assert [o for o in await floor.orders() if o.state in WORKING] == []
    (exited,) = (await look(floor)).exits
    assert (exited.reason.code, str(exited.order.filled)) == ("STOP_LOSS", "22.00")


async def test_a_trial_of_long_ago_is_not_told(floor):
    """Its prints may be gone: an empty tape would make it a miss."""
    pushed(floor)
    await run(floor)
    floor.clock.now_us += 30 * MINUTE + 12 * HOUR + LATENCY_US + SECOND
    await run(floor)
    assert (await rates(floor), await under_way(floor)) == ({}, ())


async def test_only_the_tape_of_its_time_is_read(floor):
    """However much is printed until it is judged: more than is read of any tape."""
    pushed(floor)
    await run(floor)
    (trial,) = await under_way(floor)
    floor.clock.now_us = trial.until_us + HOUR
    printed(floor, "0.4900", (floor.clock.now() - trial.until_us + MINUTE) / MINUTE)
    for _ in range(PAGES * floor.exchange.page_size + 1):
        printed(floor, "0.3000", 1)
    await run(floor)
    assert await rates(floor) == {SIGNAL: HitRate(1, 1, 0.0)}


async def test_a_tape_that_cannot_be_read_whole_tells_nothing(floor):
    class Untold(FakeExchange):
        async def trades(self, ticker, min_us=0, cursor="", max_us=None):
            raise ExchangeRefusal("no", status=400, exchange_code="bad_request")

    pushed(floor)
    await run(floor)
    floor.clock.now_us += 31 * MINUTE
    floor.exchange.__class__ = Untold
    await run(floor)
    assert (await rates(floor), await under_way(floor)) == ({}, ())


@pytest.mark.parametrize("error", [Unavailable("429"), MalformedAnswer("?"), ClockRefused("late")])
async def test_a_tape_that_cannot_be_read_now_holds_up_nobody_and_is_read_later(
    floor, monkeypatch, error
):
    pushed(floor)
    await run(floor)
    floor.clock.now_us += 31 * MINUTE
    printed(floor, "0.4700", 20)

    async def down(*_: object) -> NoReturn:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(floor.exchange, "trades", down)
        result = await run(floor, Trying({}, trials=()))
    assert (result.broken, await rates(floor), len(await under_way(floor))) == ((), {}, 1)
    await run(floor)
    assert await rates(floor) == {SIGNAL: HitRate(1, 1, 0.0)}


async def test_an_exchange_that_tells_no_tape_is_asked_for_a_few_alone(floor, monkeypatch):
    await begun(floor, FAILURES + 2)
    asked: list[str] = []

    async def down(ticker: str, *_: object) -> NoReturn:
        asked.append(ticker)
        raise Unavailable("down")

    monkeypatch.setattr(floor.exchange, "trades", down)
    await run(floor, Trying({}, trials=()))
    assert len(asked) == FAILURES
    assert len(await under_way(floor)) == FAILURES + 2


async def test_a_pass_judges_so_many_after_whatever_it_sends(floor, monkeypatch):
    """An entry that is proven does not wait for the tapes of what was tried before."""
    await known(floor, hits=200, of=250)
    await begun(floor, AT_ONCE + 1)
    pushed(floor)
    tapes, done = floor.exchange.trades, []

    async def noted(ticker: str, since_us: int, *rest):
        if floor.clock.now() - since_us > 2 * HOUR:  # further back than the strategy looks
            done.append(len(floor.exchange.placed))
        return await tapes(ticker, since_us, *rest)

    monkeypatch.setattr(floor.exchange, "trades", noted)
    assert len((await run(floor)).orders) == 1
    assert len(done) == AT_ONCE
    assert min(done) >= 1
    await run(floor)
    assert len(done) == AT_ONCE + 1


async def begun(floor, count: int) -> None:
    """Trials in B of one minute after the other, the last of which ended two hours ago."""
    end = floor.clock.now() - 2 * HOUR
    trials = [
        Trial(
            "trying", "s", f"E{n}", B, Side.BID, Price.parse("0.4400"), Price.parse("0.5000"),
            Price.parse("0.4000"), Price.parse("0.0100"), end - n * MINUTE - 1, end - n * MINUTE,
        )
        for n in range(count)
    ]  # fmt: skip
    async with floor.store.unit() as unit:
        await unit.trials.begin(trials)
        await unit.commit()


async def test_a_tape_of_many_pages_is_read_to_its_end(floor):
    pushed(floor)
    await run(floor)
    floor.clock.now_us += 31 * MINUTE
    floor.exchange.page_size = 2
    printed(floor, "0.4700", 30)  # the oldest, on the last page
    for number in range(6):
        printed(floor, "0.4500", 20 - number)
    await run(floor)
    assert await rates(floor) == {SIGNAL: HitRate(1, 1, 0.0)}


@pytest.mark.parametrize(
    ("result", "slip"), [(Result.NO, 0.42), (Result.YES, 0.0)], ids=["all lost", "won"]
)
async def test_a_market_that_is_determined_meanwhile_is_left_for_what_it_pays(floor, result, slip):
    """Nobody printed: NO pays nothing for what was to be stopped at 42, YES is no hit of ours."""
    pushed(floor)
    await run(floor)
    floor.clock.now_us += 10 * MINUTE
    market = floor.exchange.markets[A]
    floor.exchange.markets[A] = replace(market, close_us=floor.clock.now())
    floor.clock.now_us += 21 * MINUTE
    await run(floor)
    assert (await rates(floor), len(await under_way(floor))) == ({}, 1)  # not told yet
    floor.exchange.markets[A] = replace(floor.exchange.markets[A], result=result)
    await run(floor)
    (rate,) = (await rates(floor)).values()
    assert (rate.count, rate.hits, rate.slip) == (1, 0, pytest.approx(slip))


async def test_what_is_traded_is_measured_though_its_pass_does_not_end(floor):
    async def fails(*_told, **_named):
        raise RuntimeError("the process is gone")

    await known(floor, hits=200, of=250)
    pushed(floor)
    floor.exchange.place = fails
    with pytest.raises(RuntimeError):
        await run(floor)
    assert len(await under_way(floor)) == 1


@dataclass(frozen=True)
class Trying(Strategy):
    """Tries what it is told to."""

    changes: dict
    trials: object = None
    name: ClassVar[str] = "trying"

    def propose(self, view):
        return ()

    def tries(self, view):
        good = Trial(
            self.name, "s", "KXT-1", A, Side.BID, Price.parse("0.4400"), Price.parse("0.5000"),
            Price.parse("0.4000"), Price.parse("0.0100"), view.now_us, view.now_us + MINUTE,
        )  # fmt: skip
        return (replace(good, **self.changes),) if self.trials is None else self.trials


async def test_a_trial_that_makes_sense_is_begun(floor):
    assert (await run(floor, Trying({}))).broken == ()
    assert [trial.strategy for trial in await under_way(floor)] == ["trying"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ticker": "KXELSE"}, "a market that it was not shown"),
        ({"event_ticker": "KXELSE"}, "a market that it was not shown"),
        ({"strategy": "other"}, "or for another"),
        ({"at_us": 5}, "begins in the past"),
        ({"until_us": 5}, "or ends before"),
        ({"stop": Price.parse("0.4500")}, "not between its stop and its target"),
    ],
)
async def test_a_trial_that_makes_no_sense_is_a_fault_of_its_strategy(floor, changes, told):
    (broken,) = (await run(floor, Trying(changes))).broken
    assert told in broken.error
    assert await under_way(floor) == ()


@pytest.mark.parametrize("trials", [[], (3,), None.__class__])
async def test_what_is_no_trial_is_a_fault_too(floor, trials):
    (broken,) = (await run(floor, Trying({}, trials))).broken
    assert "no tuple of Trial" in broken.error
