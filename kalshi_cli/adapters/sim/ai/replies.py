"""What the stand-in answers to whoever has no key: the right form, and no knowledge at all."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOTE = "Made up by a stand-in that knows nothing: for trying the program, never for money."
NOWHERE = "https://stand-in.invalid/nothing-was-looked-up"
MODEL = "stand-in"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a completion; `number` counts them from 1. `tools` are those of the server that
    it may use (`web_search`, `x_search`), in at most `max_turns`.
    """

    number: int
    model: str
    system: str
    user: str
    schema: Mapping[str, Any]
    max_tokens: int
    tools: tuple[str, ...] = ()
    max_turns: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `ticks` is its cost in 1e-10 USD; None says nothing of it. `searches` names the
    tool of each search that it made, `citations` what it found there.
    """

    text: str
    model: str = MODEL
    finish: str = "REASON_STOP"
    ticks: int | None = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    delay_s: float = 0.0
    searches: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A gRPC status instead of an answer; `code` is its name, such as `UNAVAILABLE`."""

    code: str
    details: str = ""
    delay_s: float = 0.0
    retry_after_s: float | None = None


def made_up(asked: Asked) -> Reply:
    """An answer that fits the schema asked for, the same for the same question."""
    text = json.dumps(_value(asked.schema, "", asked.user))
    prompt = (len(asked.system) + len(asked.user)) // 4
    return Reply(
        text,
        prompt_tokens=prompt,
        completion_tokens=len(text) // 4,
        searches=asked.tools[:1],
        citations=(NOWHERE,) if asked.tools else (),
    )


def _value(schema: Mapping[str, Any], name: str, seed: str) -> Any:  # noqa: ANN401 - JSON
    match schema.get("type"):
        case None:  # one of several types, of which null is always one
            return None
        case "object":
            return _object(schema, seed)
        case "array":
            return _array(schema, seed)
        case "number":
            return _chance(name, seed)
        case _:
            return schema.get("enum", [NOTE])[0]


def _object(schema: Mapping[str, Any], seed: str) -> dict[str, Any]:
    return {name: _value(each, name, seed) for name, each in schema["properties"].items()}


def _array(schema: Mapping[str, Any], seed: str) -> list[Any]:
    """One item a ticker, where the items name tickers, else none."""
    items = schema["items"]
    if "properties" not in items:
        return []
    tickers = items["properties"]["ticker"]["enum"]
    return [{**_object(items, f"{seed}{ticker}"), "ticker": ticker} for ticker in tickers]


def _chance(name: str, seed: str) -> float:
    """A probability of 20 to 80 %, the same for low, middle and high but for their distance."""
    digest = hashlib.blake2b(seed.encode(), digest_size=4).digest()
    middle = 0.2 + 0.6 * int.from_bytes(digest) / 2**32
    return round(middle + {"low": -0.15, "high": 0.15}.get(name, 0.0), 4)
