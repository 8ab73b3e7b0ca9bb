"""A maker at work: two quotes a market, kept while they are right, and nothing doubled or lost."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from fakes.exchange import Fault
from fakes.floor import A, B, the_policies, waiting
from fakes.heard import FakeStream

from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.domain.identity import DeskState, Env
from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.markout import Horizon
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import READS_LAG_US, WORKING, OrderState, Pending, Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import StoreBusy, Unavailable
from kalshi_cli.exits._planning import ExitRules
from kalshi_cli.ports.exchange import ExchangeStatus
from kalshi_cli.ports.stream import BookLost, Change, Link, MarketChange
from kalshi_cli.settings.sections import Filters, Intervals, MarketMaking, Settings, Trading
from kalshi_cli.steps.amending import decrease
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.explain import follow_order
from kalshi_cli.steps.guarding import Guard
from kalshi_cli.steps.pulling import ASKED_PAUSE_US
from kalshi_cli.steps.react import attend, react
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import trade
from kalshi_cli.strategies._base import Strategy

pytestmark = pytest.mark.databases

MAKER = "market_making"


@dataclass(frozen=True)
class Scripted(Strategy):
    """Quotes ten contracts on both sides of A at these prices, once it has seen it close up."""

    bid: str | None = "0.4100"
    ask: str | None = "0.4300"
    count: str = "10.00"
    goes: str = ""
    tickers: tuple[str, ...] = (A,)
    name: ClassVar[str] = MAKER

    def watches(self, view):
        return self.tickers

    def withdraws(self, quote, book):
        return self.goes

    def propose(self, view):
        return tuple(
            self._quote(candidate, side, price, view.now_us)
            for candidate in view.candidates
            if candidate.book is not None and not candidate.is_taken
            for side, price in ((Side.BID, self.bid), (Side.ASK, self.ask))
            if price is not None
        )

    def _quote(self, candidate, side, price, now_us):
        assert candidate.trades is not None
        return Proposal(
            ticker=candidate.market.ticker,
            side=side,
            limit=Price.parse(price),
            fair=0.42,
            purpose=Purpose.QUOTE,
            max_contracts=Contracts.parse(self.count),
            reason="scripted",
            resting=True,
            expires_us=now_us + 20 * MINUTE,
        )


class Raising(Scripted):
    def propose(self, view):
        raise RuntimeError("boom")


def policy(*strategies, **changes):
    base = the_policies().trading
    return replace(
        base,
        strategies=strategies or (Scripted(),),
        limits=replace(base.limits, **changes),
        allocations={MAKER: 0.30},
        exit_rules={MAKER: ExitRules(0.5, 0.5, 0.5, 72 * HOUR, HOUR)},
    )


async def run(floor, *strategies, only=None, **changes):
    return await trade(floor.exchange, floor.desk, policy=policy(*strategies, **changes), only=only)


async def resting(floor) -> dict[Side, str]:
    """The prices of the quotes that the desk thinks rest."""
    found = [o for o in await floor.orders() if o.state in WORKING]
    assert len({o.intent.side for o in found}) == len(found), "two of a side"
    at_exchange = {r.order_id for r in floor.exchange._resting()}
    assert {o.order_id for o in found} == at_exchange
    return {o.intent.side: str(o.intent.limit) for o in found}


async def test_quotes_both_sides_and_then_leaves_them_alone(floor):
    await floor.reconcile()
    first = await run(floor)
    assert [o.intent.purpose for o in first.orders] == [Purpose.QUOTE] * 2
    assert (first.quotes, await resting(floor)) == (2, {Side.BID: "0.4100", Side.ASK: "0.4300"})
    for order in first.orders:
        assert order.intent.post_only
        assert order.intent.cancel_on_pause
        assert order.intent.forecast_id is None
    floor.clock.now_us += MINUTE
    again = await run(floor)
    assert (again.proposals, again.canceled, again.changed, again.quotes) == ((), (), (), 2)
    assert len(floor.exchange.placed) == 2


async def test_both_sides_reserve_collateral(floor):
    """$1,000: the bid of 100 takes $41, of $50 of risk the ask gets what $9 buy of NO."""
    result = await run(floor, Scripted(count="100.00"))
    assert {str(o.intent.side): str(o.intent.count) for o in result.orders} == {
        "bid": "100.00",
        "ask": "15.00",
    }


async def test_a_quote_at_another_price_is_canceled_before_the_next_is_placed(floor):
    await run(floor)
    moved = await run(floor, Scripted(bid="0.4200", ask="0.4300"))
    assert [str(o.intent.limit) for o in moved.canceled] == ["0.4100"]
    assert [str(o.intent.limit) for o in moved.orders] == ["0.4200"]
    assert await resting(floor) == {Side.BID: "0.4200", Side.ASK: "0.4300"}


async def test_a_quote_that_is_wanted_lives_on_and_keeps_its_place(floor):
    (bid, _) = sorted((await run(floor)).orders, key=lambda o: o.intent.side is Side.ASK)
    floor.exchange.set_book(A, (("0.4100", "500.00"),), (("0.4400", "100.00"),))
    floor.clock.now_us += 11 * MINUTE
    result = await run(floor)
    assert len(result.changed) == 2
    assert {o.intent.expires_us for o in result.changed} == {floor.clock.now_us + 20 * MINUTE}
    assert len(floor.exchange.placed) == 2
    assert floor.exchange.reports[bid.order_id].expires_us == floor.clock.now_us + 20 * MINUTE


async def test_less_is_cut_and_keeps_its_place(floor):
    await run(floor)
    result = await run(floor, Scripted(count="5.00"))
    assert {str(o.remaining) for o in result.changed} == {"5.00"}
    assert len(floor.exchange.placed) == 2


async def test_what_filled_is_made_whole_when_most_of_it_is_gone(floor):
    (first, _) = (await run(floor)).orders
    side = first.intent.side
    floor.exchange.fill_resting(first.order_id, "4.00")
    assert (await run(floor)).orders == ()
    floor.exchange.fill_resting(first.order_id, "3.00")
    result = await run(floor)
    assert [(o.intent.side, str(o.intent.count)) for o in result.orders] == [(side, "10.00")]
    assert (await floor.nets())[A, MAKER] == ("7.00" if side is Side.BID else "-7.00")


@pytest.mark.parametrize("strategies", [(Scripted(bid=None, ask=None),), (Raising(),)])
async def test_what_nobody_wants_any_more_goes(floor, strategies):
    await run(floor)
    result = await run(floor, *strategies)
    assert (len(result.canceled), result.quotes, await resting(floor)) == (2, 0, {})
    assert len(result.broken) == isinstance(strategies[0], Raising)


async def test_what_nobody_attends_to_goes(floor):
    await run(floor)
    other = the_policies().trading.strategies
    result = await trade(floor.exchange, floor.desk, policy=policy(*other))
    assert len(result.canceled) == 2
    await run(floor)
    assert len((await run(floor, Scripted(), *other, only="directional_trading")).canceled) == 2


async def test_a_book_that_cannot_be_read_takes_the_quotes_away(floor):
    await run(floor)
    kept = floor.exchange.books

    async def blind(tickers):
        return {t: b for t, b in (await kept(tickers)).items() if t != A}

    floor.exchange.books = blind
    assert len((await run(floor)).canceled) == 2


async def test_nothing_waits_for_the_end_of_a_pause(floor):
    await run(floor)
    floor.exchange.status = ExchangeStatus(exchange_active=True, trading_active=False)
    result = await run(floor)
    assert (len(result.canceled), result.orders, result.quotes) == (2, (), 0)


async def test_a_desk_that_takes_no_risk_quotes_nothing(floor):
    await run(floor)
    for state in (DeskState.REDUCE_ONLY, DeskState.HALTED):
        await set_desk_state(floor.store, floor.clock, state, reason="test", who="test")
        await run(floor)
        assert await resting(floor) == {}


async def test_a_market_of_another_strategy_is_not_quoted(floor):
    await send(floor.desk, waiting(floor.clock, strategy="directional_trading"))
    assert (await run(floor)).proposals == ()


async def test_a_cancel_of_unknown_outcome_is_never_doubled(floor):
    await run(floor)
    floor.exchange.cancelling = [Fault.UNANSWERED]
    result = await run(floor, Scripted(bid="0.4200"))
    live = [r for r in floor.exchange._resting() if r.side is Side.BID]
    assert len(live) <= 1
    assert await resting(floor) == {Side.ASK: "0.4300", **{r.side: str(r.price) for r in live}}
    assert not any(o.state is OrderState.UNKNOWN for o in result.orders)


async def test_a_cancel_that_is_refused_leaves_one_quote(floor):
    await run(floor)
    floor.exchange.cancelling = [Fault.REFUSED]
    result = await run(floor, Scripted(bid="0.4200"))
    assert result.orders == ()
    assert await resting(floor) == {Side.BID: "0.4100", Side.ASK: "0.4300"}


async def test_what_quotes_bring_in_has_a_plan_without_target_or_stop(floor):
    await floor.forecast(p=0.43)
    (order, _) = (await run(floor)).orders
    floor.exchange.fill_resting(order.order_id, "4.00")
    await floor.reconcile()
    async with floor.store.unit() as unit:
        plan = (await unit.plans.all())[A, MAKER]
    assert (plan.levels.stop, plan.levels.target, plan.entry_confidence) == (None, None, None)
    assert plan.levels.leave_by_us == floor.clock.now_us + 72 * HOUR
    assert plan.levels.before_close_us == HOUR


# What fills were worth later.


async def filled(floor):
    """Ten contracts bought at 41 cents, made on a fair value of 42."""
    bid = next(o for o in (await run(floor)).orders if o.intent.side is Side.BID)
    floor.exchange.fill_resting(bid.order_id, "10.00")
    await floor.reconcile()


async def markouts(floor):
    async with floor.store.unit(reads=True) as unit:
        return await unit.making.markouts(0)


async def test_fills_are_looked_at_again_after_five_minutes_and_an_hour(floor):
    await filled(floor)
    await run(floor, Scripted(bid=None, ask=None))
    assert await markouts(floor) == ()
    floor.clock.now_us += 5 * MINUTE
    # Of others 100 at 36 and 300 at 40 remain: (36 * 300 + 40 * 100) / 400 = 37 cents.
    floor.exchange.set_book(A, (("0.3600", "100.00"),), (("0.4000", "300.00"),))
    await run(floor, Scripted(bid=None, ask=None))
    (mark,) = await markouts(floor)
    assert (mark.ticker, mark.owner, mark.horizon) == (A, MAKER, Horizon.SOON)
    assert (mark.given, mark.kept, mark.half) == pytest.approx((0.01, -0.04, 0.02))
    assert mark.adverse == pytest.approx(0.05)
    await run(floor, Scripted(bid=None, ask=None))
    assert len(await markouts(floor)) == 1
    floor.clock.now_us += 55 * MINUTE
    await run(floor, Scripted(bid=None, ask=None))
    assert [m.horizon for m in await markouts(floor)] == [Horizon.SOON, Horizon.LATER]


async def test_our_own_quotes_are_no_evidence(floor):
    await filled(floor)
    floor.clock.now_us += 5 * MINUTE
    floor.exchange.set_book(A, (("0.3600", "100.00"),), (("0.4600", "100.00"),))
    await run(floor)  # our ask rests at 43 cents, and a bid comes anew
    (mark,) = await markouts(floor)
    assert (mark.kept, mark.half) == pytest.approx((0.0, 0.05))


async def test_a_fill_that_nobody_looked_at_in_time_is_let_be(floor):
    await filled(floor)
    floor.clock.now_us += 4 * HOUR
    await floor.ingest()
    await run(floor)
    assert await markouts(floor) == ()


async def test_entries_have_no_mark_outs(floor):
    order = await send(floor.desk, waiting(floor.clock, fair=0.5))
    floor.exchange.fill_resting(order.order_id, "10.00")
    await floor.reconcile()
    floor.clock.now_us += 10 * MINUTE
    await run(floor, Scripted(tickers=(B,)))
    assert await markouts(floor) == ()


class Elsewhere(Scripted):
    """Another maker, which attends to no quote of the first."""

    name: ClassVar[str] = "statistical_arbitrage"


@pytest.mark.parametrize(
    ("state", "looks"),
    [(DeskState.ACTIVE, 1), (DeskState.ACTIVE, 0), (DeskState.REDUCE_ONLY, 0)],
)
async def test_what_is_stale_goes_though_no_fill_can_be_looked_at(floor, monkeypatch, state, looks):
    """An active desk looks once at what it holds, for losses; the next look is for the fill. Where
    neither can be read, nothing is concluded of losses.
    """
    await filled(floor)
    floor.clock.now_us += 5 * MINUTE
    await set_desk_state(floor.store, floor.clock, state, reason="t", who="t")
    assert list(await resting(floor)) == [Side.ASK]
    books, left = floor.exchange.books, [A] * looks

    async def at_last_unreadable(tickers):
        if not left:
            raise Unavailable("down")
        assert tickers == [left.pop()]
        return await books(tickers)

    monkeypatch.setattr(floor.exchange, "books", at_last_unreadable)
    with pytest.raises(Unavailable):
        await run(floor, Elsewhere(tickers=()))
    assert await resting(floor) == {}
    async with floor.store.unit(reads=True) as unit:
        assert await unit.desk.state() is state


@dataclass(frozen=True)
class ElsewhereInB(Elsewhere):
    """It has quotes of its own."""

    tickers: tuple[str, ...] = (B,)


@pytest.mark.parametrize("rests", [Purpose.ENTRY, Purpose.QUOTE])
async def test_what_is_stale_goes_and_what_cannot_be_judged_stays(floor, monkeypatch, rests):
    """In A a quote that nobody attends to, in B an order whose book cannot be read."""
    await filled(floor)
    floor.clock.now_us += 5 * MINUTE
    changes = {"ticker": B, "purpose": rests}
    strategy = Elsewhere.name if rests is Purpose.QUOTE else "directional_trading"
    await send(floor.desk, waiting(floor.clock, strategy=strategy, **changes))
    await floor.reconcile()

    async def unreadable(tickers):
        raise Unavailable("down")

    monkeypatch.setattr(floor.exchange, "books", unreadable)
    with pytest.raises(Unavailable):
        await run(floor, ElsewhereInB())
    left = [order.intent for order in await floor.orders() if order.state in WORKING]
    assert [(intent.ticker, intent.purpose) for intent in left] == [(B, rests)]


# Programmes.


def a_program(now_us, **changes):
    facts = {"kind": "liquidity", "reward": Money.parse("50.00"), "paid_out": False}
    span = {"start_us": now_us - HOUR, "end_us": now_us + 2 * HOUR}
    return IncentiveProgram(
        **{"program_id": "p1", "ticker": A, "target": Contracts.parse("300.00"),
           "discount_bps": 5_000, **facts, **span, **changes}
    )  # fmt: skip


async def test_programmes_are_kept_by_a_full_pass_and_forgotten_by_the_next(floor):
    now = floor.clock.now_us
    floor.notices.programs = [a_program(now), a_program(now, program_id="p2", paid_out=True)]
    floor.clock.now_us += HOUR
    await floor.ingest()
    async with floor.store.unit(reads=True) as unit:
        assert await unit.making.incentives(now + HOUR) == {A: (a_program(now),)}
        assert await unit.making.incentives(now + 2 * HOUR) == {}
    floor.notices.programs = []
    floor.clock.now_us += HOUR
    await floor.ingest()
    async with floor.store.unit(reads=True) as unit:
        assert await unit.making.incentives(now + HOUR) == {}


async def test_programmes_that_cannot_be_read_stay_as_they_were(floor):
    now = floor.clock.now_us
    floor.notices.programs = [a_program(now)]
    floor.clock.now_us += HOUR
    await floor.ingest()

    async def silent(cursor=""):
        raise Unavailable("down")

    floor.notices.incentives = silent
    floor.clock.now_us += HOUR
    found = await floor.ingest()
    assert (found.complete, found.why_incomplete) == (False, "down")
    async with floor.store.unit(reads=True) as unit:
        assert await unit.making.incentives(now + HOUR) == {A: (a_program(now),)}


# The real one, with its defaults.


def the_maker(min_volume=0, **changes):
    settings = Settings(
        home="unused",
        filters=Filters(min_volume=min_volume),
        trading=Trading(strategies=(MAKER,)),
        market_making=MarketMaking(**changes),
        intervals=Intervals(trade_s=30.0),
    )
    return policies(Env.DEMO, settings, None).trading


async def paid_for(floor):
    now = floor.clock.now_us
    floor.notices.programs = [
        a_program(now, program_id=ticker, ticker=ticker, end_us=now + 30 * HOUR)
        for ticker in (A, B)
    ]
    floor.clock.now_us += HOUR
    await floor.ingest()


async def test_a_market_where_nobody_trades_and_nobody_pays_is_not_quoted(floor):
    result = await trade(floor.exchange, floor.desk, policy=the_maker())
    assert (result.proposals, result.broken) == ((), ())


async def test_the_real_maker_joins_others_where_nothing_is_known(floor):
    """40/44: a fair value of 42, a half-spread of 2, of which nine tenths are lost.

    Nobody trades there, but the exchange pays for quoting.
    """
    await paid_for(floor)
    result = await trade(floor.exchange, floor.desk, policy=the_maker())
    quotes = {(o.intent.ticker, str(o.intent.side)): str(o.intent.limit) for o in result.orders}
    assert quotes == {
        (A, "bid"): "0.4000",
        (A, "ask"): "0.4400",
        (B, "bid"): "0.4000",
        (B, "ask"): "0.4400",
    }
    # $5 at 58 cents, the dearer outcome
    assert {str(o.intent.count) for o in result.orders} == {"8.00"}
    floor.clock.now_us += 10 * SECOND
    again = await trade(floor.exchange, floor.desk, policy=the_maker())
    assert (again.orders, again.canceled, again.quotes) == ((), (), 4)


async def test_inventory_is_left_by_the_clock_and_by_nothing_else(floor):
    await paid_for(floor)
    await trade(floor.exchange, floor.desk, policy=the_maker())
    bid = next(o for o in await floor.orders() if o.intent.side is Side.BID)
    floor.exchange.fill_resting(bid.order_id, "8.00")
    policies_ = the_policies()
    tracked = await track(floor.exchange, floor.desk, exits=policies_.exits, policy=the_maker())
    assert tracked.exits == ()
    ticker = bid.intent.ticker
    market = floor.exchange.markets[ticker]
    floor.exchange.markets[ticker] = replace(market, close_us=market.close_us + 90 * HOUR)
    floor.clock.now_us += 73 * HOUR
    late = await track(floor.exchange, floor.desk, exits=policies_.exits, policy=the_maker())
    assert [each.reason.code for each in late.exits] == ["TIME_LIMIT"]


async def test_where_a_filter_drops_the_market_what_is_held_is_quoted_away_and_no_more(floor):
    await paid_for(floor)
    await trade(floor.exchange, floor.desk, policy=the_maker())
    bid = next(o for o in await floor.orders() if o.intent.side is Side.BID)
    floor.exchange.fill_resting(bid.order_id, "5.00")
    strict = the_maker(min_volume=1_000_000_000)
    for _ in range(2):  # what was there goes, or is cut to what is held; then it stays
        result = await trade(floor.exchange, floor.desk, policy=strict)
        assert (result.denied, result.broken) == ((), ())
        quotes = [o for o in await floor.orders() if o.state in WORKING]
        assert [(o.intent.ticker, o.intent.side, str(o.remaining)) for o in quotes] == [
            (bid.intent.ticker, Side.ASK, "5.00")
        ]
    floor.exchange.fill_resting(quotes[0].order_id, "5.00")
    await trade(floor.exchange, floor.desk, policy=strict)
    assert [o for o in await floor.orders() if o.state in WORKING] == []
    assert await floor.nets() == {}


async def test_what_no_share_pays_for_is_quoted_away_until_its_exit_takes_the_place(floor):
    """Ten cents of inventory pay for no contract; the quote goes before the exit does."""
    await paid_for(floor)
    await trade(floor.exchange, floor.desk, policy=the_maker())
    bid = next(o for o in await floor.orders() if o.intent.side is Side.BID)
    floor.exchange.fill_resting(bid.order_id, "5.00")
    ticker = bid.intent.ticker
    market = floor.exchange.markets[ticker]
    floor.exchange.markets[ticker] = replace(market, close_us=market.close_us + 90 * HOUR)
    poor = the_maker(inventory_share=0.0001)
    for wait_us in (72 * HOUR - 10 * MINUTE, 15 * MINUTE):  # the second one would rest for 20
        await floor.ingest()
        result = await trade(floor.exchange, floor.desk, policy=poor)
        assert (result.denied, result.broken) == ((), ())
        quotes = [o for o in await floor.orders() if o.state in WORKING]
        assert [(o.intent.ticker, o.intent.side, str(o.remaining)) for o in quotes] == [
            (ticker, Side.ASK, "5.00")
        ]
        floor.clock.now_us += wait_us
    exits = the_policies().exits
    late = await track(floor.exchange, floor.desk, exits=exits, policy=poor)
    assert [each.reason.code for each in late.exits] == ["TIME_LIMIT"]
    ends = {o.order_id: o.state for o in await floor.orders() if o.intent.ticker == ticker}
    assert ends[quotes[0].order_id] is OrderState.CANCELED
    assert WORKING.isdisjoint(ends.values())
    assert await floor.nets() == {}


# What goes at once.


class Guarded:
    """A floor with two quotes in A, whose guard hears the exchange's stream."""

    def __init__(self, floor, strategy=None):
        self.floor, self.stream = floor, FakeStream(floor.exchange)
        self.strategy = strategy or Leaning()
        self.guard = Guard((), strategies=(self.strategy,))

    async def begin(self):
        await run(self.floor)
        self.hear()
        await self.attend()
        self.hear()
        return self

    def hear(self):
        for event in self.stream.told():
            self.guard.hear(event, self.floor.clock.now())

    async def attend(self):
        floor, held_to = self.floor, policy(self.strategy)
        return await attend(floor.exchange, floor.desk, self.stream, self.guard, policy=held_to)

    async def react(self):
        return await react(self.floor.desk, self.stream, self.guard, policy=policy(self.strategy))


