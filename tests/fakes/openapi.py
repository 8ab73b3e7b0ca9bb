"""The exchange's own OpenAPI file as a judge of what the embedded exchange is asked and answers.

    spec = openapi()                                    # skips where the file is absent
    spec.check("GET", "/markets/{ticker}", 200, body)
    spec.check_request("POST", "/portfolio/events/orders", body=order)
    httpx.AsyncClient(..., event_hooks={"response": [spec.witness]})    # judges all that passes

Stricter than the file where the file is loose: an object that lists its properties may have no
others, amounts have the decimals that their description promises, dates must be RFC 3339, and an
error has one of the shapes that were recorded. Milder in two things, because the exchange is:
`nullable` counts beside a `$ref` and with an `enum`, and statuses in `UNDOCUMENTED` may come.
`NOT_CHECKED` says what no schema can tell.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml
from jsonschema import Draft4Validator, FormatChecker
from jsonschema.exceptions import best_match

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"
ROOT = "/trade-api/v2"
METHODS = ("get", "post", "put", "delete")

NOT_CHECKED = (
    "whether a value is right: only its type, range, format and spelling are",
    "rules between fields (the NO price is $1 minus the YES price, best bid last, newest first)",
    "what a filter or a cursor selects",
    "words that the file leaves open (usage_tier, collateral_return_type, frequency, codes)",
    "free-form objects: see `OpenApi.free_form`",
    "answers without a schema but errors: 204, and 200 of operations that describe no body",
    "response headers and redirects",
    "requests that were refused: whoever sends them means to",
    "the stream: asyncapi.yaml is another file",
)

UNDOCUMENTED: Mapping[int, str] = {
    400: "a parameter that fails validation (recorded with limit=1001)",
    301: "a trailing slash is redirected (changelog of 2025-10-08)",
    401: "signatures are verified wherever they are given or needed",
    403: "an API key needs the scope of what it calls",
    404: "an unknown thing, also where the file lists no 404 (seen on series, order groups)",
    405: "the path exists, the method does not",
    409: "trading is paused, seen with this status on every write of an order",
    429: "every endpoint costs tokens (rate limits page)",
    503: "the exchange is down",
}
"""Statuses that may come from any operation, and why, though the file does not list them there."""

_AMOUNTS = {
    "answer": {"FixedPointDollars": r"^-?\d+\.\d{2,6}$", "FixedPointCount": r"^-?\d+\.\d{2}$"},
    "request": {"FixedPointDollars": r"^\d+\.\d{2,4}$", "FixedPointCount": r"^\d+(\.\d{1,2})?$"},
}
_TEXT = {"type": "string", "minLength": 1}
_CODED = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {"code": _TEXT, "message": _TEXT, "details": {"type": "string"}},
    "additionalProperties": False,
}


def _only(name: str, schema: object) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name],
        "properties": {name: schema},
        "additionalProperties": False,
    }


_ERROR = {"anyOf": [_only("error", _CODED), _CODED, _only("msg", _TEXT), _only("error", _TEXT)]}
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


class Violation(AssertionError):
    """Something that the exchange's specification does not allow."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A method on a path, as `/markets/{ticker}`."""

    method: str
    template: str
    described: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


