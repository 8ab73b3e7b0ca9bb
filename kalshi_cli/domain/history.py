"""From what happened in a market to positions and round trips, by replay.

Positions are never edited: whatever arrives late, twice or out of order, the history of the ticker
is folded again. A market's settlement counts in its newest revision only.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kalshi_cli.domain.account import CashMovement, Settlement
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, ONE_DOLLAR, Contracts, Money
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.position import (
    Position,
    RoundTrip,
    apply_fill,
    apply_settlement,
    outcome_cost,
)
from kalshi_cli.domain.side import Side

Entry = tuple[Fill, str] | Settlement


@dataclass(frozen=True, slots=True)
class Folded:
    """What an owner holds in a market, and the trips that are over, oldest first."""

    position: Position
    trips: tuple[RoundTrip, ...]


@dataclass(frozen=True, slots=True)
class _Open:
    """The trip under way: what was paid, received and charged since the position opened."""

    side: Side
    count: Contracts = NO_CONTRACTS
    entry_cost: Money = NO_MONEY
    proceeds: Money = NO_MONEY
    fees: Money = NO_MONEY
    opened_us: int = 0


def by_market(history: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The entries of each market, in the order given."""
    found: dict[str, list[Entry]] = {}
    for entry in history:
        ticker = entry.ticker if isinstance(entry, Settlement) else entry[0].ticker
        found.setdefault(ticker, []).append(entry)
    return found


def fold_history(
    ticker: str, history: Sequence[Entry], reasons: Mapping[str, str] | None = None
) -> tuple[Folded, ...]:
    """Fold one market's history, in the order it happened, for each owner.

    `reasons` says by order id why an exit was made.
    """
    owners: dict[str, Folded] = {}
    trips: dict[str, _Open | None] = {}
    settlement = in_force(history).get(ticker)
    for entry in history:
        if isinstance(entry, Settlement):
            continue
        fill, owner = entry
        before = owners.get(owner) or Folded(Position(ticker, owner), ())
        owners[owner], trips[owner] = _after_fill(
            before, trips.get(owner), fill, (reasons or {}).get(fill.order_id, "traded")
        )
    if settlement is not None:
        for owner, folded in owners.items():
            owners[owner] = _after_settlement(folded, trips.get(owner), settlement)
    return tuple(owners[owner] for owner in sorted(owners))


def _after_fill(
    before: Folded, trip: _Open | None, fill: Fill, reason: str
) -> tuple[Folded, _Open | None]:
    held = before.position
    after = apply_fill(
        held, side=fill.side, price=fill.price, count=fill.count, fee=fill.fee, at_us=fill.at_us
    )
    closing = Contracts(
        min(abs(held.net.units), fill.count.units) if held.net.units * fill.side.sign < 0 else 0
    )
    opening = fill.count - closing
    trips, fee = before.trips, fill.fee
    if closing and trip is not None:
        trip = replace(
            trip,
            proceeds=trip.proceeds + outcome_cost(trip.side, fill.price, closing),
            fees=trip.fees + fee,
        )
        fee = NO_MONEY
        if closing == abs(held.net):
            trips = (*trips, _trip(held, trip, len(trips), fill.at_us, reason))
            trip = None
    if opening:
        trip = trip or _Open(fill.side, opened_us=fill.at_us)
        trip = replace(
            trip,
            count=trip.count + opening,
            entry_cost=trip.entry_cost + outcome_cost(fill.side, fill.price, opening),
            fees=trip.fees + fee,
        )
    return Folded(after, trips), trip


def _after_settlement(folded: Folded, trip: _Open | None, settlement: Settlement) -> Folded:
    held = folded.position
    if trip is None or held.is_flat:
        return folded
    paid = outcome_cost(trip.side, settlement.value, abs(held.net))
    reason = f"resolution: settled {settlement.result}"
    over = replace(trip, proceeds=trip.proceeds + paid)
    closed = _trip(held, over, len(folded.trips), settlement.settled_us, reason)
    flat = apply_settlement(held, settlement.value, settlement.settled_us)
    return Folded(flat, (*folded.trips, closed))


def _trip(held: Position, trip: _Open, number: int, closed_us: int, reason: str) -> RoundTrip:
    return RoundTrip(
        round_trip_id=f"{held.ticker}/{held.owner}/{number}",
        ticker=held.ticker,
        owner=held.owner,
        side=trip.side,
        count=trip.count,
        entry_cost=trip.entry_cost,
        proceeds=trip.proceeds,
        fees=trip.fees,
        opened_us=trip.opened_us,
        closed_us=closed_us,
        reason=reason,
    )


def in_force(history: Collection[Entry]) -> dict[str, Settlement]:
    """The newest settlement of each market, in its newest revision."""
    settled: dict[str, Settlement] = {}
    for entry in history:
        if isinstance(entry, Settlement):
            before = settled.get(entry.ticker, entry)
            settled[entry.ticker] = max(entry, before, key=lambda s: (s.settled_us, s.revision))
    return settled


def news_of(booked: Iterable[Settlement], told: Iterable[Settlement]) -> list[Settlement]:
    """Of what is told, what the newest revision of its market and time does not say: as the next.

    `booked` comes with its revisions in their order.
    """
    newest = {(each.ticker, each.settled_us): each for each in booked}
    news: list[Settlement] = []
    for settlement in told:
        key = settlement.ticker, settlement.settled_us
        before = newest.get(key)
        if before is None or not _says_the_same(before, settlement):
            revision = 0 if before is None else before.revision + 1
            newest[key] = replace(settlement, revision=revision)
            news.append(newest[key])
    return news


def _says_the_same(known: Settlement, told: Settlement) -> bool:
    """Whether a settlement says what the one on record says, whatever its revision and shard."""
    return known == replace(told, revision=known.revision, exchange_index=known.exchange_index)


def nets_of(history: Collection[Entry]) -> dict[str, Contracts]:
    """Net contracts by market, over all owners; none where a market was settled."""
    settled = in_force(history)
    traded = _traded(history).items()
    return {ticker: Contracts(n) for ticker, (n, _) in traded if n and ticker not in settled}


def cash_of(history: Collection[Entry], movements: Iterable[CashMovement]) -> Money:
    """Cash that fills, settlements in their newest revision and movements add up to.

    A market's fills move the YES cash flow, and hold back $1 for each NO contract left in the end.
    """
    traded = _traded(history).values()
    moved = sum(movement.amount.units for movement in movements)
    flow = sum(flowed - ONE_DOLLAR.units * max(0, -net) for net, flowed in traded)
    return Money(moved + flow + sum(paid.revenue.units for paid in in_force(history).values()))


def _traded(history: Iterable[Entry]) -> dict[str, tuple[int, int]]:
    """By market: net contracts and YES cash flow less fees, in units."""
    traded: dict[str, tuple[int, int]] = {}
    for entry in history:
        if isinstance(entry, Settlement):
            continue
        fill = entry[0]
        net, flowed = traded.get(fill.ticker, (0, 0))
        count = fill.side.sign * fill.count.units
        traded[fill.ticker] = net + count, flowed - fill.price.units * count - fill.fee.units
    return traded