class Leaning(Scripted):
    """Takes a quote back where others' mid is two cents off."""

    def withdraws(self, quote, book):
        bid, ask = (None, None) if book is None else (book.best_bid, book.best_ask)
        if bid is None or ask is None:
            return "no market"
        mid = (bid.price.units + ask.price.units) / 20_000
        return "moved" if abs(mid - quote.intent.fair) > 0.02 else ""


SPEAKING_AGAINST = pytest.mark.parametrize(
    "event",
    [
        BookLost(A, "a gap"),
        Link(connected=False, reason="gone"),
        MarketChange(A, Change.DEACTIVATED),
    ],
    ids=lambda event: type(event).__name__,
)
"""One of each kind of what the stream may tell that takes the quotes of a market away."""


async def test_a_quote_that_its_strategy_takes_back_goes_at_the_change_of_the_book(floor):
    guarded = await Guarded(floor).begin()
    assert guarded.stream.followed == {A}
    assert not guarded.guard.is_urgent
    floor.exchange.set_book(A, (("0.3500", "10.00"),), (("0.4400", "10.00"),))
    guarded.hear()
    assert guarded.guard.is_urgent
    done = await guarded.react()
    assert (len(done.pulled), done.exits, await resting(floor)) == (2, (), {})
    for quote in done.pulled:
        trail = await follow_order(floor.store.reports, quote.client_order_id)
        assert [e.detail for e in trail.events if e.cause is Cause.CANCEL] == ["moved"]
    assert not guarded.guard.is_urgent
    guarded.hear()
    await guarded.attend()
    assert (await guarded.react()).pulled == ()


