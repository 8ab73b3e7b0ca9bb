"""What every part of the exchange does to our orders: fill, withdraw, remember, tell."""

from dataclasses import dataclass, field

from kalshi_cli.domain.book import reaches
from kalshi_cli.domain.fees import exit_terms, fill_fee
from kalshi_cli.domain.market import Market
from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.order import Fill
from kalshi_cli.engine.happenings import Filled, Happening, OrderChanged, PositionChanged
from kalshi_cli.engine.orders import ExchangeOrder, UpdateReason, derived_id
from kalshi_cli.engine.schedule import in_weekly_pause
from kalshi_cli.engine.state import ExchangeState
from kalshi_cli.engine.world import Execution, World
from kalshi_cli.errors import IntegrityError


@dataclass(slots=True)
class Venue:
    """A world, our state in it, and what is still to be told to listeners."""

    world: World
    state: ExchangeState
    told: list[Happening] = field(default_factory=list)

    @property
    def now_us(self) -> int:
        return self.world.now_us

    def market(self, ticker: str) -> Market:
        return self.state.catalog.markets[ticker]

    def is_paused(self, shard: int) -> bool:
        """Whether a shard takes no orders now: the weekly pause, or one on demand."""
        return in_weekly_pause(self.now_us) or shard in self.state.paused_shards

    def next_id(self, kind: str) -> str:
        self.state.ids_given += 1
        return derived_id(self.world.world_id, kind, self.state.ids_given)

    def keep(self, order: ExchangeOrder) -> None:
        """Remember an order as it is now, and tell."""
        self.state.keep(order)
        self.told.append(OrderChanged(order))

    def withdraw(
        self, order: ExchangeOrder, reason: UpdateReason, at_us: int | None = None
    ) -> None:
        """Take what is left of an order out of the book."""
        self.world.leave(order.ticker, order.order_id)
        self.keep(order.canceled(self.now_us if at_us is None else at_us, reason))

    def fill(self, order_id: str, execution: Execution, at_us: int, *, is_taker: bool) -> Fill:
        """Book one execution. Raises `IntegrityError` for one that the order does not allow."""
        order = self.state.orders[order_id]
        if not reaches(order.side, order.price, execution.price):
            raise IntegrityError(f"Order {order_id} filled through its limit: {execution}.")
        if not 0 < execution.count.units <= order.remaining.units:
            raise IntegrityError(f"Order {order_id} overfilled: {execution}.")
        fill = Fill(
            fill_id=self.next_id("fill"),
            order_id=order_id,
            ticker=order.ticker,
            side=order.side,
            price=execution.price,
            count=execution.count,
            is_taker=is_taker,
            fee=fill_fee(
                exit_terms(self.state.catalog.fee_terms(order.ticker, at_us)),
                side=order.side,
                price=execution.price,
                count=execution.count,
                is_taker=is_taker,
            ),
            at_us=at_us,
            exchange_index=order.shard,
        )
        self.state.account.book_fill(fill)
        self._count_in_group(order, fill)
        self._tell_fill(order, fill)
        return fill

    def _count_in_group(self, order: ExchangeOrder, fill: Fill) -> None:
        group = self.state.groups.get(order.group_id)
        if group is not None:
            self.state.groups[group.group_id] = group.counted(fill)

    def _tell_fill(self, order: ExchangeOrder, fill: Fill) -> None:
        net = self.state.account.net(fill.ticker)
        self.told.append(Filled(fill, order.client_order_id, net))
        self.keep(order.filled_by(fill))
        self.tell_position(fill.ticker, fill.at_us)

    def tell_position(self, ticker: str, at_us: int) -> None:
        account = self.state.account
        volume = account.turnover[ticker].count
        self.told.append(PositionChanged(account.positions[ticker], volume, at_us))

    def shrink(self, order: ExchangeOrder, remaining: Contracts, reason: UpdateReason) -> None:
        """Take contracts off a resting order, which keeps its place in the queue."""
        if remaining:
            self.world.reduce(order.ticker, order.order_id, remaining)
        else:
            self.world.leave(order.ticker, order.order_id)
        self.keep(order.shrunk(remaining, self.now_us, reason))