class OpenApi:
    """Judges answers and requests; raises `Violation`."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._formats = formats()
        self._validators: dict[tuple[str, str], Draft4Validator] = {}
        self._seen: set[tuple[int, str]] = set()
        self.operations = {
            (method.upper(), _blank(template)): Operation(method.upper(), template, item[method])
            for template, item in document["paths"].items()
            for method in METHODS
            if method in item
        }

    def operation(self, method: str, template: str) -> Operation:
        """By a template; names of path parameters do not matter."""
        found = self.operations.get((method, _blank(template)))
        if found is None:
            raise Violation(f"{method} {template} is no operation of the exchange.")
        return found

    def check(self, method: str, template: str, status: int, body: object) -> None:
        """Whether an answer is one that the operation documents; `body` is its decoded JSON."""
        operation = self.operation(method, template)
        documented = operation.described["responses"].get(str(status))
        what = f"{operation} -> {status}"
        if documented is None and status not in UNDOCUMENTED:
            raise Violation(f"{what}: a status that is not documented.")
        schema = _body_schema(self._resolve(documented or {}))
        if status >= 400 and (schema or {}).get("$ref") != "#/components/schemas/ExchangeStatus":
            self._validate(what, "answer", _ERROR, body)
        elif schema is not None:
            self._check_body(what, self._resolve(schema), body)
        elif body not in (None, ""):
            raise Violation(f"{what}: a body, where none is described: {str(body)[:200]}")

    def check_request(
        self,
        method: str,
        template: str,
        *,
        query: Mapping[str, str | list[str]] | None = None,
        body: object = None,
    ) -> None:
        """Whether a request is one that the operation documents; queries are texts."""
        operation = self.operation(method, template)
        self._check_query(operation, query or {})
        described = operation.described.get("requestBody")
        if described is None:
            if body is not None:
                raise Violation(f"{operation} takes no body.")
            return
        if body is None:
            if described.get("required"):
                raise Violation(f"{operation} needs a body.")
            return
        schema = _body_schema(described)
        if schema is not None:
            self._validate(f"{operation} request", "request", schema, body)

    async def witness(self, response: httpx.Response) -> None:
        """Judge what passed through a client: an event hook of httpx."""
        await response.aread()
        request = response.request
        path = request.url.raw_path.decode("latin-1").partition("?")[0]
        if not path.startswith(ROOT) or request.method == "HEAD":
            return
        operation = self.matching(request.method, path.removeprefix(ROOT))
        body = _decoded(response)
        if operation is None:
            self._check_stranger(f"{request.method} {path}", response.status_code, body)
            return
        if response.status_code != 301:
            self.check(operation.method, operation.template, response.status_code, body)
        if response.status_code < 300:
            query: dict[str, list[str]] = {}
            for name, value in request.url.params.multi_items():
                query.setdefault(name, []).append(value)
            sent = json.loads(request.content) if request.content else None
            self.check_request(operation.method, operation.template, query=query, body=sent)

    def free_form(self, method: str, template: str) -> set[str]:
        """Places in the answers of an operation where any object will do."""
        operation = self.operation(method, template)
        found: set[str] = set()
        for answer in operation.described["responses"].values():
            schema = _body_schema(self._resolve(answer))
            if schema is not None:
                found |= set(self._loose(schema, "", frozenset()))
        return found

    def _check_stranger(self, what: str, status: int, body: object) -> None:
        """Of a path or method that the exchange does not have, only errors may come back."""
        if status not in {301, 404, 405, 410, 429}:
            raise Violation(f"{what} -> {status}, though it is no operation of the exchange.")
        if status != 301 and body is not None:
            self._validate(what, "answer", _ERROR, body)

    def matching(self, method: str, path: str) -> Operation | None:
        """The operation that a path belongs to; spelled-out parts go before parameters."""
        parts = path.rstrip("/").split("/")
        found = [
            operation
            for (candidate, blank), operation in self.operations.items()
            if candidate == method and _fits(blank.split("/"), parts)
        ]
        return min(found, key=lambda operation: operation.template.count("{"), default=None)

    def _check_query(self, operation: Operation, query: Mapping[str, str | list[str]]) -> None:
        described = [self._resolve(each) for each in operation.described.get("parameters", ())]
        known = {each["name"]: each for each in described if each["in"] == "query"}
        if strange := sorted(set(query) - set(known)):
            raise Violation(f"{operation} has no query parameter {', '.join(strange)}.")
        for name, parameter in known.items():
            given = query.get(name)
            if given is None:
                if parameter.get("required"):
                    raise Violation(f"{operation} needs the query parameter {name}.")
                continue
            texts = [given] if isinstance(given, str) else given
            self._check_parameter(operation, parameter, texts)

    def _check_parameter(
        self, operation: Operation, parameter: dict[str, Any], given: list[str]
    ) -> None:
        schema = self._resolve(parameter["schema"])
        if schema.get("type") == "array":
            value: object = [_typed(text, schema["items"]) for text in given]
        elif len(given) > 1:
            raise Violation(f"{operation}: {parameter['name']} is no list.")
        elif not given[0]:
            return  # an empty value is as good as none, as the exchange takes it
        else:
            value = _typed(given[0], schema)
        self._validate(f"{operation} ?{parameter['name']}", "request", schema, value)

    def _check_body(self, what: str, schema: dict[str, Any], body: object) -> None:
        """An answer; rows of its lists one by one, because the same ones come again and again."""
        rest = body
        for name, inner in schema.get("properties", {}).items():
            rows = body.get(name) if isinstance(body, dict) else None
            if inner.get("type") == "array" and isinstance(rows, list):
                for index, row in enumerate(rows):
                    self._check_row(f"{what}: {name}/{index}", inner["items"], row)
                rest = {**rest, name: rows[:1]}
        self._validate(what, "answer", schema, rest)

    def _check_row(self, what: str, schema: dict[str, Any], row: object) -> None:
        key = id(schema), json.dumps(row)
        if key not in self._seen:
            self._validate(what, "answer", schema, row)
            self._seen.add(key)

    def _validate(self, what: str, kind: str, schema: dict[str, Any], body: object) -> None:
        key = kind, json.dumps(schema)
        validator = self._validators.get(key)
        if validator is None:
            whole = self._converted(schema, kind)
            validator = Draft4Validator(whole, format_checker=self._formats)
            self._validators[key] = validator
        worst = best_match(validator.iter_errors(body))
        if worst is not None:
            where = "/".join(str(part) for part in worst.absolute_path) or "the body"
            raise Violation(f"{what}: {where}: {worst.message[:600]}")

    def _resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        found: Any = node
        while "$ref" in found:
            target: Any = self._document
            for part in found["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            found = target
        return found

    def _converted(self, schema: Any, kind: str) -> Any:
        """A schema as JSON Schema, draft 4: references filled in, objects closed."""
        if isinstance(schema, list):
            return [self._converted(each, kind) for each in schema]
        if not isinstance(schema, dict):
            return schema
        nullable = schema.get("nullable", False)
        if "$ref" in schema:
            kept = self._converted(self._resolve(schema), kind)
            amount = _AMOUNTS[kind].get(schema["$ref"].rpartition("/")[2])
            kept = {**kept, "pattern": amount} if amount else kept
        else:
            kept = {
                name: self._converted(value, kind)
                for name, value in schema.items()
                if name not in {"nullable", "properties", "example", "default", "description"}
            }
        if "properties" in schema:
            named = schema["properties"].items()
            kept["properties"] = {name: self._converted(each, kind) for name, each in named}
            kept.setdefault("additionalProperties", False)
        return _or_null(kept) if nullable else kept

    def _loose(self, schema: dict[str, Any], where: str, seen: frozenset[str]) -> Iterator[str]:
        reference = schema.get("$ref", "")
        if reference in seen:
            return
        schema = self._resolve(schema)
        where = reference.rpartition("/")[2] or where
        seen |= {reference} if reference else set()
        if schema.get("type") == "object" and not schema.get("properties"):
            yield where
        for name, inner in schema.get("properties", {}).items():
            yield from self._loose(inner, f"{where}.{name}", seen)
        for inner in (*schema.get("allOf", ()), schema.get("items")):
            if inner:
                yield from self._loose(inner, where, seen)


@cache
def _loaded(path: Path) -> OpenApi:
    return OpenApi(yaml.load(path.read_text(), Loader=yaml.CSafeLoader))


def found_openapi() -> OpenApi | None:
    """The exchange's specification, None where it is absent."""
    path = REFERENCE / "openapi.yaml"
    return _loaded(path) if path.is_file() else None


