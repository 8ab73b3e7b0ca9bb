"""What a failed call means, by the gRPC status and what the server says of it.

xAI's table of errors names UNAUTHENTICATED for a bad key, PERMISSION_DENIED for a blocked one,
NOT_FOUND for a model, INVALID_ARGUMENT for parameters and RESOURCE_EXHAUSTED for a quota. A wrong
key comes as INVALID_ARGUMENT too (its REST page answers 400), and a model that is gone or not for
this account under three codes; so the text is read where the code does not tell.

Credits that are gone come as 429 or 403: "has either used all available credits or reached its
monthly spending limit", "doesn't have any credits yet", "You have run out of credits". The same
pages and links that speak of billing stand in other errors too, so these words alone count.
"""

import re
from collections.abc import Iterable
from typing import Any

from grpc import StatusCode

from kalshi_cli.domain.deliberation import Outcome

_CREDITS = re.compile(
    r"used all (?:of )?(?:your |its )?(?:available )?credits"
    r"|\b(?:no|any|out of|insufficient|not enough) (?:\w+ )?credits?\b"
    r"|spending limit",
    re.IGNORECASE,
)
_KEY = re.compile(r"\bapi[ _-]?key\b", re.IGNORECASE)
_MODEL = re.compile(r"\bmodel\b", re.IGNORECASE)
_LOST = re.compile(
    r"socket closed|connection reset|broken pipe|goaway|ping timeout|keepalive|stream removed"
    r"|end of (?:tcp )?stream|transport is closing",
    re.IGNORECASE,
)
"""In what gRPC itself says of a connection that was there and broke: the request may be through."""

_BY_CODE = {
    StatusCode.UNAUTHENTICATED: Outcome.UNAUTHENTICATED,
    StatusCode.RESOURCE_EXHAUSTED: Outcome.RATE_LIMITED,
    StatusCode.DEADLINE_EXCEEDED: Outcome.TIMED_OUT,
    StatusCode.NOT_FOUND: Outcome.MODEL_GONE,
    StatusCode.ABORTED: Outcome.UNAVAILABLE,
    StatusCode.INTERNAL: Outcome.UNKNOWN,
    StatusCode.UNKNOWN: Outcome.UNKNOWN,
    StatusCode.DATA_LOSS: Outcome.UNKNOWN,
    StatusCode.CANCELLED: Outcome.UNKNOWN,
}
"""Any other is a request that the server calls wrong."""
_MAY_BE_CREDITS = frozenset(
    {StatusCode.RESOURCE_EXHAUSTED, StatusCode.PERMISSION_DENIED, StatusCode.FAILED_PRECONDITION}
)


def outcome_of(code: StatusCode, details: str) -> Outcome:
    """What may be done about a call that ended with this status."""
    if code in _MAY_BE_CREDITS and _CREDITS.search(details):
        return Outcome.NO_CREDITS
    if code in _BY_CODE:
        return _BY_CODE[code]
    match code:
        case StatusCode.UNAVAILABLE:
            return Outcome.UNKNOWN if _LOST.search(details) else Outcome.UNAVAILABLE
        case StatusCode.PERMISSION_DENIED:
            return Outcome.MODEL_GONE if _MODEL.search(details) else Outcome.UNAUTHENTICATED
        case StatusCode.INVALID_ARGUMENT:
            return _of_argument(details)
        case _:
            return Outcome.REFUSED


def _of_argument(details: str) -> Outcome:
    if _KEY.search(details):
        return Outcome.UNAUTHENTICATED
    return Outcome.MODEL_GONE if _MODEL.search(details) else Outcome.REFUSED


def retry_after_s(metadata: Iterable[tuple[str, Any]] | None) -> float | None:
    """The seconds that the server asks to wait, where it says."""
    for name, value in metadata or ():
        if name.lower() == "retry-after":
            try:
                seconds = float(value)
            except (TypeError, ValueError):
                return None
            return seconds if 0.0 <= seconds < 3_600.0 else None
    return None
