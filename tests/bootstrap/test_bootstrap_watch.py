"""A stream that is given up: what rested on it goes at once, and the loop looks at once instead.
So it does for an exit that what another lane sent has kept back.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, cast

import pytest
from fakes.clock import FakeClock
from fakes.decisions import a_plan
from fakes.desk_store import WALL
from fakes.exchange import FakeExchange
from fakes.floor import ASKS, EVENT, STRATEGY, A, Floor, open_floor, taking, the_policies, waiting
from fakes.heard import FakeStream

from kalshi_cli.adapters.kalshi.connection import KalshiConnection
from kalshi_cli.bootstrap import look_again
from kalshi_cli.bootstrap.desk import Ending, OpenDesk
from kalshi_cli.bootstrap.watch import Watch
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.order import WORKING, OrderState, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import ConfigError, StoreBusy, Unavailable
from kalshi_cli.ports.stream import EventFees, StreamEvent
from kalshi_cli.scheduler.lanes import Bell, Step, Stop
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps import react as react_module
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.guarding import Guard
from kalshi_cli.steps.track import TrackResult
from kalshi_cli.strategies._base import Strategy

REFUSED = "The exchange refuses the key for its stream."


@dataclass
class Broken(FakeStream):
    """A stream that ends with an error once somebody listens."""

    error: Exception = field(default_factory=lambda: ConfigError(REFUSED))

    async def take(self) -> tuple[StreamEvent, ...]:
        raise self.error


@dataclass(frozen=True)
class Patient(Strategy):
    """Takes nothing back, so that a look at the exchange would let its quotes rest."""

    name: ClassVar[str] = "market_making"

    def propose(self, view):
        return ()

    def withdraws(self, quote, book):
        return ""


def a_desk(floor: Floor) -> OpenDesk:
    """The floor's desk as a loop sees it."""
    settings = Settings(home=Path("unused"))
    chosen = the_policies()
    return OpenDesk(
        environment=Environment(Env.DEMO, "a test", settings.home),
        settings=settings,
        clock=floor.clock,
        connection=cast(KalshiConnection, None),  # nobody trades here
        data=floor.exchange,
        trading=floor.exchange,
        store=floor.store,
        run=floor.run,
        ending=Ending(),
        policies=replace(chosen, trading=replace(chosen.trading, strategies=(Patient(),))),
        forecaster=None,
        desk=floor.desk,
        simulation=None,
    )


async def a_quote(floor: Floor) -> None:
    await floor.reconcile()
    quote = replace(waiting(floor.clock), strategy="market_making", purpose=Purpose.QUOTE)
    await send(floor.desk, quote)


async def given_up(floor: Floor, error: Exception) -> tuple[OpenDesk, Watch, Bell]:
    """A desk whose guard knows of a quote when its stream ends."""
    await a_quote(floor)
    desk, look = a_desk(floor), Bell()
    stream = Broken(floor.exchange, error=error)
    watch = Watch(Guard((), strategies=(Patient(),)), stream)
    await desk.attend(watch, look)
    assert watch.guard.watched == {A}
    assert not look.event.is_set()
    async with watch.listening(stream, floor.clock) as task:
        await asyncio.wait((task,))
    return desk, watch, look


@pytest.mark.parametrize("error", [ConfigError(REFUSED), RuntimeError("a defect")])
async def test_a_stream_that_is_given_up_leaves_no_quote_and_is_made_up_for_at_once(
    tmp_path, error
):
    async with open_floor(tmp_path) as floor:
        desk, watch, look = await given_up(floor, error)
        assert watch.described == f"polling: {error}"
        assert watch.armed.event.is_set()
        assert watch.heard.event.is_set()
        done = await desk.react(watch)
        assert len(done.pulled) == 1
        assert [o for o in await floor.orders() if o.state in WORKING] == []
        await desk.attend(watch, look)
        assert look.event.is_set()


async def test_booking_lets_an_exit_go_first_but_not_for_ever(tmp_path):
    async with open_floor(tmp_path) as floor:
        desk, stream = a_desk(floor), FakeStream(floor.exchange)
        watch = Watch(Guard(()), stream)
        began_us = floor.clock.now()
        await desk.attend(watch, Bell())
        assert floor.clock.now() == began_us + 20_000
        watch.guard.armed.add((A, "market_making"))
        await desk.attend(watch, Bell())
        assert floor.clock.now() == began_us + 220_000