async def test_our_own_quotes_are_not_taken_for_the_market(floor):
    """Others are at 40/44; ours, at 41/43, and the loss of one of them, move nothing."""
    guarded = await Guarded(floor).begin()
    bid = next(o for o in await floor.orders() if o.intent.side is Side.BID)
    floor.exchange.fill_resting(bid.order_id, "10.00")
    guarded.hear()
    assert not guarded.guard.quotes.pulled


@pytest.mark.parametrize(
    "event",
    [
        BookLost(A, "a gap"),
        Link(connected=False, reason="gone"),
        MarketChange(A, Change.DEACTIVATED),
        MarketChange(A, Change.CLOSE_DATE_UPDATED),
        MarketChange(A, Change.DETERMINED),
    ],
    ids=lambda event: type(event).__name__,
)
async def test_quotes_do_not_outlast_what_they_rest_on(floor, event):
    guarded = await Guarded(floor).begin()
    guarded.guard.hear(event, floor.clock.now())
    assert len((await guarded.react()).pulled) == 2
    assert await resting(floor) == {}


@SPEAKING_AGAINST
async def test_a_look_in_between_forgets_no_quote_that_is_to_go(floor, event):
    """The book is lost while another exit is sent, and what is held is looked at meanwhile."""
    guarded = await Guarded(floor).begin()
    guarded.guard.hear(event, floor.clock.now())
    await guarded.attend()
    assert guarded.guard.is_urgent
    assert len((await guarded.react()).pulled) == 2
    assert await resting(floor) == {}


