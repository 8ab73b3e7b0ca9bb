"""What the record says of the shares of the bankroll, and to act on it.

Shares in force lie in the store, over those of the config file that they were worked out from: no
program writes into a file that a person wrote, and every process of the desk reads the store. Each
pass of trading reads them anew. The config file wins as soon as it says anything else: then the
shares of the store are void, and whoever trades next drops them and keeps the change on record.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.limits import LimitChange
from kalshi_cli.domain.money import NO_MONEY, Money
from kalshi_cli.domain.shares import Rebalanced, Shares
from kalshi_cli.evaluation.rebalancing import NewShare, by_event, measured, rebalanced
from kalshi_cli.ports.reports import Reports
from kalshi_cli.ports.rows.desk import LimitChangeRow
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.charging import charged
from kalshi_cli.steps.execution import Desk

UNDONE = "back to the config file's shares"


@dataclass(frozen=True, slots=True)
class ShareChange:
    """A limit on a share that changes, and why."""

    change: LimitChange
    why: str


async def propose_shares(
    store: Store,
    reports: Reports,
    *,
    shares: Mapping[str, float],
    others: Collection[str],
    ai_charged_to: str | None,
) -> tuple[NewShare, ...]:
    """New shares of the strategies that run, by what they closed in events that are over. `others`
    are a person's own, whose shares are one setting.
    """
    trips = [row.trip for row in await reports.round_trips()]
    changes = await reports.limit_changes()
    async with store.unit(reads=True) as unit:
        held = await unit.ledger.positions()
        tickers = {trip.ticker for trip in trips} | {position.ticker for position in held}
        entries = {e.market.ticker: e.event for e in await unit.catalog.entries(tickers=tickers)}
        ai_costs = await charged(unit, ai_charged_to)

    def event_of(ticker: str) -> str:
        """A market that is not listed any more is an event of its own."""
        return entries[ticker].event_ticker if ticker in entries else ticker

    running = {(p.owner, event_of(p.ticker)) for p in held}
    closed: dict[str, list[tuple[str, Money, Money, int]]] = defaultdict(list)
    for trip in trips:
        event = event_of(trip.ticker)
        if (trip.owner, event) not in running:
            closed[trip.owner].append((event, trip.entry_cost, trip.pnl, trip.closed_us))
    return rebalanced(
        [
            measured(
                name,
                share,
                by_event(closed[name]),
                ai_costs.get(name, NO_MONEY),
                _changed_us(changes, "others" if name in others else name),
            )
            for name, share in shares.items()
        ],
        {name: f"others.{name}" if name in others else name for name in shares},
    )


def as_proposed(configured: Shares, shares: Sequence[NewShare]) -> Rebalanced:
    """The new shares over the config file's."""
    return Rebalanced(configured, {row.measured.strategy: row.new for row in shares})


def share_changes(
    changes: Sequence[LimitChange], shares: Sequence[NewShare]
) -> tuple[ShareChange, ...]:
    """Why each limit changes, by the record of the strategies whose share it is."""
    why: dict[str, list[str]] = defaultdict(list)
    for row in shares:
        if row.is_change:
            limit = row.setting.partition(".")[0]
            why[f"allocation.{limit}"].append(f"{row.measured.strategy}: {row.why}")
    return tuple(
        ShareChange(change, "; ".join(why.get(change.name, [UNDONE]))) for change in changes
    )


async def put_in_force(
    desk: Desk, shares: Rebalanced | None, changes: Sequence[ShareChange], *, who: str
) -> None:
    """Have shares in force from now on, or the config file's again: with the record of it, or not
    at all. Raises `LeaseHeld` and `LeaseRanOut` where the lease is not ours.
    """
    desk.lease.check()
    async with desk.store.unit() as unit:
        await unit.desk.rebalance(shares, desk.lease.token, desk.clock.wall)
        for each in changes:
            await unit.desk.change_limits(
                [each.change],
                run_id=desk.run.run_id,
                who=who,
                why=each.why,
                at_us=desk.clock.now(),
                wall_us=desk.clock.wall(),
            )
        await unit.commit()


async def shares_kept(store: Store) -> Rebalanced | None:
    """What was put in the place of the config file's shares, whether that still holds or not."""
    async with store.unit(reads=True) as unit:
        return await unit.desk.rebalanced()


def _changed_us(changes: Sequence[LimitChangeRow], setting: str) -> int | None:
    """When a share was last changed; None where it never was. Newest changes come first."""
    found = (c.at_us for c in changes if c.name == f"allocation.{setting}" and c.old is not None)
    return next(found, None)