async def test_once_it_polls_only_time_makes_it_look(tmp_path):
    async with open_floor(tmp_path) as floor:
        desk, watch, look = await given_up(floor, ConfigError(REFUSED))
        await desk.attend(watch, look)
        await desk.react(watch)
        look.event.clear()
        assert await desk.attend(watch, look) is None
        assert not look.event.is_set()
        again = await desk.react(watch)
        assert (again.exits, again.pulled) == ((), ())


async def test_quotes_that_could_not_be_asked_to_go_when_it_was_given_up_are_asked_again(
    tmp_path, monkeypatch
):
    async with open_floor(tmp_path) as floor:
        desk, watch, look = await given_up(floor, ConfigError(REFUSED))

        def busy(**_: object) -> None:
            raise StoreBusy("busy")

        with monkeypatch.context() as patched:
            patched.setattr(floor.store, "unit", busy)
            with pytest.raises(StoreBusy):
                await desk.react(watch)
        watch.armed.event.clear()
        await desk.attend(watch, look)
        assert watch.armed.event.is_set()
        assert len((await desk.react(watch)).pulled) == 1
        watch.armed.event.clear()
        await desk.attend(watch, look)
        assert not watch.armed.event.is_set()


async def test_what_was_to_be_kept_outlives_the_stream(tmp_path, monkeypatch):
    async with open_floor(tmp_path) as floor:
        await floor.reconcile()
        made = a_plan(A, STRATEGY, trail=Price.parse("0.0500"), peak=Price.parse("0.4000"))
        await send(floor.desk, taking(Side.BID, "0.4400"), made)
        await floor.reconcile()
        desk, look, saved = a_desk(floor), Bell(), react_module.save_plans
        stream = Broken(floor.exchange)
        watch = Watch(Guard(()), stream)
        await desk.attend(watch, look)
        watch.guard.hear(await book_with_bid(floor, "0.4300"), floor.clock.now())
        half = FeeTerms("quadratic", 500_000)
        watch.guard.hear(EventFees(EVENT, half), floor.clock.now())
        async with watch.listening(stream, floor.clock) as task:
            await asyncio.wait((task,))

        async def busy(*_: object) -> None:
            raise StoreBusy("busy")

        monkeypatch.setattr(react_module, "save_plans", busy)
        with pytest.raises(StoreBusy):
            await desk.attend(watch, look)
        assert look.event.is_set()
        monkeypatch.setattr(react_module, "save_plans", saved)
        await desk.attend(watch, look)
        async with floor.store.unit(reads=True) as unit:
            assert (await unit.plans.all())[A, STRATEGY].peak == Price.parse("0.4300")
            (entry,) = await unit.catalog.entries([A])
        assert entry.fee_terms(floor.clock.now()) == half
        assert not watch.guard.has_news


async def book_with_bid(floor: Floor, price: str) -> OrderBook:
    floor.exchange.set_book(A, ((price, "100.00"),), ASKS)
    return (await floor.exchange.books([A]))[A]


class RealClock(FakeClock):
    """One that goes on while the loop works."""

    @property
    def is_virtual(self) -> bool:
        return False


@dataclass
class Looking:
    """The look of a desk's loop, and another lane whose entry comes while books are read."""

    floor: Floor
    step: Step
    comes: bool = False

    async def looks(self) -> tuple[TrackResult, bool]:
        """One look, and whether it rang for another."""
        self.step.bell.event.clear()
        done = await self.step.run()
        return done, self.step.is_rung

    async def books(self, tickers):
        if self.comes:
            rests = taking(Side.BID, "0.1500", time_in_force=TimeInForce.GTC, post_only=True)
            await send(self.floor.desk, rests)
        return await FakeExchange.books(self.floor.exchange, tickers)


@asynccontextmanager
async def looking(place: Path, clock: FakeClock) -> AsyncIterator[Looking]:
    """Ten contracts are held whose stop is met."""
    async with open_floor(place, clock) as floor:
        await floor.reconcile()
        await send(floor.desk, taking(), a_plan(A, STRATEGY, stop=Price.parse("0.2000")))
        floor.exchange.set_book(A, (("0.1900", "100.00"),), ASKS)
        (guard,) = [lane for lane in a_desk(floor).lanes(Stop()) if lane.name == "guard"]
        (step,) = [each for each in guard.steps if each.name == "track"]
        looks = Looking(floor, step)
        floor.exchange.books = looks.books
        yield looks


