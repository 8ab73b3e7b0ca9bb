"""What a position is worth now, for reports (mark) and for risk (liquidation).

Where the market trades, the book decides. Where the result is known, the payout does. In between
(closed or paused, no result yet) nobody quotes: the position can neither be sold nor has it been
lost. For people it is carried at its cost; for risk at what was last bid, and at its cost where
nobody knows of that. So it is for risk where the exchange tells of no market.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.order import Order, TimeInForce
from kalshi_cli.domain.position import Position, outcome_cost
from kalshi_cli.domain.side import Side

MAX_MARK_SPREAD = Price(1_000)
Resting = Mapping[tuple[Side, Price], Contracts]
"""What rests of our own in one market: contracts by side and price."""


def resting(orders: Iterable[Order]) -> Resting:
    """What of these orders, all of one market, may be in its book; unknown ones too."""
    found: dict[tuple[Side, Price], Contracts] = {}
    for order in orders:
        if order.intent.time_in_force is TimeInForce.GTC and order.remaining:
            key = (order.intent.side, order.intent.limit)
            found[key] = found.get(key, NO_CONTRACTS) + order.remaining
    return found


def of_others(levels: Iterable[Level], side: Side, own: Resting) -> Level | None:
    """The best of these levels where somebody else wants something, and how much.

    Nothing is worth what only we would pay for it.
    """
    for level in levels:
        left = level.count - own.get((side, level.price), NO_CONTRACTS)
        if left.units > 0:
            return Level(level.price, left)
    return None


@dataclass(frozen=True, slots=True)
class Behind:
    """The best that others wanted in a market when its book was last read, our orders left out."""

    bid: Level | None
    ask: Level | None


NOBODY = Behind(None, None)


def behind(book: OrderBook, own: Resting) -> Behind:
    """What others want by a book."""
    return Behind(of_others(book.bids, Side.BID, own), of_others(book.asks, Side.ASK, own))


def _quoted(quoted: Level | None, side: Side, own: Resting, seen: Level | None) -> Level | None:
    """The best of others by a quote, which tells one level.

    Where that is ours alone, what others wanted worse than that when a book was last read; nothing
    where none was, or where others wanted better then, which is gone.
    """
    if quoted is None:
        return None
    left = of_others([quoted], side, own)
    if left is not None or seen is None:
        return left
    is_worse = seen.price < quoted.price if side is Side.BID else seen.price > quoted.price
    return seen if is_worse else None


def without(book: OrderBook, own: Resting) -> OrderBook:
    """A book as it would be without our own orders."""
    if not own:
        return book
    sides = {Side.BID: book.bids, Side.ASK: book.asks}
    bids, asks = (
        tuple(left for level in levels if (left := of_others([level], side, own)) is not None)
        for side, levels in sides.items()
    )
    return replace(book, bids=bids, asks=asks)


@dataclass(frozen=True, slots=True)
class Mark:
    """Dollars for a whole position; `is_mid` is False where only one side could be used."""

    value: Money
    is_mid: bool


def mark(net: Contracts, bid: Level | None, ask: Level | None) -> Mark:
    """Mid where both sides exist within 10 cents, else liquidation value, flagged."""
    if bid and ask and ask.price - bid.price <= MAX_MARK_SPREAD:
        doubled = bid.price.units + ask.price.units
        per_contract = doubled if net.units >= 0 else 20_000 - doubled
        return Mark(Money(per_contract * abs(net.units) // 2), is_mid=True)
    return Mark(liquidation(net, bid, ask), is_mid=False)


def liquidation(net: Contracts, bid: Level | None, ask: Level | None) -> Money:
    """Dollars at the best price of the side held; $0 where there is none."""
    if not net:
        return NO_MONEY
    side = Side.BID if net.units > 0 else Side.ASK
    if side is Side.BID:
        return bid.price * net if bid else NO_MONEY
    return ask.price.complement * -net if ask else NO_MONEY


@dataclass(frozen=True, slots=True)
class Standing:
    """What the market of a position says: its status, its payout once known, its best quotes.

    `last` is what was wanted when a market last traded that does not trade now; None where nobody
    knows.
    """

    status: MarketStatus | None
    payout: Price | None
    bid: Level | None
    ask: Level | None
    is_listed: bool = True
    last: Behind | None = None


def by_quote(
    status: MarketStatus | None,
    payout: Price | None,
    quoted: tuple[Level | None, Level | None],
    own: Resting,
    seen: Behind = NOBODY,
) -> Standing:
    """What a market says whose book was not read: bid and ask `quoted`, some of it our `own`, and
    what was `seen` of others before.
    """
    bid, ask = quoted
    return Standing(
        status,
        payout,
        _quoted(bid, Side.BID, own, seen.bid),
        _quoted(ask, Side.ASK, own, seen.ask),
    )


UNLISTED = Standing(None, None, None, None, is_listed=False)
"""What a market says that the exchange does not tell of: nothing is known that it would bring."""


def position_mark(position: Position, standing: Standing) -> Mark:
    """The worth of a position for people; flagged unless it is a mid or a known payout."""
    if standing.payout is not None:
        return Mark(_paid(position, standing.payout), is_mid=True)
    if standing.status is MarketStatus.ACTIVE:
        return mark(position.net, standing.bid, standing.ask)
    return Mark(position.cost if standing.is_listed else NO_MONEY, is_mid=False)


def position_sale(position: Position, standing: Standing) -> Money:
    """The worth of a position for risk: what it would bring now, or would have brought last."""
    if standing.payout is not None:
        return _paid(position, standing.payout)
    if standing.status is MarketStatus.ACTIVE:
        return liquidation(position.net, standing.bid, standing.ask)
    if standing.last is not None:
        return liquidation(position.net, standing.last.bid, standing.last.ask)
    return position.cost


def _paid(position: Position, payout: Price) -> Money:
    return outcome_cost(position.side, payout, abs(position.net))


def benchmark(bid: Level | None, ask: Level | None) -> float | None:
    """The market's probability: the mid, where both sides exist within 10 cents; else None."""
    if bid is None or ask is None or ask.price - bid.price > MAX_MARK_SPREAD:
        return None
    return (bid.price.units + ask.price.units) / 20_000
