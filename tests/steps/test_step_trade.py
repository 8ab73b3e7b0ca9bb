"""From proposals to orders: sized, held against the controls, sent; or rehearsed."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from fakes.exchange import Fault
from fakes.floor import ASKS, BIDS, EVENT, STRATEGY, A, B, taking, the_policies, waiting
from sqlalchemy import select, update

from kalshi_cli.adapters.store import tables
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import LeaseHeld, Unauthorized
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.risk._base import Denial
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.trade import rehearse, trade
from kalshi_cli.strategies._base import Strategy

pytestmark = pytest.mark.databases


@dataclass(frozen=True)
class Scripted(Strategy):
    """Proposes to take the quote of these markets, on a fair value of 60 cents."""

    tickers: tuple[str, ...] = (A, B)
    limit: str = "0.4400"
    most: str | None = None
    name: ClassVar[str] = STRATEGY

    def propose(self, view):
        return tuple(
            Proposal(
                ticker=candidate.market.ticker,
                side=Side.BID,
                limit=Price.parse(self.limit),
                fair=0.60,
                purpose=Purpose.ENTRY,
                max_contracts=self.most and Contracts.parse(self.most),
                reason="scripted",
                forecast_id=candidate.forecast and candidate.forecast.forecast_id,
            )
            for candidate in view.candidates
            if candidate.market.ticker in self.tickers and not candidate.is_working
        )


class Other(Scripted):
    name: ClassVar[str] = "other"


class Blind(Scripted):
    """Does not look at what it has working already."""

    def propose(self, view):
        blind = [replace(candidate, is_working=False) for candidate in view.candidates]
        return super().propose(replace(view, candidates=tuple(blind)))


def policy(*strategies, **changes):
    base = the_policies().trading
    limits = replace(base.limits, **changes)
    shares = {STRATEGY: 0.40, "other": 0.40}
    return replace(base, strategies=strategies or (Scripted(),), limits=limits, allocations=shares)


async def forecasts(floor):
    await floor.forecast(A, name="fa")
    await floor.forecast(B, name="fb")


async def run(floor, *strategies, only=None, **changes):
    return await trade(floor.exchange, floor.desk, policy=policy(*strategies, **changes), only=only)


async def rehearsed(floor, *strategies, **changes):
    return await rehearse(
        floor.exchange,
        floor.exchange,
        floor.store,
        floor.clock,
        policy=policy(*strategies, **changes),
    )


async def dump(floor):
    """Everything the store holds."""
    async with floor.store.transaction(reads=True) as transaction:
        return {
            each.name: [tuple(row) for row in await transaction.rows(select(*each.c))]
            for each in tables.all_tables().sorted_tables
        }


async def test_a_forecast_becomes_an_order_at_the_stake_rule(floor):
    await floor.reconcile()
    await floor.forecast()
    result = await run(floor)
    # The 5 % cap of $1,000 buys floor(50 / 0.44) = 113 contracts without fees; 100 rest at 0.44.
    (order,) = result.orders
    assert (order.state, str(order.filled)) == (OrderState.FILLED, "100.00")
    assert order.intent.forecast_id == "f1"
    (priced,) = result.priced
    assert (str(priced.cost), round(priced.edge, 4)) == ("44.000000", 0.16)
    assert [u.proposal.ticker for u in result.unsized] == [B]  # no forecast, no stake
    assert result.reconciled.new_fills
    assert (result.reconciled.complete, result.reconciled.differences) == (True, ())
    assert await floor.nets() == {(A, STRATEGY): "100.00"}
    assert await floor.cash() == "956.000000"
    async with floor.store.unit() as unit:
        (plan,) = (await unit.plans.all()).values()
    assert (plan.ticker, plan.owner, plan.entry_fair) == (A, STRATEGY, 0.60)


async def test_what_waits_is_staked_and_held_to_an_edge_by_the_dearest_fees_until_it_expires(floor):
    """A bid of 41 for what is worth 44, on three quarters of Kelly's stake: 0.75 x 0.03 / 0.59 of
    $1,000 buy 93 where they are free; with what a maker pays later, 0.4233 cents, they cost 41.4233
    and 0.75 x 0.025767 / 0.585767 buy 79.
    """
    event = floor.exchange.events[EVENT]
    floor.exchange.events[EVENT] = replace(event, fees=FeeTerms("quadratic_with_maker_fees"))
    floor.clock.now_us += HOUR
    now, market = floor.clock.now(), floor.exchange.markets[A]
    sent = []
    for ends_us in (now + HOUR, now + 10 * MINUTE):
        floor.exchange.markets[A] = replace(market, fee_waiver_expires_us=ends_us)
        await floor.ingest()
        await floor.reconcile()
        await floor.forecast(A, p=0.44)
        result = await rehearse(
            floor.exchange, floor.exchange, floor.store, floor.clock,
            policy=the_policies("oracle").trading,
        )  # fmt: skip
        ((intent,), (priced,)) = result.passed, result.priced
        sent.append((str(intent.limit), str(intent.count), f"{priced.edge:.4f}"))
    assert sent == [("0.4100", "93.00", "0.0300"), ("0.4100", "79.00", "0.0258")]


async def test_a_forecast_is_traded_once(floor):
    await forecasts(floor)
    await run(floor, Scripted(most="50.00"))
    for ticker in (A, B):
        floor.exchange.set_book(ticker, BIDS, ASKS)
    again = await run(floor)
    assert (again.orders, len(floor.exchange.placed)) == ((), 2)
    assert [d.denial.code for d in again.denied] == ["DUPLICATE"] * 2


class Nameless(Scripted):
    """Does not say which forecast it trades on."""

    fair_error: ClassVar[float | None] = None

    def propose(self, view):
        changes = {"forecast_id": None, "fair_error": self.fair_error}
        return tuple(replace(proposal, **changes) for proposal in super().propose(view))


class Knowing(Nameless):
    """States evidence of its own."""

    fair_error: ClassVar[float | None] = 0.05


async def test_a_forecast_that_an_entry_was_not_made_on_has_no_say_in_leaving(floor):
    await forecasts(floor)
    (order, _) = (await run(floor, Knowing())).orders
    assert order.intent.forecast_id is None
    async with floor.store.unit() as unit:
        plan = (await unit.plans.all())[order.intent.ticker, STRATEGY]
    assert (plan.entry_confidence, plan.entry_probability) == (None, None)


async def test_what_names_no_forecast_is_held_to_the_one_that_it_is_staked_by(floor):
    await forecasts(floor)
    first = await run(floor, Nameless(most="50.00"))
    assert [order.intent.forecast_id for order in first.orders] == ["fa", "fb"]
    for ticker in (A, B):
        floor.exchange.set_book(ticker, BIDS, ASKS)
    again = await run(floor, Nameless())
    assert [d.denial.code for d in again.denied] == ["DUPLICATE"] * 2


async def test_what_has_evidence_of_its_own_is_held_to_an_edge_all_the_same(floor):
    await forecasts(floor)
    result = await run(floor, Knowing(tickers=(A,)), min_net_edge=0.17)
    assert result.orders == ()
    (order,) = (await run(floor, Knowing(tickers=(A,)))).orders
    assert (order.intent.forecast_id, order.intent.fair) == (None, 0.60)


async def test_a_dry_run_writes_nothing_and_sends_nothing(floor):
    await floor.reconcile()
    await forecasts(floor)
    before = await dump(floor)
    result = await rehearsed(floor)
    assert await dump(floor) == before
    assert (floor.exchange.placed, result.orders, result.reconciled) == ([], (), None)
    assert result.dry_run
    assert len(result.passed) == 2


@pytest.mark.parametrize("limits", [{}, {"max_positions": 1}, {"max_trades_per_hour": 1}])
async def test_a_dry_run_shows_what_would_be_sent(floor, limits):
    await floor.reconcile()
    await forecasts(floor)
    imagined = await rehearsed(floor, **limits)
    real = await run(floor, **limits)
    assert imagined.passed == real.passed
    assert imagined.denied == real.denied
    assert imagined.priced == real.priced
    assert len(real.orders) == (1 if limits else 2)


async def test_a_denial_is_a_row_with_its_numbers(floor):
    await forecasts(floor)
    result = await run(floor, max_positions=1)
    (denied,) = result.denied
    (row,) = await floor.store.reports.denials()
    assert (row.run_id, row.strategy, row.purpose) == (floor.run.run_id, STRATEGY, "entry")
    assert (row.code, row.ticker) == (denied.denial.code, denied.intent.ticker)
    assert (row.value, row.limit) == ("2", "1")


async def test_old_denials_are_dropped_once_a_day(floor, monkeypatch):
    """One at a time, until none is left: as many commits as it takes."""
    monkeypatch.setattr("kalshi_cli.steps.forgetting.AT_ONCE", 1)
    floor.clock.now_us += DAY - floor.clock.now_us % DAY  # midnight
    began = floor.clock.now()
    intents = [taking(ticker=B), taking(ticker=B)]

    async def left(after_us, keep_us=2 * DAY):
        floor.clock.now_us = began + after_us
        keeping = replace(policy(), strategies=(), keep_denials_us=keep_us)
        await trade(floor.exchange, floor.desk, policy=keeping)
        return len(await floor.store.reports.denials())

    async with floor.store.unit() as unit:
        denied = [(intent, Denial("CODE", "why", "2", "1")) for intent in intents]
        await unit.journal.deny(denied, floor.run.run_id, began)
        await unit.commit()
    assert await left(2 * DAY) == 2  # not older than that
    assert await left(3 * DAY - 1) == 2  # the same day: once is enough
    assert await left(3 * DAY, None) == 2  # for ever
    assert await left(3 * DAY) == 0


async def test_an_entry_on_a_forecast_that_stands_is_denied_and_the_rest_goes_on(floor):
    """The unique key is the last word, should the controls not know."""
    await forecasts(floor)
    await send(floor.desk, waiting(floor.clock, ticker=A, forecast_id="fa"))
    unguarded = replace(policy(), controls=())

    result = await trade(
        floor.exchange, floor.desk, policy=replace(unguarded, strategies=(Blind(),))
    )
    assert [d.denial.code for d in result.denied] == ["DUPLICATE_ENTRY"]
    assert [order.intent.ticker for order in result.orders] == [B]
    assert [intent.ticker for intent in result.passed] == [B]


async def test_orders_sent_count_as_filled_within_the_pass(floor):
    """An event may lose 10 %; three stakes of 5 % would lose 15 %."""
    tickers = (A, B, "KXT-1-C")
    floor.exchange.add_event("KXT-1", tickers)
    for ticker in tickers:
        floor.exchange.set_book(ticker, BIDS, (("0.4400", "900.00"),))
    floor.clock.now_us += HOUR
    await floor.ingest()
    for ticker in tickers:
        await floor.forecast(ticker, name=f"f{ticker[-1]}")
    result = await run(floor, Scripted(tickers))
    risked = sum(order.intent.limit.units * order.intent.count.units for order in result.orders)
    assert 0.09 * 1_000e6 < risked <= 0.10 * 1_000e6
    first = [order.intent for order in result.orders][:2]
    # 113 x (0.44 + fee 0) = 49.72 each; what is left of $100 is 0.56: one contract
    assert [str(intent.count) for intent in first] == ["113.00", "113.00"]


async def test_two_strategies_share_the_rooms(floor):
    """The second one finds the quote taken, and the event's room used but for $16."""
    await forecasts(floor)
    result = await run(floor, Scripted((A,)), Other((A, B)), max_event_exposure=0.06)
    assert [(o.intent.strategy, o.intent.ticker) for o in result.orders] == [
        (STRATEGY, A),
        ("other", B),
    ]
    first, second = (order.intent for order in result.orders)
    assert str(first.count) == "100.00"  # $44 of the event's $60
    assert str(second.count) == "36.00"  # floor(16 / 0.44)
    assert [(u.proposal.ticker, u.reason) for u in result.unsized] == [(A, "NO_DEPTH")]


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ({"max_trades_per_hour": 1}, "RATE"),
        ({"max_orders_per_minute": 1}, "ORDER_RATE"),
        ({"max_positions": 1}, "MAX_POSITIONS"),
    ],
)
async def test_strategies_share_the_counts_of_a_pass(floor, limit, code):
    await forecasts(floor)
    result = await trade(
        floor.exchange, floor.desk, policy=policy(Scripted((A,)), Other((B,)), **limit)
    )
    assert [order.intent.ticker for order in result.orders] == [A]
    assert [(d.intent.ticker, d.denial.code) for d in result.denied] == [(B, code)]


