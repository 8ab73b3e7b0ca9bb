"""Resting orders of the study: two-sided, kept in their queue while the touch stays where it is."""

from collections.abc import Iterator
from dataclasses import dataclass

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.world import World
from tests.studies.looks import LOT, Look
from tests.studies.rules import AT_TOUCH, HALFWAY, RESTING


@dataclass(slots=True)
class Resting:
    """An order of ours: what is left of it, and the rules that would have it there."""

    order_id: str
    side: Side
    price: Price
    left: Contracts
    rules: tuple[str, ...]


class Makers:
    """One order a side and market. `Look`s hold others' orders alone."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._orders: dict[tuple[str, Side], Resting] = {}
        self._by_id: dict[str, Resting] = {}
        self._sent = 0

    def others(self, ticker: str, side: Side, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        """A side of the book without our order."""
        order = self._orders.get((ticker, side))
        if order is None:
            return levels
        return tuple(
            Level(level.price, level.count - taken)
            for level in levels
            for taken in [order.left if level.price == order.price else NO_CONTRACTS]
            if level.count > taken
        )

    def quote(self, look: Look, place: str) -> None:
        """Rest at the touch, or a tick inside where there is room for both sides."""
        wanted = dict(_prices(look, place))
        for side in Side:
            order = self._orders.get((look.ticker, side))
            price = wanted.get(side)
            if order is not None and (order.price != price or order.left < LOT):
                self._leave(look.ticker, order)
                order = None
            if price is None:
                continue
            if order is None:
                order = self._join(look.ticker, side, price)
            order.rules = tuple(
                rule
                for rule, (where, rests) in RESTING.items()
                if where == place and rests(look, side)
            )

    def filled(self, order_id: str, count: Contracts) -> Resting:
        """Part of an order of ours traded."""
        order = self._by_id[order_id]
        order.left -= count
        return order

    def withdraw(self, ticker: str) -> None:
        """Leave a market, while it still knows our orders."""
        for side in Side:
            order = self._orders.get((ticker, side))
            if order is not None:
                self._leave(ticker, order)

    def _join(self, ticker: str, side: Side, price: Price) -> Resting:
        self._sent += 1
        order = Resting(f"study-{self._sent}", side, price, LOT, ())
        self._world.join(ticker, order.order_id, side, price, LOT)
        self._orders[ticker, side] = self._by_id[order.order_id] = order
        return order

    def _leave(self, ticker: str, order: Resting) -> None:
        self._world.leave(ticker, order.order_id)
        del self._orders[ticker, order.side]
        del self._by_id[order.order_id]


def _prices(look: Look, place: str) -> Iterator[tuple[Side, Price]]:
    if look.bid is None or look.ask is None:
        return
    if place == AT_TOUCH:
        yield Side.BID, look.bid.price
        yield Side.ASK, look.ask.price
        return
    above, below = look.grid.above(look.bid.price), look.grid.below(look.ask.price)
    if place == HALFWAY:
        quarter = (look.ask.price.units - look.bid.price.units) // 4
        above = look.grid.floor(Price(look.bid.price.units + quarter))
        below = look.grid.ceil(Price(look.ask.price.units - quarter))
    if above is None or below is None or not look.bid.price < above < below < look.ask.price:
        return
    yield Side.BID, above
    yield Side.ASK, below
