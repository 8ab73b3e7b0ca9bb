"""Writes, and what answers to changes of orders and to requests about no order mean."""

import httpx
import msgspec

from kalshi_cli.adapters.kalshi.answers import (
    NOT_FOUND,
    UNREADABLE_ANSWER,
    Answer,
    check_sizes,
    refusal_of,
    what_happened,
)
from kalshi_cli.adapters.kalshi.client import Params, RestClient
from kalshi_cli.adapters.kalshi.rows import decode_row, identity, quantity, reason_of
from kalshi_cli.adapters.kalshi.wire import NULL, AmendedWire, DecreasedWire
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts
from kalshi_cli.errors import InvalidValue, KalshiError
from kalshi_cli.ports.exchange import Amendment, AmendmentKind, Outcome, OutcomeKind, Permit

_EXISTS = "_already_exists"
"""How the codes end that say: the same request was accepted before."""

Sent = Answer | httpx.RequestError | KalshiError
"""What a write came to: an answer, what the wire did instead, or why nothing was sent."""


async def write(
    rest: RestClient,
    method: str,
    path: str,
    params: Params = (),
    *,
    body: object = None,
    items: int = 1,
    permit: Permit | None = None,
) -> Sent:
    """Send `body` as JSON, if `permit` allows it; a batch is paid for each of its `items`."""
    content = None if body is None else msgspec.json.encode(body)
    try:
        return await rest.write(method, path, params, body=content, items=items, permit=permit)
    except (httpx.RequestError, KalshiError) as error:
        return error


def amendment_of(
    sent: Sent, order_id: str, most: Contracts, *, sizes_told: bool = False
) -> Amendment:
    """What became of an amend, or of a decrease, whose answer always tells what rests.

    `most` is what may be left of the order, trades of the amend included.
    """
    if isinstance(sent, KalshiError):
        return Amendment(AmendmentKind.REFUSED, code=sent.code, message=str(sent))
    if isinstance(sent, httpx.RequestError):
        said = what_happened(sent)
        return Amendment(AmendmentKind.UNKNOWN, code=said.code, message=said.message)
    if sent.status == 200:
        return _amended(sent.body, order_id, most, DecreasedWire if sizes_told else AmendedWire)
    error = refusal_of(sent)
    if error is None:
        return Amendment(AmendmentKind.UNKNOWN, code=f"http_{sent.status}")
    kind = AmendmentKind.GONE if error.code == NOT_FOUND else AmendmentKind.REFUSED
    return Amendment(kind, code=error.code, message=error.message)


def _amended(
    body: bytes, order_id: str, most: Contracts, kind: type[AmendedWire] | type[DecreasedWire]
) -> Amendment:
    try:
        told = decode_row(body, kind)
        filled = _told(told.fill_count) if isinstance(told, AmendedWire) else None
        remaining = _told(told.remaining_count)
        check_sizes(filled or NO_CONTRACTS, remaining or NO_CONTRACTS, most)
    except InvalidValue as error:
        said = reason_of(error)
        return Amendment(AmendmentKind.UNKNOWN, code=UNREADABLE_ANSWER, message=said)
    if told.order_id != order_id:
        said = "of another order"
        return Amendment(AmendmentKind.UNKNOWN, code=UNREADABLE_ANSWER, message=said)
    return Amendment(AmendmentKind.AMENDED, filled, remaining)


def _told(count: str | None) -> Contracts | None:
    return None if count is None else quantity(count)


def outcome_of(sent: Sent, *, made: str = "") -> Outcome:
    """What became of a request; `made` is the field of the answer that names what was made."""
    if isinstance(sent, KalshiError):
        return Outcome(OutcomeKind.REFUSED, code=sent.code, message=str(sent))
    if isinstance(sent, httpx.RequestError):
        said = what_happened(sent)
        return Outcome(OutcomeKind.UNKNOWN, code=said.code, message=said.message)
    if sent.status in {200, 201, 204}:
        return _done(sent.body, made) if made else Outcome(OutcomeKind.DONE)
    error = refusal_of(sent)
    if error is None:
        return Outcome(OutcomeKind.UNKNOWN, code=f"http_{sent.status}")
    return Outcome(_kind_of(error.code), code=error.code, message=error.message)


def _kind_of(code: str) -> OutcomeKind:
    if code == NOT_FOUND:
        return OutcomeKind.GONE
    return OutcomeKind.DUPLICATE if code.endswith(_EXISTS) else OutcomeKind.REFUSED


def _done(body: bytes, made: str) -> Outcome:
    try:
        made_id = decode_row(body, dict[str, msgspec.Raw]).get(made, NULL)
        return Outcome(OutcomeKind.DONE, identity(decode_row(made_id, str), made))
    except InvalidValue as error:
        said = reason_of(error)
        return Outcome(OutcomeKind.UNKNOWN, code=UNREADABLE_ANSWER, message=said)
