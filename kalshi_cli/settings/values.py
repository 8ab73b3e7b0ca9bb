"""How a setting's value is written, and what it is in the program.

`"unlimited"` is the only word that removes a limit and `"off"` the only one that turns a rule off;
both are None in the program. Null, zero and negative limits are refused.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, InstanceOf, PlainSerializer

from kalshi_cli.domain.money import Money
from kalshi_cli.errors import InvalidValue


def number(value: object) -> object:
    """True and false are no numbers here, though Python thinks so."""
    if isinstance(value, bool):
        raise ValueError("write a number")  # noqa: TRY004 - pydantic reports only ValueError
    return value


def _unless(word: str, value: object) -> object:
    """None for the word; the absence of a value is refused, so that nobody lifts a limit by it."""
    if value is None:
        raise ValueError(f'write a number, or "{word}"')
    if value == word:
        return None
    if isinstance(value, str | int | float):
        try:
            is_some = float(value) > 0
        except ValueError as error:
            raise ValueError(f'write a number, or "{word}"') from error
        if not is_some:
            raise ValueError(f'write a number above 0, or "{word}"')
    return number(value)


def _unless_unlimited(value: object) -> object:
    return _unless("unlimited", value)


def _unless_off(value: object) -> object:
    return _unless("off", value)


def name_or_off(value: object) -> object:
    """None for "off"; anything else is a name."""
    if value is None:
        raise ValueError('write a name, or "off"')
    return None if value == "off" else value


NONE_WORDS = (
    (_unless_unlimited, "unlimited"),
    (_unless_off, "off"),
    (name_or_off, "off"),
)
"""Which check stands for which word, so that a None can be written as the person wrote it."""


def _day(value: object) -> object:
    """A day as 2026-01-31, which TOML may write as a date."""
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        raise ValueError("write a day, such as 2026-01-31") from error


def _dollars(value: object) -> object:
    """Exact dollars from a number or a decimal text; None passes (it was "unlimited")."""
    if value is None or isinstance(value, Money):
        return value
    text = f"{Decimal(repr(value)):f}" if isinstance(value, float) else str(value)  # never 1e-06
    try:
        money = Money.parse(text)
    except InvalidValue as error:
        raise ValueError(str(error)) from error
    if money.units <= 0:
        raise ValueError("write more than 0 dollars")
    return money


Share = Annotated[float, BeforeValidator(number), Field(gt=0, le=1)]
Positive = Annotated[float, BeforeValidator(number), Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, BeforeValidator(number), Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, BeforeValidator(number), Field(gt=0)]
ShareLimit = Annotated[Share | None, BeforeValidator(_unless_unlimited)]
CountLimit = Annotated[Count | None, BeforeValidator(_unless_unlimited)]
Dollars = Annotated[
    InstanceOf[Money] | None,
    BeforeValidator(_dollars),
    BeforeValidator(_unless_unlimited),
    PlainSerializer(lambda value: None if value is None else str(value)),
]
Rule = Annotated[Positive | None, BeforeValidator(_unless_off)]
OffOrShare = Annotated[Share | None, BeforeValidator(_unless_off)]
GroupLimit = Annotated[
    Annotated[int, BeforeValidator(number), Field(ge=1, le=1_000_000)] | None,
    BeforeValidator(_unless_off),
]
Day = Annotated[str, BeforeValidator(_day)]
ModelName = Annotated[str, Field(min_length=1, max_length=100)]
Names = tuple[str, ...]
Tools = tuple[Literal["web_search", "x_search"], ...]
