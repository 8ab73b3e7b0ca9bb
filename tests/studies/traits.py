"""What the prices of a world are like: measures of one world, all of them ratios."""

import math
from collections import deque
from collections.abc import Sequence

from kalshi_cli.domain.market import Event, Series, Trade
from kalshi_cli.domain.side import Side
from tests.studies.ledger import Ledger
from tests.studies.looks import Look

LAGS = 4
MIDDLE_LOW, MIDDLE_HIGH = 0.2, 0.8
"""Where spread, depth and bias are full, and no side is missing because the price is at its end."""
CERTAIN = 0.02
"""Closer to $0 and $1 an error in logits says nothing."""
BUCKETS = tuple(f"mids {tenth / 10:.1f} to {(tenth + 1) / 10:.1f}" for tenth in range(10))
MEDIAN_PRINT, LARGE_PRINT = 24, 1_000


def in_middle(price: float) -> bool:
    return MIDDLE_LOW <= price <= MIDDLE_HIGH


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


class Traits:
    """Measures of one world, kept in its ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._crowds: dict[str, float] = {}
        self._visits: dict[str, deque[tuple[int, float]]] = {}

    def looked(self, event: str, look: Look, crowd: float) -> None:
        """A market at one moment; `crowd` is E[outcome | what is public]."""
        category = look.series.category
        self._crowd(event, look, crowd)
        if in_middle(crowd):
            missing = not look.bids or not look.asks
            self._ledger.ratio(f"a side missing: {category}", event, 1, missing)
        if look.mid is None or look.spread is None:
            return
        self._ledger.trade(
            BUCKETS[min(int(10 * look.mid), 9)], event, look.ticker, Side.BID, look.mid,
            look.truth, 1,
        )  # fmt: skip
        if in_middle(look.mid):
            self._ledger.ratio(f"half the spread: {category}", event, 1, look.spread / 2)
            self._ledger.ratio(f"yes bias: {category}", event, 1, look.mid - crowd)
            for level in (look.bids[0], look.asks[0]):
                depth = math.log(float(level.count))
                self._ledger.ratio(f"depth at the touch: {category}", event, 1, depth)
        self._moved(event, look, look.mid)

    def _crowd(self, event: str, look: Look, crowd: float) -> None:
        before, self._crowds[look.ticker] = self._crowds.get(look.ticker), crowd
        if before is not None:
            moved = crowd - before
            self._ledger.ratio(
                "underreaction of the crowd", event, moved * moved, moved * (look.truth - crowd)
            )
        if CERTAIN < crowd < 1 - CERTAIN and CERTAIN < look.truth < 1 - CERTAIN:
            gap = _logit(look.truth) - _logit(crowd)
            self._ledger.ratio(f"logit error: {look.series.category}", event, 1, gap * gap)

    def _moved(self, event: str, look: Look, mid: float) -> None:
        mids = (mid, *look.mids)
        for lag in range(1, LAGS + 1):
            self._autocorrelated("mids", event, mids[: lag + 2], lag)
        before = look.mids[0] if look.mids else None
        if before is not None:
            moved = mid - before
            self._ledger.ratio(
                "underreaction of mids", event, moved * moved, moved * (look.truth - mid)
            )

    def _autocorrelated(
        self, what: str, event: str, prices: Sequence[float | None], lag: int
    ) -> None:
        """The newest change and the one `lag` changes before it; prices newest first."""
        if len(prices) < lag + 2:
            return
        now, before, then, earlier = prices[0], prices[1], prices[lag], prices[lag + 1]
        if now is None or before is None or then is None or earlier is None:
            return
        new, old = now - before, then - earlier
        self._ledger.ratio(
            f"autocorrelation of {what}, lag {lag}", event, (new * new + old * old) / 2, new * old
        )

    def printed(self, trade: Trade, event: str, series: Series, truth: float) -> None:
        """A trade between others, with the truth of the next look."""
        side, price, contracts = Side(trade.taker_side), float(trade.price), float(trade.count)
        for measure in ("takers, gross", f"takers, gross: {series.category}"):
            self._ledger.trade(measure, event, trade.ticker, side, price, truth, contracts)
        self._ledger.ratio("prints of 24 at most", event, 1, contracts <= MEDIAN_PRINT)
        self._ledger.ratio("prints over 1,000", event, 1, contracts > LARGE_PRINT)
        visits = self._visits.setdefault(trade.ticker, deque(maxlen=LAGS + 2))
        if visits and visits[0][0] == trade.at_us:
            visits[0] = (trade.at_us, price)
            return
        prices = [price for _, price in visits]
        for lag in range(1, LAGS + 1):
            self._autocorrelated("trades", event, prices[: lag + 2], lag)
        visits.appendleft((trade.at_us, price))

    def closed(self, event: Event, lasts: Sequence[float | None]) -> None:
        """An event's trading ended, at the last prices of its legs."""
        ticker = event.event_ticker
        prices = [last for last in lasts if last is not None]
        if event.mutually_exclusive and len(prices) == len(lasts):
            legs = "two legs" if len(prices) == 2 else "more legs"
            self._ledger.ratio(f"overround of last prices, {legs}", ticker, 1, sum(prices))

    def determined(self, event: str, *, scalar: bool) -> None:
        self._ledger.ratio("scalar results", event, 1, scalar)
