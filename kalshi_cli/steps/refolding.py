"""Positions, round trips and what is planned of them, derived anew from a market's history."""

from collections.abc import Collection, Iterable, Sequence

from kalshi_cli.domain.history import Entry, by_market, fold_history
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.position import Position, RoundTrip
from kalshi_cli.ports.store import Unit


async def refold(unit: Unit, tickers: Collection[str]) -> None:
    """Derive positions and round trips of these markets anew from their history."""
    if not tickers:
        return
    histories = by_market(await unit.ledger.history(tickers))
    reasons = await _exit_reasons(unit, histories.values())
    positions: list[Position] = []
    trips: list[RoundTrip] = []
    for ticker, history in sorted(histories.items()):
        folded = fold_history(ticker, history, reasons)
        positions += [item.position for item in folded]
        trips += [trip for item in folded for trip in item.trips]
    await unit.ledger.save_round_trips(tickers, trips)
    await unit.ledger.save_positions(positions)
    await _drop_plans(unit, [position for position in positions if position.is_flat])


async def _drop_plans(unit: Unit, flat: Collection[Position]) -> None:
    """Forget how to leave what is left, unless an entry there may fill yet, or is not booked whole.

    One that was given up may: should the exchange have it after all, there is something to leave.
    """
    maybe = (
        *await unit.journal.live(),
        *await unit.journal.unbooked(),
        *await unit.journal.unplaced({position.ticker for position in flat}),
    )
    entering = {
        (order.intent.ticker, order.intent.strategy)
        for order in maybe
        if order.intent.purpose is not Purpose.EXIT
    }
    for ticker, owner in {(position.ticker, position.owner) for position in flat} - entering:
        await unit.plans.remove(ticker, owner)


async def _exit_reasons(unit: Unit, histories: Iterable[Sequence[Entry]]) -> dict[str, str]:
    """Why each order was sent, by the exchange's id."""
    order_ids = {
        entry[0].order_id for history in histories for entry in history if isinstance(entry, tuple)
    }
    orders = await unit.journal.find(order_ids=order_ids)
    return {order.order_id: order.intent.reason for order in orders if order.order_id}
