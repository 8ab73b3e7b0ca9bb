"""The embedded exchange: our account against a world, one command at a time.

State is a function of the world and the commands applied. A rejected command changes nothing,
unless it says that it burnt its id. What listeners should hear is handed over by `drain`.
"""

from collections.abc import Mapping
from typing import assert_never

from kalshi_cli.domain.instant import HOUR, SECOND
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Money
from kalshi_cli.engine.account import Account
from kalshi_cli.engine.archive import Archive
from kalshi_cli.engine.catalog import Catalog
from kalshi_cli.engine.commands import (
    Advance,
    Advanced,
    Amend,
    Answer,
    Cancel,
    CancelAll,
    Command,
    CreateGroup,
    Decrease,
    DeleteGroup,
    Deposit,
    LimitGroup,
    Place,
    Rejected,
    ResetGroup,
    SetTrading,
    Transfer,
    TriggerGroup,
)
from kalshi_cli.engine.group_desk import change_group, create_group, trigger_hit_groups
from kalshi_cli.engine.happenings import Happening
from kalshi_cli.engine.order_entry import amend, cancel, cancel_all, decrease, place, sweep
from kalshi_cli.engine.orders import ExchangeOrder, UpdateReason
from kalshi_cli.engine.pausing import (
    cancel_on_pause,
    end_pauses,
    follow_pauses,
    pause_stops,
    set_trading,
)
from kalshi_cli.engine.schedule import in_weekly_pause, next_change
from kalshi_cli.engine.state import ExchangeState
from kalshi_cli.engine.treasury import move_cash, next_arrival, opening, transfer
from kalshi_cli.engine.venue import Venue
from kalshi_cli.engine.world import Listed, Matched, Moved, Occurrence, Printed, World
from kalshi_cli.errors import IntegrityError, InvalidValue

_HOP = 6 * HOUR
_GROUP_HOP = SECOND
"""How late a group's limit may be noticed while its orders rest."""
CLOSE_GRACE_US = SECOND
"""How long orders still rest in a market that closed; meanwhile they cannot be canceled."""


