"""The embedded exchange: our account against a world, one command at a time.

State is a function of the world and the commands applied. A rejected command changes nothing.
Facts of the exchange followed here: one YES book a market, price-time priority; client order ids
are burnt for ever; a post-only order that would take is refused, not repriced; a taker that meets
its own order stops there (`taker_at_cross`) or removes it (`maker`); collateral is checked at the
limit price, and everything that rests is counted.
"""

from collections.abc import Iterator

from kalshi_cli.domain.book import reaches
from kalshi_cli.domain.fees import exit_terms, fill_fee
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Contracts, Money, Price, total
from kalshi_cli.domain.order import Fill, TimeInForce
from kalshi_cli.engine.account import Account
from kalshi_cli.engine.admission import allowed_count, refusal
from kalshi_cli.engine.catalog import Catalog
from kalshi_cli.engine.commands import (
    Advance,
    Advanced,
    Answer,
    Cancel,
    Canceled,
    Command,
    Place,
    Placed,
    Rejected,
    SelfTrade,
)
from kalshi_cli.engine.orders import ExchangeOrder, UpdateReason, derived_id, new_order
from kalshi_cli.engine.state import ExchangeState
from kalshi_cli.engine.world import Execution, Listed, Matched, Moved, Occurrence, Printed, World
from kalshi_cli.errors import IntegrityError, InvalidValue

_HOP = 6 * HOUR
_CENT = 10_000