async def test_what_one_strategy_was_refused_no_other_tries_in_the_same_pass(floor):
    await forecasts(floor)
    floor.exchange.placing = [Fault.FORBIDDEN]
    result = await run(floor, Scripted((A,)), Other((B,)))
    assert len(floor.exchange.placed) == 1
    assert [(d.intent.ticker, d.denial.code) for d in result.denied] == [(B, "CATEGORY_FORBIDDEN")]


async def test_only_one_strategy_may_be_asked(floor):
    await forecasts(floor)
    result = await run(floor, Scripted((A,)), Other((B,)), only="other")
    assert [order.intent.strategy for order in result.orders] == ["other"]


async def test_the_best_edge_comes_first(floor):
    """Room for one: it goes to the better ratio of edge to risk, whatever the alphabet."""
    await forecasts(floor)
    floor.exchange.set_book(B, BIDS, (("0.4200", "200.00"),))
    floor.clock.now_us += HOUR
    await floor.ingest()
    result = await run(floor, max_positions=1)
    assert [order.intent.ticker for order in result.orders] == [B]


@pytest.mark.parametrize(("low", "orders"), [(0.30, 0), (0.35, 1)])
async def test_unsure_forecasts_are_no_candidates(floor, low, orders):
    """Confidence 0.44 is below the threshold of 0.45; 0.51 trades."""
    await floor.forecast(A, low=low, high=0.86 if low == 0.30 else 0.84)
    result = await trade(floor.exchange, floor.desk, policy=the_policies("oracle").trading)
    assert (len(result.proposals), len(result.orders)) == (orders, orders)
    assert result.considered == 2


