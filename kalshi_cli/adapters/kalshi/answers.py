"""What an answer of the exchange means: errors of reads, outcomes of writes.

Four error bodies are on the wire: `{"error": {code, message, details}}`, the same flat,
`{"msg": …}`, and `{"error": "text"}`. A write's 4xx counts as a refusal only with one of them, and
a conflict (409) or a thing not found (404) only with a code, because these statuses also tell of
orders that live. Whatever is not understood leaves the outcome unknown: the order may have traded.
"""

from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from kalshi_cli.adapters.kalshi.rows import UNREADABLE, decode_row, quantity, reason_of
from kalshi_cli.adapters.kalshi.wire import CanceledWire, PlacedWire
from kalshi_cli.domain.money import Contracts
from kalshi_cli.errors import (
    ClockRefused,
    ConfigError,
    ExchangeRefusal,
    InvalidValue,
    KalshiError,
    MalformedAnswer,
    Unauthorized,
    Unavailable,
)
from kalshi_cli.ports.exchange import (
    Cancellation,
    CancellationKind,
    Placement,
    PlacementKind,
)

DUPLICATE_ORDER = "order_already_exists"
NOT_FOUND = "not_found"
THROTTLED = "too_many_requests"
NOT_SENT = "not_sent"
UNREADABLE_ANSWER = "unreadable"
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Transport errors before the first byte of a request. Any other may hide an executed order."""
TIME_REFUSED = "header_timestamp_expired"
"""A request was signed too long ago, or by a clock that is off; the key is as good as before."""
_OF_THE_KEY = {401: PlacementKind.UNAUTHORIZED, 403: PlacementKind.FORBIDDEN}
"""A key that is not accepted trades nothing; one that may not do this may do other things: where
its region is not attested, some categories alone are closed to it."""
_SPEAK_BY_CODE = frozenset({404, 409})
_EXISTS = "already exists"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of one response."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The exchange's own words. `code` is empty in the two shapes that have none."""

    code: str
    message: str


class ErrorWire(msgspec.Struct, frozen=True):
    error: Any = None
    code: Any = None
    message: Any = None
    details: Any = None
    msg: Any = None


def error_body(body: bytes) -> ErrorBody | None:
    """Read any of the four shapes; None where the body is none of them."""
    try:
        wire = msgspec.json.decode(body, type=ErrorWire)
    except UNREADABLE:
        return None
    if isinstance(wire.error, dict):
        return _coded(wire.error.get("code"), wire.error.get("message"), wire.error.get("details"))
    plain = _line(wire.error or wire.msg)
    return ErrorBody("", plain) if plain else _coded(wire.code, wire.message, wire.details)


def _coded(code: object, message: object, details: object) -> ErrorBody | None:
    if not (named := _line(code)):
        return None
    texts = filter(None, (_line(message), _line(details)))
    return ErrorBody(named, ": ".join(dict.fromkeys(texts)) or named)


def _line(text: object) -> str:
    """The exchange's text on one line, short, without control characters; nothing for no text."""
    if not isinstance(text, str):
        return ""
    return "".join(c for c in " ".join(text.split())[:200] if c.isprintable())


def refusal_of(answer: Answer) -> ErrorBody | None:
    """The error of a write that was surely not done; None where that is not sure."""
    if answer.status == 429:
        return ErrorBody(THROTTLED, "")
    if answer.status == 408 or not 400 <= answer.status < 500:
        return None
    error = error_body(answer.body)
    if error is None or error.code or answer.status not in _SPEAK_BY_CODE:
        return error
    exists = _EXISTS in error.message.lower().replace("_", " ")
    return ErrorBody(DUPLICATE_ORDER, error.message) if exists else None


def read_error(answer: Answer, what: str) -> KalshiError:
    """The error of a read that was not answered with 200. `what` names the request."""
    error = error_body(answer.body)
    said = f" ({error.message})" if error else ""
    if answer.status == 401:
        return _unauthorized(error, said)
    if answer.status == 403:
        return ConfigError(
            f"The exchange does not allow this key to {what}{said}.",
            remedy="Check the key's scopes and location on the exchange's API keys page.",
        )
    if answer.status in {408, 429} or not 400 <= answer.status < 500:
        return Unavailable(
            f"The exchange answered {answer.status} to {what}{said}.",
            remedy="Try again; `kalshi doctor` shows whether the exchange is up.",
        )
    if error is None:
        return MalformedAnswer(f"The exchange answered {answer.status} to {what}, unreadably.")
    return ExchangeRefusal(
        f"The exchange refused {what}{said}.", status=answer.status, exchange_code=error.code
    )


