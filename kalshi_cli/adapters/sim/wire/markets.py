"""Markets as the exchange's API writes them, and the words that other objects share with them.

Prices are dollars with four decimals, counts have two. An empty side is told by a size of 0.00;
its price is then 0.0000 for a bid and 1.0000 for an ask, as the exchange does it.
"""

from copy import copy
from dataclasses import replace
from functools import lru_cache

import msgspec
from msgspec import UNSET, UnsetType

from kalshi_cli.domain.grid import DECI_CENT, LINEAR_CENT, TAPERED_DECI_CENT, PriceGrid
from kalshi_cli.domain.instant import DAY, HOUR, to_rfc3339
from kalshi_cli.domain.market import Market, MarketStatus
from kalshi_cli.domain.money import (
    NO_CONTRACTS,
    ONE_DOLLAR,
    ZERO_PRICE,
    Contracts,
    Money,
    Price,
)
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.world import Tally

Wire = dict[str, object]

_STRUCTURES = {
    LINEAR_CENT: "linear_cent",
    DECI_CENT: "deci_cent",
    TAPERED_DECI_CENT: "tapered_deci_cent",
}
_UNTRADED = Tally(None, NO_CONTRACTS, NO_CONTRACTS, NO_CONTRACTS)
_ZERO, _ONE, _NONE = str(ZERO_PRICE), str(ONE_DOLLAR), str(NO_CONTRACTS)
_REMEMBERED = 20_000
"""Markets whose terms are kept as text: some ten megabytes."""
WITH_BOOK = frozenset({MarketStatus.ACTIVE, MarketStatus.INACTIVE})


class MarketWire(msgspec.Struct, gc=False):
    """A market of the API. What is unset is left out."""

    ticker: str
    event_ticker: str
    title: str
    yes_sub_title: str
    no_sub_title: str
    created_time: str
    updated_time: str
    open_time: str
    close_time: str
    latest_expiration_time: str
    settlement_timer_seconds: int
    status: str
    can_close_early: bool
    rules_primary: str
    rules_secondary: str
    result: str
    settlement_bounds_type: str
    price_level_structure: str
    price_ranges: msgspec.Raw
    exchange_index: int
    market_type: str = "binary"
    notional_value_dollars: str = _ONE
    expiration_value: str = ""
    expected_expiration_time: str | UnsetType = UNSET
    settlement_value_dollars: str | UnsetType = UNSET
    settlement_ts: str | UnsetType = UNSET
    fee_waiver_expiration_time: str | UnsetType = UNSET
    strike_type: str | UnsetType = UNSET
    floor_strike: float | int | UnsetType = UNSET
    cap_strike: float | int | UnsetType = UNSET
    yes_bid_dollars: str = _ZERO
    yes_bid_size_fp: str = _NONE
    yes_ask_dollars: str = _ONE
    yes_ask_size_fp: str = _NONE
    no_bid_dollars: str = _ZERO
    no_ask_dollars: str = _ONE
    last_price_dollars: str = _ZERO
    volume_fp: str = _NONE
    volume_24h_fp: str = _NONE
    open_interest_fp: str = _NONE
    previous_yes_bid_dollars: str = _ZERO
    previous_yes_ask_dollars: str = _ZERO
    previous_price_dollars: str = _ZERO