@SPEAKING_AGAINST
async def test_a_quote_that_was_on_its_way_then_goes_as_soon_as_it_rests(floor, event):
    guarded = await Guarded(floor).begin()
    floor.exchange.placing = [Fault.UNANSWERED]
    sells = waiting(floor.clock, Side.ASK, "0.4300", strategy=MAKER, purpose=Purpose.QUOTE)
    unanswered = await send(floor.desk, replace(sells, fair=0.42))
    floor.clock.now_us += 1
    guarded.guard.hear(event, floor.clock.now())
    assert len((await guarded.react()).pulled) == 2
    await guarded.attend()
    assert not guarded.guard.is_urgent
    await floor.reconcile()
    await guarded.attend()
    assert [q.client_order_id for q in (await guarded.react()).pulled] == [
        unanswered.client_order_id
    ]
    assert await resting(floor) == {}


async def test_a_quote_with_a_change_under_way_when_its_book_was_lost_goes_after_it(floor):
    guarded = await Guarded(floor).begin()
    bid = next(o for o in await floor.orders() if o.intent.side is Side.BID)
    floor.exchange.amending = [Fault.LOST]
    changed, _ = await decrease(floor.desk, bid, Contracts.parse("4.00"))
    assert changed.pending is Pending.AMEND
    await guarded.attend()
    guarded.guard.hear(BookLost(A, "a gap"), floor.clock.now())
    assert len((await guarded.react()).pulled) == 1
    floor.clock.now_us += READS_LAG_US
    await floor.reconcile()
    await guarded.attend()
    assert [q.client_order_id for q in (await guarded.react()).pulled] == [bid.client_order_id]
    assert await resting(floor) == {}


