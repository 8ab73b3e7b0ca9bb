"""A desk and an exchange driven together through whatever may happen to both.

Almost nothing happens alone here: a request is lost or its answer is, the desk dies at a write,
and meanwhile an order fills, a person halts, somebody else takes over, reads show the past. After
every step no order was sent twice, by a holder that was fenced off or under a halt, and the desk
counts at least what the exchange could still do to it; and whatever the controls let pass is within
every limit, by the exchange's own word. Once everything is told, one pass makes the books true: by
arithmetic of `desk_truths` and `desk_limits`, never by the code under test.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import pytest
from fakes.clock import FakeClock
from fakes.exchange import Fault
from fakes.floor import STRATEGY, taking, the_policies
from fakes.mortal import READS, Crash, Fuse, Line, MortalStore, Venue, Watch
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from steps import desk_truths
from steps.desk_limits import Ledger, paid
from steps.desk_stage import FRESH, OTHER, PAID_IN, TICKERS, TTL_US, A, B, C, D, Stage, seize

from kalshi_cli.domain.account import CashKind, CashMovement, settlement_revenue
from kalshi_cli.domain.identity import EXTERNAL, DeskState
from kalshi_cli.domain.instant import MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import (
    WORKING,
    ExchangeOrderStatus,
    Order,
    OrderIntent,
    Purpose,
    Terms,
    TimeInForce,
)
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import LeaseHeld, Refused, Unavailable
from kalshi_cli.portfolio.methods._base import Method
from kalshi_cli.portfolio.sizing import Sizing
from kalshi_cli.ports.exchange import CancellationKind
from kalshi_cli.steps.amending import cancel, decrease, reprice
from kalshi_cli.steps.emptying import cancel_everything, cancel_ours
from kalshi_cli.steps.execution import Desk, send
from kalshi_cli.steps.hearing import hear
from kalshi_cli.steps.reconcile import reconcile_desk
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import trade
from kalshi_cli.steps.trade_policy import TradePolicy
from kalshi_cli.strategies._base import Strategy, View

Deed = TypeVar("Deed", bound=Callable[..., None])
MACHINES = int(os.environ.get("MACHINES", "25"))
DEEDS_A_MACHINE = 30
SETTLING = (C, D)
OWNER_OF = {A: STRATEGY, B: OTHER, C: STRATEGY, D: OTHER}
"""Who may enter where something is held in the beginning."""
OWNERS = (STRATEGY, OTHER)
TOO_LATE_US = 11 * SECOND
"""After ten seconds an order is not sent any more: see DESIGN's exit from a sleep."""
LONGEST_LAG_S = 4
"""Reads show a write before a search gives up: five of them, a second apart."""
POLICIES = the_policies("oracle")
LIMITS = POLICIES.trading.limits
TIGHT = (
    LIMITS,
    replace(
        LIMITS,
        capital_limit=Money.parse("400.00"),
        max_market_exposure=0.02,
        max_event_exposure=0.035,
        max_order_contracts=30,
    ),
    replace(
        LIMITS,
        capital_limit=Money.parse("400.00"),
        max_cluster_exposure=0.07,
        max_category_exposure=0.08,
        max_account_exposure=0.09,
    ),
    replace(
        LIMITS,
        max_positions=3,
        max_trades_per_hour=12,
        max_orders_per_minute=9,
        max_entries_per_market=3,
        max_unresolved_orders=0,
        reentry_cooldown_us=0,
    ),
    replace(LIMITS, min_cash_reserve=0.96, max_daily_loss=0.004, max_drawdown=0.005),
)
"""All that DESIGN sets, and sets of limits so low that they are met within a few orders."""

# What may go wrong.

picks = st.integers(0, 11)
tickers = st.sampled_from(TICKERS)
wishable = st.sampled_from((*FRESH, *FRESH, *TICKERS))
cents = st.integers(36, 48)
lagging = st.sampled_from([READS, READS, ("fills",), ("orders",), ("positions", "balance")])
hundredths = st.sampled_from([1, 100, 250, 1_000, 3_333])
STOPPED = (
    "it_is_halted", "it_may_only_reduce", "the_halt_file_appears", "it_is_taken_over", "it_sleeps",
    "everything_is_canceled",
)  # fmt: skip
MEANWHILE = (
    *STOPPED, *["an_order_fills"] * 6, *["a_lane_looks"] * 3, *["a_lane_hears"] * 3,
    *["a_lane_tracks"] * 3, *["a_lane_trades"] * 3,
    "a_person_cancels", "somebody_trades", "the_book_moves", "a_market_settles",
)  # fmt: skip
FAULTS = (
    Fault.NOT_SENT, Fault.LOST, Fault.LOST, Fault.UNANSWERED, Fault.UNANSWERED, Fault.UNANSWERED,
    Fault.THROTTLED, Fault.REFUSED, Fault.FORBIDDEN,
)  # fmt: skip