class MarketRows:
    """Writes markets with their quotes and statistics as of now.

    What changes seldom is remembered: a market's terms until it is another, and what was quoted a
    day ago for an hour.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._catalog = exchange.catalog
        self._terms: dict[str, tuple[Market, MarketWire]] = {}
        self._yesterday: dict[str, tuple[int, tuple[str, str, str]]] = {}

    def row(self, market: Market) -> MarketWire:
        """One market. Only active and paused ones have a book."""
        known = self._terms.get(market.ticker)
        if known is None or known[0] is not market:
            if len(self._terms) >= _REMEMBERED:
                self._terms.clear()
            terms = terms_wire(market, self._catalog.created[market.ticker])
            known = self._terms[market.ticker] = market, terms
        wire = copy(known[1])
        if market.status in WITH_BOOK:
            self._quote(wire, market)
        tally = self.tally(market)
        if tally.last is not None:
            wire.last_price_dollars = str(tally.last)
        wire.volume_fp = str(tally.volume)
        wire.volume_24h_fp = str(tally.volume_24h)
        wire.open_interest_fp = str(tally.open_interest)
        return wire

    def _quote(self, wire: MarketWire, market: Market) -> None:
        bids, asks = self._exchange.world.ladders(market.ticker)
        if bids:
            wire.yes_bid_dollars, wire.no_ask_dollars = both_sides(bids[0].price)
            wire.yes_bid_size_fp = str(bids[0].count)
        if asks:
            wire.yes_ask_dollars, wire.no_bid_dollars = both_sides(asks[0].price)
            wire.yes_ask_size_fp = str(asks[0].count)
        (
            wire.previous_yes_bid_dollars,
            wire.previous_yes_ask_dollars,
            wire.previous_price_dollars,
        ) = self._a_day_ago(market)

    def tally(self, market: Market) -> Tally:
        """Statistics as of now; those of the close, where trading has ended."""
        if market.status in WITH_BOOK:
            return self._exchange.world.tally(market.ticker)
        tally = self._catalog.tallies.get(market.ticker, _UNTRADED)
        if self._exchange.now_us - market.close_us < DAY:
            return tally
        return replace(tally, volume_24h=NO_CONTRACTS)

    def _a_day_ago(self, market: Market) -> tuple[str, str, str]:
        """Bid, ask and last price then; 0.0000 for what there was not."""
        hour = (self._exchange.now_us - DAY) // HOUR
        if hour * HOUR < market.open_us:
            return _ZERO, _ZERO, _ZERO
        known = self._yesterday.get(market.ticker)
        if known is None or known[0] != hour:
            if len(self._yesterday) >= _REMEMBERED:
                self._yesterday.clear()
            bid, ask = self._exchange.world.quotes_at(market.ticker, hour * HOUR)
            last = self._catalog.prints.last_price(market.ticker, hour * HOUR)
            texts = str(bid or ZERO_PRICE), str(ask or ZERO_PRICE), str(last or ZERO_PRICE)
            known = self._yesterday[market.ticker] = hour, texts
        return known[1]


def terms_wire(market: Market, created_us: int) -> MarketWire:
    """What a market is, without its quote and its statistics."""
    structure, ranges = _structure(market.grid)
    return MarketWire(
        ticker=market.ticker,
        event_ticker=market.event_ticker,
        title=market.title,
        yes_sub_title=market.title,
        no_sub_title=market.title,
        created_time=instant(created_us),
        updated_time=instant(market.updated_us or created_us),
        open_time=instant(market.open_us),
        close_time=instant(market.close_us),
        latest_expiration_time=instant(market.latest_expiration_us),
        settlement_timer_seconds=market.settlement_timer_s,
        status=market.status,
        result=market.result or "",
        can_close_early=market.can_close_early,
        rules_primary=market.rules_primary,
        rules_secondary=market.rules_secondary,
        settlement_bounds_type=market.settlement_bounds_type,
        price_level_structure=structure,
        price_ranges=ranges,
        exchange_index=market.exchange_index,
        expected_expiration_time=_instant_or_unset(market.expected_expiration_us),
        settlement_value_dollars=UNSET if market.payout is None else str(market.payout),
        settlement_ts=_instant_or_unset(market.settlement_us),
        fee_waiver_expiration_time=_instant_or_unset(market.fee_waiver_expires_us),
        strike_type=market.strike_type or UNSET,
        floor_strike=_number(market.floor_strike),
        cap_strike=_number(market.cap_strike),
    )


@lru_cache(maxsize=16_384)
def both_sides(price: Price) -> tuple[str, str]:
    """A YES price, and the NO price of the same contract."""
    return str(price), str(price.complement)


@lru_cache(maxsize=16_384)
def instant(instant_us: int) -> str:
    """An instant as RFC 3339. Markets share theirs."""
    return to_rfc3339(instant_us)


def when(instant_us: int | None) -> str | None:
    """An instant as RFC 3339, null where there is none."""
    return None if instant_us is None else instant(instant_us)


def _instant_or_unset(instant_us: int | None) -> str | UnsetType:
    return UNSET if instant_us is None else instant(instant_us)


def price_structure(grid: PriceGrid | None) -> Wire:
    """The prices that a grid accepts, and what the exchange calls it."""
    ranges = grid.ranges if grid else ()
    return {
        "price_level_structure": _STRUCTURES.get(grid, "custom") if grid else "",
        "price_ranges": [
            {"start": str(part.start), "end": str(part.end), "step": str(part.step)}
            for part in ranges
        ],
    }


@lru_cache(maxsize=256)
def _structure(grid: PriceGrid | None) -> tuple[str, msgspec.Raw]:
    wire = price_structure(grid)
    ranges = msgspec.json.encode(wire["price_ranges"])
    return str(wire["price_level_structure"]), msgspec.Raw(ranges)


def outcome(side: Side) -> str:
    """The outcome that an order on this side is positioned for."""
    return "yes" if side is Side.BID else "no"


def amounts(price: Price, count: Contracts) -> Wire:
    """The price from both sides, and the count."""
    yes, no = both_sides(price)
    return {"yes_price_dollars": yes, "no_price_dollars": no, "count_fp": str(count)}


def cents(amount: Money) -> int:
    """Whole cents of what is never negative, the rest cut off."""
    return amount.units // 10_000


def _number(text: str | None) -> float | int | UnsetType:
    if text is None:
        return UNSET
    return float(text) if "." in text else int(text)
