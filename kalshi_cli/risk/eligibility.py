"""Whether the market may be traded at all."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.domain.reduction import reduction
from kalshi_cli.risk._base import EVERYTHING, Control, Denial, MarketFacts, RiskState


@dataclass(frozen=True, slots=True)
class Eligibility(Control):
    """Everything needs an open market on a known grid; entries also pass the filters and know
    their fees. Where a filter drops the market, a quote that closes what its owner holds passes.
    """

    code: ClassVar[str] = "INELIGIBLE"
    remedy: ClassVar[str] = (
        "see what it names: a status, a filter, fees; `kalshi ingest` reads them anew"
    )
    rank: ClassVar[int] = 30
    purposes: ClassVar[frozenset[Purpose]] = EVERYTHING
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        facts = state.facts.get(intent.ticker)
        if facts is None:
            return self._deny("nothing is known of the market", "unknown", "known")
        market = facts.market
        if market.status is not MarketStatus.ACTIVE:
            return self._deny(f"the market is {market.status}", str(market.status), "active")
        if market.close_us <= now_us:
            return self._deny("the market is past its close", str(now_us), str(market.close_us))
        if market.grid is None:
            return self._deny("its price structure is not understood", "unknown", "known")
        return None if intent.purpose is Purpose.EXIT else self._entry(intent, facts, state)

    def _entry(self, intent: OrderIntent, facts: MarketFacts, state: RiskState) -> Denial | None:
        if facts.rejected_by is not None and not _quotes_away(intent, state):
            return self._deny(f"filter {facts.rejected_by} drops it", facts.rejected_by, "none")
        if not facts.fees.is_known:
            return self._deny(f"fee type {facts.fees.fee_type!r} is not known", "unknown", "known")
        return None

    def _deny(self, detail: str, value: str, limit: str) -> Denial:
        return Denial(self.code, detail, value, limit)


def _quotes_away(intent: OrderIntent, state: RiskState) -> bool:
    if intent.purpose is not Purpose.QUOTE:
        return False
    return reduction(intent, state.positions, state.orders).fits