class Wished(Method):
    """Sizes by no limit at all: what is wished for is left to the controls alone."""

    def __init__(self, wishes: Sequence[OrderIntent]) -> None:
        self.wishes = wishes

    def size(self, proposals, books, capital) -> Sizing:
        return Sizing(tuple(w for w in self.wishes if w.strategy == capital.strategy), ())


@dataclass(frozen=True)
class Wishing(Strategy):
    """Has the books read of what is wished for."""

    name: str  # type: ignore[misc]
    wishes: tuple[OrderIntent, ...]

    def propose(self, view: View) -> tuple[Proposal, ...]:
        shown = {candidate.market.ticker for candidate in view.candidates}
        first = {w.ticker: w for w in reversed(self.wishes) if w.strategy == self.name}
        return tuple(
            Proposal(ticker, w.side, w.limit, 0.5, Purpose.ENTRY, None, "wished")
            for ticker, w in first.items()
            if ticker in shown
        )


@dataclass(frozen=True, slots=True)
class Trouble:
    """What befalls the next write, and what happens just before it and just after it."""

    fault: Fault | None
    tries: int
    before: str | None
    after: str | None
    dies_at: int
    dies_after: bool
    pick: int


troubles = st.builds(
    Trouble,
    fault=st.sampled_from([None] * 5 + list(FAULTS)),
    tries=st.sampled_from([1, 1, 2, 4]),
    before=st.sampled_from([None] * 30 + list(MEANWHILE)),
    after=st.sampled_from([None] * 30 + list(MEANWHILE)),
    dies_at=st.sampled_from([0] * 10 + [1, 2, 3, 4]),
    dies_after=st.booleans(),
    pick=picks,
)


DEEDS: list[st.SearchStrategy[tuple[str, dict[str, Any]]]] = []


def deed(weight: int = 1, **given: st.SearchStrategy[Any]) -> Callable[[Deed], Deed]:
    """One of the things that may happen, so many times as likely as the others.

    All of them are one rule: Hypothesis leaves out most rules in most runs, and it takes many of
    these together to do harm.
    """

    def listed(method: Deed) -> Deed:
        named = st.tuples(st.just(method.__name__), st.fixed_dictionaries(given))
        DEEDS.extend([named] * weight)
        return method

    return listed


