"""The switch of our entries at the exchange: a group a shard, triggered by a halt or its limit."""

from dataclasses import dataclass, field, replace

import pytest
from fakes.exchange_desks import FakeGroups
from fakes.floor import A, B, taking, the_policies, waiting

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import OrderGroupTriggered, OrderGroupUnknown, Unauthorized, Unavailable
from kalshi_cli.ports.desk import GroupState
from kalshi_cli.ports.exchange import Outcome, OutcomeKind, Page, Unusable
from kalshi_cli.ports.groups import OrderGroup
from kalshi_cli.steps.emptying import cancel_ours
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.groups import EntryGroups, trigger_groups
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.trade import trade

pytestmark = pytest.mark.databases

LIMIT = Contracts.parse("25.00")
UNKNOWN = Outcome(OutcomeKind.UNKNOWN, code="ReadTimeout")
REFUSED = Outcome(OutcomeKind.REFUSED, code="insufficient_scope", message="no")


@dataclass
class Faulty(FakeGroups):
    """Groups whose next changes go as a test says; what is asked is written down."""

    asked: list[str] = field(default_factory=list)
    answers: dict[str, Outcome] = field(default_factory=dict)
    listing: list[Exception | Page[OrderGroup]] = field(default_factory=list)

    async def create(self, limit, exchange_index):
        return self._told("create") or await super().create(limit, exchange_index)

    async def groups(self):
        self.asked.append("groups")
        if self.listing:
            told = self.listing.pop(0)
            if isinstance(told, Exception):
                raise told
            return told
        return await super().groups()

    async def set_limit(self, group, limit):
        return self._told("set_limit") or await super().set_limit(group, limit)

    async def trigger(self, group):
        return self._told("trigger") or await super().trigger(group)

    async def reset(self, group):
        return self._told("reset") or await super().reset(group)

    def _told(self, what):
        self.asked.append(what)
        return self.answers.pop(what, None)


@pytest.fixture
def exchange_groups(floor):
    """The exchange's groups; the desk's entries join them."""
    made = Faulty(floor.exchange)
    floor.desk.groups = EntryGroups(made, LIMIT)
    return made


def restarted(floor, groups, limit=LIMIT):
    """The same desk in another process."""
    return replace(floor.desk, groups=EntryGroups(groups, limit), in_flight=set())


async def put(floor, state):
    await set_desk_state(floor.store, floor.clock, state, reason="told", who="me")


async def states(floor):
    async with floor.store.unit() as unit:
        return {s: (g.group_id, g.state) for s, g in (await unit.desk.order_groups()).items()}


async def resting(floor):
    return [r.client_order_id for r in (await floor.exchange.orders(resting_only=True)).items]


async def test_entries_of_a_shard_join_one_group_and_exits_none(floor, exchange_groups):
    first = await send(floor.desk, taking(ticker=A))
    second = await send(floor.desk, waiting(floor.clock, ticker=B))
    await floor.reconcile()
    out = await send(
        floor.desk, taking(Side.ASK, "0.4000", "10.00", purpose=Purpose.EXIT, reduce_only=True)
    )
    assert [o.state for o in (first, second, out)] == [
        OrderState.FILLED,
        OrderState.RESTING,
        OrderState.FILLED,
    ]
    assert floor.exchange.group_of == dict.fromkeys([first.order_id, second.order_id], "group-1")
    assert exchange_groups.asked == ["create"]
    assert floor.exchange.groups["group-1"].limit == LIMIT
    assert await states(floor) == {0: ("group-1", GroupState.WORKING)}


async def test_a_restart_finds_its_group_and_asks_for_it_once(floor, exchange_groups):
    await send(floor.desk, waiting(floor.clock))
    again = restarted(floor, exchange_groups)
    await send(again, waiting(floor.clock, ticker=B))
    await send(again, waiting(floor.clock, ticker=B, limit="0.4200"))
    assert set(floor.exchange.group_of.values()) == {"group-1"}
    assert exchange_groups.asked == ["create", "groups"]


