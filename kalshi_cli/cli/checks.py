"""What `doctor` finds: one row a thing looked at."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kalshi_cli.errors import ConfigError, KalshiError

_TO_DOCTOR = re.compile(r"; `kalshi doctor`[^.]*")
_AGAIN = "Try again; if it stays, report it with these words."


class Finding(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "FAILED"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `remedy` is empty where nothing needs doing."""

    name: str
    result: Finding
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    checks: tuple[Check, ...]


Look = Callable[[], Awaitable[Sequence[Check]]]


async def looked_at(name: str, look: Look) -> list[Check]:
    """What a look finds; where it fails, that is what was found."""
    try:
        return list(await look())
    except KalshiError as error:
        return [failed(name, error)]


def failed(name: str, error: KalshiError) -> Check:
    """A row of an error. Its remedy sends nobody to `doctor`, whose row it is."""
    return Check(name, Finding.FAILED, str(error), _TO_DOCTOR.sub("", error.remedy) or _AGAIN)


def verdict(result: Diagnosis) -> KalshiError | None:
    """A failed check is a failed doctor."""
    names = [check.name for check in result.checks if check.result is Finding.FAILED]
    if not names:
        return None
    return ConfigError(f"Not well: {', '.join(names)}.", remedy="Each check says what to do.")
