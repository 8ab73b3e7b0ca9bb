"""A number against its limit, each in the unit of what it measures: seconds, cents, dollars, %."""

from collections.abc import Callable

from kalshi_cli.cli.render.words import instant
from kalshi_cli.domain.instant import MINUTE, SECOND, format_span
from kalshi_cli.domain.money import spoken_cents


def _span(text: str) -> str:
    span = int(text)
    return f"{span / SECOND:.4g}s" if abs(span) < MINUTE else format_span(span)


def _cents(text: str) -> str:
    return spoken_cents(float(text))


def _share(text: str) -> str:
    return f"{100 * float(text):.1f}%"


def _counted(number: float) -> str:
    return f"{number:,.0f}" if number.is_integer() else f"{number:,.10g}"


def _some(what: str, one: str = "") -> Callable[[str], str]:
    """So many of `what`; `one` is a single one, where that is another word."""
    return lambda text: f"{_counted(float(text))} {one if one and float(text) == 1 else what}"


_UNITS: dict[str, Callable[[str], str]] = {
    "STALE": _span,
    "CLOSING": _span,
    "COOLDOWN": _span,
    "COOLING": lambda text: instant(int(text)),
    "INELIGIBLE": lambda text: instant(int(text)),
    "NET_EDGE": _cents,
    "PRICE_COLLAR": _cents,
    "SPREAD": _cents,
    "ONE_TICK": _cents,
    "TAIL": _cents,
    "MARKOUT": _cents,
    "TOO_FAR": _cents,
    "VOLATILE": _cents,
    "TOXIC": _cents,
    "SELF_CROSS": _cents,
    "NO_PUSH": _cents,
    "CONFIDENCE": _share,
    "MIN_CONFIDENCE": _share,
    "UNPROVEN": _share,
    "NO_LEAN": _share,
    "NO_FLOW": _some("prints", "print"),
    "OUTRANKED": _some("$/h"),
    "LESS_BUSY": _some("a day"),
    "RATE": _some("entries", "entry"),
    "REPEATED": _some("entries", "entry"),
    "ORDER_RATE": _some("orders", "order"),
    "UNRESOLVED_ACCOUNT": _some("orders", "order"),
    "MAX_POSITIONS": _some("markets", "market"),
    "EXIT_REDUCES": _some("contracts", "contract"),
    "ORDER_SIZE": _some("contracts", "contract"),
}
"""What the numbers of a code count, as text; whatever has no unit here stands as it is."""
_DOLLARS = frozenset(
    {
        "ACCOUNT_EXPOSURE",
        "CASH_RESERVE",
        "CATEGORY_EXPOSURE",
        "CLUSTER_EXPOSURE",
        "DAILY_LOSS",
        "DRAWDOWN",
        "EVENT_EXPOSURE",
        "MARKET_EXPOSURE",
        "SHARD_COLLATERAL",
        "STRATEGY_ALLOCATION",
    }
)


_UNDER = frozenset({"SPREAD"})
"""Codes whose limit itself is too much."""


def measured(code: str, value: str, limit: str, detail: str = "") -> tuple[str, str]:
    """Both texts with their unit; neither where no number was counted, since the words say it then.

    An order's size is dollars, unless the words count contracts.
    """
    if value and _number(value) is None:
        return "", ""
    is_size = code == "ORDER_SIZE" and "contracts" not in detail
    is_money = code in _DOLLARS or is_size
    bound = _said(code, limit, is_money=is_money)
    if limit and code in _UNDER:
        bound = f"under {bound}"
    return _said(code, value, is_money=is_money), bound


def against(code: str, value: str, limit: str, detail: str = "") -> str:
    """`0.98c against 1c`, or `5c, must be under 5c`; empty where no number was counted."""
    if _number(value) is None:
        return ""
    number, bound = measured(code, value, limit, detail)
    strictly = bound.startswith(("under ", "over "))
    return f"{number}, must be {bound}" if strictly else f"{number} against {bound}"


def _said(code: str, text: str, *, is_money: bool) -> str:
    """A number with its unit; a word stays one."""
    unit, number = _UNITS.get(code), _number(text)
    if number is None:
        return text
    if is_money or "$" in text:
        return f"{'-' if number < 0 else ''}${abs(number):,.2f}"
    try:
        return text if unit is None else unit(text)
    except ValueError:
        return text


def _number(text: str) -> float | None:
    """A number, or dollars as they are spoken of; None for a word."""
    try:
        return float(text.replace("$", "", 1).replace(",", ""))
    except ValueError:
        return None
