"""One event in words, and what every role answers by: the tickers that were asked about."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from kalshi_cli.domain.deliberation import Prompt, Template
from kalshi_cli.domain.identity import short_hash
from kalshi_cli.domain.instant import to_rfc3339
from kalshi_cli.domain.market import Event, Market
from kalshi_cli.forecasting.untrusted import block, cleaned

Leg = TypeVar("Leg")
MOST_LEGS = 40
"""Markets of one question; the others have their turn when the event is asked about again."""
RULES = 2_000
"""Characters of a market's rules, and of each text of an answer."""
LEAST, MOST = 0.001, 0.999
"""Nobody is surer than this, and log-odds of what is stay numbers."""


class Unfit(Exception):
    """An answer that does not say what was asked for. `str()` says which part."""


def described(event: Event, category: str, markets: Sequence[Market], now_us: int) -> str:
    """An event and its markets without any price. Times are UTC."""
    exclusive = "at most one resolves YES" if event.mutually_exclusive else "any may resolve YES"
    parts = [
        f"The time is {to_rfc3339(now_us)}.",
        block("event", f"{event.title}\n{event.sub_title}\ncategory: {category or event.category}"),
        f"Its {len(markets)} markets; {exclusive}:",
    ]
    shared = _shared([market.rules_secondary for market in markets])
    if shared:
        parts.append(block("rules-of-all", shared, RULES))
    parts += [_market(market, with_secondary=not shared) for market in markets]
    return "\n\n".join(parts)


def inputs(terms: str, event: Event, category: str, market: Market) -> str:
    """A hash of what a forecast of a market is asked from, the time and all prices left out.

    `terms` says by whom and how it is asked.
    """
    return short_hash(terms, described(event, category, (market,), 0))


def _shared(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) > 1 and len(set(texts)) == 1 else ""


def _market(market: Market, *, with_secondary: bool) -> str:
    strikes = [
        f"{name}: {value}"
        for name, value in (
            ("strike", market.strike_type),
            ("floor", market.floor_strike),
            ("cap", market.cap_strike),
        )
        if value
    ]
    lines = [
        f"ticker: {market.ticker}",
        f"question: {market.title}",
        f"rules: {market.rules_primary}",
        *([f"more rules: {market.rules_secondary}"] if with_secondary else []),
        *strikes,
        f"closes: {to_rfc3339(market.close_us)}",
        f"answer expected: {to_rfc3339(market.expires_us)}",
        f"may close early: {'yes' if market.can_close_early else 'no'}",
    ]
    return block("market", "\n".join(lines), 2 * RULES)


def question(
    template: Template, parts: Sequence[str], tickers: Sequence[str], leg: Mapping[str, Any]
) -> Prompt:
    """A role's question in parts, and its answer: one object a market with the properties `leg`."""
    return Prompt(
        role=template.role,
        version=template.version,
        system=template.text,
        user="\n\n".join(parts),
        schema=json.dumps(answer_schema(tickers, leg)),
    )


def answer_schema(tickers: Sequence[str], leg: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of an answer with one object a market; `leg` are its other properties."""
    properties = {"ticker": {"type": "string", "enum": list(tickers)}, **leg}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["markets"],
        "properties": {
            "markets": {
                "type": "array",
                "minItems": len(tickers),
                "maxItems": len(tickers),
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": list(properties),
                    "properties": properties,
                },
            }
        },
    }


def each_leg(
    answer: Mapping[str, Any], tickers: Sequence[str], take: Callable[[Mapping[str, Any]], Leg]
) -> dict[str, Leg]:
    """What `take` makes of each market's part. Raises `Unfit` unless each is there, once."""
    rows = answer.get("markets")
    if not isinstance(rows, list):
        raise Unfit("there is no list of markets")
    found: dict[str, Leg] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise Unfit("a market's part is no object")
        ticker = row.get("ticker")
        if not isinstance(ticker, str) or ticker not in tickers:
            raise Unfit(f"{cleaned(repr(ticker), 60)} was not asked about")
        if ticker in found:
            raise Unfit(f"{ticker} comes twice")
        try:
            found[ticker] = take(row)
        except Unfit as unfit:
            raise Unfit(f"{ticker}: {unfit}") from unfit
    if missing := [ticker for ticker in tickers if ticker not in found]:
        raise Unfit(f"nothing is said of {', '.join(missing[:3])}")
    return found


def chance(row: Mapping[str, Any], name: str) -> float:
    """A probability within what the schema asks for. Raises `Unfit`."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not LEAST <= value <= MOST:
        raise Unfit(f"{name} is {cleaned(repr(value), 40)}, not between {LEAST} and {MOST}")
    return float(value)


def chance_or_none(row: Mapping[str, Any], name: str) -> float | None:
    """A probability, or null; the property must be there. Raises `Unfit`."""
    if name in row and row[name] is None:
        return None
    return chance(row, name)


def words(row: Mapping[str, Any], name: str) -> str:
    """A text, made harmless. Raises `Unfit`."""
    value = row.get(name)
    if not isinstance(value, str):
        raise Unfit(f"{name} is no text")
    return cleaned(value, RULES)


def points(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts, made harmless. Raises `Unfit`."""
    value = row.get(name)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Unfit(f"{name} is no list of texts")
    return tuple(cleaned(each, 400) for each in value[:8])


def one_of(row: Mapping[str, Any], name: str, allowed: Sequence[str]) -> str:
    """One of some words. Raises `Unfit`."""
    value = row.get(name)
    if not isinstance(value, str) or value not in allowed:
        raise Unfit(f"{name} is {cleaned(repr(value), 40)}, none of {', '.join(allowed)}")
    return value


CHANCE: Mapping[str, Any] = {"type": "number", "minimum": LEAST, "maximum": MOST}
CHANCE_OR_NONE: Mapping[str, Any] = {"anyOf": [CHANCE, {"type": "null"}]}
WORDS: Mapping[str, Any] = {"type": "string", "maxLength": RULES}
POINTS: Mapping[str, Any] = {
    "type": "array",
    "maxItems": 8,
    "items": {"type": "string", "maxLength": 400},
}
