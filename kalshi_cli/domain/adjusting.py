"""What becomes of a resting order, now that something else may be wanted.

A smaller count keeps an order's place in the queue; a new price or a larger count loses it. So a
larger one is never worth a change, and a price only where it must change.
"""

from enum import StrEnum

from kalshi_cli.domain.order import Order, OrderIntent

WORTH_A_REQUEST = 5
"""An order is made smaller where it is too large by more than this part (a fifth) of itself."""


class Adjustment(StrEnum):
    """KEEP it as it is, DECREASE its size, AMEND its price, or cancel and REPLACE it."""

    KEEP = "keep"
    DECREASE = "decrease"
    AMEND = "amend"
    REPLACE = "replace"


def adjustment(order: Order, wanted: OrderIntent | None) -> Adjustment:
    """Compare a resting order with what is wanted now: `count` to rest, or None for nothing.

    An order cannot be made into one of another kind or for another forecast: those are replaced.
    """
    if wanted is None or _kind(wanted) != _kind(order.intent):
        return Adjustment.REPLACE
    if wanted.limit != order.intent.limit:
        return Adjustment.AMEND
    excess = order.remaining.units - wanted.count.units
    if excess * WORTH_A_REQUEST > order.remaining.units:
        return Adjustment.DECREASE
    return Adjustment.KEEP


def _kind(intent: OrderIntent) -> tuple[object, ...]:
    return (
        intent.ticker, intent.strategy, intent.side, intent.purpose, intent.time_in_force,
        intent.post_only, intent.forecast_id, intent.exchange_index,
    )  # fmt: skip
