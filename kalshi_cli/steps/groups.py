"""One order group a shard: the exchange's own switch for the entries that rest there.

The group counts the contracts its orders trade in 15 seconds. At its limit, or when a halt triggers
it, the exchange cancels them and refuses more, whatever becomes of this process. Only a person lets
it be reset. Exits join no group: see `docs/decisions/0014`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from kalshi_cli.domain.money import Contracts
from kalshi_cli.errors import KalshiError, OrderGroupTriggered, OrderGroupUnknown, Unauthorized
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.desk import GroupState, KeptGroup
from kalshi_cli.ports.exchange import Outcome, OutcomeKind
from kalshi_cli.ports.groups import OrderGroup, OrderGroups
from kalshi_cli.ports.store import Store

TRIGGERED = "order_group_triggered"
"""The exchange's code for an order whose group is triggered."""
NOT_THERE = "not_found"
"""Its code for an order whose group, or market, it does not know."""
UNTRIGGERED = frozenset({GroupState.WORKING, GroupState.RESUMED})


@dataclass(slots=True)
class EntryGroups:
    """Where groups are made, and what they allow. `seen` are ids that this process has checked."""

    exchange: OrderGroups
    limit: Contracts
    seen: set[str] = field(default_factory=set)


async def group_for(groups: EntryGroups, store: Store, clock: Clock, exchange_index: int) -> str:
    """The id of the group that an entry on a shard joins; it is made where there is none.

    One that is on record is checked once: it is as the exchange tells it, not as it was left.
    Raises `OrderGroupTriggered`, and `OrderGroupUnknown` where the exchange does not tell or make.
    """
    async with store.unit(reads=True) as unit:
        kept = (await unit.desk.order_groups()).get(exchange_index)
    if kept is None:
        return await _made(groups, store, clock, exchange_index)
    if kept.state is GroupState.TRIGGERED:
        raise OrderGroupTriggered(exchange_index)
    if kept.state is GroupState.WORKING and kept.group_id in groups.seen:
        return kept.group_id
    found = await _found(groups, kept)
    if found is None:
        return await _made(groups, store, clock, exchange_index)
    if kept.state is GroupState.RESUMED:
        await _reset(groups, store, found)
    elif found.triggered:
        await heed(groups, store, found.group_id, TRIGGERED)
        raise OrderGroupTriggered(exchange_index)
    if found.limit != groups.limit:
        _must_be_done(await groups.exchange.set_limit(found, groups.limit), exchange_index)
    groups.seen.add(found.group_id)
    return found.group_id


async def heed(groups: EntryGroups, store: Store, group_id: str, code: str) -> None:
    """Take note of what a refused order tells of the group it named."""
    if code == NOT_THERE:
        groups.seen.discard(group_id)
    if code != TRIGGERED:
        return
    groups.seen.discard(group_id)
    async with store.unit() as unit:
        await unit.desk.turn_groups(GroupState.TRIGGERED, before=UNTRIGGERED, group_id=group_id)
        await unit.commit()


async def trigger_groups(groups: EntryGroups, store: Store) -> tuple[int, ...]:
    """Trigger every group; the shards where the exchange did not confirm it.

    They count as triggered from before the request on, whatever is answered. Never waits for a
    halt or a lease: it only takes away.
    """
    async with store.unit() as unit:
        kept: Sequence[KeptGroup] = tuple((await unit.desk.order_groups()).values())
        await unit.desk.turn_groups(GroupState.TRIGGERED, before=UNTRIGGERED)
        await unit.commit()
    groups.seen.clear()
    unsure: list[int] = []
    for each in kept:
        group = OrderGroup(each.group_id, each.exchange_index, groups.limit, triggered=False)
        outcome = await groups.exchange.trigger(group)
        if outcome.kind not in {OutcomeKind.DONE, OutcomeKind.GONE}:
            unsure.append(each.exchange_index)
    return tuple(unsure)


async def _found(groups: EntryGroups, kept: KeptGroup) -> OrderGroup | None:
    """The group as the exchange has it; None where it surely has it no longer."""
    try:
        page = await groups.exchange.groups()
    except Unauthorized:
        raise
    except KalshiError as error:
        raise _unknown(kept.exchange_index, str(error)) from error
    found = next((each for each in page.items if each.group_id == kept.group_id), None)
    if found is None and page.unusable:
        raise _unknown(kept.exchange_index, page.unusable[0].reason)
    return found


async def _made(groups: EntryGroups, store: Store, clock: Clock, exchange_index: int) -> str:
    """A new group, on record. One whose answer is lost stays empty: it can do no harm."""
    outcome = await groups.exchange.create(groups.limit, exchange_index)
    _must_be_done(outcome, exchange_index)
    made = KeptGroup(exchange_index, outcome.made_id, GroupState.WORKING, clock.now())
    async with store.unit() as unit:
        await unit.desk.keep_group(made)
        await unit.commit()
    groups.seen.add(made.group_id)
    return made.group_id


async def _reset(groups: EntryGroups, store: Store, group: OrderGroup) -> None:
    """Reset a group as a person wants it, unless a halt came between."""
    _must_be_done(await groups.exchange.reset(group), group.exchange_index)
    async with store.unit() as unit:
        turned = await unit.desk.turn_groups(
            GroupState.WORKING, before={GroupState.RESUMED}, group_id=group.group_id
        )
        await unit.commit()
    if not turned:
        raise OrderGroupTriggered(group.exchange_index)


def _must_be_done(outcome: Outcome, exchange_index: int) -> None:
    if outcome.kind is not OutcomeKind.DONE:
        said = " ".join(filter(None, (outcome.kind, outcome.code, outcome.message)))
        raise _unknown(exchange_index, said)


def _unknown(exchange_index: int, why: str) -> OrderGroupUnknown:
    return OrderGroupUnknown(
        f"Shard {exchange_index} has no order group that entries can join: {why}.",
        remedy='Nothing was sent. With risk.max_contracts_per_15s = "off", entries join none.',
    )
