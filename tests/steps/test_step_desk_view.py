"""What the decisions read: the desk at one instant, its worth, its exposure, its means."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fakes.decisions import (
    a_book,
    a_forecast,
    a_market,
    a_position,
    a_quote,
    an_event,
    an_intent,
    an_order,
    resting,
)
from fakes.desk_store import SERIES
from fakes.floor import ASKS, BIDS, EVENT, STRATEGY, A, B, taking, the_policies, waiting

from kalshi_cli.domain.fees import FeeTerms, LaterTerms
from kalshi_cli.domain.identity import EXTERNAL, DeskState, Env
from kalshi_cli.domain.instant import DAY, HOUR, SECOND
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Money
from kalshi_cli.domain.order import Order, OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.filters._base import FOREVER, Verdict
from kalshi_cli.portfolio.exposure import event_loss
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.snapshots import Snapshot
from kalshi_cli.risk.unresolved import UNKNOWN_ORDER
from kalshi_cli.settings.sections import Filters
from kalshi_cli.steps.at_risk import counted
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.looking import look
from kalshi_cli.steps.means import means
from kalshi_cli.steps.risk_state import clusters, risk_state, with_sent
from kalshi_cli.steps.valuation import Prices, performance, snapshot, value

POLICIES = the_policies("oracle")
LIMITS = POLICIES.trading.limits


async def view_of(floor, filters=POLICIES.filters):
    return await look(floor.store, now_us=floor.clock.now(), filters=filters)


def tickers_of(reports):
    return {report.ticker for report in reports}


def state_of(view, cash="1000.00", **changes):
    facts = {
        "env": Env.SIM,
        "limits": LIMITS,
        "cash": Money.parse(cash),
        "books": {},
        "frozen": {},
        "paused": frozenset(),
    }
    return risk_state(view, **{**facts, **changes})


def means_of(view, strategy=STRATEGY):
    state = state_of(view)
    return means(state, strategy=strategy, kelly_fraction=0.75, probation_stake=None)


async def test_a_look_waits_for_no_writer_and_no_writer_for_it(floor):
    """An exit is journalled while the decisions read what may be a second's worth."""
    async with floor.store.unit() as unit:
        await unit.catalog.set_marker("something", 1)
        assert (await view_of(floor)).orders == ()


async def traded(floor):
    """10 YES of A at 0.44, a bid for 10 more of B at 0.41, 3 foreign YES of B."""
    await floor.reconcile()
    await floor.forecast(A, name="fa")
    await send(floor.desk, taking(forecast_id="fa"))
    await send(floor.desk, waiting(floor.clock, ticker=B))
    await floor.exchange.place("theirs", taking(ticker=B, count="3"))
    await floor.reconcile()


async def test_the_view_has_everything_of_one_instant(floor):
    await traded(floor)
    view = await view_of(floor)
    assert (view.now_us, view.state) == (floor.clock.now(), DeskState.ACTIVE)
    assert view.eligible == (A, B)
    assert (set(view.forecasts), view.traded_forecasts) == ({A}, {(STRATEGY, A, "fa")})
    assert [(o.intent.ticker, o.state) for o in view.orders] == [(B, OrderState.RESTING)]
    assert view.entries_last_hour == 2
    held = {(p.ticker, p.owner): str(p.net) for p in view.positions}
    assert held == {(A, STRATEGY): "10.00", (B, EXTERNAL): "3.00"}


async def test_what_is_held_stays_in_view_when_its_market_is_over(floor):
    await traded(floor)
    for ticker in (A, B):
        over = replace(floor.exchange.markets[ticker], status=MarketStatus.CLOSED)
        floor.exchange.markets[ticker] = over
    floor.clock.now_us += HOUR
    await floor.ingest()
    view = await view_of(floor)
    assert (view.eligible, set(view.entries)) == ((), {A, B})
    state = state_of(view)
    assert set(state.event_of) == set(state.facts) == {A, B}


