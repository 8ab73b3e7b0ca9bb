"""Order books as the stream tells them: a snapshot, then every change of a level.

Bids are told at YES prices as `yes` levels, asks as `no` levels: at NO prices unless the client
asked for YES prices. `clock` counts how often the exchange has moved, so it is the same for every
client; a restart is maintenance, after which it may be lower.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kalshi_cli.adapters.sim.stream.causes import Cause, Place
from kalshi_cli.adapters.sim.stream.view import Units, View
from kalshi_cli.adapters.sim.stream.wire import count, dollars
from kalshi_cli.adapters.sim.wire.markets import Wire
from kalshi_cli.domain.money import ONE_DOLLAR
from kalshi_cli.domain.side import Side


@dataclass(frozen=True, slots=True)
class Book:
    """A book as it was told last; `clock` is that of its newest change."""

    ladders: dict[Side, Units]
    clock: int


@dataclass(frozen=True, slots=True)
class Delta:
    """A level grew or shrank by so many units; an own order that did it gives its id."""

    side: Side
    price: int
    units: int
    client_order_id: str = ""


class Books:
    """The books that somebody watches, by ticker."""

    def __init__(self) -> None:
        self._told: dict[str, Book] = {}

    def watch(self, ticker: str, view: View) -> None:
        """Tell of this market's changes from now on."""
        if ticker not in self._told:
            self._told[ticker] = _look(ticker, view)

    def forget(self, ticker: str) -> None:
        del self._told[ticker]

    def book(self, ticker: str, view: View) -> Book:
        """What was told last; a book that nobody watches is as it is now."""
        return self._told.get(ticker) or _look(ticker, view)

    def changes(self, ticker: str, view: View, causes: dict[Place, list[Cause]]) -> list[Delta]:
        """What changed in a watched book since it was told last.

        What shrank comes first: so the book is never crossed on the way.
        """
        before, now = self._told[ticker].ladders, view.units(ticker)
        if before == now:
            return []
        self._told[ticker] = Book(now, view.clock)
        deltas = [
            delta
            for side in Side
            for price, units in _differences(before[side], now[side])
            for delta in _explained(side, price, units, causes.get((ticker, side, price), []))
        ]
        return sorted(deltas, key=lambda delta: delta.units > 0)


def _look(ticker: str, view: View) -> Book:
    return Book(view.units(ticker), view.clock if view.market(ticker) else 0)


def _differences(before: Units, now: Units) -> Iterator[tuple[int, int]]:
    for price in sorted({*before, *now}):
        units = now.get(price, 0) - before.get(price, 0)
        if units:
            yield price, units


def _explained(side: Side, price: int, units: int, causes: Sequence[Cause]) -> Iterator[Delta]:
    """The parts of a change that own orders made, and what is left of it."""
    for cause in causes:
        if cause.units * units > 0 and abs(cause.units) <= abs(units):
            yield Delta(side, price, cause.units, cause.client_order_id)
            units -= cause.units
    if units:
        yield Delta(side, price, units)


def snapshot_msg(ticker: str, market_id: str, book: Book, *, yes_prices: bool) -> Wire:
    """A whole book, worst level first; a side without levels is left out."""
    wire: Wire = {"market_ticker": ticker, "market_id": market_id, "clock": book.clock}
    for side, name in ((Side.BID, "yes_dollars_fp"), (Side.ASK, "no_dollars_fp")):
        levels = sorted(
            (_shown(side, price, yes_prices=yes_prices), units)
            for price, units in book.ladders[side].items()
        )
        if levels:
            wire[name] = [(dollars(price), count(units)) for price, units in levels]
    return wire


def delta_msg(ticker: str, market_id: str, delta: Delta, stamp: Wire) -> Wire:
    """One change of a book, at YES prices."""
    wire: Wire = {
        "market_ticker": ticker,
        "market_id": market_id,
        "price_dollars": dollars(delta.price),
        "delta_fp": count(delta.units),
        "side": "yes" if delta.side is Side.BID else "no",
        **stamp,
    }
    if delta.client_order_id:
        wire["client_order_id"] = delta.client_order_id
    return wire


def in_no_prices(wire: Wire, delta: Delta) -> Wire:
    """The same change for who reads NO levels in NO prices."""
    shown = _shown(delta.side, delta.price, yes_prices=False)
    return {**wire, "price_dollars": dollars(shown)}


def _shown(side: Side, price: int, *, yes_prices: bool) -> int:
    return price if side is Side.BID or yes_prices else ONE_DOLLAR.units - price
