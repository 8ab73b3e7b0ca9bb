"""Names and spans of time as a person may type them, checked before anything is opened."""

import re
from typing import TypeVar

import typer

from kalshi_cli.domain.instant import parse_span
from kalshi_cli.errors import InvalidValue, UsageError

_BARE = re.compile(r"[1-9]\d{0,3}", re.ASCII)
"""A number that was meant as a span, and lacks its unit."""


def span(text: str) -> int:
    """Microseconds of a span such as 6h, for `parser=`: whoever catches it names the option. Raises
    `typer.BadParameter` for what is none, or no time.
    """
    typed = repr(text[:40])
    try:
        span_us = parse_span(text)
    except InvalidValue as error:
        such = f"{text}h or {text}d" if _BARE.fullmatch(text) else "90s, 15m, 6h or 1d12h"
        raise typer.BadParameter(f"{typed} is no span of time: write it as {such}.") from error
    if not span_us:
        raise typer.BadParameter(f"{typed} is no time at all: write it as 15m or 6h.")
    return span_us


Given = TypeVar("Given", str | None, list[str] | None)

_NAME = re.compile(r"\w[\w.:-]{0,119}", re.ASCII)
"""What every ticker, and every id of an order, looks like."""


def plausible(given: Given) -> Given:
    """What was given, if it can name something. Raises `UsageError`."""
    for name in [given] if isinstance(given, str) else given or ():
        if name != "-" and not _NAME.fullmatch(name):
            raise UsageError(
                f"{name[:40]!r} names nothing: tickers and ids are of letters, digits, -.:_ only.",
                remedy="`kalshi inspect markets` and `kalshi inspect orders` list names.",
            )
    return given
