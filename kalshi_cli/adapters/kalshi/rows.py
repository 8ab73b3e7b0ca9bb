"""From bytes to rows: one bad row costs itself, one bad page costs the page, nothing is guessed."""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from kalshi_cli.adapters.kalshi.wire import NULL
from kalshi_cli.domain.money import ONE_DOLLAR, Contracts, Money, Price
from kalshi_cli.errors import InvalidValue, MalformedAnswer
from kalshi_cli.ports.exchange import Page, Unusable

Kind = TypeVar("Kind")
Row = TypeVar("Row")
Word = TypeVar("Word", bound=StrEnum)

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not the JSON that was expected."""
_LARGEST_MONEY = 2**62


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
        return msgspec.json.decode(raw, type=kind)
    except UNREADABLE as error:
        raise InvalidValue(reason_of(error)) from error


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
    """Read `{key: [rows], "cursor": …}`, each row by itself.

    A null list is empty, an absent one is an error: only an answer can say that there is nothing.
    A cursor that leads back to the page it came with (`asked`) would never end: an error too.
    """
    members = _members(body, key)
    items, unusable = convert_rows(_optional(members[key], list[msgspec.Raw]), kind, convert)
    cursor = _optional(members.get("cursor", NULL), str) or ""
    if cursor and cursor == asked:
        raise MalformedAnswer("The exchange's pages go round in a circle.")
    return Page(items, cursor, unusable)


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
    items: list[Row] = []
    unusable: list[Unusable] = []
    for raw in raws or ():
        try:
            items.append(convert(decode_row(raw, kind)))
        except InvalidValue as error:
            unusable.append(Unusable(_name_of(raw), reason_of(error)))
    return tuple(items), tuple(unusable)


def _name_of(raw: msgspec.Raw) -> str:
    try:
        names = decode_row(raw, NameWire)
    except InvalidValue:
        return "a row without a name"
    candidates = (names.ticker, names.event_ticker, names.order_id, names.trade_id, names.id)
    found = next((name for name in candidates if isinstance(name, str) and name), None)
    return found or "a row without a name"


def identity(text: str, what: str) -> str:
    """An id or ticker; `InvalidValue` where it is empty."""
    if not text:
        raise InvalidValue(f"The {what} is empty.")
    return text


def word(kind: type[Word], text: str, what: str) -> Word:
    """A word of a known vocabulary; `InvalidValue` for a new one."""
    try:
        return kind(text)
    except ValueError as error:
        raise InvalidValue(f"Unknown {what} {text[:40]!r}.") from error


def price(text: str) -> Price:
    """Dollars a contract, $0 to $1."""
    value = Price.parse(text)
    if not 0 <= value.units <= ONE_DOLLAR.units:
        raise InvalidValue(f"{text} is no price from $0 to $1.")
    return value


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


def number(value: Decimal) -> str:
    """A JSON number as plain decimal text: exact, and never an exponent."""
    if not value.is_finite() or abs(value.adjusted()) > 30:
        raise InvalidValue(f"{value} is no usable number.")
    return format(value, "f")