async def test_an_exit_that_news_kept_back_goes_in_the_look_right_after(tmp_path):
    async with looking(tmp_path, RealClock(wall_us=WALL)) as looks:
        looks.comes = True
        done, rang = await looks.looks()
        assert [each.denial.code for each in done.exits] == ["EXIT_REDUCES"]
        assert rang
        looks.comes = False
        done, rang = await looks.looks()
        assert [each.order.state for each in done.exits] == [OrderState.FILLED]
        assert not rang


async def test_an_exit_that_news_keeps_back_for_good_rings_once(tmp_path):
    async with looking(tmp_path, RealClock(wall_us=WALL)) as looks:
        looks.comes = True
        told = [await looks.looks() for _ in range(4)]
        assert [done.exits[0].denial.code for done, _ in told] == ["EXIT_REDUCES"] * 4
        assert [rang for _, rang in told] == [True, False, False, False]


async def test_an_exit_that_is_kept_back_still_is_looked_at_again_after_a_while(
    tmp_path, monkeypatch
):
    """However many looks kept it back, one more is rung for."""
    monkeypatch.setattr(look_again, "AGAIN_S", 0.05)
    async with looking(tmp_path, RealClock(wall_us=WALL)) as looks:
        looks.comes = True
        for _ in range(4):
            await looks.looks()
        bell = looks.step.bell.event
        await asyncio.wait_for(bell.wait(), 5)
        bell.clear()
        await asyncio.sleep(0.15)  # noqa: TID251 - timers of the looks before would ring by now
        assert not bell.is_set()
        looks.comes = False
        await looks.looks()
        await asyncio.sleep(0.15)  # noqa: TID251 - so long would a ring take that nobody wants
        assert not bell.is_set()


async def test_a_look_that_fails_ends_no_looking_at_what_was_kept_back(tmp_path, monkeypatch):
    """Who does not answer about an order may answer nothing for a while."""
    monkeypatch.setattr(look_again, "AGAIN_S", 0.05)
    async with looking(tmp_path, RealClock(wall_us=WALL)) as looks:
        looks.comes = True
        await looks.looks()
        looks.comes = False
        for _ in range(2):
            looks.step.bell.event.clear()
            looks.floor.exchange.reading = [Unavailable("The exchange is down.")]
            with pytest.raises(Unavailable):
                await looks.step.run()
            await asyncio.wait_for(looks.step.bell.event.wait(), 5)
        done, _ = await looks.looks()
        assert [each.order.state for each in done.exits] == [OrderState.FILLED]


async def test_a_look_that_was_owed_and_fails_is_owed_still(tmp_path, monkeypatch):
    """The stream tells once why the exchange must be read. One that is due by time is not owed."""
    monkeypatch.setattr(look_again, "AGAIN_S", 0.05)
    async with looking(tmp_path, RealClock(wall_us=WALL)) as looks:
        watch = Watch(Guard(()), FakeStream(looks.floor.exchange))
        lanes = a_desk(looks.floor).lanes(Stop(), watch=watch)
        steps = {step.name: step for lane in lanes for step in lane.steps}
        looks.step = steps["track"]
        bell = looks.step.bell.event
        for is_owed in (False, True):
            if is_owed:
                watch.guard.owe("a reason")
            await steps["attend"].run()
            assert bell.is_set() is is_owed
            bell.clear()
            looks.floor.exchange.reading = [Unavailable("The exchange is down.")]
            with pytest.raises(Unavailable):
                await looks.step.run()
            await asyncio.sleep(0.15)  # noqa: TID251 - so long would a ring take at the most
            assert bell.is_set() is is_owed
        done, rang = await looks.looks()
        assert [each.order.state for each in done.exits] == [OrderState.FILLED]
        await asyncio.sleep(0.15)  # noqa: TID251 - the same
        assert (rang, bell.is_set()) == (False, False)


async def test_an_exit_that_was_kept_back_anew_rings_again(tmp_path):
    async with looking(tmp_path, RealClock(wall_us=WALL)) as looks:
        looks.comes = True
        assert (await looks.looks())[1]
        looks.comes = False
        looks.floor.exchange.set_book(A, (), ASKS)
        assert (await looks.looks())[0].exits == ()
        looks.floor.exchange.set_book(A, (("0.1900", "100.00"),), ASKS)
        looks.comes = True
        assert (await looks.looks())[1]


async def test_where_time_stands_still_meanwhile_no_other_look_is_rung_for(tmp_path):
    async with looking(tmp_path, FakeClock(wall_us=WALL)) as looks:
        looks.comes = True
        done, rang = await looks.looks()
        assert done.kept_back == {(A, STRATEGY)}
        assert not rang
