"""What a failed call means, by the gRPC status and what the server says of it.

xAI's table of errors names UNAUTHENTICATED for a bad key, PERMISSION_DENIED for a blocked one,
NOT_FOUND for a model, INVALID_ARGUMENT for parameters and RESOURCE_EXHAUSTED for a quota. A wrong
key comes as INVALID_ARGUMENT too (its REST page answers 400), and a model that is gone or not for
this account under three codes; so the text is read where the code does not tell.
"""

import re
from collections.abc import Iterable
from typing import Any

from grpc import StatusCode

from kalshi_cli.domain.deliberation import Outcome

_CREDITS = re.compile(r"\bcredits?\b|\bbilling\b|spending limit|\bprepaid\b", re.IGNORECASE)
_KEY = re.compile(r"\bapi[ _-]?key\b", re.IGNORECASE)
_MODEL = re.compile(r"\bmodel\b", re.IGNORECASE)

_BY_CODE = {
    StatusCode.UNAUTHENTICATED: Outcome.UNAUTHENTICATED,
    StatusCode.RESOURCE_EXHAUSTED: Outcome.RATE_LIMITED,
    StatusCode.DEADLINE_EXCEEDED: Outcome.TIMED_OUT,
    StatusCode.NOT_FOUND: Outcome.MODEL_GONE,
}
_MAY_BE_CREDITS = frozenset(
    {StatusCode.RESOURCE_EXHAUSTED, StatusCode.PERMISSION_DENIED, StatusCode.FAILED_PRECONDITION}
)


def outcome_of(code: StatusCode, details: str) -> Outcome:
    """What may be done about a call that ended with this status."""
    if code in _MAY_BE_CREDITS and _CREDITS.search(details):
        return Outcome.NO_CREDITS
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code is StatusCode.PERMISSION_DENIED:
        return Outcome.MODEL_GONE if _MODEL.search(details) else Outcome.UNAUTHENTICATED
    if code is StatusCode.INVALID_ARGUMENT:
        if _KEY.search(details):
            return Outcome.UNAUTHENTICATED
        return Outcome.MODEL_GONE if _MODEL.search(details) else Outcome.REFUSED
    return Outcome.UNAVAILABLE


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
