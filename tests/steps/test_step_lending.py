"""One strategy trades on what another leaves of its share, and stops when that is wanted back.

The floor has $1,000 and two markets at 40/44 cents, 100 contracts at the best ask. Each strategy
bids 41 cents, and is sized by what room there is: a share of 2 % is $20, which is 48 contracts at
41 cents; two shares are $40 and 97 contracts.
"""

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import pytest
from fakes.floor import A, B, the_policies, waiting

from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.money import Contracts, Money, Price, total
from kalshi_cli.domain.order import WORKING, Purpose
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import CapitalTaken
from kalshi_cli.steps.deciding import begun, decide, means_of
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.reserving import reserve
from kalshi_cli.steps.session import as_it_is
from kalshi_cli.steps.sharing import strategies_in_use
from kalshi_cli.steps.trade import rehearse, trade
from kalshi_cli.strategies._base import Strategy

FREE = {
    "max_market_exposure": None,
    "max_event_exposure": None,
    "max_cluster_exposure": None,
    "max_category_exposure": None,
    "max_account_exposure": None,
    "max_single_position": None,
    "max_order_contracts": None,
}


@dataclass(frozen=True)
class Bidding(Strategy):
    """Quotes a bid in its market, as large as it may."""

    ticker: str = ""
    count: str = "500.00"

    def propose(self, view):
        return tuple(
            Proposal(
                ticker=self.ticker,
                side=Side.BID,
                limit=Price.parse("0.4100"),
                fair=0.60,
                purpose=Purpose.QUOTE,
                max_contracts=Contracts.parse(self.count),
                reason="scripted",
                resting=True,
                expires_us=view.now_us + HOUR,
            )
            for candidate in view.candidates
            if candidate.market.ticker == self.ticker and self.count
        )


class Busy(Bidding):
    name: ClassVar[str] = "busy"


class Idle(Bidding):
    name: ClassVar[str] = "idle"


BUSY, IDLE = Busy(A), Idle(B)
NOTHING_WANTED = Idle(B, count="")


def policy(*strategies, lends=True, shares=(0.02, 0.02)):
    base = the_policies().trading
    return replace(
        base,
        strategies=strategies,
        limits=replace(base.limits, **FREE),
        allocations=dict(zip(("busy", "idle"), shares, strict=True)),
        lends=lends,
    )


async def run(floor, *strategies, only=None, **changes):
    return await trade(floor.exchange, floor.desk, policy=policy(*strategies, **changes), only=only)


def counts(result):
    return {o.intent.strategy: str(o.intent.count) for o in result.orders}


async def test_without_lending_each_keeps_to_its_share(floor):
    await floor.reconcile()
    result = await run(floor, NOTHING_WANTED, BUSY, lends=False)
    assert counts(result) == {"busy": "48.00"}


async def test_what_one_leaves_another_may_use(floor):
    await floor.reconcile()
    result = await run(floor, NOTHING_WANTED, BUSY)
    assert counts(result) == {"busy": "97.00"}  # $39.77 of $40


async def test_who_was_not_asked_lends_nothing(floor):
    await floor.reconcile()
    assert counts(await run(floor, NOTHING_WANTED, BUSY, only="busy")) == {"busy": "48.00"}


async def test_who_is_asked_first_lends_to_those_after_it(floor):
    await floor.reconcile()
    first = await run(floor, BUSY, NOTHING_WANTED)  # as they are named, since nobody used any
    assert counts(first) == {"busy": "48.00"}
    policy_now = policy(BUSY, NOTHING_WANTED)
    session = await as_it_is(floor.exchange, floor.exchange, floor.store, floor.clock, policy_now)
    assert [s.name for s in begun(session, policy_now.strategies)] == ["idle", "busy"]


async def test_a_share_is_called_back_and_nothing_is_sold_for_it(floor):
    await floor.reconcile()
    await run(floor, NOTHING_WANTED, replace(BUSY, count="70.00"))  # $28.70: 8.70 are borrowed
    called = await run(floor, IDLE, replace(BUSY, count="70.00"))
    # of its $20 the lender has 40 - 28.70 = 11.30, which is 27 contracts at 41 cents
    assert counts(called) == {"idle": "27.00"}
    # nothing of the borrower's is cancelled, cut or sold
    (kept,) = [o for o in await floor.orders() if o.intent.strategy == "busy"]
    assert (kept.state in WORKING, str(kept.remaining)) == (True, "70.00")
    assert len(floor.exchange.reports) == 2


