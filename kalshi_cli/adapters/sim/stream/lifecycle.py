"""What becomes of markets and events, as the lifecycle channel tells it.

Opening and closing at the appointed time are not told: clients know the times. The exchange tells
the pause of a market and its end, a close time that moved, the result, and the payment. Prices and
strikes of a listed market do not change here.
"""

from collections.abc import Iterator
from dataclasses import replace

from kalshi_cli.adapters.sim.stream.view import View
from kalshi_cli.adapters.sim.stream.wire import created_msg, event_fees_msg, event_msg
from kalshi_cli.adapters.sim.wire.markets import Wire
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import Market, MarketStatus, payout
from kalshi_cli.engine.world import Listed, Moved

Told = tuple[str, Wire]
"""A frame's type and its message."""
_KIND = "market_lifecycle_v2"


class Lifecycle:
    """Markets as they were told last."""

    def __init__(self) -> None:
        self._known: dict[str, Market] = {}

    def watch(self, view: View) -> None:
        """Tell of every change from now on."""
        self._known = dict(view.exchange.catalog.markets)

    def forget(self) -> None:
        self._known = {}

    def listed(self, listed: Listed, view: View) -> Iterator[Told]:
        """A new event with its markets, or new markets of an event that is there already."""
        event = listed.event
        legs = view.exchange.catalog.legs[event.event_ticker]
        if not any(ticker in self._known for ticker in legs):
            yield "event_lifecycle", event_msg(event)
            if event.fees is not None:
                yield "event_fee_update", event_fees_msg(event.event_ticker, event.fees)
        for market in listed.markets:
            self._known[market.ticker] = market
            yield _KIND, created_msg(market)

    def moved(self, moved: Moved, view: View) -> Iterator[Told]:
        """A market that is not as it was told last. One command may move it several times."""
        now, before = view.market(moved.ticker), self._known.get(moved.ticker)
        if now is None or before is None:
            return
        self._known[moved.ticker] = replace(now, status=moved.status)
        about: Wire = {"market_ticker": moved.ticker}
        if now.close_us != before.close_us:
            close_ts = now.close_us // SECOND
            yield _KIND, {**about, "event_type": "close_date_updated", "close_ts": close_ts}
        change = _change(moved, before.status)
        if change is not None:
            yield _KIND, {**about, **change}


def _change(moved: Moved, was: MarketStatus) -> Wire | None:
    """What is told of a market's new status; None where clients know it without being told."""
    seconds = moved.at_us // SECOND
    match moved.status:
        case MarketStatus.ACTIVE if was is MarketStatus.INACTIVE:
            return {"event_type": "activated", "is_deactivated": False}
        case MarketStatus.INACTIVE:
            return {"event_type": "deactivated", "is_deactivated": True}
        case MarketStatus.DETERMINED | MarketStatus.AMENDED if moved.result is not None:
            return {
                "event_type": "determined",
                "determination_ts": seconds,
                "result": moved.result,
                "settlement_value": str(payout(moved.result, moved.value)),
            }
        case MarketStatus.FINALIZED:
            return {"event_type": "settled", "settled_ts": seconds}
        case _:
            return None