class Exchange:
    """Applies commands; read `account`, `catalog`, `orders` and `world` to answer questions."""

    def __init__(self, world: World, state: ExchangeState) -> None:
        """Take up a world and the state that belongs to the same moment."""
        self.world = world
        self.state = state

    @classmethod
    def open(cls, world: World, opening_cash: Money) -> "Exchange":
        """A new account in a new world. Raises `InvalidValue` unless whole cents above $0."""
        if opening_cash.units <= 0 or opening_cash.units % _CENT:
            raise InvalidValue(f"Opening cash must be whole cents above $0, was {opening_cash}.")
        exchange = cls(world, ExchangeState(Account(opening_cash, world.now_us, opening_cash)))
        exchange._live_until(world.now_us)
        return exchange

    @property
    def account(self) -> Account:
        return self.state.account

    @property
    def catalog(self) -> Catalog:
        return self.state.catalog

    @property
    def orders(self) -> dict[str, ExchangeOrder]:
        """Every order ever taken on, oldest first."""
        return self.state.orders

    @property
    def resting(self) -> tuple[ExchangeOrder, ...]:
        return tuple(self.orders[order_id] for order_id in self.state.resting)

    @property
    def now_us(self) -> int:
        return self.world.now_us

    def apply(self, command: Command) -> Answer:
        """Do what is asked, or say why not."""
        match command:
            case Place():
                return refusal(self.state, self.world, command) or self._place(command)
            case Cancel():
                return self._cancel(command)
            case Advance():
                return self._advance(command)

    def _place(self, command: Place) -> Placed:
        order = new_order(self._next_id("order"), command, self.now_us)
        if command.client_order_id:
            self.state.by_client_id[command.client_order_id] = order.order_id
        self.state.keep(order)
        allowed = allowed_count(self.state, command)
        stopped = self._take(order.order_id, command.self_trade_prevention, allowed)
        order = self.orders[order.order_id]
        if stopped:
            self.state.keep(order.canceled(self.now_us, UpdateReason.SELF_TRADE))
        elif command.time_in_force is TimeInForce.IOC and order.remaining:
            self.state.keep(order.canceled(self.now_us, UpdateReason.LEFTOVER))
        elif order.remaining:
            self.world.join(order.ticker, order.order_id, order.side, order.price, order.remaining)
        return self._placed(self.orders[order.order_id])

    def _placed(self, order: ExchangeOrder) -> Placed:
        fills = list(self._fills_of(order))
        return Placed(
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            filled=order.filled,
            remaining=order.remaining,
            cost=total([fill.price * fill.count for fill in fills]),
            fees=total([fill.fee for fill in fills]),
            at_us=self.now_us,
        )

    def _fills_of(self, order: ExchangeOrder) -> Iterator[Fill]:
        """Fills of an order that was just placed: the newest ones."""
        for fill in reversed(self.account.fills):
            if fill.order_id != order.order_id:
                return
            yield fill

    def _take(self, order_id: str, prevention: SelfTrade, allowed: Contracts) -> bool:
        """Trade with the others up to the limit; True if our own order stopped it.

        Where an own order stands in the way, only prices better than it can be had: the others
        that may wait before it at its price are left alone, since the queue is not ours to know.
        """
        left = allowed.units
        while left > 0:
            order = self.orders[order_id]
            own = self._own_in_the_way(order)
            limit = order.price if own is None else Price(own.price.units - order.side.sign)
            for execution in self.world.take(order.ticker, order.side, limit, Contracts(left)):
                self._fill(order_id, execution, self.now_us, is_taker=True)
                left -= execution.count.units
            if own is None or left <= 0:
                return False
            if prevention is SelfTrade.TAKER_AT_CROSS:
                return True
            self._withdraw(own, UpdateReason.SELF_TRADE)
        return False

    def _own_in_the_way(self, order: ExchangeOrder) -> ExchangeOrder | None:
        reached = [
            own
            for own in self.state.resting_in(order.ticker)
            if own.side is order.side.opposite and reaches(order.side, order.price, own.price)
        ]
        return min(reached, key=lambda own: order.side.sign * own.price.units, default=None)

    def _fill(self, order_id: str, execution: Execution, at_us: int, *, is_taker: bool) -> None:
        order = self.orders[order_id]
        if not reaches(order.side, order.price, execution.price):
            raise IntegrityError(f"Order {order_id} filled through its limit: {execution}.")
        if not 0 < execution.count.units <= order.remaining.units:
            raise IntegrityError(f"Order {order_id} overfilled: {execution}.")
        fee = fill_fee(
            exit_terms(self.catalog.fee_terms(order.ticker, at_us)),
            side=order.side,
            price=execution.price,
            count=execution.count,
            is_taker=is_taker,
        )
        fill = Fill(
            fill_id=self._next_id("fill"),
            order_id=order_id,
            ticker=order.ticker,
            side=order.side,
            price=execution.price,
            count=execution.count,
            is_taker=is_taker,
            fee=fee,
            at_us=at_us,
        )
        self.account.book_fill(fill)
        self.state.keep(order.filled_by(fill))

    def _cancel(self, command: Cancel) -> Canceled | Rejected:
        if command.order_id not in self.state.resting:
            return Rejected(404, "not_found")
        order = self.orders[command.order_id]
        self._withdraw(order, UpdateReason.CANCEL)
        return Canceled(order.order_id, order.client_order_id, order.remaining, self.now_us)

    def _withdraw(self, order: ExchangeOrder, reason: UpdateReason) -> None:
        self.world.leave(order.ticker, order.order_id)
        self.state.keep(order.canceled(self.now_us, reason))

    def _next_id(self, kind: str) -> str:
        self.state.ids_given += 1
        return derived_id(self.world.world_id, kind, self.state.ids_given)

    def _advance(self, command: Advance) -> Advanced | Rejected:
        if command.to_us < self.now_us:
            return Rejected(400, "bad_request", "time does not run backwards")
        fills, settled = len(self.account.fills), len(self.account.settlements)
        while True:
            self._live_until(min(command.to_us, self.now_us + _HOP, self._next_expiry()))
            self._expire()
            if self.now_us >= command.to_us:
                break
        return Advanced(
            now_us=self.now_us,
            fills=len(self.account.fills) - fills,
            settlements=len(self.account.settlements) - settled,
        )

    def _next_expiry(self) -> int:
        """The nearest expiry still to come: an order leaves the book at its own instant."""
        expiries = [o.expires_us for o in self.resting if o.expires_us is not None]
        return min(expiries, default=self.now_us + _HOP)

    def _expire(self) -> None:
        for order in self.resting:
            if order.expires_us is not None and order.expires_us <= self.now_us:
                self._withdraw(order, UpdateReason.EXPIRY)

    def _live_until(self, instant_us: int) -> None:
        for occurrence in self.world.advance(instant_us):
            self._record(occurrence)

    def _record(self, occurrence: Occurrence) -> None:
        match occurrence:
            case Listed():
                self.catalog.list_event(occurrence)
            case Moved():
                self._move(occurrence)
            case Matched():
                self._fill(
                    occurrence.order_id, occurrence.execution, occurrence.at_us, is_taker=False
                )
            case Printed():
                self.catalog.record_print(occurrence.trade)

    def _move(self, moved: Moved) -> None:
        """Follow a market's life: leaving `active` cancels our orders, `finalized` pays."""
        was = self.catalog.markets[moved.ticker].status
        market = self.catalog.move(moved)
        if was is MarketStatus.ACTIVE:
            self._cancel_all_in(moved)
        if moved.status is not MarketStatus.FINALIZED:
            return
        value = market.payout
        if market.result is None or value is None:
            raise IntegrityError(f"{moved.ticker} was finalized without a result.")
        self.account.settle(market, market.result, value, moved.at_us)

    def _cancel_all_in(self, moved: Moved) -> None:
        self.catalog.tallies[moved.ticker] = self.world.tally(moved.ticker)
        for order in self.state.resting_in(moved.ticker):
            self.state.keep(order.canceled(moved.at_us, UpdateReason.CLOSE))
