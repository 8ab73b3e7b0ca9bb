"""What the record says of the shares: read, never written.

The shares in force are the config file's, as every limit is. Whoever trades under changed ones
keeps on record who changed what, when and why.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from kalshi_cli.domain.money import NO_MONEY, Money
from kalshi_cli.evaluation.ai_costs import charged
from kalshi_cli.evaluation.rebalancing import NewShare, by_event, measured, rebalanced
from kalshi_cli.ports.reports import LimitChangeRow, Reports
from kalshi_cli.ports.store import Store


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
        held = [p for p in await unit.ledger.positions() if not p.is_flat]
        tickers = {trip.ticker for trip in trips} | {position.ticker for position in held}
        entries = {e.market.ticker: e.event for e in await unit.catalog.entries(tickers=tickers)}
        ai_costs = charged(await unit.ai.used(), await unit.ai.spent_ever(), ai_charged_to)

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


def _changed_us(changes: Sequence[LimitChangeRow], setting: str) -> int | None:
    """When a share was last changed; None where it never was. Newest changes come first."""
    found = (c.at_us for c in changes if c.name == f"allocation.{setting}" and c.old is not None)
    return next(found, None)