async def test_another_limit_is_set_before_the_next_entry(floor, exchange_groups):
    await send(floor.desk, waiting(floor.clock))
    more = Contracts.parse("40.00")
    exchange_groups.answers["set_limit"] = UNKNOWN
    again = restarted(floor, exchange_groups, more)
    with pytest.raises(OrderGroupUnknown, match="unknown ReadTimeout"):
        await send(again, waiting(floor.clock, ticker=B))
    await send(again, waiting(floor.clock, ticker=B))
    assert floor.exchange.groups["group-1"].limit == more
    assert len(await floor.orders()) == 2


@pytest.mark.parametrize("answer", [UNKNOWN, REFUSED])
async def test_without_a_group_no_entry_goes_and_nothing_is_journalled(
    floor, exchange_groups, answer
):
    exchange_groups.answers["create"] = answer
    with pytest.raises(OrderGroupUnknown, match=f"Shard 0 has no order group .*{answer.code}"):
        await send(floor.desk, taking())
    assert (await floor.orders(), floor.exchange.placed) == ((), [])
    assert (await send(floor.desk, taking())).state is OrderState.FILLED


@pytest.mark.parametrize("told", [Unavailable("no answer"), Page((), "", (Unusable("g", "bad"),))])
async def test_a_list_that_tells_nothing_proves_nothing(floor, exchange_groups, told):
    await send(floor.desk, waiting(floor.clock))
    exchange_groups.listing = [told]
    again = restarted(floor, exchange_groups)
    with pytest.raises(OrderGroupUnknown):
        await send(again, waiting(floor.clock, ticker=B))
    assert exchange_groups.asked == ["create", "groups"]


async def test_a_key_that_is_not_accepted_ends_it(floor, exchange_groups):
    await send(floor.desk, waiting(floor.clock))
    exchange_groups.listing = [Unauthorized("no key")]
    with pytest.raises(Unauthorized):
        await send(restarted(floor, exchange_groups), waiting(floor.clock, ticker=B))


async def test_a_group_that_somebody_deleted_is_made_anew(floor, exchange_groups):
    first = await send(floor.desk, waiting(floor.clock))
    (group,) = floor.exchange.groups.values()
    await exchange_groups.delete(group)
    assert await resting(floor) == []
    refused = await send(floor.desk, waiting(floor.clock, ticker=B))
    assert (refused.state, refused.message) == (OrderState.REJECTED, "not_found not found")
    again = await send(floor.desk, waiting(floor.clock, ticker=B))
    assert again.state is OrderState.RESTING
    assert floor.exchange.group_of == {first.order_id: "group-1", again.order_id: "group-2"}
    assert await states(floor) == {0: ("group-2", GroupState.WORKING)}


async def test_at_its_limit_a_group_takes_all_entries_and_only_a_person_resets_it(
    floor, exchange_groups
):
    """25 contracts in 15 seconds: the third entry of ten reaches it."""
    waits = await send(floor.desk, waiting(floor.clock, ticker=B))
    for _ in range(3):
        await send(floor.desk, taking())
    found = await floor.reconcile()
    assert await resting(floor) == []
    assert {o.client_order_id for o in found.changed} == {waits.client_order_id}
    refused = await send(floor.desk, taking())
    assert (refused.state, refused.message.split(" ")[0]) == (
        OrderState.REJECTED,
        "order_group_triggered",
    )
    assert await states(floor) == {0: ("group-1", GroupState.TRIGGERED)}
    for desk in (floor.desk, restarted(floor, exchange_groups)):
        with pytest.raises(OrderGroupTriggered, match="order group of shard 0 is triggered"):
            await send(desk, taking())
    leaving = taking(Side.ASK, "0.4000", "30.00", purpose=Purpose.EXIT, reduce_only=True)
    assert (await send(floor.desk, leaving)).state is OrderState.FILLED
    await put(floor, DeskState.ACTIVE)
    assert await states(floor) == {0: ("group-1", GroupState.RESUMED)}
    exchange_groups.answers["reset"] = UNKNOWN
    with pytest.raises(OrderGroupUnknown):
        await send(floor.desk, taking(limit="0.4500"))
    assert (await send(floor.desk, taking(limit="0.4500"))).state is OrderState.FILLED
    assert await states(floor) == {0: ("group-1", GroupState.WORKING)}


