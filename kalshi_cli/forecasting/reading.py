"""From a model's answer to an object, and to nothing else.

An answer is strict JSON, or one complete object with commentary or a code fence around it. One
balanced object that is not strict JSON may be repaired for a person to read, and never trades. A
number that was cut in half looks like a number, so nothing here ever completes or guesses one.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

LONGEST = 64_000
"""Characters of an answer that are looked at."""
DEEPEST = 16
"""Levels of an answer; deeper ones are no answer to anything that is asked here."""


class Form(StrEnum):
    """How an answer came."""

    CLEAN = "clean"
    UNWRAPPED = "unwrapped"
    REPAIRED = "repaired"


@dataclass(frozen=True, slots=True)
class Read:
    """An object and the form it came in. Only what came `CLEAN` or `UNWRAPPED` may trade."""

    value: Mapping[str, Any]
    form: Form


@dataclass(frozen=True, slots=True)
class Unreadable:
    """No object; `object_text` is the one balanced object in it that strict JSON refuses, if any.

    Only such a text is worth a repair: everything else would be guessed.
    """

    reason: str
    object_text: str = ""


def read(text: str) -> Read | Unreadable:
    """Read an answer. Raises nothing, whatever the text."""
    if len(text) > LONGEST:
        return Unreadable(f"the answer has {len(text)} characters, more than {LONGEST}")
    stripped = text.strip()
    if not stripped:
        return Unreadable("the answer is empty")
    found = balanced_objects(stripped)
    if isinstance(found, str):
        return Unreadable(found)
    if len(found) != 1:
        return Unreadable(f"expected one JSON object, found {len(found)}")
    value = strict(found[0])
    if isinstance(value, Unreadable):
        return Unreadable(value.reason, found[0])
    return Read(value, Form.CLEAN if found[0] == stripped else Form.UNWRAPPED)


def strict(text: str) -> Mapping[str, Any] | Unreadable:
    """An object in strict JSON: no key twice, no NaN, no number beyond a float."""
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        return Unreadable(f"not strict JSON: {str(error)[:200]}")
    if not isinstance(value, dict):
        return Unreadable("not a JSON object")
    return value


def balanced_objects(text: str) -> tuple[str, ...] | str:
    """The outermost {...} of a text, brackets inside strings not counted; or why there are none.

    Only double quotes make a string, and only inside an object: commentary has apostrophes.
    """
    found: list[str] = []
    at = text.find("{")
    while at >= 0:
        end = _end_of_object(text, at)
        if isinstance(end, str):
            return end
        found.append(text[at:end])
        at = text.find("{", end)
    return tuple(found)


_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|["{}\[\]]', re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}


def _end_of_object(text: str, start: int) -> int | str:
    """Where the object that starts there ends, or why it does not."""
    waiting: list[str] = []
    for token in _TOKENS.finditer(text, start):
        mark = token.group()
        if mark in _CLOSING:
            waiting.append(_CLOSING[mark])
            if len(waiting) > DEEPEST:
                return f"the answer is nested deeper than {DEEPEST} levels"
        elif mark in {"}", "]"}:
            if waiting.pop() != mark:
                return "the answer's brackets do not match"
            if not waiting:
                return token.end()
        elif mark == '"':
            break
    return "the answer is cut off"


def whole_tokens(value: object, raw: str) -> bool:
    """Whether each number and text of a repaired object stands whole in the raw text.

    A number counts where `,`, `}`, `]` or space follows it and no digit or sign goes before it.
    """
    match value:
        case bool() | None:
            return True
        case int() | float():
            return _has_number(value, raw)
        case str():
            return value in raw
        case list():
            return all(whole_tokens(each, raw) for each in value)
        case dict():
            return all(key in raw and whole_tokens(each, raw) for key, each in value.items())
        case _:
            return False


_BEFORE = frozenset(" \t\r\n:[,")
_AFTER = frozenset(" \t\r\n,]}")


def _has_number(number: float, raw: str) -> bool:
    token = json.dumps(number)
    at = raw.find(token)
    while at >= 0:
        before, after = raw[at - 1 : at], raw[at + len(token) : at + len(token) + 1]
        if before in _BEFORE and after in _AFTER:
            return True
        at = raw.find(token, at + 1)
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen = dict(pairs)
    if len(seen) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:40]!r} comes twice")
    return seen


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:40]} is beyond any number that is asked for")
    return number


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
