"""How much was lost, since the day began and since the peak, and whether that is too much."""

from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.money import Money
from kalshi_cli.risk._base import Denial

DAILY_LOSS = "DAILY_LOSS"
DRAWDOWN = "DRAWDOWN"


def daily_loss(limits: Limits, *, equity: Money, day_start: Money) -> Denial | None:
    """The loss since 00:00 UTC of market time, where it is beyond its limit."""
    return _beyond(DAILY_LOSS, "since 00:00 UTC", limits.max_daily_loss, day_start, equity)


def drawdown(limits: Limits, *, equity: Money, peak: Money) -> Denial | None:
    """The loss since the highest equity on record, where it is beyond its limit."""
    return _beyond(DRAWDOWN, "from the peak", limits.max_drawdown, peak, equity)


def loss_beyond(limits: Limits, *, equity: Money, day_start: Money, peak: Money) -> Denial | None:
    """The first limit on losses that is exceeded."""
    return daily_loss(limits, equity=equity, day_start=day_start) or drawdown(
        limits, equity=equity, peak=peak
    )


def _beyond(
    code: str, since: str, most: float | None, reference: Money, equity: Money
) -> Denial | None:
    if most is None:
        return None
    lost, limit = reference - equity, reference.scaled(most)
    if lost <= limit:
        return None
    return Denial(
        code, f"down {lost.spoken} {since}, at most {limit.spoken}", str(lost), str(limit)
    )
