"""The edge that is left at the limit, after the fee."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.money import spoken_cents
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.portfolio.edge import SLACK
from kalshi_cli.risk._base import Control, Denial, RiskState
from kalshi_cli.risk._edge import edge_at_limit
from kalshi_cli.risk._wording import own_price


@dataclass(frozen=True, slots=True)
class NetEdge(Control):
    """For entries, on whatever fair value they say they are made; in dollars a contract, at the
    worst price accepted.
    """

    code: ClassVar[str] = "NET_EDGE"
    remedy: ClassVar[str] = (
        "nothing; trading.min_net_edge is what is asked, and `kalshi why TICKER --with` tries less"
    )
    rank: ClassVar[int] = 110
    purposes: ClassVar[frozenset[Purpose]] = frozenset({Purpose.ENTRY})

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        facts = state.facts.get(intent.ticker)
        edge = None if facts is None else edge_at_limit(intent, facts)
        if edge is None:
            return Denial(self.code, "there is no fair value to compare with", "none", "a number")
        least = state.limits.min_net_edge
        if edge >= least - SLACK:
            return None
        price, left = own_price(intent, intent.limit), spoken_cents(edge)
        asked = spoken_cents(least)
        detail = f"net edge {left} a contract at {price.spoken}, at least {asked} is asked"
        return Denial(self.code, detail, f"{edge:.4f}", f"{least:.4f}")