class Exchange:
    """Applies commands; read `account`, `catalog`, `orders` and `world` to answer questions."""

    def __init__(self, world: World, state: ExchangeState) -> None:
        """Take up a world and the state that belongs to the same moment."""
        self._venue = Venue(world, state)

    @classmethod
    def open(
        cls,
        world: World,
        cash: Money | Mapping[int, Money],
        archive: Archive | None = None,
    ) -> "Exchange":
        """A new account in a new world, its cash on shard 0 or by shard.

        Raises `InvalidValue` unless that is whole cents, and more than $0.
        """
        by_shard = {0: cash} if isinstance(cash, Money) else dict(cash)
        if not opening(by_shard):
            told = ", ".join(str(amount) for amount in by_shard.values())
            raise InvalidValue(f"Opening cash must be whole cents above $0, was {told}.")
        exchange = cls(world, ExchangeState(Account(), Catalog(archive or Archive())))
        for shard, amount in sorted(by_shard.items()):
            if amount:
                movement_id = exchange._venue.next_id("deposit")
                exchange.account.deposit(movement_id, amount, shard, world.now_us)
        exchange._live_until(world.now_us)
        return exchange

    @property
    def world(self) -> World:
        return self._venue.world

    @property
    def state(self) -> ExchangeState:
        return self._venue.state

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
        return self.state.live_orders()

    @property
    def now_us(self) -> int:
        return self.world.now_us

    def is_paused(self, shard: int) -> bool:
        """Whether a shard takes no orders now."""
        return self._venue.is_paused(shard)

    def drain(self) -> tuple[Happening, ...]:
        """What happened since the last time, in order."""
        told = tuple(self._venue.told)
        self._venue.told.clear()
        return told

    def apply(self, command: Command) -> Answer:  # noqa: C901, PLR0911 - one line a command
        """Do what is asked, or say why not."""
        venue = self._venue
        match command:
            case Place():
                return place(venue, command)
            case Cancel():
                return cancel(venue, command)
            case CancelAll():
                return cancel_all(venue, command)
            case Amend():
                return amend(venue, command)
            case Decrease():
                return decrease(venue, command)
            case CreateGroup():
                return create_group(venue, command)
            case DeleteGroup() | ResetGroup() | TriggerGroup() | LimitGroup():
                return change_group(venue, command)
            case Transfer():
                return transfer(venue, command)
            case Deposit():
                return move_cash(venue, command)
            case SetTrading():
                return set_trading(venue, command)
            case Advance():
                return self._advance(command)
            case _:
                assert_never(command)

    def _advance(self, command: Advance) -> Advanced | Rejected:
        if command.to_us < self.now_us:
            return Rejected(400, "bad_request", "time does not run backwards")
        fills, settled = len(self.account.fills), len(self.account.settlements)
        while True:
            was_paused = in_weekly_pause(self.now_us)
            self._live_until(min(command.to_us, self._next_stop()))
            self._catch_up(paused_now=in_weekly_pause(self.now_us) and not was_paused)
            if self.now_us >= command.to_us:
                break
        return Advanced(
            now_us=self.now_us,
            fills=len(self.account.fills) - fills,
            settlements=len(self.account.settlements) - settled,
        )

    def _next_stop(self) -> int:
        """The next instant at which something happens that the world does not know of."""
        state, now_us = self.state, self.now_us
        stops = [now_us + _HOP, *state.sweeps, *state.closing.values(), *pause_stops(self._venue)]
        for order in state.live_orders():
            if order.expires_us is not None:
                stops.append(order.expires_us)
            if order.group_id:
                stops.append(now_us + _GROUP_HOP)
            if order.cancel_on_pause:
                stops.append(next_change(now_us))
        arrival = next_arrival(self._venue)
        if arrival is not None:
            stops.append(arrival)
        return min(stop for stop in stops if stop > now_us)

    def _catch_up(self, *, paused_now: bool) -> None:
        """Do what is due by now: arrivals, expiries, sweeps, ends of closed markets, pauses."""
        state, now_us = self.state, self.now_us
        state.account.arrive(now_us)
        for order in state.live_orders():
            if order.expires_us is not None and order.expires_us <= now_us:
                self._venue.withdraw(order, UpdateReason.EXPIRY, order.expires_us)
        for at_us in [at_us for at_us in state.sweeps if at_us <= now_us]:
            sweep(self._venue, at_us)
        state.sweeps = [at_us for at_us in state.sweeps if at_us > now_us]
        for ticker, at_us in list(state.closing.items()):
            if at_us <= now_us:
                self._clear(ticker, at_us)
        trigger_hit_groups(self._venue)
        end_pauses(self._venue)
        if paused_now:
            cancel_on_pause(self._venue, state.catalog.markets, now_us)

    def _clear(self, ticker: str, at_us: int) -> None:
        """The orders of a market that closed are gone."""
        del self.state.closing[ticker]
        for order in self.state.resting_in(ticker):
            self._venue.keep(order.canceled(at_us, UpdateReason.CLOSE))

    def _live_until(self, instant_us: int) -> None:
        for occurrence in self.world.advance(instant_us):
            self._record(occurrence)

    def _record(self, occurrence: Occurrence) -> None:
        match occurrence:
            case Listed():
                self.catalog.list_event(occurrence)
                self._venue.told.append(occurrence)
            case Moved():
                self._move(occurrence)
            case Matched():
                self._venue.fill(
                    occurrence.order_id, occurrence.execution, occurrence.at_us, is_taker=False
                )
            case Printed():
                self.catalog.record_print(occurrence.trade)
                self._venue.told.append(occurrence)

    def _move(self, moved: Moved) -> None:
        """Follow a market's life: `closed` ends its orders, `finalized` pays."""
        if self._is_paused_by_hand(moved):
            return
        was = self.catalog.markets[moved.ticker].status
        market = self.catalog.move(moved)
        self._venue.told.append(moved)
        follow_pauses(self._venue, moved, was)
        if moved.status is MarketStatus.CLOSED:
            self.catalog.tallies[moved.ticker] = self.world.tally(moved.ticker)
            if self.state.resting_in(moved.ticker):
                self.state.closing[moved.ticker] = moved.at_us + CLOSE_GRACE_US
        if moved.status is not MarketStatus.FINALIZED:
            return
        value = market.payout
        if market.result is None or value is None:
            raise IntegrityError(f"{moved.ticker} was finalized without a result.")
        if self.account.settle(market, market.result, value, moved.at_us):
            self._venue.tell_position(moved.ticker, moved.at_us)

    def _is_paused_by_hand(self, moved: Moved) -> bool:
        """A market paused on demand stays so, whatever pauses the world has of its own."""
        pauses = {MarketStatus.ACTIVE, MarketStatus.INACTIVE}
        return moved.status in pauses and moved.ticker in self.state.paused_markets
