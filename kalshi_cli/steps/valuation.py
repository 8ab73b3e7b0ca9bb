"""What the desk is worth now, and what each strategy has earned."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.marks import (
    NOBODY,
    UNLISTED,
    Behind,
    Resting,
    Standing,
    behind,
    by_quote,
    position_mark,
    position_sale,
    resting,
)
from kalshi_cli.domain.money import NO_MONEY, ONE_DOLLAR, Contracts, Money, total
from kalshi_cli.domain.order import Order
from kalshi_cli.domain.position import Position
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.snapshots import Performance, Snapshot


def ordered_in(orders: Iterable[Order]) -> dict[str, list[Order]]:
    """Orders by their market."""
    found: dict[str, list[Order]] = {}
    for order in orders:
        found.setdefault(order.intent.ticker, []).append(order)
    return found


@dataclass(frozen=True, slots=True)
class Prices:
    """What positions are valued by: quotes, books where they were read, and what of it is ours.

    Behind a quote that is ours alone only a book can tell what others pay: one that was read, or
    what is on record of the last one in `seen`. `last` is what was wanted in markets that do not
    trade, when they did.
    """

    entries: Mapping[str, CatalogEntry]
    books: Mapping[str, OrderBook]
    orders: Sequence[Order]
    seen: Mapping[str, Behind]
    last: Mapping[str, Behind] = field(default_factory=dict)

    def standings(self, tickers: Iterable[str]) -> list[Standing]:
        """What each market says of a position in it."""
        own = ordered_in(self.orders)
        return [
            replace(self._standing(each, resting(own.get(each, ()))), last=self.last.get(each))
            for each in tickers
        ]

    def _standing(self, ticker: str, own: Resting) -> Standing:
        entry, book = self.entries.get(ticker), self.books.get(ticker)
        if entry is None:
            return UNLISTED
        market, quote = entry.market, entry.quote
        if book is not None:
            others = behind(book, own)
            return Standing(market.status, market.payout, others.bid, others.ask)
        seen = self.seen.get(ticker, NOBODY)
        return by_quote(market.status, market.payout, (quote.bid, quote.ask), own, seen)


@dataclass(frozen=True, slots=True)
class Valuation:
    """`equity` is cash plus marks (for people), `liquidation` cash plus bids (for risk).

    `unmarked` counts positions with neither a mid within 10 cents nor a known payout.
    """

    cash: Money
    equity: Money
    liquidation: Money
    unmarked: int
    positions: int


def value(cash: Money, positions: Sequence[Position], prices: Prices) -> Valuation:
    """Value open positions by what their markets say. One unknown says nothing."""
    net = netted(positions)
    found = list(zip(net, prices.standings(each.ticker for each in net), strict=True))
    marks = [position_mark(position, stands) for position, stands in found]
    sales = [position_sale(position, stands) for position, stands in found]
    return Valuation(
        cash=cash,
        equity=cash + total([mark.value for mark in marks]),
        liquidation=cash + total(sales),
        unmarked=sum(not mark.is_mid for mark in marks),
        positions=len(positions),
    )


def netted(positions: Sequence[Position]) -> list[Position]:
    """What the account holds in each market: what one owner's takes from another's is in cash.

    The exchange knows one position a market, and pays $1 for YES and NO that meet in it.
    """
    by_ticker: dict[str, Position] = {}
    for position in positions:
        before = by_ticker.get(position.ticker)
        by_ticker[position.ticker] = position if before is None else _joined(before, position)
    return [position for position in by_ticker.values() if position.net]


def _joined(one: Position, other: Position) -> Position:
    net = one.net + other.net
    met = Contracts((abs(one.net) + abs(other.net) - abs(net)).units // 2)
    return replace(one, owner="", net=net, cost=one.cost + other.cost - ONE_DOLLAR * met)


def snapshot(valuation: Valuation, at_us: int, paid_in: Money) -> Snapshot:
    """The valuation as a row of the store."""
    return Snapshot(
        at_us=at_us,
        cash=valuation.cash,
        equity=valuation.equity,
        liquidation=valuation.liquidation,
        unmarked=valuation.unmarked,
        positions=valuation.positions,
        paid_in=paid_in,
    )


def performance(
    positions: Sequence[Position],
    prices: Prices,
    trips: Mapping[str, int],
    ai_costs: Mapping[str, Money],
    at_us: int,
) -> tuple[Performance, ...]:
    """What each owner earned so far: `trips` are round trips, `ai_costs` what it spent on AI."""
    rows: list[Performance] = []
    for owner in sorted({position.owner for position in positions} | ai_costs.keys()):
        own = [position for position in positions if position.owner == owner]
        held = [position for position in own if not position.is_flat]
        rows.append(
            Performance(
                at_us=at_us,
                strategy=owner,
                realized=total([position.realized for position in own]),
                unrealized=value(NO_MONEY, held, prices).equity
                - total([position.cost for position in held]),
                fees=total([position.fees for position in own]),
                ai_cost=ai_costs.get(owner, NO_MONEY),
                round_trips=trips.get(owner, 0),
            )
        )
    return tuple(rows)