def _unauthorized(error: ErrorBody | None, said: str) -> Unauthorized:
    if error and error.code == TIME_REFUSED:
        return ClockRefused(
            "The exchange rejected the time of the request: this machine's clock is off.",
            remedy="Set the clock (NTP); `kalshi doctor` measures the difference.",
        )
    if error and "INCORRECT_API_KEY_SIGNATURE" in error.message:
        return Unauthorized(
            f"The exchange did not accept the API key: the signature is not of its key{said}.",
            remedy="The private key belongs to another key id, or the signed path is not the "
            "one that arrived: it is whole, from /trade-api/v2 on, and without the query.",
        )
    if error and "NOT_FOUND" in error.message:
        return Unauthorized(
            f"The exchange did not accept the API key: it does not know the id{said}.",
            remedy="A demo key works on the demo only, and a production key on production "
            "only; the key may also have been deleted.",
        )
    return Unauthorized(
        f"The exchange did not accept the API key{said}.",
        remedy="Check that key id and private key belong together and to this environment.",
    )


def placement_of(answer: Answer, client_order_id: str, count: Contracts) -> Placement:
    """What the answer to a new order, of `count` contracts, means for it."""
    if answer.status in {200, 201}:
        return accepted(answer.body, client_order_id, count)
    error = refusal_of(answer)
    if error is None:
        return Placement(PlacementKind.UNKNOWN, code=f"http_{answer.status}")
    if answer.status in _OF_THE_KEY and error.code != TIME_REFUSED:
        return Placement(_OF_THE_KEY[answer.status], code=error.code, message=error.message)
    return refused(error)


def refused(error: ErrorBody) -> Placement:
    """An order that was not taken on, unless it is there already."""
    if error.code == THROTTLED:
        kind = PlacementKind.THROTTLED
    elif error.code == DUPLICATE_ORDER:
        kind = PlacementKind.DUPLICATE
    else:
        kind = PlacementKind.REFUSED
    return Placement(kind, code=error.code, message=error.message)


def accepted(body: bytes | msgspec.Raw, client_order_id: str, count: Contracts) -> Placement:
    """An order that was taken on, if what describes it can be read and is of this order."""
    try:
        wire = decode_row(body, PlacedWire)
        filled, remaining = quantity(wire.fill_count), quantity(wire.remaining_count)
        check_sizes(filled, remaining, count)
    except InvalidValue as error:
        return Placement(PlacementKind.UNKNOWN, code=UNREADABLE_ANSWER, message=reason_of(error))
    if not wire.order_id or wire.client_order_id not in {None, "", client_order_id}:
        return Placement(PlacementKind.UNKNOWN, code=UNREADABLE_ANSWER, message="of another order")
    return Placement(PlacementKind.ACCEPTED, wire.order_id, filled, remaining)


def check_sizes(filled: Contracts, remaining: Contracts, most: Contracts) -> None:
    """Raises `InvalidValue` where more traded and rests than was asked for."""
    if (filled + remaining).units > most.units:
        raise InvalidValue(f"{filled} filled and {remaining} resting, of {most}.")


def placement_without_answer(error: httpx.RequestError | KalshiError) -> Placement:
    """What the wire did, or why we sent nothing, means for a new order."""
    if isinstance(error, KalshiError):
        return Placement(PlacementKind.NOT_SENT, code=error.code, message=str(error))
    kind = PlacementKind.NOT_SENT if isinstance(error, _NEVER_LEFT) else PlacementKind.UNKNOWN
    return Placement(kind, code=type(error).__name__, message=_line(str(error)))


def what_happened(error: httpx.RequestError) -> ErrorBody:
    """A transport error in the shape of an answer's."""
    code = NOT_SENT if isinstance(error, _NEVER_LEFT) else type(error).__name__
    return ErrorBody(code, _line(str(error)))


def cancellation_of(answer: Answer, order_id: str) -> Cancellation:
    """What the answer to a cancel means; one that describes another order proves nothing."""
    if answer.status == 200:
        return canceled(answer.body, order_id)
    error = refusal_of(answer)
    if error is None:
        return Cancellation(CancellationKind.UNKNOWN, code=f"http_{answer.status}")
    kind = CancellationKind.GONE if error.code == NOT_FOUND else CancellationKind.REFUSED
    return Cancellation(kind, code=error.code, message=error.message)


def canceled(body: bytes | msgspec.Raw, order_id: str) -> Cancellation:
    """A cancel that was done, if what describes it can be read and is of this order."""
    try:
        wire = decode_row(body, CanceledWire)
        reduced = quantity(wire.reduced_by)
    except InvalidValue as error:
        said = reason_of(error)
        return Cancellation(CancellationKind.UNKNOWN, code=UNREADABLE_ANSWER, message=said)
    if wire.order_id != order_id:
        said = "of another order"
        return Cancellation(CancellationKind.UNKNOWN, code=UNREADABLE_ANSWER, message=said)
    return Cancellation(CancellationKind.CANCELED, reduced)


def cancellation_without_answer(error: httpx.RequestError | KalshiError) -> Cancellation:
    """What the wire did means for a cancel: the order must be read."""
    if isinstance(error, KalshiError):
        return Cancellation(CancellationKind.REFUSED, code=error.code, message=str(error))
    said = what_happened(error)
    return Cancellation(CancellationKind.UNKNOWN, code=said.code, message=said.message)
