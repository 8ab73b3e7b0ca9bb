"""What becomes of a resting order, now that something else may be wanted.

A smaller count keeps an order's place in the queue; a new price or a larger count loses it. So a
larger one is never worth a change, and a price only where it must change. Another expiry keeps the
place too, so a quote that is still wanted is made to last.
"""

from enum import StrEnum

from kalshi_cli.domain.order import Order, OrderIntent

WORTH_A_REQUEST = 5
"""An order is made smaller where it is too large by more than this part (a fifth) of itself."""


class Adjustment(StrEnum):
    """KEEP it as it is, DECREASE its size, AMEND its price, RENEW its expiry, or cancel and
    REPLACE it.
    """

    KEEP = "keep"
    DECREASE = "decrease"
    AMEND = "amend"
    RENEW = "renew"
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


def quote_adjustment(order: Order, wanted: OrderIntent | None, now_us: int) -> Adjustment:
    """Compare a resting quote with the one wanted now.

    At another price it is another quote, which is made on another fair value. One that is mostly
    filled makes room for a whole one, and one that is past half of its life lives on.
    """
    if wanted is None or _kind(wanted) != _kind(order.intent):
        return Adjustment.REPLACE
    if wanted.limit != order.intent.limit or 2 * order.remaining.units < wanted.count.units:
        return Adjustment.REPLACE
    excess = order.remaining.units - wanted.count.units
    if excess * WORTH_A_REQUEST > order.remaining.units:
        return Adjustment.DECREASE
    expires_us, until_us = order.intent.expires_us, wanted.expires_us
    if expires_us is None or until_us is None:
        return Adjustment.REPLACE
    if until_us < expires_us or 2 * (expires_us - now_us) < until_us - now_us:
        return Adjustment.RENEW
    return Adjustment.KEEP


def _kind(intent: OrderIntent) -> tuple[object, ...]:
    return (
        intent.ticker, intent.strategy, intent.side, intent.purpose, intent.time_in_force,
        intent.post_only, intent.forecast_id, intent.exchange_index,
    )  # fmt: skip
