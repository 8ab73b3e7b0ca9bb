"""Plain values for the tests of market making: one market with room, seen close up."""

from fakes.decisions import NOW, PLAIN, a_book, a_market, a_quote, an_event, an_order, resting

from kalshi_cli.domain.grid import DECI_CENT
from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.markout import Horizon, Markout
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Money, Price
from kalshi_cli.domain.order import Order, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.strategies._base import Candidate, View

MAKER = "market_making"
SETTINGS = {
    "max_quoted_markets": 6,
    "quote_share": 0.005,
    "inventory_share": 0.02,
    "risk_aversion": 0.1,
    "quote_minutes": 20.0,
    "attended_every_s": 60.0,
}


def a_spread(bid="0.4700", ask="0.5300", ticker="T", held="0.00", **changes) -> Candidate:
    """A market that closes in a day, on tenths of a cent, with a tape that says nothing."""
    facts = {
        "event": an_event(),
        "market": a_market(ticker, grid=DECI_CENT),
        "quote": a_quote(bid, ask, ticker=ticker),
        "fees": PLAIN,
        "forecast": None,
        "held": Contracts.parse(held) if held else NO_CONTRACTS,
        "is_working": bool(changes.get("orders")),
        "book": a_book((bid,), (ask,), ticker=ticker),
        "trades": (),
    }
    return Candidate(**{**facts, **changes})


def seen(*candidates, markouts=(), bankroll="10000.00") -> View:
    return View(NOW, candidates, Money.parse(bankroll), tuple(markouts))


def a_rest(side=Side.BID, limit="0.4700", count="100.00", fair=0.5, **changes) -> Order:
    facts = {
        "strategy": MAKER,
        "purpose": Purpose.QUOTE,
        "fair": fair,
        "forecast_id": None,
        "expires_us": NOW + 20 * MINUTE,
    }
    return an_order(resting(side, limit, count, **{**facts, **changes}))


def a_mark(
    number=1, given=0.03, kept=0.03, half=0.03, ticker="T", horizon=Horizon.SOON, ago_us=HOUR
) -> Markout:
    at = NOW - ago_us
    return Markout(f"f{number}", ticker, MAKER, horizon, given, kept, half, at, at + horizon)


def a_print(price: str, minutes_ago: float, side=Side.BID, ticker="T") -> Trade:
    at = NOW - int(minutes_ago * MINUTE)
    name = f"{side}{minutes_ago}"
    return Trade(name, ticker, Price.parse(price), Contracts.parse("10.00"), side.value, at)
