"""Closed trades and forecasts cut into groups: who traded, in what, how early, and at which price.

The bins are fixed, not chosen by what came of them.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kalshi_cli.domain.instant import DAY, HOUR
from kalshi_cli.domain.money import NO_MONEY, Money, total
from kalshi_cli.evaluation.interval import (
    Interval,
    Observation,
    Verdict,
    clustered_mean,
    verdict,
)

HORIZONS = ((HOUR, "under 1 h"), (DAY, "1-24 h"), (7 * DAY, "1-7 d"), (None, "over 7 d"))
"""Time from the opening of a trade, or the making of a forecast, to the close of its market."""
PRICES = ((0.1, "0-10c"), (0.3, "10-30c"), (0.7, "30-70c"), (0.9, "70-90c"), (None, "90-100c"))
"""Of a trade what a contract of its outcome cost, of a forecast the market's probability."""
UNKNOWN = "not known"
_ORDER = [name for _, name in (*HORIZONS, *PRICES)]


class Cut(StrEnum):
    """What closed trades may be cut by."""

    STRATEGY = "strategy"
    CATEGORY = "category"
    HORIZON = "horizon"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """From first fill to flat. `price` is dollars paid a contract, `horizon_us` what was left until
    the close then, None where the market is not known any more; `pnl` is net of fees.
    """

    strategy: str
    event_ticker: str
    category: str
    horizon_us: int | None
    price: float
    pnl: Money


@dataclass(frozen=True, slots=True)
class Slice:
    """Closed trades of one group. `per_event` is the mean net profit of an event, in dollars and
    before AI cost; `won` had a profit after fees.
    """

    name: str
    trades: int
    events: int
    won: int
    net: Money
    per_event: Interval | None
    verdict: Verdict


def horizon_name(span_us: int | None) -> str:
    """The bin of a time to the close."""
    return UNKNOWN if span_us is None else _bin(span_us, HORIZONS)


def price_name(price: float | None) -> str:
    """The bin of dollars a contract, or of a probability."""
    return UNKNOWN if price is None else _bin(price, PRICES)


def _bin(value: float, bins: Sequence[tuple[float | None, str]]) -> str:
    return next(name for below, name in bins if below is None or value < below)


def in_order(name: str) -> tuple[int, str]:
    """Bins as they lie, other names by the alphabet after them."""
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def slices(trades: Sequence[ClosedTrade], cut: Cut) -> tuple[Slice, ...]:
    """The trades by group; each event is one observation of a group."""
    groups: dict[str, list[ClosedTrade]] = defaultdict(list)
    for trade in trades:
        groups[_name(trade, cut)].append(trade)
    return tuple(_slice(name, groups[name]) for name in sorted(groups, key=in_order))


def _name(trade: ClosedTrade, cut: Cut) -> str:
    match cut:
        case Cut.STRATEGY:
            return trade.strategy
        case Cut.CATEGORY:
            return trade.category or UNKNOWN
        case Cut.HORIZON:
            return horizon_name(trade.horizon_us)
        case Cut.PRICE:
            return price_name(trade.price)


def _slice(name: str, group: Sequence[ClosedTrade]) -> Slice:
    sums: dict[str, Money] = {}
    for trade in group:
        sums[trade.event_ticker] = sums.get(trade.event_ticker, NO_MONEY) + trade.pnl
    mean = clustered_mean([Observation(event, float(pnl)) for event, pnl in sorted(sums.items())])
    return Slice(
        name=name,
        trades=len(group),
        events=len(sums),
        won=sum(1 for trade in group if trade.pnl > NO_MONEY),
        net=total([trade.pnl for trade in group]),
        per_event=mean,
        verdict=verdict(mean),
    )
