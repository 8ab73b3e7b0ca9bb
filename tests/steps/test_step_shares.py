"""Shares that are put over the config file's: for every pass from then on, with who and why.

The bankroll is $1,000, and one strategy bids 41 cents in A for all that it may: a share of 2 % is
$20, which is 48 contracts; 4 % are $40 and 97.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from fakes.floor import A, the_policies

from kalshi_cli.adapters.store.lease import hold_lease
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.limits import LimitChange
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.shares import VOID, Rebalanced
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import LeaseHeld
from kalshi_cli.steps.limiting import limits_in_use, record_limits
from kalshi_cli.steps.rebalancing import ShareChange, put_in_force, shares_kept
from kalshi_cli.steps.sharing import strategies_in_use
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import rehearse, trade
from kalshi_cli.strategies._base import Strategy

MOVED = Rebalanced({"bids": 0.02, "idle": 0.05}, {"bids": 0.04, "idle": 0.03})
CHANGE = ShareChange(LimitChange("allocation.others", "{ bids = 0.02 }", "{ bids = 0.04 }"), "won")
FREE = ("market", "event", "cluster", "category", "account")


@dataclass(frozen=True)
class Bids(Strategy):
    """Quotes a bid, as large as it may."""

    name: ClassVar[str] = "bids"

    def propose(self, view):
        return (
            Proposal(
                ticker=A,
                side=Side.BID,
                limit=Price.parse("0.4100"),
                fair=0.60,
                purpose=Purpose.QUOTE,
                max_contracts=Contracts.parse("500.00"),
                reason="scripted",
                resting=True,
                expires_us=view.now_us + HOUR,
            ),
        )


@dataclass(frozen=True)
class Idle(Bids):
    name: ClassVar[str] = "idle"

    def propose(self, view):
        del view
        return ()


def policy(bids: float = 0.02):
    base = the_policies().trading
    free = {f"max_{each}_exposure": None for each in FREE} | {"max_single_position": None}
    return replace(
        base,
        strategies=(Bids(), Idle()),
        limits=replace(base.limits, max_order_contracts=None, **free),
        allocations={"bids": bids, "idle": 0.05, "not running": 0.3},
    )


async def rehearsed(floor, held_to=None):
    done = await rehearse(
        floor.exchange, floor.exchange, floor.store, floor.clock, policy=held_to or policy()
    )
    return [str(intent.count) for intent in done.passed]


@pytest.mark.databases
async def test_the_next_pass_goes_by_them_whichever_desk_it_is_of(floor):
    """The policy of both was made before, as in a loop that runs."""
    await floor.reconcile()
    before = policy()
    assert await rehearsed(floor, before) == ["48.00"]
    await put_in_force(floor.desk, MOVED, [CHANGE], who="ann")
    assert await rehearsed(floor, before) == ["97.00"]
    sent = await trade(floor.exchange, floor.desk, policy=before)
    assert [str(order.intent.count) for order in sent.orders] == ["97.00"]
    rows = await strategies_in_use(floor.store, floor.store.reports, floor.clock, policy=before)
    found = {row.strategy: (row.fraction, row.configured, row.share) for row in rows}
    assert found == {
        "bids": (0.04, 0.02, Money.parse("40")),
        "idle": (0.03, 0.05, Money.parse("30")),
    }


@pytest.mark.databases
async def test_it_stays_on_record_who_put_what_in_force_when_and_why(floor):
    floor.clock.now_us += HOUR
    await put_in_force(floor.desk, MOVED, [CHANGE], who="ann")
    (row,) = await floor.store.reports.limit_changes()
    assert (row.name, row.old, row.new) == (
        "allocation.others",
        "{ bids = 0.02 }",
        "{ bids = 0.04 }",
    )
    assert (row.who, row.why, row.run_id) == ("ann", "won", floor.run.run_id)
    assert (row.at_us, row.changed_wall_us) == (floor.clock.now(), floor.clock.wall())
    assert await shares_kept(floor.store) == MOVED
    await put_in_force(floor.desk, None, [], who="ann")
    assert await shares_kept(floor.store) is None


async def test_a_config_file_that_says_otherwise_wins_and_the_shares_are_dropped(floor):
    await floor.reconcile()
    await put_in_force(floor.desk, MOVED, [CHANGE], who="ann")
    assert await rehearsed(floor, policy(bids=0.03)) == ["73.00"]  # $30, at 41 cents
    store, desk = floor.store, floor.desk
    await record_limits(store, floor.clock, [], run=floor.run, who="", why="", void=desk.lease)
    assert await rehearsed(floor) == ["48.00"]  # they do not come back with the old file


@pytest.mark.databases
@pytest.mark.parametrize("wrong", ["share = 0.98", "share = share - 0.05"])
async def test_shares_that_nobody_can_have_are_none_and_keep_nobody_from_leaving(floor, wrong):
    """0.98 twice is more than all there is; 0.03 less 0.05 is less than nothing."""
    await floor.reconcile()
    await put_in_force(floor.desk, MOVED, [CHANGE], who="ann")
    async with floor.store.transaction() as transaction:
        await transaction.run_each([f"UPDATE rebalanced_shares SET {wrong}"])
        await transaction.commit()
    assert await shares_kept(floor.store) == VOID
    assert await rehearsed(floor) == ["48.00"]  # $20 at 41 cents: the share of the config file
    await track(floor.exchange, floor.desk, exits=(), policy=policy())
    findings = (await floor.store.audit.check()).findings
    assert {each.code for each in findings} == {"SHARE_IMPOSSIBLE"}


async def test_who_lost_the_lease_changes_no_share_and_sends_nothing_under_old_ones(floor):
    """Another desk took the account over, and rebalanced it."""
    await floor.reconcile()
    floor.clock.wall_us += 60_000_000  # of a machine that slept for a minute
    async with hold_lease(floor.store, "trading", floor.clock.wall) as lease:
        other = replace(floor.desk, lease=lease)
        await put_in_force(other, MOVED, [CHANGE], who="bob")
        with pytest.raises(LeaseHeld):
            await put_in_force(floor.desk, None, [CHANGE], who="ann")
        with pytest.raises(LeaseHeld):
            await trade(floor.exchange, floor.desk, policy=policy())
    assert await shares_kept(floor.store) == MOVED
    assert [row.who for row in await floor.store.reports.limit_changes()] == ["bob"]
    assert floor.exchange.placed == []


@pytest.mark.databases
async def test_the_lease_is_asked_in_the_transaction_that_writes(floor):
    """In memory it still seems ours: the store knows better, and nothing of it is written."""

    class Trusting:
        token = "of another"

        def check(self):
            """Sees nothing wrong."""

    with pytest.raises(LeaseHeld):
        await put_in_force(replace(floor.desk, lease=Trusting()), MOVED, [CHANGE], who="ann")
    assert await shares_kept(floor.store) is None
    assert await floor.store.reports.limit_changes() == ()


async def test_limits_are_told_by_what_is_in_force_beside_the_config_file(floor):
    await floor.reconcile()
    await put_in_force(floor.desk, MOVED, [CHANGE], who="ann")
    configured = {"allocation.bids": "0.02", "allocation.others": "{}", "risk.max_positions": "15"}
    found = await limits_in_use(
        floor.store,
        floor.store.reports,
        floor.clock,
        in_force={**configured, "allocation.bids": "0.04"},
        configured=configured,
        policy=policy(),
        history=None,
    )
    rows = {row.name: row for row in found.limits}
    assert rows["allocation.bids"].usage.bound == Money.parse("40")
    assert [(name, row.configured) for name, row in rows.items()] == [
        ("allocation.bids", "0.02"),
        ("allocation.others", None),
        ("allocation.others.idle", None),
        ("allocation.others.not running", None),
        ("risk.max_positions", None),
    ]