async def test_a_halted_desk_sends_nothing(floor):
    await forecasts(floor)
    await set_desk_state(floor.store, floor.clock, DeskState.HALTED, reason="test", who="test")
    result = await run(floor)
    assert {d.denial.code for d in result.denied} == {"HALT_STATE"}
    assert floor.exchange.placed == []


async def test_a_key_that_is_refused_sends_one_order_and_no_more(floor):
    await floor.reconcile()
    await forecasts(floor)
    floor.exchange.placing = [Fault.UNAUTHORIZED]
    with pytest.raises(Unauthorized):
        await run(floor)
    assert len(floor.exchange.placed) == 1
    assert [order.state for order in await floor.orders()] == [OrderState.REJECTED]


async def test_a_lost_lease_stops_trading(floor):
    """Once another process has taken it, what its keeper still believes is of no account."""
    await forecasts(floor)
    async with floor.store.transaction() as transaction:
        await transaction.write(update(tables.LEASES).values(token="another's"))
        await transaction.commit()
    with pytest.raises(LeaseHeld, match="taken"):
        await run(floor)
    assert floor.exchange.placed == []
    assert await floor.orders() == ()


async def test_a_resting_entry_goes_when_the_newest_forecast_takes_its_edge(floor):
    await forecasts(floor)
    stale = await send(floor.desk, waiting(floor.clock, ticker=A, forecast_id="fa"))
    fresh = await send(floor.desk, waiting(floor.clock, ticker=B, forecast_id="fb"))
    floor.clock.now_us += MINUTE
    await floor.forecast(A, p=0.415, name="fa2", blended=0.415)  # bought at 0.41: edge 0.005
    await floor.forecast(B, p=0.425, name="fb2", blended=0.425)  # edge 0.015
    result = await run(floor, Scripted(()))
    assert [order.client_order_id for order in result.canceled] == [stale.client_order_id]
    assert {o.client_order_id: o.state for o in await floor.orders()} == {
        stale.client_order_id: OrderState.CANCELED,
        fresh.client_order_id: OrderState.RESTING,
    }


