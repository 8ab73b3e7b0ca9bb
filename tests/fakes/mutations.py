"""JSON that somebody broke: a valid text in, one that differs in one thing out, by a seed.

    rng = random.Random(7)
    mutated(b'{"price": "0.5600"}', rng)        # b'{"price": 0.56}', b'{"pri', b'<html>…', …

What is broken: the text (cut, HTML, other encodings, deep nesting, two texts in one), a value (its
type, an unknown word, huge and tiny numbers, finer amounts, odd Unicode, null), a key (missing,
renamed, twice), a list (empty, repeated, reversed, of other things).
"""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

Rng = random.Random
Path = tuple[str | int, ...]

HTML = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
_DEEP = 3_000
_TWICE = "\x00again:"
"""Marks a key that is written twice; taken out of the text again."""
ODD_TEXTS = (
    "",
    " ",
    "\x00",
    "\u202e0.4100",
    "\u0660.\u0664\u0661",
    "0\uff0e41",
    "\ud800",
    "\U0001f0a1" * 40,
    "e\u0301" * 60,
    "\n\r\t\x1b[31m",
    "'; DROP TABLE orders; --",
    "../../etc/passwd",
    "x" * 5_000,
)
ODD_NUMBERS = (
    "NaN",
    "Infinity",
    "-0.00",
    "1e3",
    "1E-7",
    "0.41000000000000000001",
    "0.41005",
    "+0.41",
    ".41",
    "0,41",
    "1_000",
    "0x1F",
    "-0.4100",
    "1.0001",
    "99999999999999999999.99",
    "9" * 400,
    "0.4100 ",
    "$0.41",
)
HUGE: tuple[Any, ...] = (2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**40, -1, 0, 1e308, 0.1, 1e-9)
OTHER_TYPES: tuple[Any, ...] = (None, True, False, 7, -7.5, "word", [], {}, [None], {"a": 1}, [[]])


def mutated(body: bytes, rng: Rng) -> bytes:
    """`body`, which must be JSON, broken in one of many ways."""
    if rng.random() < 0.25:
        return rng.choice(_TEXT_MUTATIONS)(body, rng)
    value = json.loads(body)
    paths = list(_paths(value, ()))
    path = rng.choice(paths)
    return _written(_changed(value, path, rng), rng)


def _cut(body: bytes, rng: Rng) -> bytes:
    return body[: rng.randrange(len(body))]


def _flipped(body: bytes, rng: Rng) -> bytes:
    at = rng.randrange(len(body))
    return body[:at] + bytes([body[at] ^ (1 << rng.randrange(8))]) + body[at + 1 :]


def _nested(body: bytes, rng: Rng) -> bytes:
    start, end = rng.choice([(b"[", b"]"), (b'{"a":', b"}")])
    inner = rng.choice([body, b"0"])
    return start * _DEEP + inner + end * _DEEP


def _inserted(body: bytes, rng: Rng) -> bytes:
    junk = rng.choice(
        [b"\x00", b"\xff\xfe", b"\xc3\x28", b",", b"}", b"\\u12", b"//", b"\xed\xa0\x80"]
    )
    at = rng.randrange(len(body) + 1)
    return body[:at] + junk + body[at:]


def _replaced(body: bytes, rng: Rng) -> bytes:
    return rng.choice(
        [
            b"",
            HTML,
            b"null",
            b"[]",
            b"{}",
            b'""',
            b"0",
            b"\xef\xbb\xbf" + body,
            body + body,
            body + b"\n" + HTML,
            body.decode().encode("utf-16"),
            body.replace(b'"', b"'"),
            body.replace(b":", b"=", 1),
            body.replace(b"}", b",}", 1),
        ]
    )


_TEXT_MUTATIONS: Sequence[Callable[[bytes, Rng], bytes]] = (
    _cut,
    _flipped,
    _nested,
    _inserted,
    _replaced,
)


def _paths(value: Any, at: Path) -> Any:
    """Where every value is, the whole included."""
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _paths(inner, (*at, index))


def _changed(value: Any, path: Path, rng: Rng) -> Any:
    """`value` with what is at `path` broken."""
    if not path:
        return _broken(value, rng)
    step, *rest = path
    if isinstance(value, list):
        assert isinstance(step, int)
        if not rest and rng.random() < 0.3:
            return rng.choice(_LIST_MUTATIONS)(value, step)
        return [_changed(x, tuple(rest), rng) if i == step else x for i, x in enumerate(value)]
    if not rest and rng.random() < 0.4:
        return rng.choice(_KEY_MUTATIONS)(value, str(step), rng)
    return {k: _changed(x, tuple(rest), rng) if k == step else x for k, x in value.items()}


def _without(value: dict[str, Any], key: str, _: Rng) -> Any:
    return {name: inner for name, inner in value.items() if name != key}


def _renamed(value: dict[str, Any], key: str, rng: Rng) -> Any:
    name = rng.choice([key.upper(), f"{key}_v3", f" {key}", key[:-1], key + "\u200b"])
    return {name if each == key else each: inner for each, inner in value.items()}


def _twice(value: dict[str, Any], key: str, rng: Rng) -> Any:
    return {**value, _TWICE + key: _broken(value[key], rng)}


_KEY_MUTATIONS: Sequence[Callable[[dict[str, Any], str, Rng], Any]] = (_without, _renamed, _twice)
_LIST_MUTATIONS: Sequence[Callable[[list[Any], int], Any]] = (
    lambda rows, _: [],
    lambda rows, _: rows[::-1],
    lambda rows, index: [*rows, rows[index]],
    lambda rows, index: rows[:index] + rows[index + 1 :],
    lambda rows, index: {str(index): rows[index]},
)


def _broken(value: Any, rng: Rng) -> Any:
    if isinstance(value, str) and value[:1].isdigit() and rng.random() < 0.6:
        return rng.choice([_as_number(value), rng.choice(ODD_NUMBERS), value + "5", f"-{value}"])
    if isinstance(value, str) and rng.random() < 0.5:
        return rng.choice([rng.choice(ODD_TEXTS), value + "_v3", value.upper(), value[::-1]])
    if isinstance(value, int | float) and rng.random() < 0.6:
        return rng.choice([rng.choice(HUGE), str(value), -value, value + 0.5])
    if isinstance(value, dict | list) and rng.random() < 0.3:
        return [value] if isinstance(value, dict) else {"rows": value}
    return rng.choice([*OTHER_TYPES, rng.choice(HUGE), rng.choice(ODD_TEXTS)])


def _as_number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text[::-1]


def _written(value: Any, rng: Rng) -> bytes:
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    for mark in (json.dumps(_TWICE)[1:-1], _TWICE):
        text = text.replace(mark, "")
    return text.encode("utf-8", "surrogatepass")