async def test_a_restart_sees_that_the_group_was_triggered_meanwhile(floor, exchange_groups):
    await send(floor.desk, waiting(floor.clock))
    floor.exchange.trigger("group-1")
    with pytest.raises(OrderGroupTriggered):
        await send(restarted(floor, exchange_groups), taking())
    assert await states(floor) == {0: ("group-1", GroupState.TRIGGERED)}


@pytest.mark.parametrize("desk_state", [DeskState.HALTED, DeskState.FLATTEN])
async def test_a_halt_triggers_first_and_still_cancels_by_id(floor, exchange_groups, desk_state):
    order = await send(floor.desk, waiting(floor.clock))
    await floor.exchange.place("theirs", waiting(floor.clock, ticker=B))
    await put(floor, desk_state)
    real, late = floor.exchange.cancel, []

    async def canceling(*asked, **permitted):
        late.append(await floor.exchange.place("late", taking(), group_id="group-1"))
        return await real(*asked, **permitted)

    floor.exchange.cancel = canceling
    done = await cancel_ours(floor.exchange, floor.desk)
    floor.exchange.cancel = real
    assert (done.outcome, await resting(floor)) == ("1 canceled", ["theirs"])
    assert floor.exchange.groups["group-1"].triggered
    assert (await floor.order()).client_order_id == order.client_order_id
    # What arrives with the first cancel is refused by the exchange itself.
    assert [answer.code for answer in late] == ["order_group_triggered"]
    await put(floor, DeskState.ACTIVE)
    assert (await send(floor.desk, taking())).state is OrderState.FILLED
    assert not floor.exchange.groups["group-1"].triggered


async def test_a_cancel_of_all_is_no_halt(floor, exchange_groups):
    await send(floor.desk, waiting(floor.clock))
    await cancel_ours(floor.exchange, floor.desk)
    assert exchange_groups.asked == ["create"]


async def test_a_trigger_that_nobody_confirms_counts_and_orders_still_go_by_id(
    floor, exchange_groups
):
    await send(floor.desk, waiting(floor.clock))
    await put(floor, DeskState.HALTED)
    exchange_groups.answers["trigger"] = UNKNOWN
    done = await cancel_ours(floor.exchange, floor.desk)
    assert done.outcome == "1 canceled; the order group of shard 0 may not be triggered"
    assert await resting(floor) == []
    assert await states(floor) == {0: ("group-1", GroupState.TRIGGERED)}


async def test_a_halt_between_the_reset_and_its_record_wins(floor, exchange_groups):
    await send(floor.desk, waiting(floor.clock))
    await trigger_groups(floor.desk.groups, floor.store)
    await put(floor, DeskState.ACTIVE)

    async def reset_and_halt(group):
        await trigger_groups(floor.desk.groups, floor.store)
        return Outcome(OutcomeKind.DONE)

    exchange_groups.reset = reset_and_halt
    with pytest.raises(OrderGroupTriggered):
        await send(floor.desk, taking())
    assert await states(floor) == {0: ("group-1", GroupState.TRIGGERED)}


async def test_trading_denies_what_has_no_group_or_a_triggered_one(floor, exchange_groups):
    policy = the_policies("oracle").trading
    await floor.forecast(A)
    exchange_groups.answers["create"] = REFUSED
    first = await trade(floor.exchange, floor.desk, policy=policy)
    assert [d.denial.code for d in first.denied] == ["ORDER_GROUP_UNKNOWN"]
    second = await trade(floor.exchange, floor.desk, policy=policy)
    assert (len(second.orders), second.denied) == (1, ())
    await floor.forecast(B, name="f2")
    floor.exchange.trigger("group-1")
    third = await trade(floor.exchange, floor.desk, policy=policy)
    assert [o.state for o in third.orders] == [OrderState.REJECTED]
    fourth = await trade(floor.exchange, floor.desk, policy=policy)
    assert {d.denial.code for d in fourth.denied} == {"ORDER_GROUP_TRIGGERED"}
    assert (fourth.orders, len(floor.exchange.placed)) == ((), 2)
    assert "kalshi resume" in fourth.denied[0].denial.detail
