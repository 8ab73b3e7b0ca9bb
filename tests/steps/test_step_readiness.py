"""What was made ready is what the controls would see, had everything been counted anew."""

from dataclasses import replace

from fakes.decisions import NOW, a_market, a_quote, an_event
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.identity import DeskState, Env
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import MarketStatus, Series
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.position import Position
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.snapshots import Watermarks
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.readiness import readiness
from kalshi_cli.steps.risk_state import risk_state

SERIES = Series("SERIES", "A series", "Weather", FeeTerms("quadratic"))
TICKERS = ("A", "B", "C", "D")
CASH = Money(1_000 * 10**6)
LIMITS = policies(Env.SIM, Settings(), None).trading.limits
units = st.integers(1, 9_999)


@st.composite
def books(draw, ticker):
    bid, ask = sorted(draw(st.sets(units, min_size=2, max_size=2)))
    sides = [
        (Level(Price(price), Contracts(draw(st.integers(1, 10**6)))),)
        if draw(st.booleans())
        else ()
        for price in (bid, ask)
    ]
    return OrderBook(ticker, *sides, at_us=NOW)


@st.composite
def views(draw):
    entries = {}
    for ticker in TICKERS:
        waived = draw(st.sampled_from([None, NOW - 1, NOW + 1, NOW + 5, NOW + SECOND]))
        status = draw(st.sampled_from([MarketStatus.ACTIVE, MarketStatus.CLOSED]))
        market = replace(a_market(ticker), fee_waiver_expires_us=waived, status=status)
        entries[ticker] = CatalogEntry(market, a_quote(ticker=ticker), an_event(), SERIES)
    positions = tuple(
        Position(ticker, owner, Contracts(draw(st.integers(-5_000, 5_000))), Money(44 * 10**6))
        for ticker in (*TICKERS, "UNLISTED")
        for owner in ("mine", "external")
        if draw(st.booleans())
    )
    return DeskView(
        now_us=NOW,
        state=draw(st.sampled_from(DeskState)),
        entries=entries,
        eligible=(),
        rejected={},
        forecasts={},
        positions=positions,
        orders=(),
        unbooked=(),
        plans={},
        traded_forecasts=frozenset(),
        entries_last_hour=0,
        orders_last_minute=draw(st.integers(0, 3)),
        entries_today={},
        cooling_until_us=None,
        last_exit_us={},
        triggered_shards=frozenset(),
        barred=frozenset(),
        watermarks=Watermarks(draw(st.sampled_from([None, Money(10**9)])), None, None, None),
        cash=CASH,
    )


@given(
    view=views(),
    seen=st.fixed_dictionaries({}, optional={t: books(t) for t in (*TICKERS, "UNLISTED", "OTHER")}),
    since_us=st.sampled_from([0, 1, 4]),
    later_us=st.sampled_from([0, 1, 4, 5, 6, SECOND]),
    cap=st.sampled_from([None, Money(500 * 10**6)]),
)
def test_ready_is_as_counted_anew(view, seen, since_us, later_us, cap):
    limits = replace(LIMITS, capital_limit=cap)
    ready = readiness(view, env=Env.DEMO, limits=limits).later(NOW + since_us)
    now_us = NOW + since_us + later_us
    assert ready.at(now_us, seen) == risk_state(
        replace(view, now_us=now_us),
        env=Env.DEMO,
        limits=limits,
        cash=CASH,
        books=seen,
        frozen={},
        paused=None,
    )
