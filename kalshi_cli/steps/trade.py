"""Strategies propose, the portfolio sizes, risk disposes, execution sends.

Books are reconciled first and, where anything was sent, once more after. `--dry-run` is all of it
but the sending (and but the reconciling, which is the lease holder's).
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from kalshi_cli.domain.adjusting import Adjustment, adjustment
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.forecast import Edge, Forecast
from kalshi_cli.domain.identity import EXTERNAL, DeskState, Env
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import (
    WORKING,
    Order,
    OrderIntent,
    OrderReport,
    OrderState,
    Pending,
    Purpose,
)
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.errors import DuplicateEntry, OrderGroupTriggered, OrderGroupUnknown
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.exits._planning import ExitRules, plan_for
from kalshi_cli.filters._base import Filter
from kalshi_cli.portfolio.capital import Capital
from kalshi_cli.portfolio.methods._base import Method
from kalshi_cli.portfolio.quote_size import size_quotes
from kalshi_cli.portfolio.sizing import Sizing, Unsized
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import CancellationKind, MarketData, Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.risk._base import Control, Denial, RiskState
from kalshi_cli.risk._edge import edge_at_limit
from kalshi_cli.risk._exposure import worst_cost
from kalshi_cli.risk._gate import first_denial
from kalshi_cli.steps.amending import decrease, reprice
from kalshi_cli.steps.clearing import cancel_every_entry, off_grid
from kalshi_cli.steps.desk_view import DeskView, counted, look, risk_state, with_sent
from kalshi_cli.steps.execution import Desk, cancel_many, heed_halt_file, send
from kalshi_cli.steps.forgetting import forget_denials
from kalshi_cli.steps.isolating import (
    Broken,
    answered,
    asked,
    keep_faults,
    known_faults,
    left_by,
)
from kalshi_cli.steps.losses import hold_to_losses
from kalshi_cli.steps.marking_out import mark_out
from kalshi_cli.steps.means import means
from kalshi_cli.steps.pausing import after_refusal, paused_shards
from kalshi_cli.steps.positions import compare_positions
from kalshi_cli.steps.quoting import CloseUps, QuoteChanges, quote_changes, quotes_of, unquoted
from kalshi_cli.steps.reconcile import Reconciliation, joined, reconcile_desk
from kalshi_cli.steps.resting import new_terms, wanted_now
from kalshi_cli.strategies._base import Candidate, Strategy, View


@dataclass(frozen=True, slots=True)
class TradePolicy:
    """What trading is held to. `allocations` are shares of the bankroll by strategy.

    Forecasts below `min_confidence` are on record but no candidates. Resting entries ask the
    exchange to cancel them in a pause where `cancel_on_pause`. A strategy is not asked again after
    `max_strategy_faults` in a row. `ai_charged_to` is the strategy whose profit pays for the
    forecasts. Denials are dropped after `keep_denials_us`; None keeps them.
    """

    env: Env
    strategies: tuple[Strategy, ...]
    controls: tuple[Control, ...]
    filters: tuple[Filter, ...]
    limits: Limits
    allocations: Mapping[str, float]
    exit_rules: Mapping[str, ExitRules]
    sizing: Method
    kelly_fraction: float
    probation_stake: float | None
    min_confidence: float
    cancel_on_pause: bool
    max_strategy_faults: int
    ai_charged_to: str | None = None
    keep_denials_us: int | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """An intent that a control refused."""

    intent: OrderIntent
    denial: Denial


@dataclass(frozen=True, slots=True)
class Priced:
    """What an intent comes to at its limit: dollars that it may take, and dollars of edge left a
    contract, both after the fee. Without a fair value there is no edge.
    """

    ticker: str
    cost: Money
    edge: Edge | None


@dataclass(frozen=True, slots=True)
class TradeResult:
    """From proposals to orders. `passed` are the intents that were sent, or would have been, and
    `priced` what each comes to.

    `quotes` counts the quotes that rest at its end, as far as it knows. `reduced` says which limit
    on losses took the desk to reduce-only in this pass.
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


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Resting orders that were canceled, and those made smaller or moved, as they are now.

    `asked` says whether the exchange was asked for anything.
    """

    canceled: tuple[Order, ...]
    changed: tuple[Order, ...]
    asked: bool


async def trade(
    data: MarketData,
    desk: Desk,
    *,
    policy: TradePolicy,
    only: str | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> TradeResult:
    """Trade once. Raises `LeaseHeld` when another process took the account.

    Losses beyond a limit take the desk to reduce-only first. A desk that takes no new risk has its
    entries cancelled. Once `stopping` is true, nothing more is sent.
    """
    await heed_halt_file(desk)
    before = await reconcile_desk(data, desk)
    view = await _look(desk, policy, before)
    reduced = await hold_to_losses(data, desk, view, policy.limits, before)
    if reduced is not None:
        view = await _look(desk, policy, before)
    if await mark_out(data, desk.store, view):
        view = await _look(desk, policy, before)
    paused = await paused_shards(data, view.entries.values())
    faults = await known_faults(desk.store)
    strategies, disabled = asked(policy.strategies, faults, only)
    close_ups = CloseUps(data)
    if view.state is DeskState.ACTIVE:
        left = left_by(view.orders, {each.strategy for each in disabled})
        session = _Session(view, policy, Account.of(before, paused), close_ups)
        adjusted = await _adjust(data, desk, session, strategies, left)
    else:
        canceled = await cancel_every_entry(desk, view.orders)
        adjusted = Adjusted(canceled, (), asked=bool(canceled))
    if adjusted.asked:  # some may have filled instead
        before = joined(before, await reconcile_desk(data, desk))
        view = await _look(desk, policy, before)
    result = _Session(view, policy, Account.of(before, paused), close_ups)
    result.broken += disabled
    try:
        for strategy in strategies:
            sender = partial(_send, desk, stopping)
            await _run_strategy(data, desk.clock, result, strategy, sender)
    finally:
        await _record_denials(desk.store, desk.run.run_id, result)
    await keep_faults(
        desk.store,
        faults,
        asked=[strategy.name for strategy in strategies],
        broken=result.broken,
        now_us=view.now_us,
        most_in_a_row=policy.max_strategy_faults,
    )
    await forget_denials(desk.store, desk.clock, policy.keep_denials_us)
    after = joined(before, await reconcile_desk(data, desk)) if result.orders else before
    done = result.result(dry_run=False)
    return replace(
        done,
        canceled=adjusted.canceled,
        changed=adjusted.changed,
        reconciled=after,
        reduced=reduced,
    )


async def rehearse(
    data: MarketData,
    trading: Trading,
    store: Store,
    clock: Clock,
    *,
    policy: TradePolicy,
    only: str | None = None,
) -> TradeResult:
    """All of a trade but the sending: nothing is written and nothing is sent."""
    result = await _as_it_is(data, trading, store, clock, policy)
    strategies, disabled = asked(policy.strategies, await known_faults(store), only)
    result.broken += disabled
    for strategy in strategies:
        await _run_strategy(data, clock, result, strategy, _imagine)
    return result.result(dry_run=True)


@dataclass(frozen=True, slots=True)
class Considered:
    """What one strategy would do in some markets, each as if nothing else were proposed.

    `state` is what the controls see, `capital` what may be staked, `broken` what the strategy
    raised, or empty.
    """

    strategy: str
    sizings: Mapping[str, Sizing]
    state: RiskState
    capital: Capital
    broken: str


async def consider(
    data: MarketData,
    trading: Trading,
    store: Store,
    clock: Clock,
    *,
    policy: TradePolicy,
    tickers: Collection[str],
) -> tuple[DeskView, tuple[Considered, ...]]:
    """What each strategy would do in these markets; as little is written and sent as in rehearsal.

    Raises nothing for a strategy that breaks.
    """
    session = await _as_it_is(data, trading, store, clock, policy, also=tickers)
    view = session.view
    open_now = {t for t in tickers if view.entries[t].market.status is MarketStatus.ACTIVE}
    books = await data.books(sorted(open_now | view.contested()))
    found: list[Considered] = []
    for strategy in policy.strategies:
        state, capital = _means(session, strategy.name, books)
        proposals, _ = await _proposed(session, strategy)
        sizings = {
            ticker: _sized([p for p in proposals if p.ticker == ticker], policy, books, capital)
            for ticker in tickers
        }
        errors = [each.error for each in session.broken if each.strategy == strategy.name]
        found.append(Considered(strategy.name, sizings, state, capital, "".join(errors)))
    return view, tuple(found)


async def _as_it_is(
    data: MarketData,
    trading: Trading,
    store: Store,
    clock: Clock,
    policy: TradePolicy,
    also: Collection[str] = (),
) -> "_Session":
    """The desk and the account as they are, for whoever sends nothing."""
    balance = await trading.balance()
    compared = await compare_positions(trading, store)
    beyond = compared.unexplained
    wanted = {*also, *(position.ticker for position in beyond)}
    view = await look(store, now_us=clock.now(), filters=policy.filters, also=wanted)
    unresolved = frozenset(o.intent.ticker for o in view.orders if o.state not in WORKING)
    differing = frozenset(difference.what for difference in compared.differences)
    paused = await paused_shards(data, view.entries.values())
    shards = dict(balance.by_shard)
    frozen = unresolved | differing | frozenset(compared.unreadable)
    account = Account(balance.cash, shards, frozen, (), beyond, compared.why, paused)
    return _Session(view, policy, account, CloseUps(data))


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
    frozen: frozenset[str]
    foreign: tuple[OrderReport, ...]
    unexplained: tuple[Position, ...]
    missing: str
    paused: frozenset[int] | None
    measured: Money | None = None

    @property
    def worth(self) -> Money:
        return self.cash if self.measured is None else self.measured

    @classmethod
    def of(cls, found: Reconciliation, paused: frozenset[int] | None) -> "Account":
        return cls(
            found.balance.cash,
            dict(found.balance.by_shard),
            found.frozen_tickers,
            found.foreign,
            found.unexplained,
            found.doubt,
            paused,
            found.worth,
        )


class _Session:
    """One pass of trading: what was seen, and what came of it so far."""

    def __init__(
        self, view: DeskView, policy: TradePolicy, account: Account, close_ups: CloseUps
    ) -> None:
        self.view = view
        self.policy = policy
        self.account = account
        self.close_ups = close_ups
        self.proposals: list[Proposal] = []
        self.unsized: list[Unsized] = []
        self.denied: list[Denied] = []
        self.passed: list[OrderIntent] = []
        self.priced: list[Priced] = []
        self.orders: list[Order] = []
        self.broken: list[Broken] = []

    def limits_of(self, strategy: str) -> Limits:
        share = self.policy.allocations.get(strategy, 0.0)
        return replace(self.policy.limits, strategy_allocation=share)

    def seen(self) -> DeskView:
        """The view with the orders of this pass counted in."""
        return replace(self.view, orders=(*self.view.orders, *map(counted, self.orders)))

    def without(self, orders: Collection[Order]) -> "_Session":
        """A pass that has not begun, of a desk without these orders."""
        kept = tuple(order for order in self.view.orders if order not in orders)
        return _Session(replace(self.view, orders=kept), self.policy, self.account, self.close_ups)

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
            unsized=tuple(self.unsized),
            denied=tuple(self.denied),
            passed=tuple(self.passed),
            priced=tuple(self.priced),
            orders=() if dry_run else tuple(self.orders),
            canceled=(),
            changed=(),
            reconciled=None,
            broken=tuple(self.broken),
            quotes=len(quotes_of(self.seen().orders)),
        )


_Sender = Callable[[_Session, OrderIntent, OrderBook | None], Awaitable[Order | None]]


async def _look(desk: Desk, policy: TradePolicy, found: Reconciliation) -> DeskView:
    now = desk.clock.now()
    also = {r.ticker for r in found.foreign} | {p.ticker for p in found.unexplained}
    return await look(desk.store, now_us=now, filters=policy.filters, also=also)


async def _run_strategy(
    data: MarketData, clock: Clock, session: _Session, strategy: Strategy, sender: _Sender
) -> None:
    """Hold each intent against the controls, those before it counted as filled, and send it."""
    intents, state = await _decide(data, session, strategy)
    for intent in intents:
        denial = first_denial(session.policy.controls, intent, state, clock.now())
        if denial is not None:
            session.denied.append(Denied(intent, denial))
            continue
        order = await sender(session, intent, state.facts[intent.ticker].book)
        if order is not None:
            session.passed.append(intent)
            session.priced.append(_priced(intent, state))
            session.orders.append(order)
            state = after_refusal(with_sent(state, order), order)
            session.account = replace(session.account, paused=state.paused_shards)


def _priced(intent: OrderIntent, state: RiskState) -> Priced:
    facts = state.facts[intent.ticker]
    cost = worst_cost(intent, intent.count, state)
    return Priced(intent.ticker, cost, edge_at_limit(intent, facts))


async def _decide(
    data: MarketData, session: _Session, strategy: Strategy
) -> tuple[tuple[OrderIntent, ...], RiskState]:
    """Propose and size; quotes that rest already stand for those that would be the same."""
    view = session.seen()
    everything, books = await _proposed(session, strategy)
    proposals = unquoted(everything, view.orders)
    wanted = (view.contested() | {p.ticker for p in proposals}) - books.keys()
    books = {**(await data.books(sorted(wanted)) if wanted else {}), **books}
    state, capital = _means(session, strategy.name, books)
    sizing = _sized(proposals, session.policy, books, capital)
    session.proposals += proposals
    session.unsized += sizing.unsized
    asks = session.policy.cancel_on_pause
    return tuple(replace(i, cancel_on_pause=asks and i.post_only) for i in sizing.intents), state


def _means(
    session: _Session, strategy: str, books: Mapping[str, OrderBook]
) -> tuple[RiskState, Capital]:
    """What the controls see, and what a strategy may stake."""
    policy = session.policy
    state = risk_state(
        session.seen(),
        env=policy.env,
        limits=session.limits_of(strategy),
        cash=session.account.cash,
        by_shard=session.account.by_shard,
        measured=session.account.measured,
        books=books,
        frozen=session.account.frozen,
        foreign=session.account.foreign,
        unexplained=session.account.unexplained,
        missing=session.account.missing,
        paused=session.account.paused,
    )
    capital = means(
        state,
        strategy=strategy,
        kelly_fraction=policy.kelly_fraction,
        probation_stake=policy.probation_stake,
    )
    return state, capital


def _sized(
    proposals: Sequence[Proposal],
    policy: TradePolicy,
    books: Mapping[str, OrderBook],
    capital: Capital,
) -> Sizing:
    """Entries are staked, and quotes take what room there is: a strategy proposes one or other."""
    quotes = [proposal for proposal in proposals if proposal.purpose is Purpose.QUOTE]
    if not quotes:
        return policy.sizing.size(proposals, books, capital)
    entries = policy.sizing.size([p for p in proposals if p not in quotes], books, capital)
    sized = size_quotes(quotes, capital)
    return Sizing(entries.intents + sized.intents, entries.unsized + sized.unsized)


async def _proposed(
    session: _Session, strategy: Strategy
) -> tuple[tuple[Proposal, ...], Mapping[str, OrderBook]]:
    """What a strategy proposes, and the books it saw.

    Nothing where it breaks, which is no reason to stop the others.
    """
    desk = session.seen()
    seen = strategy_view(desk, strategy.name, session.policy.min_confidence, session.bankroll)
    close_up = await session.close_ups.seen(strategy, seen, desk)
    answer = close_up if isinstance(close_up, str) else answered(strategy.propose, close_up.view)
    if isinstance(answer, str):
        session.broken.append(Broken(strategy.name, answer))
        return (), {}
    return answer, {} if isinstance(close_up, str) else close_up.books


def strategy_view(view: DeskView, strategy: str, min_confidence: float, bankroll: Money) -> View:
    """What one strategy sees: eligible markets whose fees are known, in ticker order."""
    working: dict[str, tuple[Order, ...]] = {}
    for order in view.orders:
        if order.intent.strategy == strategy:
            working[order.intent.ticker] = (*working.get(order.intent.ticker, ()), order)
    others = {p.ticker for p in view.positions if p.owner not in {strategy, EXTERNAL}}
    others |= {o.intent.ticker for o in view.orders if o.intent.strategy != strategy}
    sure = {t: f for t, f in view.forecasts.items() if f.confidence >= min_confidence}
    candidates = [
        Candidate(
            event=view.entries[ticker].event,
            market=view.entries[ticker].market,
            quote=view.entries[ticker].quote,
            fees=view.terms(ticker),
            forecast=sure.get(ticker),
            held=view.held(ticker, strategy),
            is_working=ticker in working,
            orders=working.get(ticker, ()),
            is_taken=ticker in others,
            incentives=view.incentives.get(ticker, ()),
        )
        for ticker in view.eligible
        if view.terms(ticker).is_known
    ]
    own = tuple(mark for mark in view.markouts if mark.owner == strategy)
    return View(view.now_us, tuple(candidates), bankroll, own)


async def _send(
    desk: Desk,
    stopping: Callable[[], bool],
    session: _Session,
    intent: OrderIntent,
    book: OrderBook | None,
) -> Order | None:
    """Send with an exit plan. A forecast traded already is a denial, not an error."""
    if stopping():
        session.denied.append(
            Denied(intent, Denial("STOPPING", "the desk was told to stop", "", ""))
        )
        return None
    forecast = session.view.forecasts.get(intent.ticker)
    try:
        return await send(desk, intent, entry_plan(intent, forecast, session), book=book)
    except DuplicateEntry as error:
        told = " ".join((str(error), error.remedy))
        session.denied.append(Denied(intent, Denial("DUPLICATE_ENTRY", told, "1", "1")))
        return None
    except (OrderGroupTriggered, OrderGroupUnknown) as error:
        told = " ".join((str(error), error.remedy))
        session.denied.append(Denied(intent, Denial(error.code.upper(), told, "", "working")))
        return None


async def _imagine(session: _Session, intent: OrderIntent, book: OrderBook | None) -> Order:
    """What a rehearsal sends: an order that is nowhere but in this pass."""
    del book
    number, now = len(session.orders) + 1, session.view.now_us
    return Order(f"rehearsed {number}", intent, OrderState.INTENT, now, now, "", number)


def entry_plan(intent: OrderIntent, forecast: Forecast | None, session: _Session) -> ExitPlan:
    """What is decided about leaving when a position is entered.

    What quotes bring in, quotes take out again, on whichever side it came: no forecast, target or
    stop has a say in it.
    """
    rules = session.policy.exit_rules.get(intent.strategy, ExitRules())
    if intent.purpose is Purpose.QUOTE:
        forecast, rules = None, ExitRules(max_hold_us=rules.max_hold_us)
    return plan_for(intent, forecast, rules, session.view.now_us, session.view.terms(intent.ticker))


async def _adjust(
    data: MarketData,
    desk: Desk,
    session: "_Session",
    strategies: Sequence[Strategy],
    unwanted: tuple[Order, ...],
) -> "Adjusted":
    """Bring resting entries and quotes to what is wanted now; those off the grid go, whatever they
    are for.

    During a pause the exchange takes cancels, and no changes.
    """
    paused, view = session.account.paused, session.view
    gone, smaller, moved = list(dict.fromkeys((*off_grid(view), *unwanted))), [], []
    for order, wanted in await _wanted(data, session):
        if order in gone:
            continue
        match adjustment(order, wanted):
            case Adjustment.REPLACE:
                gone.append(order)
            case _ if paused is None or order.intent.exchange_index in paused:
                continue
            case Adjustment.DECREASE if wanted is not None:
                smaller.append((order, wanted))
            case Adjustment.AMEND if wanted is not None:
                moved.append((order, new_terms(order, wanted)))
    quotes = await _changed_quotes(session, strategies)
    gone += [order for order in quotes.gone if order not in gone]
    smaller += [each for each in quotes.smaller if each[0] not in gone]
    moved += [each for each in quotes.renewed if each[0] not in gone]
    answers = await cancel_many(desk, gone)
    canceled = [order for order, answer in answers if answer.kind is CancellationKind.CANCELED]
    for order, wanted in smaller:
        await decrease(desk, order, wanted.count)
    for order, terms in moved:
        await reprice(desk, order, terms)
    changed = [order.client_order_id for order, _ in (*smaller, *moved)]
    async with desk.store.unit() as unit:
        after = await unit.journal.find(client_order_ids=changed)
    return Adjusted(tuple(canceled), after, asked=bool(gone or changed))


async def _changed_quotes(session: "_Session", strategies: Sequence[Strategy]) -> QuoteChanges:
    """What is to become of resting quotes, by what their strategies propose now.

    A strategy that does not trade in this pass attends to none, nor does one that breaks; and where
    trading is paused, or may be, nothing shall wait for its end.
    """
    quotes = quotes_of(session.view.orders)
    wanted: list[OrderIntent] = []
    for strategy in strategies:
        own = [order for order in quotes if order.intent.strategy == strategy.name]
        if own:
            proposals, books = await _proposed(session, strategy)
            capital = _means(session.without(own), strategy.name, books)[1]
            wanted += _sized(proposals, session.policy, books, capital).intents
    paused = session.account.paused
    trading = [i for i in wanted if paused is not None and i.exchange_index not in paused]
    return quote_changes(quotes, trading, session.view.now_us)


async def _wanted(data: MarketData, session: "_Session") -> list[tuple[Order, OrderIntent | None]]:
    """Each undisturbed resting entry, and what is wanted of it."""
    view = session.view
    entries = [
        order
        for order in view.orders
        if order.state in WORKING
        and order.pending is Pending.NONE
        and order.intent.purpose is Purpose.ENTRY
    ]
    seen = {order.intent.ticker for order in entries} | view.contested()
    books = await data.books(sorted(seen)) if entries else {}
    found: list[tuple[Order, OrderIntent | None]] = []
    for order in entries:
        capital = _means(session.without([order]), order.intent.strategy, books)[1]
        book = books.get(order.intent.ticker)
        found.append((order, wanted_now(order, view, book, session.policy.sizing, capital)))
    return found


async def _record_denials(store: Store, run_id: str, session: _Session) -> None:
    if not session.denied:
        return
    rows = [(denied.intent, denied.denial) for denied in session.denied]
    async with store.unit() as unit:
        await unit.journal.deny(rows, run_id, session.view.now_us)
        await unit.commit()