async def test_a_dropped_market_says_which_filter_dropped_it(floor):
    chosen = the_policies(filters=Filters(min_volume=0, block_tickers=(B,))).filters
    state = state_of(await view_of(floor, chosen))
    assert (state.facts[A].rejected_by, state.facts[B].rejected_by) == (None, "BLOCKED")


BLOCKING = the_policies(filters=Filters(min_volume=0, block_tickers=(B, "KXT-2-B"))).filters


async def test_a_market_that_a_verdict_dropped_is_read_only_where_something_is_at_stake(floor):
    floor.clock.now_us += HOUR
    await floor.ingest(filters=BLOCKING)
    assert set((await view_of(floor, BLOCKING)).entries) == {A}
    assert set((await view_of(floor)).entries) == {A, B}  # no verdict of these filters
    await floor.exchange.place("theirs", waiting(floor.clock, ticker=B))
    foreign = (await floor.reconcile()).foreign
    view = await look(
        floor.store, now_us=floor.clock.now(), filters=BLOCKING, also=tickers_of(foreign)
    )
    state = state_of(view, foreign=foreign)
    assert (view.eligible, set(view.entries)) == ((A,), {A, B})
    assert (state.event_of[B], state.clusters_of[B]) == (EVENT, clusters(view.entries[B]))
    assert state.facts[B].rejected_by == "BLOCKED"


async def test_what_is_at_stake_is_the_same_with_or_without_the_dropped_markets(floor):
    floor.exchange.add_event("KXT-2", ["KXT-2-A", "KXT-2-B"])
    for ticker in ("KXT-2-A", "KXT-2-B"):
        floor.exchange.set_book(ticker, BIDS, ASKS)
    floor.clock.now_us += HOUR
    await floor.ingest(filters=BLOCKING)
    await traded(floor)
    await floor.exchange.place("resting", waiting(floor.clock, ticker="KXT-2-A", count="7.00"))
    foreign = (await floor.reconcile()).foreign

    async def seen():
        now = floor.clock.now()
        view = await look(floor.store, now_us=now, filters=BLOCKING, also=tickers_of(foreign))
        state = state_of(view, foreign=foreign)
        capital = means(state, strategy=STRATEGY, kelly_fraction=0.75, probation_stake=None)
        return view, state, replace(capital, footings={})

    lean, lean_state, lean_capital = await seen()
    async with floor.store.unit() as unit:
        await unit.catalog.save_verdicts({"KXT-2-B": Verdict(0, None, FOREVER)})
        await unit.commit()
    whole, whole_state, whole_capital = await seen()
    assert set(lean.entries) == {A, B, "KXT-2-A"}
    assert set(whole.entries) == {A, B, "KXT-2-A", "KXT-2-B"}
    assert lean.eligible == whole.eligible == (A, "KXT-2-A")
    assert lean_capital == whole_capital
    assert str(event_loss(lean_capital.claims["KXT-2"], exclusive=False)) == "2.870000"  # 7 x 0.41
    for name in ("equity", "bankroll", "positions", "orders", "entries_last_hour"):
        assert getattr(lean_state, name) == getattr(whole_state, name)


async def test_fees_of_an_event_beat_those_of_its_series_and_a_waiver_beats_both(floor):
    event = floor.exchange.events[EVENT]
    floor.exchange.events[EVENT] = replace(event, fees=FeeTerms("quadratic_with_maker_fees"))
    waived = replace(floor.exchange.markets[B], fee_waiver_expires_us=floor.clock.now() + 2 * HOUR)
    floor.exchange.markets[B] = waived
    floor.clock.now_us += HOUR
    await floor.ingest()
    view = await view_of(floor)
    assert (view.terms(A).fee_type, view.terms(A).multiplier) == (
        "quadratic_with_maker_fees",
        1_000_000,
    )
    assert view.terms(B).multiplier == 0
    assert view.later_terms(A) == ()
    assert view.later_terms(B) == (LaterTerms(waived.fee_waiver_expires_us, view.terms(A)),)
    floor.clock.now_us += HOUR
    over = await view_of(floor)
    assert (over.later_terms(B), over.terms(B)) == ((), view.terms(A))


