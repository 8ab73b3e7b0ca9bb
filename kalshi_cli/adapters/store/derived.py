"""What the ledger says positions and round trips are, against what is stored."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from kalshi_cli.domain.account import Settlement
from kalshi_cli.domain.history import Entry, by_market, fold_history, in_force
from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.position import Position, RoundTrip
from kalshi_cli.ports.audit import Finding, Wrong


@dataclass(frozen=True, slots=True)
class Derived:
    """Positions by ticker and owner, round trips by id."""

    positions: dict[tuple[str, str], Position]
    trips: dict[str, RoundTrip]


def derive(history: Iterable[Entry], reasons: Mapping[str, str] | None = None) -> Derived:
    """Fold every market's history, given in the order it happened. `reasons` tell why orders were
    sent, by the exchange's id.
    """
    derived = Derived({}, {})
    for ticker, entries in by_market(history).items():
        for folded in fold_history(ticker, entries, reasons):
            derived.positions[ticker, folded.position.owner] = folded.position
            derived.trips.update((trip.round_trip_id, trip) for trip in folded.trips)
    return derived


def wrong_positions(stored: Derived, wanted: Derived) -> list[tuple[str, str]]:
    """Keys whose amounts differ, or that only one side has."""
    keys = stored.positions.keys() | wanted.positions.keys()
    return sorted(
        key
        for key in keys
        if _amounts(stored.positions.get(key)) != _amounts(wanted.positions.get(key))
    )


def wrong_trips(stored: Derived, wanted: Derived) -> list[str]:
    """Ids whose amounts differ, or that only one side has; a reason is no amount."""
    keys = stored.trips.keys() | wanted.trips.keys()
    return sorted(
        key for key in keys if _bare(stored.trips.get(key)) != _bare(wanted.trips.get(key))
    )


def _amounts(position: Position | None) -> tuple[object, ...] | None:
    if position is None:
        return None
    return position.net, position.cost, position.realized, position.fees


def _bare(trip: RoundTrip | None) -> RoundTrip | None:
    return None if trip is None else replace(trip, reason="")


def differences(stored: Derived, wanted: Derived) -> list[Finding]:
    """One finding for each derived row that does not follow from the ledger."""
    positions = [
        Finding(
            Wrong.POSITION_WRONG,
            f"{ticker} ({owner})",
            f"stored {_said(stored.positions.get((ticker, owner)))}, "
            f"the ledger says {_said(wanted.positions.get((ticker, owner)))}",
        )
        for ticker, owner in wrong_positions(stored, wanted)
    ]
    trips = [
        Finding(Wrong.TRIP_WRONG, trip_id, "does not follow from the ledger")
        for trip_id in wrong_trips(stored, wanted)
    ]
    return positions + trips


def _said(position: Position | None) -> str:
    return "nothing" if position is None else f"{position.net} for {position.cost}"


def settled_otherwise(history: Collection[Entry]) -> list[Finding]:
    """Markets that the exchange settled for another count than our fills add up to."""
    held: dict[str, int] = {}
    for entry in history:
        if not isinstance(entry, Settlement):
            fill = entry[0]
            held[fill.ticker] = held.get(fill.ticker, 0) + fill.side.sign * fill.count.units
    return [
        Finding(
            Wrong.SETTLEMENT_COUNT,
            ticker,
            f"settled for {paid.net}, the fills add up to {Contracts(held.get(ticker, 0))}",
        )
        for ticker, paid in sorted(in_force(history).items())
        if held.get(ticker, 0) != paid.net.units
    ]
