"""New fills on the ledger, and the orders that they fill."""

from collections.abc import Collection, Mapping, Sequence

from kalshi_cli.domain.fees import fill_fee
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import (
    NEVER_SEEN,
    Fill,
    Order,
    OrderReport,
    fold_fill,
    fold_report,
    has_terms,
)
from kalshi_cli.domain.trail import Cause
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.store import Unit
from kalshi_cli.steps.following import imposture, resurrection

FEE_DRIFT = Money(100)
"""Dollars by which a fill's fee may differ from our fee model before that is an alarm."""


async def append_fills(
    unit: Unit, fills: Collection[Fill], claimed: Mapping[str, OrderReport], now_us: int
) -> tuple[tuple[Fill, ...], tuple[str, ...]]:
    """Book what is new of these fills, for who ordered it; returns that, and what is odd.

    `claimed` are orders that the exchange told of because their ids never reached us.
    """
    orders = {o.order_id: o for o in await unit.journal.find(order_ids={f.order_id for f in fills})}
    alarms: list[str] = []
    for report in claimed.values():
        for order in await unit.journal.find(client_order_ids=[report.client_order_id or ""]):
            if not has_terms(report, order.intent):
                alarms.append(imposture(report))
                continue
            orders[report.order_id] = after = _found_again(order, report, now_us)
            if after != order:
                await unit.journal.save(after, Cause.REPORT)
                alarms.append(resurrection(order.state, after))
    new = await unit.ledger.add_fills([(fill, _owner(orders.get(fill.order_id))) for fill in fills])
    touched = {fill.order_id for fill in new} & orders.keys()
    filled = await unit.ledger.filled(touched)
    for order_id in sorted(touched):
        alarms += await _count(unit, orders[order_id], filled[order_id], now_us)
    alarms += await _fee_alarms(unit, new)
    return new, tuple(alarms)


def _found_again(order: Order, report: OrderReport, now_us: int) -> Order:
    """An order given up comes back; one that is being sent is left to its sender."""
    return fold_report(order, report, now_us) if order.state in NEVER_SEEN else order


def _owner(order: Order | None) -> str:
    return EXTERNAL if order is None else order.intent.strategy


async def _count(unit: Unit, order: Order, filled: Contracts, now_us: int) -> list[str]:
    """Fold the fills of an order; more than were ordered are booked all the same, and alarm."""
    wanted = order.whole
    after = order if order.order_id is None else fold_fill(order, min(filled, wanted), now_us)
    if after != order:
        await unit.journal.save(after, Cause.FILL)
    if filled <= wanted:
        return []
    return [f"order {order.client_order_id} filled {filled} of {wanted} contracts"]


async def _fee_alarms(unit: Unit, fills: Sequence[Fill]) -> list[str]:
    entries = await unit.catalog.entries(tickers={fill.ticker for fill in fills}) if fills else ()
    by_ticker = {entry.market.ticker: entry for entry in entries}
    found = [(fill, _modelled_fee(fill, by_ticker.get(fill.ticker))) for fill in fills]
    return [
        f"fill {fill.fill_id} in {fill.ticker} cost a fee of {fill.fee}, the model says {fee}"
        for fill, fee in found
        if fee is not None and abs(fill.fee - fee) > FEE_DRIFT
    ]


def _modelled_fee(fill: Fill, entry: CatalogEntry | None) -> Money | None:
    """What a fill should have cost by our fee model; None where its terms are not known."""
    if entry is None:
        return None
    terms = entry.fee_terms(fill.at_us)
    if not terms.is_known:
        return None
    return fill_fee(
        terms, side=fill.side, price=fill.price, count=fill.count, is_taker=fill.is_taker
    )