async def test_a_quote_that_was_sent_after_its_book_was_lost_stays(floor):
    """It was decided on a book that was read since; a look judges it until the stream is back."""
    guarded = await Guarded(floor).begin()
    guarded.guard.hear(BookLost(A, "a gap"), floor.clock.now())
    await guarded.react()
    floor.clock.now_us += 1
    assert len((await run(floor)).orders) == 2
    await guarded.attend()
    assert not guarded.guard.is_urgent


async def test_a_quote_that_is_gone_at_the_next_look_is_not_asked_to_go(floor):
    guarded = await Guarded(floor).begin()
    guarded.guard.hear(BookLost(A, "a gap"), floor.clock.now())
    bid = next(o for o in await floor.orders() if o.intent.side is Side.BID)
    floor.exchange.fill_resting(bid.order_id, "10.00")
    guarded.hear()
    await guarded.attend()
    assert bid.client_order_id not in guarded.guard.quotes.pulled
    assert len(guarded.guard.quotes.pulled) == 1


async def test_a_quote_that_the_exchange_did_not_take_away_is_asked_to_go_again(floor):
    guarded = await Guarded(floor).begin()
    floor.exchange.cancelling = [Fault.THROTTLED]
    guarded.guard.hear(BookLost(A, "a gap"), floor.clock.now())
    assert len((await guarded.react()).pulled) == 2
    assert len(await resting(floor)) == 2
    await guarded.attend()
    guarded.guard.hear(BookLost(A, "a gap"), floor.clock.now())
    assert len((await guarded.react()).pulled) == 2
    assert await resting(floor) == {}


