"""What the answer to a batch means for each of its orders, in the order that was asked.

The exchange answers a batch with 201 (creates) or 200 (cancels), whatever became of its orders: an
order that failed has an `error` in its row, without a status. A row that cannot be read, is of
another order, or has an error that is no known refusal leaves that order's fate unknown; an answer
with more or fewer rows than orders leaves all of them unknown.
"""

from collections.abc import Sequence

import msgspec

from kalshi_cli.adapters.kalshi.answers import (
    DUPLICATE_ORDER,
    NOT_FOUND,
    THROTTLED,
    UNREADABLE_ANSWER,
    Answer,
    ErrorBody,
    accepted,
    canceled,
    cancellation_of,
    error_body,
    placement_of,
    refused,
)
from kalshi_cli.adapters.kalshi.rows import decode_row, reason_of
from kalshi_cli.adapters.kalshi.wire import NULL, ItemsWire, ItemWire
from kalshi_cli.domain.money import Contracts
from kalshi_cli.errors import InvalidValue
from kalshi_cli.ports.exchange import Cancellation, CancellationKind, Placement, PlacementKind

Asked = tuple[str, Contracts]
"""Our id of an order, and its count."""

_REFUSALS = frozenset({
    DUPLICATE_ORDER,
    NOT_FOUND,
    THROTTLED,
    "authentication_error",
    "available_balance_too_low",
    "bad_request",
    "fill_or_kill_insufficient_resting_volume",
    "forbidden",
    "insufficient_balance",
    "insufficient_shard_balance",
    "invalid_order",
    "invalid_order_size",
    "invalid_price",
    "market_inactive",
    "market_not_active",
    "order_id_and_client_order_id_mismatch",
    "order_side_mismatch",
    "order_ticker_mismatch",
    "trading_is_paused",
    "user_not_found",
})  # fmt: skip
"""Codes, in small letters, that say that nothing was done. Any other may hide a live order."""


def placements_of(answer: Answer, orders: Sequence[Asked]) -> tuple[Placement, ...]:
    if answer.status not in {200, 201}:
        return tuple(placement_of(answer, name, count) for name, count in orders)
    try:
        rows = _rows(answer, len(orders))
    except InvalidValue as error:
        return (_unknown_placement(error),) * len(orders)
    return tuple(map(_placement, rows, orders))


def cancellations_of(answer: Answer, order_ids: Sequence[str]) -> tuple[Cancellation, ...]:
    if answer.status != 200:
        return tuple(cancellation_of(answer, each) for each in order_ids)
    try:
        rows = _rows(answer, len(order_ids))
    except InvalidValue as error:
        return (_unknown_cancellation(error),) * len(order_ids)
    return tuple(map(_cancellation, rows, order_ids))


def _rows(answer: Answer, asked: int) -> list[msgspec.Raw]:
    rows = decode_row(answer.body, ItemsWire).orders
    if len(rows) != asked:
        raise InvalidValue(f"{len(rows)} rows for {asked} orders.")
    return rows


def _placement(row: msgspec.Raw, asked: Asked) -> Placement:
    client_order_id, count = asked
    try:
        item = decode_row(row, ItemWire)
        error = _error_of(item)
    except InvalidValue as unreadable:
        return _unknown_placement(unreadable)
    if error is None:
        return accepted(row, client_order_id, count)
    if item.order_id or item.client_order_id not in {None, "", client_order_id}:
        return _unknown_placement(InvalidValue("An error of another order, or of one that exists."))
    return refused(error)


def _cancellation(row: msgspec.Raw, order_id: str) -> Cancellation:
    try:
        item = decode_row(row, ItemWire)
        error = _error_of(item)
    except InvalidValue as unreadable:
        return _unknown_cancellation(unreadable)
    if error is None or item.order_id != order_id:
        return canceled(row, order_id)
    kind = CancellationKind.GONE if error.code == NOT_FOUND else CancellationKind.REFUSED
    return Cancellation(kind, code=error.code, message=error.message)


def _error_of(item: ItemWire) -> ErrorBody | None:
    """The error of a row; `InvalidValue` where it does not say that nothing was done."""
    if item.error == NULL:
        return None
    error = error_body(b'{"error":' + bytes(item.error) + b"}")
    if error is None or error.code.lower() not in _REFUSALS:
        raise InvalidValue("An error that says nothing.")
    return error


def _unknown_placement(error: InvalidValue) -> Placement:
    return Placement(PlacementKind.UNKNOWN, code=UNREADABLE_ANSWER, message=reason_of(error))


def _unknown_cancellation(error: InvalidValue) -> Cancellation:
    return Cancellation(CancellationKind.UNKNOWN, code=UNREADABLE_ANSWER, message=reason_of(error))