async def test_a_resting_entry_goes_when_there_is_no_market_to_anchor_to(floor):
    await floor.forecast()
    await send(floor.desk, waiting(floor.clock, forecast_id="f1"))
    floor.clock.now_us += MINUTE
    await floor.forecast(name="f2", blended=None, market=None)
    assert len((await run(floor, Scripted(()))).canceled) == 1


async def test_exits_and_strangers_never_go_stale(floor):
    await floor.forecast()
    await send(floor.desk, taking())
    await floor.reconcile()
    await send(floor.desk, waiting(floor.clock, Side.ASK, "0.4300", purpose=Purpose.EXIT))
    await floor.exchange.place("theirs", waiting(floor.clock, limit="0.4000"))
    floor.clock.now_us += MINUTE
    await floor.forecast(p=0.30, name="f2")
    assert (await run(floor, Scripted(()))).canceled == ()


async def test_a_stale_entry_that_filled_first_is_not_called_canceled(floor):
    await floor.forecast()
    order = await send(floor.desk, waiting(floor.clock, forecast_id="f1"))
    floor.clock.now_us += MINUTE
    await floor.forecast(p=0.30, name="f2")

    class Raced:
        def __getattr__(self, name):
            return getattr(floor.exchange, name)

        async def cancel(self, order_id, ticker, index):
            floor.exchange.fill_resting(order_id, "10.00")
            return await floor.exchange.cancel(order_id, ticker, index)

    desk = floor.desk_on(Raced())
    result = await trade(floor.exchange, desk, policy=policy(Scripted(())))
    assert result.canceled == ()
    await floor.reconcile()
    assert (await floor.order()).state is OrderState.FILLED
    assert order.client_order_id == (await floor.order()).client_order_id


