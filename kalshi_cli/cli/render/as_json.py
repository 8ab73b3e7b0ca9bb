"""Results as JSON: one envelope for every command, also when it fails.

Dollars and counts are decimal strings as the exchange writes them. An instant `x_us` becomes
`x_at`, RFC 3339 in UTC (`at_us` becomes `at`), and a span of time a number of seconds
(`before_close_us` becomes `before_close_seconds`). Probabilities and statistics are numbers;
what is missing is null.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.domain.instant import SECOND, to_rfc3339
from kalshi_cli.domain.money import AiCost, Contracts, Money, Price
from kalshi_cli.errors import ExchangeRefusal, KalshiError

SCHEMA_VERSION = 1
SPANS = frozenset({"before_close_us"})
"""Fields of results that end like instants, and are how long something takes."""
Json = dict[str, Any] | list[Any] | str | int | float | bool | None


def envelope(
    *,
    command: str,
    env: str | None,
    data: object,
    warnings: Sequence[str] = (),
    error: KalshiError | None = None,
) -> str:
    """One line of JSON: what the command found, or why it failed."""
    return json.dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "command": command,
            "env": env,
            "ok": error is None,
            "data": plain(data),
            "warnings": list(warnings),
            "error": None if error is None else _error(error),
        },
        allow_nan=False,
        ensure_ascii=False,
    )


def emit(invocation: Invocation, data: object, error: KalshiError | None = None) -> None:
    """Write one envelope to stdout."""
    line = envelope(
        command=invocation.command,
        env=invocation.env,
        data=data,
        warnings=invocation.warnings,
        error=error,
    )
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def plain(value: object) -> Json:
    """A result as JSON values, private fields left out. Raises `TypeError` for what has no rule."""
    shown: Json
    match value:
        case Enum():
            shown = plain(value.value)
        case None | bool() | int() | float() | str():
            shown = value
        case Price() | Contracts() | Money() | AiCost() | Path():
            shown = str(value)
        case Mapping():
            shown = dict(_entry(_key(key), each) for key, each in value.items())
        case frozenset() | set():
            shown = sorted((plain(each) for each in value), key=str)
        case list() | tuple():
            shown = [plain(each) for each in value]
        case _ if is_dataclass(value):
            names = (each.name for each in fields(value) if not each.name.startswith("_"))
            shown = dict(_entry(name, getattr(value, name)) for name in names)
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form.")
    return shown


def _entry(name: str, value: object) -> tuple[str, Json]:
    """A field; an instant in microseconds is renamed and written as a time."""
    if not name.endswith("_us"):
        return name, plain(value)
    if name in SPANS:
        seconds = value / SECOND if isinstance(value, int) else plain(value)
        return name.removesuffix("_us") + "_seconds", seconds
    shown = "at" if name == "at_us" else name.removesuffix("_us") + "_at"
    return shown, to_rfc3339(value) if isinstance(value, int) else plain(value)


def _key(key: object) -> str:
    return "/".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _error(error: KalshiError) -> dict[str, Json]:
    known: dict[str, Json] = {
        "code": error.code,
        "message": str(error),
        "remedy": error.remedy or None,
    }
    if isinstance(error, ExchangeRefusal):
        known |= {"status": error.status, "exchange_code": error.exchange_code}
    return known
