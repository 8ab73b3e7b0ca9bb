"""Exact money: three integer units chosen so that price x count = money without rounding.

| type        | one unit           | as text        |
|-------------|--------------------|----------------|
| `Price`     | $0.0001 a contract | `"0.5600"`     |
| `Contracts` | 0.01 contract      | `"10.00"`      |
| `Money`     | $0.000001          | `"5.600000"`   |
| `AiCost`    | 1e-10 USD (xAI's "ticks") | `"0.0000162500"` |

`Price` and `Contracts` mirror the exchange's fixed-point strings; their product has six decimals,
which is `Money`. Only fees round, in `fees.py`. Hot loops may work on `.units` directly.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar, Self, overload

from kalshi_cli.errors import InvalidValue

REMEMBERED = 16_384
"""Texts of amounts kept: a day's prices and sizes are few, and read and written over and over."""
_DECIMAL = re.compile(r"(-?)(\d{1,15})(?:\.(\d{1,18}))?", re.ASCII)


def parse_units(text: str, decimals: int) -> int:
    """Turn a decimal string into an integer count of 10**-decimals.

    Raises `InvalidValue` when the text is no plain decimal or is finer than the unit.
    """
    if not isinstance(text, str):
        raise InvalidValue(f"Expected a decimal string, was {text!r}.")
    return _parsed(text, decimals)


@lru_cache(maxsize=REMEMBERED)
def _parsed(text: str, decimals: int) -> int:
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise InvalidValue(f"Expected a decimal string, was {text!r}.")
    sign, whole, fraction = found.groups("")
    if fraction[decimals:].strip("0"):
        raise InvalidValue(f"{text} is finer than {decimals} decimals.")
    units = int(whole + fraction[:decimals].ljust(decimals, "0"))
    return -units if sign else units


@lru_cache(maxsize=REMEMBERED)
def format_units(units: int, decimals: int) -> str:
    """Write an integer count of 10**-decimals as a decimal string."""
    whole, fraction = divmod(abs(units), 10**decimals)
    return f"{'-' if units < 0 else ''}{whole}.{fraction:0{decimals}d}"


@lru_cache(maxsize=256)
def _as_written(fraction: float) -> Decimal:
    """A fraction as it was set: 0.1 is a tenth. Settings are few, and asked over and over."""
    return Decimal(str(fraction))


class UnitsByText(dict[str, int]):
    """Units of amounts as text, remembered: a stream repeats the same few over and over.

    Looking one up raises `InvalidValue` for text that is no such amount.
    """

    def __init__(self, decimals: int) -> None:
        self._decimals = decimals

    def __missing__(self, text: str) -> int:
        if len(self) >= REMEMBERED:
            self.clear()
        self[text] = units = parse_units(text, self._decimals)
        return units


@dataclass(frozen=True, slots=True, order=True)
class _Amount:
    units: int

    DECIMALS: ClassVar[int]

    def __post_init__(self) -> None:
        if type(self.units) is not int:
            raise InvalidValue(f"Expected whole units, was {self.units!r}.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the exchange's decimal string; `InvalidValue` if it is finer than the unit."""
        return cls(parse_units(text, cls.DECIMALS))

    def __str__(self) -> str:
        return format_units(self.units, self.DECIMALS)

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self}')"

    def __bool__(self) -> bool:
        return self.units != 0

    def __neg__(self) -> Self:
        return type(self)(-self.units)

    def __abs__(self) -> Self:
        return type(self)(abs(self.units))

    def __add__(self, other: Self) -> Self:
        if type(other) is not type(self):
            return NotImplemented
        return type(self)(self.units + other.units)

    def __sub__(self, other: Self) -> Self:
        if type(other) is not type(self):
            return NotImplemented
        return type(self)(self.units - other.units)

    @property
    def decimal(self) -> Decimal:
        """The amount as an exact `Decimal` in dollars or contracts."""
        return Decimal(self.units).scaleb(-self.DECIMALS)

    def __float__(self) -> float:
        """For statistics and display only: never the way back to money."""
        return float(self.units / 10**self.DECIMALS)


class Price(_Amount):
    """Dollars a YES contract, in units of $0.0001. Also holds differences of prices."""

    __slots__ = ()
    DECIMALS = 4

    def __mul__(self, count: "Contracts") -> "Money":
        if type(count) is not Contracts:
            return NotImplemented
        return Money(self.units * count.units)

    @property
    def spoken(self) -> str:
        """`56c`, with decimals only where it has any."""
        whole, rest = divmod(abs(self.units), 100)
        part = f".{rest:02d}".rstrip("0") if rest else ""
        return f"{'-' if self.units < 0 else ''}{whole}{part}c"

    @property
    def complement(self) -> "Price":
        """The NO price of the same contract: $1 minus this."""
        return Price(ONE_DOLLAR.units - self.units)


def spoken_cents(dollars: float) -> str:
    """`0.98c`: an edge, a worth or a distance in cents a contract, to a hundredth of a cent."""
    return f"{round(100 * dollars, 2) + 0.0:g}c"  # adding nothing makes none of less than none


class Contracts(_Amount):
    """A count of contracts, in units of 0.01. Signed where it is a position: + is YES."""

    __slots__ = ()
    DECIMALS = 2

    @overload
    def __mul__(self, other: Price) -> "Money": ...
    @overload
    def __mul__(self, other: int) -> "Contracts": ...
    def __mul__(self, other: Price | int) -> "Money | Contracts":
        if type(other) is Price:
            return Money(self.units * other.units)
        if type(other) is int:
            return Contracts(self.units * other)
        return NotImplemented

    @property
    def spoken(self) -> str:
        """`1,234`, with decimals only where there are any."""
        return f"{self.decimal:,.{0 if self.is_whole else self.DECIMALS}f}"

    @property
    def is_whole(self) -> bool:
        """Whether this is a whole number of contracts."""
        return self.units % 100 == 0


class _Dollars(_Amount):
    __slots__ = ()

    @property
    def spoken(self) -> str:
        """`$1,234.50`, for sentences: in whole cents, with more digits only where there are any."""
        whole, _, rest = f"{abs(self.decimal):,.{self.DECIMALS}f}".partition(".")
        sign = "-" if self.units < 0 else ""
        return f"{sign}${whole}.{rest.rstrip('0').ljust(2, '0')}"


class Money(_Dollars):
    """Dollars, in units of $0.000001."""

    __slots__ = ()
    DECIMALS = 6

    def __mul__(self, times: int) -> "Money":
        if type(times) is not int:
            return NotImplemented
        return Money(self.units * times)

    def scaled(self, fraction: float) -> "Money":
        """A fraction of the amount, rounded toward zero: for budgets, never for payments."""
        return Money(int(Decimal(self.units) * _as_written(fraction)))


class AiCost(_Dollars):
    """What an AI call cost, in the server's ticks of 1e-10 USD."""

    __slots__ = ()
    DECIMALS = 10

    def to_money(self) -> Money:
        """Dollars for the profit and loss, rounded up to $0.000001."""
        return Money(-(-self.units // 10_000))


ONE_DOLLAR = Price(10_000)
ZERO_PRICE = Price(0)
NO_MONEY = Money(0)
NO_CONTRACTS = Contracts(0)
NO_COST = AiCost(0)


def total(amounts: "list[Money] | tuple[Money, ...]") -> Money:
    """The sum of amounts of money; $0 for none."""
    return Money(sum(amount.units for amount in amounts))