async def test_no_new_risk_where_an_order_is_unresolved(floor):
    await forecasts(floor)
    floor.exchange.placing = [Fault.UNANSWERED]
    result = await run(floor, Scripted((A,), most="5.00"), Other((A,)))
    assert [order.state for order in result.orders] == [OrderState.UNKNOWN]
    assert [d.denial.code for d in result.denied] == ["MARKET_OWNED"]
    assert len(floor.exchange.placed) == 1
    assert await floor.nets() == {(A, STRATEGY): "5.00"}  # found again at the end of the pass


async def test_what_was_not_sent_is_traded_again_on_the_same_forecast(floor):
    await forecasts(floor)
    floor.exchange.placing = [Fault.NOT_SENT]
    first = await run(floor, Scripted((A,)))
    assert [order.state for order in first.orders] == [OrderState.NOT_SENT]
    second = await run(floor, Scripted((A,)))
    assert [order.state for order in second.orders] == [OrderState.FILLED]
    (lost, sent) = (*first.orders, *second.orders)
    assert lost.intent.forecast_id == sent.intent.forecast_id == "fa"
    assert await floor.nets() == {(A, STRATEGY): str(sent.intent.count)}


async def test_a_market_with_an_unknown_order_is_frozen(floor):
    await forecasts(floor)
    floor.exchange.placing = [Fault.LOST]
    await send(floor.desk, taking(count="1.00", purpose=Purpose.QUOTE))
    floor.exchange.unusable = [Unusable("order o9", "odd")]  # so the search proves nothing
    result = await run(floor, Blind())
    assert sorted((d.intent.ticker, d.denial.code) for d in result.denied) == [
        (A, "UNRESOLVED"),
        (B, "BOOKS_INCOMPLETE"),
    ]
    assert result.orders == ()


class Raising(Scripted):
    name: ClassVar[str] = "other"

    def propose(self, view):
        raise ZeroDivisionError("division by zero")


async def test_a_strategy_that_breaks_stops_no_other(floor):
    await forecasts(floor)
    result = await run(floor, Raising(), Scripted(tickers=(A,)))
    assert [(b.strategy, b.error) for b in result.broken] == [
        ("other", "ZeroDivisionError: division by zero")
    ]
    assert [order.intent.ticker for order in result.orders] == [A]


@pytest.mark.parametrize("fair", [float("nan"), float("inf"), -3.0, 7.0])
async def test_no_number_that_is_none_is_traded_on(floor, fair):
    class Absurd(Scripted):
        def propose(self, view):
            return tuple(replace(each, fair=fair) for each in super().propose(view))

    await forecasts(floor)
    result = await run(floor, Absurd())
    assert result.orders == ()
    assert len(result.unsized) + len(result.denied) + len(result.broken) > 0
