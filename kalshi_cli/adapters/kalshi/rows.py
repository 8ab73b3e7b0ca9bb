"""From bytes to rows: one bad row costs itself, one bad page costs the page, nothing is guessed."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from kalshi_cli.adapters.kalshi.wire import NULL
from kalshi_cli.domain.money import ONE_DOLLAR, Contracts, Money, Price
from kalshi_cli.errors import InvalidValue, MalformedAnswer
from kalshi_cli.ports.exchange import Page, Unusable

Kind = TypeVar("Kind")
Row = TypeVar("Row")
Word = TypeVar("Word", bound=StrEnum)

NAMELESS = "a row without a name"
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not the JSON that was expected."""
_LARGEST_MONEY = 2**62
_JSON_NUMBER = re.compile(rb"-?\d{1,30}(?:\.\d{1,30})?([eE][+-]?\d{1,4})?")
"""What a client in Python reads out of a text as a number is more: digits of every script."""
REMEMBERED = 16_384
"""Texts kept with their values: a hundred thousand markets share few, and read them each time."""

written: Callable[[msgspec.Raw], bytes] = msgspec.json.Encoder().encode
"""How the exchange wrote something; `bytes` tells it too, and takes three times as long."""


class NameWire(msgspec.Struct, frozen=True):
    """The ids by which a refused row can be named, whatever else is wrong with it."""

    ticker: Any = None
    event_ticker: Any = None
    order_id: Any = None
    trade_id: Any = None
    id: Any = None


def decode(body: bytes | msgspec.Raw, kind: type[Kind]) -> Kind:
    """Decode a whole answer. Raises `MalformedAnswer`."""
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as error:
        raise MalformedAnswer(
            f"The exchange's answer cannot be read: {reason_of(error)}",
            remedy="Try again; if it stays, the exchange may have changed its format.",
        ) from error


def decode_row(raw: bytes | msgspec.Raw, kind: type[Kind]) -> Kind:
    """Decode one row of a list. Raises `InvalidValue`."""
    try:
        row: Kind = _decoder(kind).decode(raw)  # type: ignore[arg-type]  # a class is hashable
    except UNREADABLE as error:
        raise InvalidValue(reason_of(error)) from error
    return row


@lru_cache(maxsize=256)
def _decoder(kind: type[object]) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)


