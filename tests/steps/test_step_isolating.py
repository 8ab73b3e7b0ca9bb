"""A strategy that fails is left out, then disabled; the others go on, and so do its exits."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from fakes.decisions import an_intent
from fakes.floor import STRATEGY, the_policies, waiting

from kalshi_cli.domain.order import Order, OrderState, Purpose
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.isolating import LONGEST, left_by, one_line
from kalshi_cli.steps.trade import rehearse, trade
from kalshi_cli.strategies._base import Strategy

MOST = 3


@dataclass
class Moody(Strategy):
    """Fails as it is told to."""

    mood: object = ()
    asked: int = 0
    name: ClassVar[str] = "moody"

    def propose(self, view):
        self.asked += 1
        if isinstance(self.mood, Exception):
            raise self.mood
        return self.mood


@dataclass
class Sane(Moody):
    name: ClassVar[str] = STRATEGY


def held_to(*strategies):
    base = the_policies().trading
    shares = {STRATEGY: 0.4, "moody": 0.4}
    return replace(base, strategies=strategies, allocations=shares, max_strategy_faults=MOST)


async def passes(floor, *strategies, only=None):
    return await trade(floor.exchange, floor.desk, policy=held_to(*strategies), only=only)


async def faults(floor):
    async with floor.store.unit() as unit:
        return await unit.desk.strategy_faults()


@pytest.mark.databases
async def test_so_many_faults_in_a_row_disable_and_nothing_else_suffers(floor):
    moody, sane = Moody(ValueError("bad day")), Sane()
    for number in range(1, MOST + 1):
        result = await passes(floor, moody, sane)
        ((broken),) = result.broken
        assert (broken.strategy, broken.error) == ("moody", "ValueError: bad day")
        assert not broken.is_disabled
        fault = (await faults(floor))["moody"]
        assert (fault.in_a_row, fault.is_disabled) == (number, number == MOST)
    result = await passes(floor, moody, sane)
    assert [each.is_disabled for each in result.broken] == [True]
    assert (moody.asked, sane.asked) == (MOST, MOST + 1)

    async with floor.store.unit() as unit:
        assert await unit.desk.forgive("moody")
        assert not await unit.desk.forgive("moody")
        await unit.commit()
    moody.mood = ()
    result = await passes(floor, moody, sane)
    assert (result.broken, moody.asked) == ((), MOST + 1)


async def test_one_good_pass_wipes_the_slate(floor):
    moody = Moody([])
    for mood in ([], [], (), [], []):
        moody.mood = mood
        await passes(floor, moody)
    fault = (await faults(floor))["moody"]
    assert (fault.in_a_row, fault.is_disabled) == (2, False)
    assert "list where a tuple" in fault.error


async def test_a_rehearsal_asks_no_disabled_strategy_and_counts_nothing(floor):
    moody = Moody(ValueError("bad day"))
    for _ in range(MOST):
        await passes(floor, moody)
    policy = held_to(moody)
    result = await rehearse(floor.exchange, floor.exchange, floor.store, floor.clock, policy=policy)
    assert [each.is_disabled for each in result.broken] == [True]
    assert moody.asked == MOST
    assert (await faults(floor))["moody"].in_a_row == MOST


async def test_what_a_disabled_strategy_left_is_taken_out_of_the_book(floor):
    await floor.reconcile()
    order = await send(floor.desk, waiting(floor.clock, strategy="moody"), None)
    assert order.state is OrderState.RESTING
    for _ in range(MOST):
        result = await passes(floor, Moody(ValueError("bad day")))
        assert result.canceled == ()
    result = await passes(floor, Moody(()))
    assert [each.client_order_id for each in result.canceled] == [order.client_order_id]


def test_exits_stay_whoever_made_them():
    def resting(purpose, strategy, state=OrderState.RESTING):
        intent = an_intent(purpose=purpose, strategy=strategy)
        return Order(f"{purpose}{strategy}{state}", intent, state, 0, 0, "r", 1)

    entry, quote = (resting(purpose, "moody") for purpose in (Purpose.ENTRY, Purpose.QUOTE))
    others = (
        resting(Purpose.EXIT, "moody"),
        resting(Purpose.ENTRY, STRATEGY),
        resting(Purpose.ENTRY, "moody", OrderState.CANCELED),
    )
    assert left_by((entry, *others, quote), {"moody"}) == (entry, quote)


def test_a_strangers_words_fit_a_row_and_harm_no_terminal():
    told = one_line("first\nsecond\x1b[31m red\x00" + "x" * 1_000)
    assert told.isprintable()
    assert told.startswith("first second\N{REPLACEMENT CHARACTER}[31m red")
    assert len(told) == LONGEST