async def test_a_cancel_that_was_refused_is_tried_again_without_another_word(floor):
    """The stream tells once that a book is lost. It is no cancel after the other, though."""
    guarded = await Guarded(floor).begin()
    floor.exchange.cancelling = [Fault.THROTTLED]
    guarded.guard.hear(BookLost(A, "a gap"), floor.clock.now())
    assert len((await guarded.react()).pulled) == 2
    await guarded.attend()
    assert not guarded.guard.is_urgent
    floor.clock.now_us += ASKED_PAUSE_US
    await guarded.attend()
    assert set(guarded.guard.quotes.pulled.values()) == {"its book is lost"}
    assert len((await guarded.react()).pulled) == 2
    assert await resting(floor) == {}
    floor.clock.now_us += ASKED_PAUSE_US
    await guarded.attend()
    assert not guarded.guard.is_urgent


async def test_a_quote_that_its_strategy_takes_back_in_vain_is_asked_to_go_now_and_then(floor):
    """The exchange takes no cancels while it pauses, and the book says to go at every look."""
    guarded = await Guarded(floor).begin()
    floor.exchange.status = ExchangeStatus(False, False)
    floor.exchange.set_book(A, (("0.3500", "10.00"),), (("0.4400", "10.00"),))
    guarded.hear()
    asked = 0
    for _ in range(10):
        asked += len((await guarded.react()).pulled)
        floor.clock.now_us += SECOND
        await guarded.attend()
    assert asked == 2 * 2  # two quotes, at once and five seconds later
    floor.exchange.status = ExchangeStatus(True, True)
    assert len((await guarded.react()).pulled) == 2
    assert await resting(floor) == {}


