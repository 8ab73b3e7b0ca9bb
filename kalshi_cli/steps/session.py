"""One pass of trading: what it sees, and what comes of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Self

from kalshi_cli.domain.forecast import Edge
from kalshi_cli.domain.levels import Levels
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import WORKING, Order, OrderIntent, OrderReport
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.stop import StopCount
from kalshi_cli.domain.trial import Trial
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.portfolio.sizing import Unsized
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData, Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.risk._base import Denial, RiskState
from kalshi_cli.steps.at_risk import counted
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.foreign import foreign_among
from kalshi_cli.steps.freezing import of_differences, of_orders, of_unreadable
from kalshi_cli.steps.isolating import Broken
from kalshi_cli.steps.looking import look
from kalshi_cli.steps.pausing import paused_shards
from kalshi_cli.steps.quoting import Close, CloseUps, quotes_of
from kalshi_cli.steps.reconcile import Reconciliation
from kalshi_cli.steps.trade_policy import TradePolicy
from kalshi_cli.steps.weighing import resting_orders, weigh
from kalshi_cli.strategies._base import Abstention, View


@dataclass(frozen=True, slots=True)
class Denied:
    """An intent that a control refused."""

    intent: OrderIntent
    denial: Denial


@dataclass(frozen=True, slots=True)
class StrategyUnsized:
    """What a strategy proposed that got no contracts."""

    strategy: str
    unsized: Unsized


@dataclass(frozen=True, slots=True)
class Priced:
    """What an intent comes to at its limit: dollars that it may take at most, and dollars of edge
    left a contract, both after fees. Without a fair value there is no edge.
    """

    ticker: str
    cost: Money
    edge: Edge | None


@dataclass(frozen=True, slots=True)
class TradeResult:
    """From proposals to orders. `passed` are the intents that were sent, or would have been, and
    `priced` what each comes to.

    `funnel` says where the markets of each strategy came to their end.

    `quotes` counts the quotes that rest at its end, as far as it knows. `widened` are the plans of
    entries whose stop or trail lies farther than was asked for, or nowhere. `reduced` says which
    limit on losses took the desk to reduce-only in this pass.
    """

    at_us: int
    dry_run: bool
    considered: int
    proposals: tuple[Proposal, ...]
    unsized: tuple[Unsized, ...]
    denied: tuple[Denied, ...]
    passed: tuple[OrderIntent, ...]
    priced: tuple[Priced, ...]
    orders: tuple[Order, ...]
    canceled: tuple[Order, ...]
    changed: tuple[Order, ...]
    reconciled: Reconciliation | None
    broken: tuple[Broken, ...] = ()
    reduced: Denial | None = None
    quotes: int = 0
    funnel: tuple[StopCount, ...] = ()
    widened: tuple[ExitPlan, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """What reconciling told: cash, markets to leave alone, foreign orders, what no fill explains,
    what is in doubt.

    `by_shard` is where the cash lies, where the exchange tells. `paused` are the shards that take
    no orders; None where that is not known. `measured` is the
    cash that profit and loss are measured by.
    """

    cash: Money
    by_shard: Mapping[int, Money]
    frozen: Mapping[str, str]
    foreign: tuple[OrderReport, ...]
    unexplained: tuple[Position, ...]
    missing: str
    paused: frozenset[int] | None
    measured: Money | None = None

    @property
    def worth(self) -> Money:
        return self.cash if self.measured is None else self.measured

    @classmethod
    def of(cls, found: Reconciliation, paused: frozenset[int] | None, ledger: Money) -> Self:
        return cls(
            found.balance.cash,
            dict(found.balance.by_shard),
            found.frozen,
            found.foreign,
            found.unexplained,
            found.doubt,
            paused,
            found.measured(ledger),
        )


class Session:
    """One pass of trading: what was seen, and what came of it so far."""

    def __init__(
        self, view: DeskView, policy: TradePolicy, account: Account, close_ups: Close
    ) -> None:
        self.view = view
        self.policy = policy.under(view.rebalanced)
        self.account = account
        self.close_ups = close_ups
        self.proposals: list[Proposal] = []
        self.unsized: list[StrategyUnsized] = []
        self.views: dict[str, View] = {}
        self.abstentions: dict[str, Mapping[str, Abstention]] = {}
        self.denied: list[Denied] = []
        self.passed: list[OrderIntent] = []
        self.priced: list[Priced] = []
        self.orders: list[Order] = []
        self.broken: list[Broken] = []
        self.levels: dict[tuple[str, str], Levels] = {}
        self.widened: list[ExitPlan] = []
        self.trials: dict[str, tuple[Trial, ...]] = {}
        self.wanted: dict[str, Money] | None = None
        """What each strategy that was asked did not get of its share; None before a pass."""

    def limits_of(self, strategy: str) -> Limits:
        return self.policy.held_to(strategy, self.wanted)

    def seen(self) -> DeskView:
        """The view with the orders of this pass counted in."""
        return replace(self.view, orders=(*self.view.orders, *map(counted, self.orders)))

    def keep(self, state: RiskState) -> None:
        """Hand on what the controls know after an order: the next strategy is held to it too."""
        self.account = replace(self.account, paused=state.paused_shards, frozen=state.unresolved)
        self.view = replace(
            self.view,
            entries_last_hour=state.entries_last_hour,
            orders_last_minute=state.orders_last_minute,
            entries_today=state.entries_today,
            triggered_shards=state.triggered_shards,
            barred=state.barred,
        )

    def without(self, orders: Collection[Order]) -> "Session":
        """A pass that has not begun, of a desk without these orders."""
        kept = tuple(order for order in self.view.orders if order not in orders)
        return self._seeing(replace(self.view, orders=kept))

    def where_involved(self) -> "Session":
        """A pass that has not begun, which knows those markets alone in which something is held or
        ordered: all that counts for what rests there, and little beside all that may be entered.
        """
        view = self.view
        orders = (*view.orders, *view.unbooked)
        known = {order.intent.ticker for order in orders} | {p.ticker for p in view.positions}
        known |= {report.ticker for report in self.account.foreign}
        known |= {position.ticker for position in self.account.unexplained}
        entries = {ticker: entry for ticker, entry in view.entries.items() if ticker in known}
        return self._seeing(replace(view, entries=entries))

    def _seeing(self, view: DeskView) -> "Session":
        return Session(view, self.policy, self.account, self.close_ups)

    @property
    def bankroll(self) -> Money:
        """About what shares are of: by quotes, since books are read for what is proposed alone."""
        equity = self.view.valued(self.account.worth, {}).equity
        limit = self.policy.limits.capital_limit
        return equity if limit is None else min(equity, limit)

    def result(self, *, dry_run: bool) -> TradeResult:
        return TradeResult(
            at_us=self.view.now_us,
            dry_run=dry_run,
            considered=len(self.view.eligible),
            proposals=tuple(self.proposals),
            unsized=tuple(each.unsized for each in self.unsized),
            denied=tuple(self.denied),
            passed=tuple(self.passed),
            priced=tuple(self.priced),
            orders=() if dry_run else tuple(self.orders),
            canceled=(),
            changed=(),
            reconciled=None,
            broken=tuple(self.broken),
            widened=tuple(self.widened),
            quotes=len(quotes_of(self.seen().orders)),
        )


async def as_it_is(
    data: MarketData,
    trading: Trading,
    store: Store,
    clock: Clock,
    policy: TradePolicy,
    also: Collection[str] = (),
) -> Session:
    """The desk and the account as they are, for whoever sends nothing."""
    resting = await resting_orders(trading)
    foreign = await foreign_among(store, clock, resting.items)
    seen = await weigh(trading, store)
    balance, compared = seen.balance, seen.compared
    beyond, missing = compared.unexplained, compared.why or resting.why
    wanted = {*also, *(position.ticker for position in beyond), *(r.ticker for r in foreign)}
    view = await look(store, now_us=clock.now(), filters=policy.filters, also=wanted)
    unresolved = [order for order in view.orders if order.state not in WORKING]
    paused = await paused_shards(data, view.entries.values())
    shards = dict(balance.by_shard)
    frozen = {
        **of_differences(compared.differences),
        **of_orders(unresolved, ()),
        **of_unreadable("position", compared.unreadable),
    }
    measured = view.cash if seen.opened else None
    account = Account(balance.cash, shards, frozen, foreign, beyond, missing, paused, measured)
    return Session(view, policy, account, CloseUps(data))