class DeskMachine(RuleBasedStateMachine, Watch):
    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage, self.loop, self.books = stage, stage.loop, stage.books
        self.exchange = stage.again()
        self.clock: FakeClock = self.exchange.clock
        self.fuse = Fuse()
        self.venue = Venue(self.exchange, self.fuse, self)
        self.floor = self.run(stage.floor(self.exchange))
        self.orphans: list[Desk] = []
        self.holders: set[str] = set()
        self.seen = set(desk_truths.journal(self.books))
        self.paid_in = PAID_IN
        self.deeds = self.lives = self.forecasts = self.strangers = 0
        self.calm_at = 0
        self.halted_by_file: str | None = None
        self.decided_wall_us: int | None = None
        self.is_gated = False
        self.limits, self.env = LIMITS, POLICIES.trading.env
        self.shares, self.lends = dict.fromkeys(OWNERS, 0.40), False
        self.ledger = Ledger(self.exchange, self.books)
        self.run(self.take_over())

    @initialize(
        seconds=st.sampled_from([LONGEST_LAG_S, LONGEST_LAG_S, 1]),
        what=lagging,
        limits=st.sampled_from(TIGHT),
        share=st.sampled_from([0.40, 0.40, 0.01]),
        lends=st.booleans(),
    )
    def begin(self, seconds, what, limits, share, lends):
        self.lends = lends
        self.reads_lag_from_now_on(seconds, what)
        self.limits, self.shares = limits, dict.fromkeys(OWNERS, share)

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.everything_settles()
        assert self.run(self.stage.store.audit.check()).findings == ()

    # Processes that come and go.

    async def take_over(self) -> None:
        """A new process: it takes the lease, and remembers nothing."""
        self.lives += 1
        lease = await seize(self.floor, f"life {self.lives}")
        self.holders.add(lease.token)
        self.floor.run = (await self.stage.floor(self.exchange)).run
        store = MortalStore(self.stage.store, self.fuse)
        self.desk = Desk(
            Line(self.venue, lease.token),
            store,
            self.clock,
            lease,
            self.floor.run,
            halt_file=lambda: self.halted_by_file,
        )

    async def rise(self) -> None:
        """After a death somebody else trades, as soon as the lease ran out."""
        self.fuse.put_out()
        self.clock.wall_us += TTL_US
        self.orphans.clear()
        await self.take_over()

    def renew(self) -> None:
        """What the holder's keeper does all the time."""
        self.desk.lease.expires_wall_us = self.clock.wall() + TTL_US
        update = "UPDATE leases SET expires_wall_us = ? WHERE token = ?"
        self.books.execute(update, (self.desk.lease.expires_wall_us, self.desk.lease.token))
        self.books.commit()

    def does(self, work: Any, trouble: Trouble | None = None) -> Any:
        """Let the desk do something; None where it refused, could not, or died."""
        if trouble is not None:
            self.prepare(trouble)
        try:
            return self.run(work)
        except Crash:
            self.run(self.rise())
        except (Refused, Unavailable) as error:
            note(f"  {type(error).__name__}: {error}")
        finally:
            self.fuse.put_out()
            self.venue.calm_down()
            self.decided_wall_us = None
        return None

    def prepare(self, trouble: Trouble) -> None:
        if trouble.fault is not None:
            faults = [trouble.fault] * trouble.tries
            self.exchange.placing = list(faults)
            self.exchange.cancelling, self.exchange.amending = faults[:1], faults[:1]
        for hooks, name in ((self.venue.before, trouble.before), (self.venue.after, trouble.after)):
            if name is not None:
                hooks.append(partial(getattr(self, name), trouble.pick))
        self.fuse.light(trouble.dies_at, after=trouble.dies_after)

    async def look(self):
        return await reconcile_desk(self.venue, self.desk)

    async def live(self) -> tuple[Order, ...]:
        async with self.stage.store.unit() as unit:
            return await unit.journal.live()

    def resting(self):
        """What rests, as the exchange knows it."""
        self.exchange._expire()
        return [
            r for r in self.exchange.reports.values() if r.status is ExchangeOrderStatus.RESTING
        ]

    # What the desk does.

    @deed(
        7,
        ticker=tickers,
        owner=st.sampled_from(OWNERS),
        side=st.sampled_from(Side),
        limit=cents,
        count=hundredths,
        rests=st.booleans(),
        trouble=troubles,
    )
    def enters(self, ticker, owner, side, limit, count, rests, trouble):
        intent = taking(side, f"0.{limit}", strategy=owner, **self.terms(ticker, rests=rests))
        self.sends(replace(intent, count=Contracts(count)), trouble)

    @deed(2, ticker=tickers, owner=st.sampled_from(OWNERS), side=st.sampled_from(Side), pick=picks)
    def hears_of_its_fills_before_the_answer(self, ticker, owner, side, pick):
        """Which may not come."""
        if pick % 2:
            self.exchange.placing = [Fault.UNANSWERED]
        self.venue.after.append(partial(self.a_lane_hears, pick))
        limit = "0.4800" if side is Side.BID else "0.3600"
        terms = self.terms(ticker, rests=False)
        self.sends(taking(side, limit, "3.00", strategy=owner, **terms), None)

    @deed(6, pick=picks, rests=st.booleans(), trouble=troubles)
    def leaves(self, pick, rests, trouble):
        held = [p for p in self.positions() if p.owner != EXTERNAL]
        if not held:
            return
        position = held[pick % len(held)]
        side = position.side.opposite
        low, high = "0.3500", "0.5000"
        intent = taking(
            side,
            high if rests is (side is Side.ASK) else low,
            strategy=position.owner,
            purpose=Purpose.EXIT,
            reduce_only=not rests,
            **self.terms(position.ticker, rests=rests),
        )
        self.sends(replace(intent, count=abs(position.net)), trouble)

    def terms(self, ticker: str, *, rests: bool) -> dict[str, Any]:
        return {
            "ticker": ticker,
            "event_ticker": ticker[:5],
            "reason": f"deed {self.deeds}",
            "time_in_force": TimeInForce.GTC if rests else TimeInForce.IOC,
            "expires_us": self.clock.now() + 10 * MINUTE if rests else None,
        }

    def sends(self, intent: OrderIntent, trouble: Trouble | None) -> None:
        self.decided_wall_us = self.clock.wall()
        self.does(send(self.desk, intent), trouble)

    @deed(4, how=st.sampled_from(STOPPED), ticker=tickers, rests=st.booleans(), pick=picks)
    def is_stopped_just_before_it_sends(self, how, ticker, rests, pick):
        """The order is on record, and stays here."""
        self.venue.before.append(partial(getattr(self, how), pick))
        sent = len(self.exchange.placed)
        self.sends(taking(**self.terms(ticker, rests=rests)), None)
        assert len(self.exchange.placed) == sent
        self.calms_down()

    @deed(4, pick=picks, races=st.booleans(), trouble=troubles)
    def cancels(self, pick, races, trouble):
        order = self.one_that_works(pick, races=races)
        if order is not None:
            self.does(cancel(self.desk, order, "a test"), trouble)

    @deed(2, pick=picks, races=st.booleans(), share=st.integers(0, 3), trouble=troubles)
    def makes_smaller(self, pick, races, share, trouble):
        order = self.one_that_works(pick, races=races)
        if order is not None:
            left = Contracts(order.remaining.units * share // 4)
            self.does(decrease(self.desk, order, left), trouble)

    @deed(
        4,
        pick=picks,
        races=st.booleans(),
        limit=cents,
        count=st.sampled_from([100, 1_500, 5_000]),
        trouble=troubles,
    )
    def moves(self, pick, races, limit, count, trouble):
        order = self.one_that_works(pick, races=races)
        if order is None or order.intent.ticker in FRESH:  # where the controls alone decide
            return
        if order.intent.purpose is Purpose.ENTRY:
            asked = Terms(Price(100 * limit), Contracts(count), order.intent.expires_us)
            self.decided_wall_us = self.clock.wall()
            self.does(reprice(self.desk, order, asked), trouble)

    def one_that_works(self, pick: int, *, races: bool) -> Order | None:
        """An order that works, as the desk knows it; where it `races`, some of it fills first."""
        working = [order for order in self.run(self.live()) if order.state in WORKING]
        if not working:
            return None
        order = working[pick % len(working)]
        if races:
            self.venue.before.append(partial(self.fills, order.order_id, pick))
        return order

    @deed(
        5,
        fails_at=st.sampled_from([0] * 5 + [1, 2, 3, 5, 8]),
        page=st.sampled_from([1, 2, 100]),
        breaks_off=st.booleans(),
    )
    def reconciles(self, fails_at, page, breaks_off):
        self.venue.fails_at, self.exchange.page_size = fails_at, page
        self.venue.breaks_off = breaks_off
        self.venue.broken.clear()
        is_true = self.venue.tells_the_truth
        found = self.does(self.look())
        broken = self.venue.broken - {"orders"}  # searched again and again, and once may do
        assert found is None or not (found.complete and broken), broken
        settled = found is not None and found.is_settled and is_true
        if settled and not self.cash_is_taken_for_collateral():
            self.assert_books_are_true()
        self.venue.fails_at, self.exchange.page_size = 0, 100
        self.venue.breaks_off = False

    @deed(2, ticker=tickers, side=st.sampled_from(Side), pick=picks)
    def a_list_breaks_off_before_what_is_looked_for(self, ticker, side, pick):
        """An order that was not answered, behind newer ones."""
        self.exchange.placing = [Fault.UNANSWERED]
        self.sends(taking(side, "0.4200", **self.terms(ticker, rests=True)), None)
        for number in (1, 2):
            self.run(self.somebody_trades(pick + number))
        self.reconciles(fails_at=0, page=1, breaks_off=True)

    @deed(3, ticker=tickers, p=st.sampled_from([0.2, 0.6]), trouble=troubles)
    def trades(self, ticker, p, trouble):
        """The whole step: propose, size, hold against the controls, send."""
        if self.exchange.markets[ticker].status is MarketStatus.ACTIVE:
            self.forecasts += 1
            self.run(self.floor.forecast(ticker, p, f"f{self.forecasts}"))
        self.is_held_to_limits(POLICIES.trading, trouble)

    @deed(
        8,
        wished=st.lists(
            st.tuples(wishable, st.sampled_from(Side), cents, hundredths, st.booleans()),
            min_size=1,
            max_size=3,
        ),
        owner=st.sampled_from(OWNERS),
        trouble=troubles,
    )
    def wishes(self, wished, owner, trouble):
        """The whole step once more, by a strategy that knows of no limit."""
        self.run(self.floor.ingest())
        self.wants(
            *(
                taking(
                    side,
                    f"0.{limit}",
                    str(Contracts(count)),
                    strategy=OWNER_OF.get(ticker, owner),
                    post_only=rests,
                    **self.terms(ticker, rests=rests),
                )
                for ticker, side, limit, count, rests in wished
            ),
            trouble=trouble,
        )

    def wants(self, *intents: OrderIntent, trouble: Trouble | None = None) -> None:
        self.is_held_to_limits(self.wishing(*intents), trouble)

    def wishing(self, *intents: OrderIntent) -> TradePolicy:
        """Whatever names no fair value is wished for as the best bargain there is."""
        numbered = tuple(
            replace(
                intent,
                reason=f"{intent.reason} {number}",
                fair=intent.fair or (0.9 if intent.side is Side.BID else 0.1),
            )
            for number, intent in enumerate(intents)
        )
        names = dict.fromkeys(intent.strategy for intent in numbered)
        strategies = tuple(Wishing(name, numbered) for name in names)
        return replace(POLICIES.trading, strategies=strategies, sizing=Wished(numbered))

    def is_held_to_limits(self, policy: TradePolicy, trouble: Trouble | None) -> None:
        self.does(self.traded(policy), trouble)

    async def traded(self, policy: TradePolicy) -> None:
        """A whole step of trading; what it writes down is held against every limit."""
        held = replace(
            policy,
            env=self.env,
            limits=self.limits,
            allocations=self.shares,
            lends=self.lends,
        )
        lenders = frozenset(each.name for each in held.strategies) if self.lends else frozenset()
        self.ledger.paid_in, self.ledger.env = self.paid_in, self.env
        self.ledger.cooling_until = self.venue.cooling_until
        is_true = self.venue.tells_the_truth
        self.ledger.begins(self.limits, self.shares, is_true=is_true, lenders=lenders)
        self.is_gated = True
        try:
            await trade(self.venue, self.desk, policy=held)
        finally:
            self.is_gated = False

    @deed(2, trouble=troubles)
    def tracks(self, trouble):
        work = track(self.venue, self.desk, exits=POLICIES.exits, policy=POLICIES.trading)
        self.does(work, trouble)

    @deed(2, pick=picks)
    def hears(self, pick):
        self.does(self.a_lane_hears(pick))

    @deed(trouble=troubles)
    def takes_everything_back(self, trouble):
        self.does(cancel_ours(self.venue, self.desk), trouble)

    @deed(trouble=troubles)
    def takes_back_what_is_not_its_own_too(self, trouble):
        self.does(cancel_everything(self.venue, self.desk), trouble)
        self.calm_at = self.deeds + 3

    # What befalls it, also between a request and what was to come before or after it.

    @deed(state=st.sampled_from(DeskState))
    def is_told_how_to_run(self, state):
        self.does(self.into(state))

    async def into(self, state: DeskState) -> None:
        store = self.stage.store
        await set_desk_state(store, self.clock, state, reason="test", who="test")
        self.calm_at = 0 if state is DeskState.ACTIVE else self.deeds + 3

    async def it_is_halted(self, _pick: int) -> None:
        await self.into(DeskState.HALTED)

    async def it_may_only_reduce(self, _pick: int) -> None:
        await self.into(DeskState.REDUCE_ONLY)

    async def the_halt_file_appears(self, _pick: int) -> None:
        self.halted_by_file = "made by hand"
        self.calm_at = self.deeds + 3

    async def everything_is_canceled(self, _pick: int) -> None:
        await cancel_everything(self.venue, self.desk)
        self.calm_at = self.deeds + 3

    async def it_sleeps(self, _pick: int) -> None:
        self.clock.wall_us += TOO_LATE_US

    async def it_is_taken_over(self, _pick: int) -> None:
        """It could not renew its lease, which ends here; whoever takes over reconciles first."""
        self.desk.lease.expires_wall_us = self.clock.wall()
        self.orphans.append(self.desk)
        await self.take_over()
        await self.looks_if_it_can()

    async def a_lane_looks(self, _pick: int) -> None:
        await self.looks_if_it_can()

    async def looks_if_it_can(self) -> None:
        try:
            await self.look()
        except (Refused, Unavailable) as error:
            note(f"  meanwhile {type(error).__name__}: {error}")

    async def a_lane_tracks(self, _pick: int) -> None:
        """It reconciles, and leaves, cancels and cuts what it would."""
        with self.decides_now():
            await track(self.venue, self.desk, exits=POLICIES.exits, policy=POLICIES.trading)

    async def a_lane_trades(self, pick: int) -> None:
        """Beside whatever else is under way, but for another pass of trading."""
        if self.is_gated:
            return
        ticker, side = (*FRESH, *TICKERS)[pick % 6], list(Side)[pick % 2]
        wish = taking(side, f"0.{36 + pick}", "0.20", **self.terms(ticker, rests=pick % 3 == 0))
        wish = replace(wish, strategy=OWNER_OF.get(ticker, OWNERS[pick % 2]))
        with self.decides_now():
            await self.floor.ingest()
            await self.traded(self.wishing(replace(wish, post_only=pick % 3 == 0)))

    @contextmanager
    def decides_now(self) -> Iterator[None]:
        """A lane is no older for what another one does meanwhile."""
        others, self.decided_wall_us = self.decided_wall_us, self.clock.wall()
        try:
            yield
        except (Refused, Unavailable) as error:
            note(f"  meanwhile {type(error).__name__}: {error}")
        finally:
            self.decided_wall_us = others

    async def a_lane_hears(self, pick: int) -> None:
        """The stream tells some of what is new, twice and in any order."""
        fills, reports = self.exchange.all_fills, list(self.exchange.reports.values())
        told = [*fills[-1 - pick % 4 :], *fills[-1:]]
        random.Random(pick).shuffle(told)
        try:
            await hear(self.venue, self.desk, told, reports[-1 - pick % 3 :])
        except (Refused, Unavailable) as error:
            note(f"  meanwhile {type(error).__name__}: {error}")

    @deed(2)
    def dies(self):
        self.run(self.rise())

    @deed(3, is_late=st.booleans(), trouble=troubles)
    def an_old_holder_wakes_up(self, is_late, trouble):
        """It knows of no other: where it was taken for dead too soon, by its own clock it holds."""
        if not is_late or not self.orphans:
            self.orphans.append(self.desk)
            self.run(self.take_over())
        if is_late:
            self.clock.wall_us += TTL_US
            self.renew()
        before = set(desk_truths.journal(self.books))
        with pytest.raises(LeaseHeld):
            self.run(send(self.orphans[-1], taking()))
        assert set(desk_truths.journal(self.books)) == before

    # What the exchange and others do.

    @deed(
        3,
        seconds=st.sampled_from([0, 1, 3, LONGEST_LAG_S]),
        what=lagging,
    )
    def reads_lag_from_now_on(self, seconds, what):
        self.venue.lags(seconds * SECOND, what)

    @deed(1, reads=st.integers(1, 4))
    def new_orders_are_hidden_from_now_on(self, reads):
        self.venue.hides(reads)

    @deed(seed=st.integers(0, 99))
    def fills_are_told_twice_and_in_any_order(self, seed):
        self.venue.spoils = random.Random(seed)

    @deed(5, pick=picks)
    def fills_come(self, pick):
        self.run(self.an_order_fills(pick))

    async def an_order_fills(self, pick: int) -> None:
        resting = self.resting()
        if resting:
            await self.fills(resting[pick % len(resting)].order_id, pick)

    async def fills(self, order_id: str, pick: int) -> None:
        self.exchange._expire()
        report = self.exchange.reports[order_id]
        if report.status is ExchangeOrderStatus.RESTING:
            count = max(1, report.remaining.units * (1 + pick % 4) // 4)
            self.venue.changes()
            self.exchange.fill_resting(order_id, str(Contracts(count)))

    async def a_person_cancels(self, pick: int) -> None:
        resting = self.resting()
        if resting:
            report = resting[pick % len(resting)]
            self.venue.changes()
            answer = self.exchange._cancel_one(report.order_id)
            assert answer.kind is CancellationKind.CANCELED

    @deed(2, pick=picks)
    def others_act(self, pick):
        for happens in (self.somebody_trades, self.the_book_moves, self.a_person_cancels):
            if pick % 3:
                self.run(happens(pick))

    async def somebody_trades(self, pick: int) -> None:
        """By hand, on the same account."""
        self.strangers += 1
        intent = taking(
            Side.BID if pick % 2 else Side.ASK,
            f"0.{37 + pick}",
            f"{1 + pick}.50",
            ticker=TICKERS[pick % 4],
            time_in_force=TimeInForce.GTC if pick % 3 else TimeInForce.IOC,
        )
        self.venue.changes()
        scripted, self.exchange.placing = self.exchange.placing, []
        await self.exchange.place(f"{desk_truths.STRANGER}{self.strangers}", intent)
        self.exchange.placing = scripted

    async def the_book_moves(self, pick: int) -> None:
        best = 36 + pick
        self.exchange.set_book(
            TICKERS[pick % 4], [(f"0.{best}", "50.00")], [(f"0.{best + 4}", "50.00")]
        )

    @deed(2, seconds=st.sampled_from([1, 10, 60, 700]))
    def time_passes(self, seconds):
        self.clock.now_us += seconds * SECOND
        self.clock.wall_us += seconds * SECOND

    @deed(amount=st.sampled_from([-5_000_000, 20_000_000]))
    def cash_comes_or_goes(self, amount):
        self.venue.changes()
        self.paid_in += amount
        self.exchange.cash += Money(amount)
        kind = CashKind.DEPOSIT if amount > 0 else CashKind.WITHDRAWAL
        number = len(self.exchange.movements) + 1
        self.exchange.movements.append(
            CashMovement(f"cash-{number}", kind, Money(amount), self.clock.now())
        )

    @deed(2, pick=picks)
    def a_market_ends(self, pick):
        self.run(self.a_market_settles(pick))

    async def a_market_settles(self, pick: int) -> None:
        ticker = SETTLING[pick % 2]
        if self.exchange.markets[ticker].status is MarketStatus.ACTIVE:
            result = (Result.YES, Result.NO, Result.SCALAR)[pick % 3]
            self.venue.changes()
            self.exchange.settle(ticker, result, Price(3_300) if result is Result.SCALAR else None)

    @deed(2, pick=picks, is_late=st.booleans(), value=st.sampled_from([0, 2_500, 10_000]))
    def a_settlement_is_changed(self, pick, is_late, value):
        """Where it `is_late`, long after it was booked, and after others were."""
        settled = self.exchange.all_settlements
        if is_late:
            for number in (0, 1):
                self.run(self.a_market_settles(pick + number))
                self.time_passes(700)
                self.does(self.look())
        numbers = [number for number, each in enumerate(settled) if each.net]
        if not numbers:  # where nothing was held a change moves no money, and nobody is told of it
            return
        number = numbers[0 if is_late else pick % len(numbers)]
        self.venue.changes()
        paid = settled[number]
        revenue = settlement_revenue(paid.net, Price(value))
        self.exchange.cash += revenue - paid.revenue
        settled[number] = replace(paid, result=Result.SCALAR, value=Price(value), revenue=revenue)

    @deed()
    def trading_pauses(self):
        self.exchange.status = replace(self.exchange.status, trading_active=False)
        self.calm_at = self.deeds + 3

    # What must hold.

    def positions(self):
        async def read():
            async with self.stage.store.unit() as unit:
                return await unit.ledger.positions()

        return self.run(read())

    def journalled(self, client_order_id: str) -> None:
        rows = desk_truths.journal(self.books)
        if rows[client_order_id].purpose == Purpose.EXIT:
            desk_truths.assert_exit_only_reduces(self.books, client_order_id)
        elif self.is_gated:
            self.ledger.entry(client_order_id)

    def arrives(self, sender: str, purpose: str, client_order_id: str) -> None:
        token, expires_wall_us = desk_truths.holder(self.books)
        assert sender == token, f"{client_order_id} comes from {sender}, {token} holds"
        assert self.clock.wall() < expires_wall_us
        allowed = {"active", "reduce_only", "flatten"} if purpose == Purpose.EXIT else {"active"}
        assert desk_truths.desk_state(self.books) in allowed
        assert self.halted_by_file is None
        assert self.clock.now() >= self.venue.cooling_until
        if self.decided_wall_us is not None:
            assert self.clock.wall() - self.decided_wall_us < TOO_LATE_US

    def before_deed(self) -> None:
        """Nothing stands still for long, and a lease is renewed as long as its holder lives."""
        self.deeds += 1
        if self.deeds == self.calm_at:
            self.calms_down()
        self.renew()
        self.holders = {self.desk.lease.token}

    def calms_down(self) -> None:
        self.calm_at = 0
        self.halted_by_file = None
        self.exchange.status = replace(self.exchange.status, trading_active=True)
        self.clock.now_us = max(self.clock.now_us, self.venue.cooling_until)
        self.run(self.into(DeskState.ACTIVE))

    def after_deed(self) -> None:
        self.exchange._expire()
        rows = desk_truths.journal(self.books)
        desk_truths.assert_nothing_is_undercounted(rows, self.exchange)
        desk_truths.assert_each_wish_was_met_once(rows, self.exchange)
        self.ledger.hold(self.limits, set(FRESH))
        assert {rows[name].token for name in rows.keys() - self.seen} <= self.holders
        if any(row.asked_count is not None for row in rows.values()):
            for order in self.run(self.live()):
                assert order.remaining.units == rows[order.client_order_id].left, order
        self.seen = set(rows)

    @deed(2)
    def everything_settles(self):
        self.fuse.put_out()
        self.venue.catch_up()
        self.clock.now_us += 10 * SECOND
        found = self.run(self.look())
        assert found.is_settled, found
        if self.cash_is_taken_for_collateral():
            for report in self.resting():
                assert self.exchange._cancel_one(report.order_id).kind is CancellationKind.CANCELED
            found = self.run(self.look())
            assert found.is_settled, found
        self.assert_books_are_true()

    def cash_is_taken_for_collateral(self) -> bool:
        """Whether as much is missing as rests: no balance tells the two apart while it does."""
        missing = (self.ledger_cash() - self.exchange.cash).units
        opening = all_of_it = 0
        closable = Counter({ticker: net.units for ticker, net in self.exchange.nets.items()})
        for report in self.resting():  # the oldest comes first
            sign, left, held = report.side.sign, report.remaining.units, closable[report.ticker]
            price = paid(report.side.value, report.price.units)
            closes = min(left, max(0, -sign * held))
            closable[report.ticker] += sign * closes
            all_of_it += price * left
            opening += price * (left - closes)
        return missing > 0 and missing in {opening, all_of_it}

    def ledger_cash(self) -> Money:
        async def ledger():
            async with self.stage.store.unit() as unit:
                return await unit.ledger.cash()

        return self.run(ledger())

    def assert_books_are_true(self) -> None:
        desk_truths.assert_books_are_true(self.books, self.exchange, self.paid_in)
        assert self.ledger_cash() == self.exchange.cash


class Driven(DeskMachine):
    """Every deed is known by now."""

    @rule(done=st.integers(0, len(DEEDS) - 1).flatmap(DEEDS.__getitem__))
    def goes_on(self, done):
        name, given = done
        note(f"{name}({given})")
        self.before_deed()
        getattr(self, name)(**given)
        self.after_deed()


@contextmanager
def a_stage() -> Iterator[Stage]:
    stage = Stage()
    try:
        yield stage
    finally:
        stage.close()


@pytest.mark.slow
@pytest.mark.timeout(max(600, 6 * MACHINES))
def test_whatever_happens_the_books_come_true():
    """Drafts of it failed within ten machines for each of these, taken out of the desk one by one;
    a run as short may miss some:

    the lease in the journal; lease, halt, HALT file, cooling and age of a decision just before the
    send; a fifth search; the count after a cancel; fills that are not booked yet; the worse of two
    terms; a changed settlement, also one long past; one id for one wish; an incomplete list as no
    evidence; a fill known by its id, and left alone while its order is not shown; the search for
    orders of a life before; exits that only reduce.
    """
    with a_stage() as stage:
        run_state_machine_as_test(
            partial(Driven, stage),
            settings=settings(
                max_examples=MACHINES,
                derandomize="MACHINES" not in os.environ,  # the suite repeats, torture explores
                stateful_step_count=DEEDS_A_MACHINE,
                suppress_health_check=list(HealthCheck),
            ),
        )
