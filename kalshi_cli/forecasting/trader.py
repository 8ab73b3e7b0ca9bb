"""The Trader: sees the price and what is held, and says whether to buy, which side, how far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.deliberation import Prompt, Template
from kalshi_cli.domain.forecast import Advice
from kalshi_cli.domain.market import Event, Listing
from kalshi_cli.domain.money import ONE_DOLLAR, ZERO_PRICE, Contracts, Price
from kalshi_cli.domain.side import Outcome, Side, yes_terms
from kalshi_cli.forecasting.critic import Review, told
from kalshi_cli.forecasting.forecaster import Opinion
from kalshi_cli.forecasting.legs import (
    CHANCE_OR_NONE,
    POINTS,
    chance_or_none,
    described,
    each_leg,
    one_of,
    points,
    question,
)
from kalshi_cli.forecasting.untrusted import block

ACTIONS = ("buy", "sell", "skip")
OUTCOMES = tuple(outcome.value for outcome in Outcome)
LEG: Mapping[str, Any] = {
    "reasons": POINTS,
    "action": {"type": "string", "enum": list(ACTIONS)},
    "side": {"type": "string", "enum": list(OUTCOMES)},
    "limit": CHANCE_OR_NONE,
}


@dataclass(frozen=True, slots=True)
class Tip:
    """What the Trader says of one market, in YES terms, with its reasons."""

    advice: Advice
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A market with its prices, and what is held of it in signed YES contracts."""

    listing: Listing
    held: Contracts


@dataclass(frozen=True, slots=True)
class Desk:
    """What the Trader sees of one market: the offer, and what the others said."""

    offer: Offer
    opinion: Opinion
    review: Review | None


def ask(
    template: Template, event: Event, category: str, desks: Sequence[Desk], now_us: int
) -> Prompt:
    """The question: everything the others saw and said, the price, and what is held."""
    markets = [desk.offer.listing.market for desk in desks]
    seen = [block("desk", _seen(desk)) for desk in desks]
    parts = (described(event, category, markets, now_us), *seen)
    return question(template, parts, [market.ticker for market in markets], LEG)


def tips(answer: Mapping[str, Any], tickers: Sequence[str]) -> dict[str, Tip]:
    """One tip a market. Raises `Unfit` for an answer that is no such."""
    return each_leg(answer, tickers, tip)


def tip(row: Mapping[str, Any]) -> Tip:
    """One market's part. Raises `Unfit`."""
    action, outcome = one_of(row, "action", ACTIONS), Outcome(one_of(row, "side", OUTCOMES))
    limit, reasons = chance_or_none(row, "limit"), points(row, "reasons")
    if action == "skip":
        return Tip(Advice(None), reasons)
    buys = action == "buy"
    side, _ = yes_terms(outcome, buy=buys, price=ZERO_PRICE)
    return Tip(Advice(side, None if limit is None else _price(outcome, limit, side)), reasons)


def _price(outcome: Outcome, limit: float, side: Side) -> Price | None:
    """The limit in YES terms, rounded to where it pays less rather than more."""
    in_yes = Decimal(str(limit)) if outcome is Outcome.YES else 1 - Decimal(str(limit))
    rounding = ROUND_FLOOR if side is Side.BID else ROUND_CEILING
    units = int((in_yes * ONE_DOLLAR.units).to_integral_value(rounding))
    return Price(min(max(units, 0), ONE_DOLLAR.units))


def _seen(desk: Desk) -> str:
    problems = desk.review.problems if desk.review else ()
    remarks = [f"the critic: {problem}" for problem in problems]
    return "\n".join((told(desk.opinion), *remarks, *_prices(desk.offer)))


def offered(offer: Offer) -> str:
    """An offer in words."""
    return "\n".join((f"ticker: {offer.listing.market.ticker}", *_prices(offer)))


def _prices(offer: Offer) -> tuple[str, ...]:
    quote = offer.listing.quote
    held = "nothing" if not offer.held else f"{offer.held} YES contracts (negative: NO)"
    return (
        f"best bid for YES: {_level(quote.bid)}",
        f"best ask for YES: {_level(quote.ask)}",
        f"volume of 24 hours: {quote.volume_24h} contracts",
        f"held: {held}",
    )


def _level(level: Level | None) -> str:
    return "none" if level is None else f"${level.price} for {level.count} contracts"
