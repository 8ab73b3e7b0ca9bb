"""What the exchange would refuse, refused here."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose, TimeInForce
from kalshi_cli.risk._base import EVERYTHING, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Shape(Control):
    """A price on the grid, a positive count, a fair value that can be one, and options that go
    together.
    """

    code: ClassVar[str] = "SHAPE"
    remedy: ClassVar[str] = "mend the strategy that asks for it"
    rank: ClassVar[int] = 50
    purposes: ClassVar[frozenset[Purpose]] = EVERYTHING

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        facts = state.facts.get(intent.ticker)
        if facts is None or facts.market.grid is None:
            return Denial(self.code, "the price grid is not known", "unknown", "known")
        if not facts.market.grid.contains(intent.limit):
            return Denial(self.code, "the price is off the grid", str(intent.limit), "on the grid")
        if intent.fair is not None and not 0.0 < intent.fair < 1.0:
            return Denial(self.code, "the fair value is no probability", str(intent.fair), "0 to 1")
        if intent.count.units <= 0:
            return Denial(self.code, "nothing to trade", str(intent.count), "0.01")
        return self._options(intent, now_us)

    def _options(self, intent: OrderIntent, now_us: int) -> Denial | None:
        """Waiting orders are post-only and expire; only an IOC may carry reduce-only."""
        waits = intent.time_in_force is TimeInForce.GTC
        if waits is not intent.post_only:
            return Denial(self.code, "post-only and GTC go together", intent.time_in_force, "both")
        if waits is (intent.expires_us is None):
            return Denial(self.code, "a GTC order expires, no other does", "expiry", "GTC")
        if intent.expires_us is not None and intent.expires_us <= now_us:
            return Denial(self.code, "it has expired", str(intent.expires_us), str(now_us))
        if intent.reduce_only and intent.time_in_force is not TimeInForce.IOC:
            return Denial(self.code, "reduce-only needs IOC", intent.time_in_force, "IOC")
        return None
