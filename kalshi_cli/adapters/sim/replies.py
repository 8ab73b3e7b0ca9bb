"""Answers on the wire: JSON bodies, the shapes of errors, and pages."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from starlette.responses import Response

from kalshi_cli.engine.commands import Rejected

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
    """One page, newest first, of rows that only ever grow at their end; `""` ends the list.

    A cursor that means nothing gives the first page, as the exchange does.
    """
    found: list[Row] = []
    position = _position(cursor, len(rows))
    while position > 0:
        row = rows[position - 1]
        if keep(row):
            if len(found) == limit:
                return found, base64.urlsafe_b64encode(b"before:%d" % position).decode()
            found.append(row)
        position -= 1
    return found, ""


def _position(cursor: str, length: int) -> int:
    try:
        word, _, number = base64.urlsafe_b64decode(cursor).decode().partition(":")
    except (binascii.Error, ValueError):
        return length
    return min(int(number), length) if word == "before" and number.isdecimal() else length
