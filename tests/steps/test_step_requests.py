"""Requests between processes that come too late, at the last moment, or end the desk."""

import pytest
from fakes.clock import FakeClock
from fakes.floor import STRATEGY, A, taking, the_policies

from kalshi_cli.domain.instant import SECOND
from kalshi_cli.errors import IntegrityError, LeaseHeld, StoreUnusable, Unavailable
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.requests import ANSWER_WITHIN, ask_holder, obey

pytestmark = pytest.mark.databases


class RealClock(FakeClock):
    """Real time goes on while one waits; `at_last` happens as the wait runs out."""

    def __init__(self, wall_us, at_last=None):
        super().__init__(wall_us=wall_us)
        self.deadline = wall_us + ANSWER_WITHIN
        self.at_last = at_last

    async def sleep_until(self, instant_us):
        self.wall_us += instant_us - self.now_us
        await super().sleep_until(instant_us)
        if self.at_last is not None and self.wall_us >= self.deadline:
            await self.at_last()


class Rival:
    """A lease that somebody took, or books that broke, as an order is sent."""

    def __init__(self, exchange, error):
        self.exchange, self.error = exchange, error

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def place(self, client_order_id, intent, **more):
        raise self.error


async def held():
    return True


async def ask(floor, ago=0):
    async with floor.store.unit() as unit:
        number = await unit.desk.ask("close", A, floor.clock.wall() - ago)
        await unit.commit()
    return number


async def request(floor, number):
    async with floor.store.unit() as unit:
        return await unit.desk.request(number)


async def obeyed(floor, desk=None):
    return await obey(floor.exchange, desk or floor.desk, policy=the_policies().trading)


@pytest.mark.parametrize(("early", "held"), [(SECOND, {}), (0, {(A, STRATEGY): "10.00"})])
async def test_only_what_is_still_waited_for_is_done(floor, early, held):
    await send(floor.desk, taking())
    await floor.reconcile()
    number = await ask(floor, ANSWER_WITHIN - early)
    done = await obeyed(floor)
    assert (len(done), await floor.nets()) == (1 if early else 0, held)
    answer = await request(floor, number)
    assert (answer.exit_code, answer.answer.startswith("expired")) == (
        (0, False) if early else (5, True)
    )
    assert await obeyed(floor) == ()


async def test_who_gives_up_takes_the_request_back(floor):
    await send(floor.desk, taking())
    await floor.reconcile()
    with pytest.raises(Unavailable, match="withdrawn"):
        await ask_holder(floor.store, RealClock(floor.clock.wall()), "close", A, is_held=held)
    assert await obeyed(floor) == ()
    assert await floor.nets() == {(A, STRATEGY): "10.00"}
    answer = await request(floor, 1)
    assert (answer.answer, answer.exit_code) == ("withdrawn", 5)


async def test_an_answer_at_the_last_moment_counts(floor):
    async def holder():
        async with floor.store.unit() as unit:
            await unit.desk.answer(1, "flat", 0, floor.clock.wall())
            await unit.commit()

    answer = await ask_holder(
        floor.store, RealClock(floor.clock.wall(), holder), "close", A, is_held=held
    )
    assert (answer.answer, answer.exit_code) == ("flat", 0)


async def test_what_was_begun_is_not_called_withdrawn(floor):
    async def holder():
        async with floor.store.unit() as unit:
            assert await unit.desk.take(1, floor.clock.wall())
            await unit.commit()

    with pytest.raises(Unavailable, match="began but did not finish"):
        await ask_holder(
            floor.store, RealClock(floor.clock.wall(), holder), "close", A, is_held=held
        )
    assert (await request(floor, 1)).answer is None


@pytest.mark.parametrize(
    "error", [LeaseHeld("taken"), IntegrityError("books broke"), StoreUnusable("full")]
)
async def test_what_ends_the_desk_is_answered_and_raised(floor, error):
    await send(floor.desk, taking())
    await floor.reconcile()
    number = await ask(floor)
    desk = floor.desk_on(Rival(floor.exchange, error))
    desk.sequence = floor.desk.sequence
    with pytest.raises(type(error), match=str(error)):
        await obeyed(floor, desk)
    answer = await request(floor, number)
    assert (answer.answer, answer.exit_code) == (str(error), error.exit_code)


async def test_who_asks_a_holder_that_ends_may_do_it(floor):
    """A single step that trades obeys nobody; once it is over, nobody waits a minute for it."""
    looks = iter([True, True, False])

    async def is_held():
        return next(looks)

    clock = RealClock(floor.clock.wall())
    assert await ask_holder(floor.store, clock, "close", A, is_held=is_held) is None
    assert clock.wall() - floor.clock.wall() == 2 * SECOND // 5
    assert (await request(floor, 1)).answer == "withdrawn"
    assert await obeyed(floor) == ()
