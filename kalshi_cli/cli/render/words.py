"""Numbers and times as people read them: dollars, cents a contract, per cent, UTC."""

from typing import TYPE_CHECKING

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.instant import MINUTE, spoken, to_datetime
from kalshi_cli.domain.money import AiCost, Contracts, Money, Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.side import Outcome, Side, spoken_terms

if TYPE_CHECKING:
    from rich.text import Text

NOTHING = "-"
"""What stands where there is no number: a missing price is never shown as one."""
FIRST_STEPS = "`kalshi ingest` reads the markets, `kalshi run-loop --cycles 20` does it all"
"""What somebody may do who has done nothing yet."""
HALF_A_CENT = 5_000
"""In money's units: what is no more than this reads as nothing, and has no sign to show."""


def dollars(amount: Money | None) -> str:
    """`$1,234.56`, to the cent."""
    if amount is None:
        return NOTHING
    sign = "-" if amount.units < 0 else ""
    return f"{sign}${abs(amount.decimal):,.2f}"


def charged(cost: Money | AiCost) -> str:
    """What AI cost, with as many decimals as it needs, up to a hundredth of a cent: `$0.0124`.

    What is finer is rounded up: `$0.00` cost nothing at all.
    """
    finest = AiCost.DECIMALS - 4
    units = cost.units * 10 ** (AiCost.DECIMALS - cost.DECIMALS)
    return AiCost(-(-units // 10**finest) * 10**finest).spoken


def gain(amount: Money) -> "Text":
    """A profit or loss with its sign, coloured."""
    from rich.text import Text

    if abs(amount.units) <= HALF_A_CENT:
        return Text("$0.00")
    up = amount.units > 0
    return Text(f"{'+' if up else ''}{dollars(amount)}", style="green" if up else "red")


def cents(price: Price | None) -> str:
    """A price in cents a contract, with a decimal only where it has one."""
    return NOTHING if price is None else price.spoken


def best(level: Level | None) -> str:
    """The price of a book's side; nothing where it is empty."""
    return NOTHING if level is None else cents(level.price)


def held(outcome: Outcome) -> str:
    """`YES` or `NO`."""
    return outcome.value.upper()


def deal(side: Side | None, price: Price | None, purpose: Purpose | None) -> tuple[str, str]:
    """`buy NO` and its price in cents: what an order does, as people say it.

    A foreign order, of no known purpose, is one that opens.
    """
    if side is None or price is None:
        return NOTHING, NOTHING
    buys, outcome, its = spoken_terms(side, price, leaves=purpose is Purpose.EXIT)
    return f"{'buy' if buys else 'sell'} {held(outcome)}", cents(its)


def count(contracts: Contracts | None) -> str:
    """Contracts, with decimals only where there are any."""
    return NOTHING if contracts is None else contracts.spoken


def percent(probability: float | None) -> str:
    """A probability in per cent, to a tenth."""
    return NOTHING if probability is None else f"{probability * 100:.1f}%"


def instant(at_us: int | None) -> str:
    """`2027-01-04 06:15Z`."""
    return NOTHING if at_us is None else spoken(at_us)


def moment(at_us: int | None) -> str:
    """`01-04 06:15`, where the year and the zone are clear from the heading (UTC)."""
    return NOTHING if at_us is None else to_datetime(at_us).strftime("%m-%d %H:%M")


def some(number: int, one: str, more: str = "") -> str:
    """`1 order`, `3 orders`; `more` where an s at the end is not the plural."""
    return f"{number} {one if number == 1 else more or one + 's'}"


def until(span_us: int) -> str:
    """A span in its two largest units: `3 d 4 h`, `12 min`; nothing of less than a minute."""
    minutes = max(0, span_us) // MINUTE
    days, hours = minutes // 1_440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def shown(text: str, most: int | None = None) -> str:
    """A text of others on one line; what would command the terminal is spelled out."""
    line = harmless(" ".join(text.split()))
    return line if most is None or len(line) <= most else line[: most - 1] + "\u2026"


def harmless(text: str) -> str:
    r"""A text of others with its lines; any other control or hidden character reads like `\x1b`.

    Spaces of every kind are spaces.
    """
    if text.isprintable():
        return text
    return "".join(map(_spelled, text))


def _spelled(sign: str) -> str:
    if sign == "\n" or sign.isprintable():
        return sign
    return " " if sign.isspace() else sign.encode("unicode_escape").decode()