def openapi() -> OpenApi:
    """The exchange's specification; skips the test, with the reason, where it is absent."""
    found = found_openapi()
    if found is None:
        pytest.skip("no openapi.yaml of the exchange beside the repository")
    return found


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "type" not in schema:
        return {"anyOf": [{"type": "null"}, schema]}
    allowed = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, **allowed, "type": [schema["type"], "null"]}


def _body_schema(described: dict[str, Any]) -> dict[str, Any] | None:
    content = described.get("content", {}).get("application/json")
    return None if content is None else content["schema"]


def _decoded(response: httpx.Response) -> object:
    if not response.content:
        return None
    if response.status_code != 301 and response.headers["content-type"] != "application/json":
        raise Violation(f"{response.url}: {response.headers['content-type']} is no JSON.")
    return response.json() if response.status_code != 301 else None


def _typed(text: str, schema: dict[str, Any]) -> object:
    """A query's text as the type that its schema asks for; the text itself where it is none."""
    if schema.get("type") == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if schema.get("type") in {"integer", "number"}:
        try:
            return int(text) if schema["type"] == "integer" else float(text)
        except ValueError:
            return text
    return text


def _blank(template: str) -> str:
    """A path template without the names of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", template)


def _fits(template: list[str], parts: list[str]) -> bool:
    return len(template) == len(parts) and all(
        expected in {"{}", part} for expected, part in zip(template, parts, strict=True)
    )


def formats() -> FormatChecker:
    """The formats that the file uses; a format is only looked at where the type is right."""
    checker = FormatChecker(formats=())

    def in_bits(bits: int) -> None:
        @checker.checks(f"int{bits}")
        def within(value: object) -> bool:
            return not isinstance(value, int) or -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)

    in_bits(32)
    in_bits(64)

    @checker.checks("date-time", raises=ValueError)
    def date_time(value: object) -> bool:
        if not isinstance(value, str):
            return True
        return bool(_RFC3339.fullmatch(value)) and bool(datetime.fromisoformat(value[:19]))

    @checker.checks("uuid", raises=ValueError)
    def uuid(value: object) -> bool:
        return not isinstance(value, str) or bool(UUID(value))

    return checker
