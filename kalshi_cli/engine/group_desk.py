"""Making, changing and triggering order groups."""

from dataclasses import replace

from kalshi_cli.domain.money import Contracts
from kalshi_cli.engine.commands import (
    NOT_FOUND,
    CreateGroup,
    DeleteGroup,
    Grouped,
    LimitGroup,
    Rejected,
    ResetGroup,
    TriggerGroup,
)
from kalshi_cli.engine.groups import LEAST, MOST, OrderGroup
from kalshi_cli.engine.happenings import GroupChanged, GroupEvent
from kalshi_cli.engine.orders import UpdateReason
from kalshi_cli.engine.state import ExchangeState
from kalshi_cli.engine.treasury import NO_SHARD, SHARDS
from kalshi_cli.engine.venue import Venue

_BAD_LIMIT = Rejected(400, "bad_request", "contracts_limit must be from 1 to 1,000,000")


def create_group(venue: Venue, command: CreateGroup) -> Grouped | Rejected:
    """A new group of a shard."""
    if not LEAST <= command.limit <= MOST:
        return _BAD_LIMIT
    if command.shard not in SHARDS:
        return NO_SHARD
    group = OrderGroup(venue.next_id("group"), command.shard, command.limit)
    _keep(venue, group, GroupEvent.CREATED)
    return Grouped(group.group_id)


def change_group(
    venue: Venue, command: DeleteGroup | ResetGroup | TriggerGroup | LimitGroup
) -> Grouped | Rejected:
    """Delete, reset or trigger a group, or set its limit; a limit already reached triggers it."""
    group = venue.state.groups.get(command.group_id)
    if group is None:
        return NOT_FOUND
    match command:
        case LimitGroup() if not LEAST <= command.limit <= MOST:
            return _BAD_LIMIT
        case LimitGroup():
            _keep(venue, replace(group, limit=command.limit), GroupEvent.LIMIT_UPDATED)
            return Grouped(group.group_id, trigger_hit_groups(venue))
        case ResetGroup():
            _keep(venue, group.reset(), GroupEvent.RESET)
            return Grouped(group.group_id)
        case TriggerGroup():
            return Grouped(group.group_id, _trigger(venue, group))
        case DeleteGroup():
            canceled = _cancel_orders(venue, group.group_id)
            del venue.state.groups[group.group_id]
            venue.told.append(
                GroupChanged(group.group_id, GroupEvent.DELETED, group.shard, venue.now_us)
            )
            return Grouped(group.group_id, canceled)


def trigger_hit_groups(venue: Venue) -> int:
    """Trigger the groups whose limit is reached; how many of their orders went."""
    hit = [group for group in venue.state.groups.values() if group.is_hit(venue.now_us)]
    return sum(_trigger(venue, group) for group in hit)


def orders_of(state: ExchangeState, group_id: str) -> list[str]:
    """The ids of a group's live orders, oldest first."""
    return [order.order_id for order in state.live_orders() if order.group_id == group_id]


def _trigger(venue: Venue, group: OrderGroup) -> int:
    _keep(venue, replace(group, triggered=True), GroupEvent.TRIGGERED)
    return _cancel_orders(venue, group.group_id)


def _cancel_orders(venue: Venue, group_id: str) -> int:
    ids = orders_of(venue.state, group_id)
    for order_id in ids:
        venue.withdraw(venue.state.orders[order_id], UpdateReason.NONE)
    return len(ids)


def _keep(venue: Venue, group: OrderGroup, event: GroupEvent) -> None:
    venue.state.groups[group.group_id] = group
    limit: Contracts | None = None
    if event in {GroupEvent.CREATED, GroupEvent.LIMIT_UPDATED}:
        limit = group.limit
    venue.told.append(GroupChanged(group.group_id, event, group.shard, venue.now_us, limit))