async def test_a_clock_that_is_set_back_keeps_no_quote_from_going_nor_takes_others_away(floor):
    guarded = await Guarded(floor).begin()
    floor.exchange.cancelling = [Fault.THROTTLED]
    guarded.guard.hear(BookLost(A, "a gap"), floor.clock.now())
    assert len((await guarded.react()).pulled) == 2
    floor.clock.now_us -= HOUR
    await guarded.attend()
    assert len((await guarded.react()).pulled) == 2
    assert await resting(floor) == {}
    floor.clock.now_us += MINUTE
    assert len((await run(floor)).orders) == 2
    await guarded.attend()
    assert not guarded.guard.is_urgent


async def test_a_cancel_that_nobody_answered_is_looked_into_and_tried_again(floor):
    guarded = await Guarded(floor).begin()
    floor.exchange.cancelling = [Fault.LOST]
    guarded.guard.hear(BookLost(A, "a gap"), floor.clock.now())
    await guarded.react()
    assert (await guarded.attend()).due == ()
    for _ in range(READS_LAG_US // ASKED_PAUSE_US):  # until then reads may lag behind a cancel
        assert not guarded.guard.is_urgent
        floor.clock.now_us += ASKED_PAUSE_US
        assert (await guarded.attend()).due == ("a quote may rest that was asked to go",)
        await floor.reconcile()
    floor.clock.now_us += ASKED_PAUSE_US
    await guarded.attend()
    assert len((await guarded.react()).pulled) == 2
    assert await resting(floor) == {}


async def test_what_could_not_be_asked_to_go_is_asked_at_the_next_look(floor, monkeypatch):
    guarded = await Guarded(floor).begin()
    guarded.guard.hear(BookLost(A, "a gap"), floor.clock.now())

    def busy(**_: object):
        raise StoreBusy("busy")

    with monkeypatch.context() as patched:
        patched.setattr(floor.store, "unit", busy)
        with pytest.raises(StoreBusy):
            await guarded.react()
    assert len(guarded.guard.quotes.pulled) == 2
    await guarded.attend()
    assert len((await guarded.react()).pulled) == 2
    assert await resting(floor) == {}


async def test_what_concerns_another_market_changes_nothing(floor):
    guarded = await Guarded(floor).begin()
    guarded.guard.hear(BookLost(B, "a gap"), floor.clock.now())
    assert not guarded.guard.is_urgent


async def test_a_strategy_that_breaks_attends_to_nothing(floor):
    class Breaking(Scripted):
        def withdraws(self, quote, book):
            raise RuntimeError("boom")

    guarded = await Guarded(floor, Breaking()).begin()
    assert set(guarded.guard.quotes.pulled.values()) == {"RuntimeError: boom"}
    assert len((await guarded.react()).pulled) == 2


async def test_a_look_at_what_is_held_takes_back_what_the_stream_would(floor):
    await run(floor)
    looked = lambda strategy: track(  # noqa: E731
        floor.exchange, floor.desk, exits=(), policy=policy(strategy)
    )
    await looked(Leaning())
    assert len(await resting(floor)) == 2
    floor.exchange.set_book(A, (("0.3500", "10.00"),), (("0.4400", "10.00"),))
    await looked(Leaning())
    assert await resting(floor) == {}


async def test_a_look_takes_quotes_out_of_a_market_that_is_paused(floor):
    await run(floor)
    paused = replace(floor.exchange.markets[A], status=MarketStatus.INACTIVE)
    floor.exchange.markets[A] = paused
    await track(floor.exchange, floor.desk, exits=(), policy=policy())
    assert await resting(floor) == {}