def reason_of(error: Exception) -> str:
    """What was unreadable, on one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def decode_member(body: bytes, key: str, kind: type[Kind]) -> Kind:
    """One member of an answer, such as `event` of `{"event": {…}}`. Raises `MalformedAnswer`."""
    return decode(_members(body, key)[key], kind)


def trusted(wire: Kind, convert: Callable[[Kind], Row]) -> Row:
    """Convert an answer that is one object. Raises `MalformedAnswer` where it is unusable."""
    try:
        return convert(wire)
    except InvalidValue as error:
        raise MalformedAnswer(f"The exchange's answer is unusable: {reason_of(error)}") from error


def read_page(
    body: bytes, key: str, kind: type[Kind], convert: Callable[[Kind], Row], asked: str = ""
) -> Page[Row]:
    """Read `{key: [rows], "cursor": …}`: at once, and each row by itself where that fails.

    A null list is empty, an absent one is an error: only an answer can say that there is nothing.
    A cursor that leads back to the page it came with (`asked`) would never end: an error too.
    """
    try:
        page = _page_decoder(key, kind).decode(body)  # type: ignore[arg-type]
    except UNREADABLE:
        members = _members(body, key)
        items, unusable = convert_rows(_optional(members[key], list[msgspec.Raw]), kind, convert)
        cursor = _optional(members.get("cursor", NULL), str) or ""
    else:
        items, unusable = usable(page.rows or (), convert)
        cursor = page.cursor or ""
    if cursor and cursor == asked:
        raise MalformedAnswer("The exchange's pages go round in a circle.")
    return Page(items, cursor, unusable)


@lru_cache(maxsize=256)
def _page_decoder(key: str, kind: type[object]) -> "msgspec.json.Decoder[Any]":
    """Of a page as a pair: its rows and its cursor."""
    rows = ("rows", list[kind] | None, msgspec.field(name=key))  # type: ignore[valid-type]
    return msgspec.json.Decoder(
        msgspec.defstruct("PageWire", [rows, ("cursor", str | None, None)], frozen=True)
    )


def _members(body: bytes, key: str) -> dict[str, msgspec.Raw]:
    members = decode(body, dict[str, msgspec.Raw])
    if key not in members:
        raise MalformedAnswer(f"The exchange's answer lacks `{key}`.")
    return members


def _optional(raw: msgspec.Raw, kind: type[Kind]) -> Kind | None:
    return None if raw == NULL else decode(raw, kind)


def convert_rows(
    raws: list[msgspec.Raw] | None, kind: type[Kind], convert: Callable[[Kind], Row]
) -> tuple[tuple[Row, ...], tuple[Unusable, ...]]:
    """Decode and convert rows, setting aside those that cannot be trusted."""
    return usable(raws or (), lambda raw: convert(decode_row(raw, kind)))


def usable(
    rows: Iterable[Kind], convert: Callable[[Kind], Row]
) -> tuple[tuple[Row, ...], tuple[Unusable, ...]]:
    """Convert rows, read or still raw, setting aside those that cannot be trusted."""
    items: list[Row] = []
    unusable: list[Unusable] = []
    for row in rows:
        try:
            items.append(convert(row))
        except InvalidValue as error:
            unusable.append(_refused(row, reason_of(error)))
    return tuple(items), tuple(unusable)


def _refused(row: object, reason: str) -> Unusable:
    """A row by the first id that can be read of it, and its market."""
    if isinstance(row, msgspec.Raw):
        try:
            row = decode_row(row, NameWire)
        except InvalidValue:
            return Unusable(NAMELESS, reason)
    found = {name: getattr(row, name, None) for name in NameWire.__struct_fields__}
    names = {key: name for key, name in found.items() if isinstance(name, str) and name}
    return Unusable(next(iter(names.values()), NAMELESS), reason, names.get("ticker", ""))


def identity(text: str, what: str) -> str:
    """An id or ticker; `InvalidValue` where it is empty."""
    if not text:
        raise InvalidValue(f"The {what} is empty.")
    return text


@lru_cache(maxsize=256)
def word(kind: type[Word], text: str, what: str) -> Word:
    """A word of a known vocabulary; `InvalidValue` for a new one."""
    try:
        return kind(text)
    except ValueError as error:
        raise InvalidValue(f"Unknown {what} {text[:40]!r}.") from error


@lru_cache(maxsize=REMEMBERED)
def price(text: str) -> Price:
    """Dollars a contract, $0 to $1."""
    value = Price.parse(text)
    if not 0 <= value.units <= ONE_DOLLAR.units:
        raise InvalidValue(f"{text} is no price from $0 to $1.")
    return value


@lru_cache(maxsize=REMEMBERED)
def quantity(text: str) -> Contracts:
    """A count of contracts that cannot be negative."""
    count = Contracts.parse(text)
    if count.units < 0:
        raise InvalidValue(f"{text} is no count of contracts.")
    return count


def traded(text: str) -> Contracts:
    """A count of contracts of something that happened: more than none."""
    count = quantity(text)
    if not count:
        raise InvalidValue("An execution of no contracts.")
    return count


def money(text: str) -> Money:
    """Dollars that the store can hold."""
    amount = Money.parse(text)
    if abs(amount.units) > _LARGEST_MONEY:
        raise InvalidValue(f"{text} dollars are beyond belief.")
    return amount


def number(raw: msgspec.Raw) -> str | None:
    """A JSON number as plain decimal text: exact, and never an exponent. None for null."""
    return None if raw is NULL else _number(written(raw))


@lru_cache(maxsize=REMEMBERED)
def _number(text: bytes) -> str | None:
    if text == b"null":
        return None
    found = _JSON_NUMBER.fullmatch(text)
    if found is None:
        raise InvalidValue(f"Expected a number, was {text[:40].decode(errors='replace')}.")
    if found[1] is None:
        return text.decode()
    value = Decimal(text.decode())
    if abs(value.adjusted()) > 30:
        raise InvalidValue(f"{value} is no usable number.")
    return format(value, "f")
