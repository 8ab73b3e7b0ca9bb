"""How far from the market a limit may be."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.marks import Resting, of_others, resting
from kalshi_cli.domain.money import spoken_cents
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.portfolio.edge import SLACK
from kalshi_cli.risk._base import EVERYTHING, Control, Denial, MarketFacts, RiskState
from kalshi_cli.risk._wording import own_price


@dataclass(frozen=True, slots=True)
class PriceCollar(Control):
    """Entries are held to the mid, or to their fair value without one; an exit may also keep to
    the price it would trade at, and one that only waits may ask for more. Without any reference
    there is no order.
    """

    code: ClassVar[str] = "PRICE_COLLAR"
    remedy: ClassVar[str] = "wait until the market comes nearer, or raise risk.max_price_gap"
    rank: ClassVar[int] = 60
    purposes: ClassVar[frozenset[Purpose]] = EVERYTHING

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        facts = state.facts.get(intent.ticker)
        own = resting(order for order in state.orders if order.intent.ticker == intent.ticker)
        references = () if facts is None else _references(intent, facts, own)
        if not references:
            return Denial(self.code, "no price to compare the limit with", "none", "a price")
        if _only_waits(intent, references):
            return None
        gap = min(abs(float(intent.limit) - reference) for reference in references)
        most = state.limits.max_price_gap
        if gap <= most + SLACK:
            return None
        price, away = own_price(intent, intent.limit), spoken_cents(gap)
        near = spoken_cents(most)
        detail = f"the limit of {price.spoken} is {away} from the market, at most {near} is allowed"
        return Denial(self.code, detail, f"{gap:.4f}", f"{most:.4f}")


def _only_waits(intent: OrderIntent, references: tuple[float, ...]) -> bool:
    """Whether it is an exit that trades at nothing worse than the market, if ever."""
    if intent.purpose is not Purpose.EXIT or not intent.post_only:
        return False
    limit, sign = float(intent.limit), intent.side.sign
    return all(sign * (reference - limit) >= 0 for reference in references)


def _references(intent: OrderIntent, facts: MarketFacts, own: Resting) -> tuple[float, ...]:
    """What others want to pay: a limit that leans on an order of our own leans on nothing."""
    quote, book = facts.quote, facts.book
    bids = ([quote.bid] if quote.bid else []) if book is None else book.bids
    asks = ([quote.ask] if quote.ask else []) if book is None else book.asks
    bid, ask = of_others(bids, Side.BID, own), of_others(asks, Side.ASK, own)
    fair = intent.fair
    if bid is not None and ask is not None:
        fair = (float(bid.price) + float(ask.price)) / 2
    touch = ask if intent.side is Side.BID else bid
    found = [] if fair is None else [fair]
    if intent.purpose is Purpose.EXIT and touch is not None:
        found.append(float(touch.price))
    return tuple(found)
