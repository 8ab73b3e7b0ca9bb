"""How far from the market a limit may be."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.portfolio.edge import SLACK
from kalshi_cli.risk._base import EVERYTHING, Control, Denial, MarketFacts, RiskState


@dataclass(frozen=True, slots=True)
class PriceCollar(Control):
    """Entries are held to the mid, or to their fair value without one; an exit may also keep to
    the price it would trade at. Without any reference there is no order.
    """

    code: ClassVar[str] = "PRICE_COLLAR"
    rank: ClassVar[int] = 60
    purposes: ClassVar[frozenset[Purpose]] = EVERYTHING

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        facts = state.facts.get(intent.ticker)
        references = () if facts is None else _references(intent, facts)
        if not references:
            return Denial(self.code, "no price to compare the limit with", "none", "a price")
        gap = min(abs(float(intent.limit) - reference) for reference in references)
        most = state.limits.max_price_gap
        if gap <= most + SLACK:
            return None
        detail = f"limit {intent.limit} is {gap:.4f} from the market, at most {most:.4f} is allowed"
        return Denial(self.code, detail, f"{gap:.4f}", f"{most:.4f}")


def _references(intent: OrderIntent, facts: MarketFacts) -> tuple[float, ...]:
    bid = facts.quote.bid if facts.book is None else facts.book.best_bid
    ask = facts.quote.ask if facts.book is None else facts.book.best_ask
    fair = intent.fair
    if bid is not None and ask is not None:
        fair = (float(bid.price) + float(ask.price)) / 2
    touch = ask if intent.side is Side.BID else bid
    found = [] if fair is None else [fair]
    if intent.purpose is Purpose.EXIT and touch is not None:
        found.append(float(touch.price))
    return tuple(found)
