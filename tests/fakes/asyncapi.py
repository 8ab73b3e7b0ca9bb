"""The exchange's own AsyncAPI file as a judge of what the stream says.

    spec = asyncapi()              # skips where the file is absent
    spec.check(frame)              # decoded; raises `Violation`
    spec.check_command(command)

Stricter than the file where it is loose: an object that lists its properties may have no others,
and amounts have the decimals of their names.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes.openapi import REFERENCE, Violation, formats
from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

_AMOUNTS = {
    re.compile(r"_fp$"): r"^-?\d+\.\d{2}$",
    re.compile(r"(cost|pnl|paid|fees|fee_cost)(_dollars)?$"): r"^-?\d+\.\d{6}$",
    re.compile(r"_dollars$|^settlement_value$"): r"^\d\.\d{4}$",
}
"""Names of texts, the first that fits, and how they are written."""


class AsyncApi:
    """Judges frames by their type, and commands by their name."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        checker = formats()
        self._frames, self._commands = (
            {
                name: Draft7Validator({"anyOf": payloads}, format_checker=checker)
                for name, payloads in _by_const(document, action, const).items()
            }
            for action, const in (("send", "type"), ("receive", "cmd"))
        )

    @property
    def types(self) -> set[str]:
        """Every type of frame that the exchange sends."""
        return set(self._frames)

    @property
    def channels(self) -> list[str]:
        """Every channel that can be subscribed to."""
        schema = self._document["components"]["schemas"]["subscribeCommandPayload"]
        named: list[str] = schema["properties"]["params"]["properties"]["channels"]["items"]["enum"]
        return named

    @property
    def errors(self) -> dict[int, str]:
        """The words of every error, by the table of the error message."""
        table = self._document["components"]["messages"]["errorResponse"]["description"]
        rows = re.findall(r"^\| (\d+) \| ([^|]+?) \|", table, re.MULTILINE)
        return {int(code): words for code, words in rows}

    def check(self, frame: dict[str, Any]) -> None:
        """Whether the exchange may send this."""
        _judge(self._frames.get(frame.get("type", "")), frame)

    def check_command(self, command: dict[str, Any]) -> None:
        """Whether a client may send this."""
        _judge(self._commands.get(command.get("cmd", "")), command)


def _judge(judge: Draft7Validator | None, body: dict[str, Any]) -> None:
    if judge is None:
        raise Violation(f"No message of the stream is {body}.")
    worst = best_match(judge.iter_errors(body))
    if worst is not None:
        where = "/".join(map(str, worst.absolute_path)) or "the frame"
        raise Violation(f"{body}: {where}: {worst.message[:400]}")


def _by_const(document: dict[str, Any], action: str, const: str) -> dict[str, list[Any]]:
    """The payloads of all messages that go one way, by the constant that tells them apart."""
    found: dict[str, list[Any]] = {}
    operations = [each for each in document["operations"].values() if each["action"] == action]
    references = {ref["$ref"] for operation in operations for ref in operation["messages"]}
    for reference in sorted(references):
        message = _resolved(document, _resolved(document, reference)["$ref"])
        payload = _closed(_inlined(document, message["payload"]))
        if "properties" in payload:  # control frames are no objects
            found.setdefault(payload["properties"][const]["const"], []).append(payload)
    return found


def _inlined(document: dict[str, Any], node: Any) -> Any:
    """A schema with whatever it refers to in its place. None refers to itself."""
    if isinstance(node, list):
        return [_inlined(document, each) for each in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        return _inlined(document, _resolved(document, node["$ref"]))
    return {name: _inlined(document, each) for name, each in node.items()}


def _resolved(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def _closed(node: Any, name: str = "") -> Any:
    """Schemas whose objects take nothing more, and whose amounts are written as they should be."""
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    closed = {
        key: {inner: _closed(each, inner) for inner, each in value.items()}
        if key == "properties"
        else _closed(value)
        for key, value in node.items()
    }
    if "properties" in node:
        closed.setdefault("additionalProperties", False)
    pattern = next((how for names, how in _AMOUNTS.items() if names.search(name)), None)
    if node.get("type") == "string" and pattern:
        closed["pattern"] = pattern
    return closed


@cache
def _loaded(path: Path) -> AsyncApi:
    return AsyncApi(yaml.load(path.read_text(), Loader=yaml.CSafeLoader))


def asyncapi() -> AsyncApi:
    """The stream's specification; skips the test, with the reason, where it is absent."""
    path = REFERENCE / "asyncapi.yaml"
    if not path.is_file():
        pytest.skip("no asyncapi.yaml of the exchange beside the repository")
    return _loaded(path)
