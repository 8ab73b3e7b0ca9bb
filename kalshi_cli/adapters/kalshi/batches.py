"""What the answer to a batch of cancels means for each of its orders, in the order that was asked.

The exchange answers a batch with 200, whatever became of its orders: a cancel that failed has an
`error` in its row, without a status. A row that cannot be read, is of another order, or has an
error that is no known refusal leaves that order's fate unknown; an answer with more or fewer rows
than orders leaves all of them unknown.
"""

from collections.abc import Sequence

import msgspec

from kalshi_cli.adapters.kalshi.answers import (
    NOT_FOUND,
    THROTTLED,
    UNREADABLE_ANSWER,
    Answer,
    ErrorBody,
    canceled,
    cancellation_of,
    error_body,
)
from kalshi_cli.adapters.kalshi.rows import decode_row, reason_of
from kalshi_cli.adapters.kalshi.wire import NULL, ItemsWire, ItemWire
from kalshi_cli.errors import InvalidValue
from kalshi_cli.ports.exchange import Cancellation, CancellationKind

_REFUSALS = frozenset({
    NOT_FOUND,
    THROTTLED,
    "authentication_error",
    "bad_request",
    "forbidden",
    "market_inactive",
    "market_not_active",
    "order_ticker_mismatch",
    "trading_is_paused",
    "user_not_found",
})  # fmt: skip
"""Codes, in small letters, that say that nothing was done. Any other may hide a live order."""


def cancellations_of(answer: Answer, order_ids: Sequence[str]) -> tuple[Cancellation, ...]:
    if answer.status != 200:
        return tuple(cancellation_of(answer, each) for each in order_ids)
    try:
        rows = _rows(answer, len(order_ids))
    except InvalidValue as error:
        return (_unknown(error),) * len(order_ids)
    return tuple(map(_cancellation, rows, order_ids))


def _rows(answer: Answer, asked: int) -> list[msgspec.Raw]:
    rows = decode_row(answer.body, ItemsWire).orders
    if len(rows) != asked:
        raise InvalidValue(f"{len(rows)} rows for {asked} orders.")
    return rows


def _cancellation(row: msgspec.Raw, order_id: str) -> Cancellation:
    try:
        item = decode_row(row, ItemWire)
        error = _error_of(item)
    except InvalidValue as unreadable:
        return _unknown(unreadable)
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


def _unknown(error: InvalidValue) -> Cancellation:
    return Cancellation(CancellationKind.UNKNOWN, code=UNREADABLE_ANSWER, message=reason_of(error))
