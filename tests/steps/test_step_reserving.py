"""No dollar is spent twice: whoever journals first has it, whoever decided at the same time not."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fakes.exchange import Fault
from fakes.floor import ASKS, STRATEGY, A, B, open_floor, taking, the_policies, waiting
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import Money, total
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import CapitalTaken
from kalshi_cli.settings.sections import Risk
from kalshi_cli.steps.deciding import means_of
from kalshi_cli.steps.execution import Desk, send
from kalshi_cli.steps.reserving import reserve
from kalshi_cli.steps.session import as_it_is

FREE = {
    "max_market_exposure": "unlimited",
    "max_event_exposure": "unlimited",
    "max_cluster_exposure": "unlimited",
    "max_category_exposure": "unlimited",
    "max_account_exposure": "unlimited",
}
OTHER = "market_making"


async def what_is_seen(floor, policy):
    """What the controls see of the desk at this moment."""
    session = await as_it_is(floor.exchange, floor.exchange, floor.store, floor.clock, policy)
    return replace(
        means_of(session, STRATEGY, {})[0],
        limits=replace(policy.limits, strategy_allocation=None),
    )


def the_policy(**risk):
    return the_policies(risk=Risk(**{**FREE, **risk})).trading


async def sent(desk, intent, state, policy):
    check = partial(
        reserve, intent=intent, state=state, controls=policy.controls, now_us=desk.clock.now()
    )
    return await send(desk, intent, reserve=check)


def another(floor):
    """A process of its own, that holds the same lease for all the journal knows."""
    return Desk(floor.exchange, floor.store, floor.clock, floor.desk.lease, floor.run, sequence=500)


@pytest.mark.databases
async def test_two_that_decided_at_once_do_not_both_have_the_last_dollar(floor):
    await floor.reconcile()
    policy = the_policy()
    state = await what_is_seen(floor, policy)
    # $1,000, of which 1 % stays: two orders of 1,300 at 41c cost $533 each, one fits
    first = waiting(floor.clock, count="1300.00")
    second = waiting(floor.clock, count="1300.00", ticker=B)
    ended = await asyncio.gather(
        sent(floor.desk, first, state, policy),
        sent(another(floor), second, state, policy),
        return_exceptions=True,
    )
    (taken,) = [each for each in ended if isinstance(each, CapitalTaken)]
    assert (taken.denial_code, taken.exit_code) == ("CASH_RESERVE", 6)
    assert [order.state for order in await floor.orders()] == [OrderState.RESTING]
    assert len(floor.exchange.reports) == 1


@pytest.mark.databases
async def test_two_strategies_that_want_one_market_do_not_both_get_it(floor):
    await floor.reconcile()
    policy = the_policy()
    state = await what_is_seen(floor, policy)
    ended = await asyncio.gather(
        sent(floor.desk, waiting(floor.clock), state, policy),
        sent(another(floor), waiting(floor.clock, strategy=OTHER), state, policy),
        return_exceptions=True,
    )
    (taken,) = [each for each in ended if isinstance(each, CapitalTaken)]
    assert taken.denial_code == "MARKET_OWNED"
    assert len(await floor.orders()) == 1


async def test_a_fill_that_was_booked_meanwhile_has_taken_its_cash(floor):
    await floor.reconcile()
    policy = the_policy()
    state = await what_is_seen(floor, policy)
    await send(floor.desk, waiting(floor.clock, count="2000.00", ticker=B))  # $820 at 41c
    for order_id in list(floor.exchange.reports):
        floor.exchange.fill_resting(order_id, "2000.00")
    await floor.reconcile()
    with pytest.raises(CapitalTaken) as caught:
        await sent(floor.desk, waiting(floor.clock, count="500.00"), state, policy)  # $205
    assert caught.value.denial_code == "CASH_RESERVE"


@pytest.mark.databases
async def test_two_that_decided_at_once_do_not_both_have_the_last_dollar_of_a_shard(floor):
    """$200 of $1,000 lie on the first: of two orders of 300 at 41c, $123 each, one fits there."""
    floor.exchange.move(0, 2, Money.parse("800"))
    await floor.reconcile()
    policy = the_policy()
    state = await what_is_seen(floor, policy)
    ended = await asyncio.gather(
        sent(floor.desk, waiting(floor.clock, count="300.00"), state, policy),
        sent(another(floor), waiting(floor.clock, count="300.00", ticker=B), state, policy),
        return_exceptions=True,
    )
    (taken,) = [each for each in ended if isinstance(each, CapitalTaken)]
    assert (taken.denial_code, taken.exit_code) == ("SHARD_COLLATERAL", 6)
    assert len(floor.exchange.reports) == 1
    elsewhere = waiting(floor.clock, count="300.00", ticker=B, exchange_index=2)
    assert (await sent(floor.desk, elsewhere, state, policy)).state is OrderState.RESTING


async def test_a_fill_that_was_booked_meanwhile_has_taken_the_cash_of_its_shard(floor):
    floor.exchange.move(0, 2, Money.parse("800"))
    await floor.reconcile()
    policy = the_policy()
    state = await what_is_seen(floor, policy)
    await send(floor.desk, waiting(floor.clock, count="300.00", ticker=B))  # $123 of $200
    for order_id in list(floor.exchange.reports):
        floor.exchange.fill_resting(order_id, "300.00")
    await floor.reconcile()
    with pytest.raises(CapitalTaken) as caught:
        await sent(floor.desk, waiting(floor.clock, count="300.00"), state, policy)
    assert caught.value.denial_code == "SHARD_COLLATERAL"


async def test_cash_that_the_ledger_has_on_another_shard_is_where_the_exchange_says(floor):
    """It was moved by hand, and the key may not see transfers: nothing was booked since."""
    await floor.reconcile()
    floor.exchange.move(0, 2, Money.parse("800"))
    policy = the_policy()
    state = await what_is_seen(floor, policy)
    moved = waiting(floor.clock, count="300.00", exchange_index=2)
    assert (await sent(floor.desk, moved, state, policy)).state is OrderState.RESTING


async def leaves(floor, count="10.00"):
    await send(floor.desk, taking(Side.ASK, "0.4000", count, purpose=Purpose.EXIT))
    await floor.reconcile()


async def leaves_and_sees_no_fill(floor):
    floor.exchange.set_book(A, (("0.4200", "10.00"),), ASKS)
    exit_ = await send(floor.desk, taking(Side.ASK, "0.4200", purpose=Purpose.EXIT))
    assert exit_.state is OrderState.FILLED


async def leaves_a_part(floor):
    await leaves(floor, "5.00")


async def leaves_and_hears_nothing(floor):
    floor.exchange.placing = [Fault.UNANSWERED]
    await send(floor.desk, taking(Side.ASK, "0.4200", purpose=Purpose.EXIT))


async def learns_that_it_settled(floor):
    floor.exchange.settle(A, Result.YES)
    await floor.ingest()


async def rests_a_sale(floor):
    await send(floor.desk, waiting(floor.clock, Side.ASK, "0.4100", purpose=Purpose.EXIT))


async def learns_of_what_others_sold(floor):
    await floor.exchange.place("theirs", taking(Side.ASK, "0.4000", "30.00"))
    await floor.reconcile()


@pytest.mark.databases
@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (leaves, "COOLDOWN"),
        (leaves_and_sees_no_fill, "UNRESOLVED"),
        (leaves_a_part, "ORDER_RATE"),  # the third within a minute, of two
        (leaves_and_hears_nothing, "UNRESOLVED"),
        (learns_that_it_settled, "INELIGIBLE"),
        (rests_a_sale, "SELF_CROSS"),
        (learns_of_what_others_sold, "MARKET_FROZEN"),
    ],
)
async def test_what_another_lane_did_meanwhile_keeps_an_entry_here(floor, happens, code):
    await floor.reconcile()
    await send(floor.desk, taking())
    await floor.reconcile()
    policy = the_policy(max_orders_per_minute=2 if code == "ORDER_RATE" else 60)
    state = await what_is_seen(floor, policy)
    await happens(floor)
    before = len(floor.exchange.placed)
    with pytest.raises(CapitalTaken) as caught:
        await sent(floor.desk, waiting(floor.clock), state, policy)
    assert caught.value.denial_code == code
    assert len(floor.exchange.placed) == before


@pytest.mark.databases
async def test_a_quote_that_turns_up_meanwhile_is_the_only_one_of_its_side(floor):
    """It was given up, and the guard's look finds it after the other was decided."""
    await floor.reconcile()
    policy, quote = the_policy(), waiting(floor.clock, purpose=Purpose.QUOTE)
    floor.exchange.placing = [Fault.UNANSWERED]
    lost = await send(floor.desk, quote)
    async with floor.store.unit() as unit:
        gone = lost.moved(OrderState.ABSENT, floor.clock.now())
        await unit.journal.save(gone, Cause.SEARCH)
        await unit.commit()
    state = await what_is_seen(floor, policy)
    await floor.reconcile()
    with pytest.raises(CapitalTaken) as caught:
        await sent(floor.desk, quote, state, policy)
    assert caught.value.denial_code == "DUPLICATE"
    assert [order.state for order in await floor.orders()] == [OrderState.RESTING]


COUNTS = st.integers(min_value=1, max_value=1_500)
WANTED = st.lists(
    st.tuples(st.sampled_from([A, B]), st.sampled_from([STRATEGY, OTHER]), COUNTS), max_size=8
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(wanted=WANTED)
async def test_reservations_never_exceed_the_bankroll(wanted):
    with TemporaryDirectory() as place:
        async with open_floor(Path(place)) as floor:
            await floor.reconcile()
            policy = the_policy(max_account_exposure=0.9)
            state = await what_is_seen(floor, policy)
            desks = {STRATEGY: floor.desk, OTHER: another(floor)}
            tasks = [
                sent(
                    desks[strategy],
                    waiting(floor.clock, ticker=ticker, strategy=strategy, count=f"{count}.00"),
                    state,
                    policy,
                )
                for ticker, strategy, count in wanted
            ]
            await asyncio.gather(*tasks, return_exceptions=True)
            orders = await floor.orders()
            reserved = total(
                [outcome_cost(o.intent.side, o.intent.limit, o.remaining) for o in orders]
            )
            assert reserved <= Money.parse("900")
            owners = {(o.intent.ticker, o.intent.strategy) for o in orders}
            assert len(owners) == len({ticker for ticker, _ in owners})
