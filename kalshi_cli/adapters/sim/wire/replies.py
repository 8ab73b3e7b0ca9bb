"""Answers on the wire: JSON bodies, the shapes of errors, and pages.

A cursor that means nothing gives the first page, as the exchange does.
"""

import base64
import binascii
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from starlette.responses import Response

from kalshi_cli.engine.commands import Rejected
from kalshi_cli.engine.market_lists import Key

Row = TypeVar("Row")


class BadParameter(Exception):
    """A query parameter that fails validation: 400 with a body of its own shape."""


def reply(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def error_wire(rejected: Rejected) -> dict[str, str]:
    """A refusal as an object: code, message and, where there are any, details."""
    error = {"code": rejected.code, "message": rejected.message}
    if rejected.details:
        error["details"] = rejected.details
    return error


def rejection(rejected: Rejected) -> Response:
    """The nested error body that most refusals have."""
    return reply({"error": error_wire(rejected)}, rejected.status)


def page(
    rows: Sequence[Row], limit: int, cursor: str, keep: Callable[[Row], bool]
) -> tuple[list[Row], str]:
    """One page, newest first, of rows that only ever grow at their end; `""` ends the list."""
    found: list[Row] = []
    position = min(read_position(cursor, len(rows)), len(rows))
    while position > 0:
        row = rows[position - 1]
        if keep(row):
            if len(found) == limit:
                return found, at_position(position)
            found.append(row)
        position -= 1
    return found, ""


def at_position(position: int) -> str:
    """The cursor of what comes before a position."""
    return _cursor(f"before:{position}")


def read_position(cursor: str, otherwise: int) -> int:
    """The position that a cursor names."""
    word, _, number = _meant(cursor).partition(":")
    return int(number) if word == "before" and _is_number(number) else otherwise


def key_page(
    keys: Sequence[Key], limit: int, cursor: str, keep: Callable[[str], bool] | None = None
) -> tuple[list[str], str]:
    """One page of tickers, newest first, of ascending keys; `""` ends the list."""
    found: list[str] = []
    last = _read_key(cursor)
    position = len(keys) if last is None else bisect_left(keys, last)
    while position > 0:
        position -= 1
        ticker = keys[position][1]
        if keep is None or keep(ticker):
            if len(found) == limit:
                instant_us, ticker = keys[position + 1]
                return found, _cursor(f"key:{instant_us}:{ticker}")
            found.append(ticker)
    return found, ""


def _read_key(cursor: str) -> Key | None:
    word, _, rest = _meant(cursor).partition(":")
    instant_us, _, ticker = rest.partition(":")
    return (int(instant_us), ticker) if word == "key" and _is_number(instant_us) else None


def _cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _meant(cursor: str) -> str:
    """What a cursor says; nothing where it is none of ours."""
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