async def test_risk_is_measured_at_what_a_sale_would_bring(floor):
    await traded(floor)
    state = state_of(await view_of(floor), cash="994.28")
    # marks at the mid of 0.42: 13 x 0.42 = 5.46; sold at the bid of 0.40: 5.20, but B's best bid is
    # our own order at 0.41
    await floor.ingest()
    assert str(state.bankroll) == "999.740000"
    assert str(state.equity) == "999.480000"
    assert state.day_start_equity == state.peak_equity == state.equity
    capped = replace(LIMITS, capital_limit=Money.parse("500.00"))
    assert str(state_of(await view_of(floor), limits=capped).bankroll) == "500.000000"


async def test_losses_are_measured_from_what_was_written_down(floor):
    now = floor.clock.now()
    rows = [("1200.00", now - DAY), ("1100.00", now - HOUR // 2), ("900.00", now)]
    async with floor.store.unit() as unit:
        for worth, at_us in rows:
            money = Money.parse(worth)
            await unit.snapshots.add(Snapshot(at_us, money, money, money, 0, 0, Money(0)), (), {})
        await unit.commit()
    state = state_of(await view_of(floor))
    # the day began at midnight, which is now, with what was written down half an hour before
    assert (str(state.day_start_equity), str(state.peak_equity)) == ("1100.000000", "1200.000000")


async def test_markets_cluster_by_series_and_day(floor):
    view = await view_of(floor)
    day = datetime.fromtimestamp(view.entries[A].market.expires_us // SECOND, UTC).date()
    assert clusters(view.entries[A]) == {"underlying:KXT", f"day:{day}"}


# Orders of this pass.


async def test_an_order_just_sent_counts_as_filled(floor):
    state = state_of(await view_of(floor))
    sent = replace(an_order(an_intent(ticker=A)), state=OrderState.FILLED)
    after = with_sent(state, replace(sent, filled=sent.intent.count))
    assert [str(order.remaining) for order in after.orders] == ["10.00"]
    assert after.entries_last_hour == 1
    assert with_sent(state, an_order(an_intent(purpose=Purpose.EXIT))).entries_last_hour == 0


@pytest.mark.parametrize(
    ("state", "remaining"),
    [
        (OrderState.FILLED, "10.00"),
        (OrderState.CANCELED, "10.00"),
        (OrderState.RESTING, "10.00"),
        (OrderState.UNKNOWN, "10.00"),
        (OrderState.REJECTED, "0.00"),
        (OrderState.NOT_SENT, "0.00"),
    ],
)
def test_what_an_order_may_still_take_until_its_fills_are_booked(state, remaining):
    """A refused one takes nothing; a canceled one may have traded before it was gone."""
    assert str(counted(an_order(an_intent(), state)).remaining) == remaining


async def test_a_market_with_an_unknown_order_takes_no_more(floor):
    state = state_of(await view_of(floor), frozen={B: "why"})
    after = with_sent(state, an_order(an_intent(ticker=A), OrderState.UNKNOWN))
    assert after.unresolved == {A: UNKNOWN_ORDER, B: "why"}


# Means.


async def test_rooms_are_shared_by_all_owners(floor):
    await traded(floor)
    capital = means_of(await view_of(floor))
    # A loses 4.40; B loses 3 x 0.44 = 1.32 held by others, and 4.10 if the bid is filled
    assert str(capital.cash) == "995.900000"
    assert {t: str(m) for t, m in capital.by_ticker.items()} == {A: "4.400000", B: "5.420000"}
    assert list(capital.claims) == [EVENT]
    assert str(event_loss(capital.claims[EVENT], exclusive=False)) == "9.820000"
    # ten of A; others' three of B, and ten more if the bid is filled
    assert {t: str(n) for t, n in capital.held.items()} == {A: "10.00", B: "13.00"}
    assert {str(m) for m in capital.by_cluster.values()} == {"9.820000"}
    assert {str(m) for m in capital.by_category.values()} == {"9.820000"}
    assert str(capital.by_strategy) == "8.500000"
    await send(floor.desk, waiting(floor.clock, Side.ASK, "0.4300", purpose=Purpose.EXIT))
    leaving = means_of(await view_of(floor))
    assert (leaving.cash, leaving.by_ticker) == (capital.cash, capital.by_ticker)
    assert leaving.held == capital.held
    assert str(means_of(await view_of(floor), "other").by_strategy) == "0.000000"


async def test_a_fair_value_has_the_slope_that_was_fitted(floor):
    """At 40/44 the market says 0.42; 1.5 times its log-odds of -0.32277 are 0.38127."""
    await floor.forecast(weight=0.0, slope=1.5, blended=0.38)
    capital = means_of(await view_of(floor))
    assert capital.footings[A].fair == pytest.approx(0.38127, abs=1e-5)


async def test_markets_that_exclude_each_other_do_not_all_lose_what_no_holders_pay(floor):
    event = floor.exchange.events[EVENT]
    floor.exchange.events[EVENT] = replace(event, mutually_exclusive=True)
    floor.clock.now_us += HOUR
    await floor.ingest()
    for ticker in (A, B):
        await send(floor.desk, taking(Side.ASK, "0.4000", ticker=ticker))
    await floor.reconcile()
    view = await view_of(floor)
    # ten NO of each at 0.60: one leg at most loses, 6.00
    capital = means_of(view)
    assert str(event_loss(capital.claims[EVENT], exclusive=True)) == "6.000000"
    assert {t: str(n) for t, n in capital.held.items()} == {A: "-10.00", B: "-10.00"}
    assert capital.footings[A].family(A) == capital.footings[B].family(B) == (EVENT,)
    assert state_of(view).exclusive_events == {EVENT}


# Worth.


def entry(ticker="T", status=MarketStatus.ACTIVE, result=None, **quote):
    market = a_market(ticker, status=status, result=result)
    return CatalogEntry(market, a_quote(ticker=ticker, **quote), an_event(), SERIES)


def worth_of(held, **market):
    worth = value(
        Money.parse("100.00"),
        [a_position(held, "0.4400")],
        Prices({"T": entry(**market)}, {}, (), {}),
    )
    return str(worth.equity), str(worth.liquidation), worth.unmarked


@pytest.mark.parametrize(
    ("held", "market", "worth"),
    [
        ("10.00", {}, ("104.200000", "104.000000", 0)),  # mid 0.42, bid 0.40
        ("-10.00", {}, ("105.800000", "105.600000", 0)),  # NO: mid 0.58, bid 1 - 0.44
        ("10.00", {"bid": "0.3000", "ask": "0.5000"}, ("103.000000", "103.000000", 1)),  # wide
        ("10.00", {"bid": None, "ask": "0.0500"}, ("100.000000", "100.000000", 1)),
        ("10.00", {"status": MarketStatus.CLOSED}, ("104.400000", "104.400000", 1)),  # its cost
        (
            "10.00",
            {"status": MarketStatus.DETERMINED, "result": Result.YES},
            ("110.000000", "110.000000", 0),
        ),
    ],
)
def test_what_a_position_is_worth(held, market, worth):
    assert worth_of(held, **market) == worth


def test_nothing_is_worth_what_only_we_would_pay_for_it():
    """100 are bid for at 0.40, all of them by us; others pay 0.38, as only the book tells."""
    held, ours = [a_position("10.00", "0.4400")], [an_order(resting(limit="0.4000", count="100"))]
    entries = {"T": entry()}
    book = a_book(bids=("0.4000", "0.3800"))
    cases = [
        (Prices(entries, {"T": book}, (), {}), "4.000000"),
        (Prices(entries, {"T": book}, ours, {}), "3.800000"),
        (Prices(entries, {}, ours, {}), "0.000000"),
        (Prices(entries, {}, [an_order(resting(limit="0.4000", count="99"))], {}), "4.000000"),
        (Prices(entries, {}, [an_order(resting(limit="0.3900", count="100"))], {}), "4.000000"),
    ]
    for prices, liquidation in cases:
        assert str(value(NO_MONEY, held, prices).liquidation) == liquidation
    short = [a_position("-10.00", "0.4400")]
    asked = Prices(entries, {"T": a_book(asks=("0.4400", "0.5000"))},
                   [an_order(resting(Side.ASK, "0.4400", "100"))], {})  # fmt: skip
    assert str(value(NO_MONEY, short, asked).liquidation) == "5.000000"


class Looked(list[Order]):
    """Orders that count how often they are gone through."""

    times = 0

    def __iter__(self):
        self.times += 1
        return super().__iter__()


async def test_orders_are_sorted_once_however_many_markets_are_contested(floor):
    """Ours bid 40 in each, and others 38 behind it; in the last, nothing of ours rests."""
    tickers = [f"T{number}" for number in range(20)]
    orders = Looked(
        an_order(resting(limit="0.4000", count="100", ticker=ticker)) for ticker in tickers[:-1]
    )
    held = tuple(a_position("10.00", "0.4400", ticker=ticker) for ticker in tickers)
    books = {t: a_book(bids=("0.4000", "0.3800"), ticker=t) for t in tickers[1:]}
    view = replace(await view_of(floor), positions=held, orders=orders)
    others = view.others(books)
    assert others.keys() == set(tickers[1:-1])
    assert {str(each.bid.price) for each in others.values()} == {"0.3800"}
    assert orders.times == 2


def test_a_valuation_becomes_a_row():
    positions = [a_position("10.00", "0.4400"), a_position("-10.00", "0.4400", ticker="U")]
    worth = value(
        Money.parse("100.00"),
        positions,
        Prices({"T": entry(bid=None), "U": entry("U")}, {}, (), {}),
    )
    row = snapshot(worth, 7, Money.parse("90.00"))
    assert (row.at_us, str(row.cash), str(row.equity), str(row.liquidation)) == (
        7,
        "100.000000",
        "105.800000",
        "105.600000",
    )
    assert (row.unmarked, row.positions, str(row.paid_in)) == (1, 2, "90.000000")


def test_a_position_in_a_market_that_nobody_lists_is_worth_nothing_and_no_loss():
    worth = value(Money.parse("100.00"), [a_position("10.00", "0.4400")], Prices({}, {}, (), {}))
    assert (str(worth.equity), str(worth.liquidation)) == ("100.000000", "104.400000")
    assert worth.unmarked == 1


def test_what_each_owner_earned():
    flat = replace(
        a_position("10.00", "0.4400", ticker="U"),
        net=NO_CONTRACTS,
        cost=Money(0),
        realized=Money.parse("2.00"),
        fees=Money.parse("0.10"),
    )
    rows = performance(
        [a_position("10.00", "0.4400"), flat, a_position("1.00", "0.5000", owner=EXTERNAL)],
        Prices({"T": entry()}, {}, (), {}),
        {STRATEGY: 3},
        {STRATEGY: Money.parse("0.05"), "thinker": Money.parse("0.01")},
        9,
    )
    found = {
        r.strategy: tuple(map(str, (r.realized, r.unrealized, r.fees, r.ai_cost))) for r in rows
    }
    assert found == {
        STRATEGY: ("2.000000", "-0.200000", "0.100000", "0.050000"),
        EXTERNAL: ("0.000000", "-0.080000", "0.000000", "0.000000"),
        "thinker": ("0.000000", "0.000000", "0.000000", "0.010000"),
    }
    assert {r.strategy: r.round_trips for r in rows}[STRATEGY] == 3


async def test_a_settled_market_leaves_the_view(floor):
    await traded(floor)
    floor.exchange.settle(A, Result.YES)
    await floor.reconcile()
    floor.clock.now_us += HOUR
    floor.exchange.set_book(B, BIDS, ASKS)
    await floor.ingest()
    view = await view_of(floor)
    assert [(p.ticker, p.owner) for p in view.positions] == [(B, EXTERNAL)]
    assert A not in view.entries
    assert view.last_exit_us == {(STRATEGY, A): floor.clock.now() - HOUR}
    assert a_forecast().ticker not in view.forecasts