async def test_what_a_lender_did_not_get_is_what_it_calls_back(floor):
    await floor.reconcile()
    await run(floor, NOTHING_WANTED, replace(BUSY, count="70.00"))
    held = policy(IDLE, BUSY)
    session = await as_it_is(floor.exchange, floor.exchange, floor.store, floor.clock, held)
    begun(session, held.strategies)
    intents, _ = await decide(floor.exchange, session, IDLE)
    assert [str(intent.count) for intent in intents] == ["27.00"]
    assert session.wanted == {"idle": Money.parse("8.61")}  # 21 more at 41 cents would be its own


async def test_who_borrowed_enters_nothing_new_until_it_is_back_inside(floor):
    await floor.reconcile()
    await run(floor, NOTHING_WANTED, replace(BUSY, count="70.00"))
    held = policy(IDLE, BUSY)
    session = await as_it_is(floor.exchange, floor.exchange, floor.store, floor.clock, held)
    begun(session, held.strategies)
    session.wanted["idle"] = Money.parse("12")  # of the 20 it has idle, 8 are on offer
    state, capital = means_of(session, "busy", {})
    assert (str(capital.by_strategy), str(capital.allocation)) == ("28.700000", "28.000000")
    wish = waiting(floor.clock, ticker=A, strategy="busy", count="1.00")
    check = partial(reserve, state=state, controls=held.controls, now_us=floor.clock.now())
    with pytest.raises(CapitalTaken) as denied:
        async with floor.store.unit() as unit:
            await check(unit, wish)
    assert denied.value.denial_code == "STRATEGY_ALLOCATION"
    (lent,) = await floor.orders()
    await floor.exchange.cancel(lent.order_id, A, 0)
    await floor.reconcile()
    async with floor.store.unit() as unit:
        await check(unit, wish)  # it has 20 of its own again


async def test_a_rehearsal_lends_alike(floor):
    await floor.reconcile()
    found = await rehearse(
        floor.exchange,
        floor.exchange,
        floor.store,
        floor.clock,
        policy=policy(NOTHING_WANTED, BUSY),
    )
    assert [str(intent.count) for intent in found.passed] == ["97.00"]


async def test_two_passes_at_once_lend_nothing_twice(floor):
    """Each saw the whole of both shares free; together they get no more than both."""
    await floor.reconcile()
    held = policy(IDLE, BUSY)
    session = await as_it_is(floor.exchange, floor.exchange, floor.store, floor.clock, held)
    begun(session, held.strategies)
    session.wanted.update(idle=Money(0), busy=Money(0))
    tasks = []
    for strategy, ticker in (("busy", A), ("idle", B)):
        state, capital = means_of(session, strategy, {})
        assert str(capital.allocation) == "40.000000"
        intent = waiting(floor.clock, ticker=ticker, strategy=strategy, count="60.00")  # $24.60
        check = partial(
            reserve, intent=intent, state=state, controls=held.controls, now_us=floor.clock.now()
        )
        tasks.append(send(floor.desk, intent, reserve=check))
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    (taken,) = [each for each in ended if isinstance(each, CapitalTaken)]
    assert (taken.denial_code, taken.limit) == ("STRATEGY_ALLOCATION", "15.400000")
    orders = await floor.orders()
    used = total([outcome_cost(o.intent.side, o.intent.limit, o.remaining) for o in orders])
    assert used == Money.parse("24.60")


async def test_each_sees_what_it_has_lent_and_borrowed(floor):
    held = policy(NOTHING_WANTED, BUSY)
    seen = await strategies_in_use(floor.store, floor.store.reports, floor.clock, policy=held)
    assert [(row.strategy, row.share) for row in seen] == [("busy", None), ("idle", None)]
    await floor.reconcile()
    await trade(floor.exchange, floor.desk, policy=held)
    seen = await strategies_in_use(floor.store, floor.store.reports, floor.clock, policy=held)
    assert {
        row.strategy: tuple(map(str, (row.share, row.at_risk, row.borrowed, row.lent)))
        for row in seen
    } == {
        "busy": ("20.000000", "39.770000", "19.770000", "0.000000"),
        "idle": ("20.000000", "0.000000", "0.000000", "19.770000"),
    }
    assert [row.live_orders for row in seen] == [1, 0]
