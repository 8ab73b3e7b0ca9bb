"""One suite for the exchange ports, on everything that implements them.

The fake that other tests lean on, the client over the embedded exchange in this process, and the
client over real HTTP on loopback must behave alike, or what is tested on one says nothing about
the others.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fakes.clock import FakeClock
from fakes.exchange import FakeExchange, as_ports
from fakes.served import served

from kalshi_cli.adapters.kalshi import trading as rest_trading
from kalshi_cli.adapters.kalshi.connection import KalshiConnection, connect
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import Listing, Result
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money, Price, total
from kalshi_cli.domain.order import ExchangeOrderStatus, OrderIntent, Purpose, TimeInForce
from kalshi_cli.domain.position import cash_effect
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import ConfigError, NotFound
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import (
    CancellationKind,
    MarketData,
    Page,
    Placement,
    PlacementKind,
    Trading,
)

DEPTH = Contracts.parse("10")


@dataclass
class Venue:
    """An exchange under test, and how to make time pass and pages short there."""

    market_data: MarketData
    trading: Trading
    clock: Clock
    settle: Callable[[str], Awaitable[None]]
    set_page_size: Callable[[int], None]


@contextlib.asynccontextmanager
async def fake_venue(patch: pytest.MonkeyPatch) -> AsyncIterator[Venue]:
    clock = FakeClock()
    exchange = FakeExchange(clock)
    for number in range(3):
        event = f"KXFAKE-{number}"
        tickers = [f"{event}-{leg}" for leg in "ABC"]
        exchange.add_event(event, tickers, exclusive=True, fees=FeeTerms("quadratic"))
        for ticker in tickers:
            exchange.set_book(
                ticker,
                [("0.4000", "20.00"), ("0.3900", "50.00")],
                [("0.4400", "15.00"), ("0.4500", "60.00")],
            )

    async def settle(ticker: str) -> None:
        exchange.settle(ticker, Result.YES)

    def set_page_size(size: int) -> None:
        exchange.page_size = size

    yield Venue(*as_ports(exchange), clock, settle, set_page_size)


def sim_venue(
    simulation: Simulation, connection: KalshiConnection, patch: pytest.MonkeyPatch
) -> Venue:
    assert connection.trading is not None

    async def settle(ticker: str) -> None:
        for _ in range(24 * 14):
            page = await connection.market_data.listings([ticker])
            if page.items[0].market.settlement_us is not None:
                return
            await simulation.clock.sleep_until(simulation.clock.now() + HOUR)
        raise AssertionError(f"{ticker} did not settle in two weeks")

    return Venue(
        connection.market_data,
        connection.trading,
        simulation.clock,
        settle,
        lambda size: patch.setattr(rest_trading, "ROWS_PER_PAGE", size),
    )


def signer(simulation: Simulation) -> Signer:
    return Signer.from_pem(simulation.key_id, simulation.private_key_pem)


@contextlib.asynccontextmanager
async def in_process_venue(patch: pytest.MonkeyPatch) -> AsyncIterator[Venue]:
    async with (
        open_simulation(None, seed=7) as simulation,
        connect(
            base_url=simulation.origin,
            signer=signer(simulation),
            clock=simulation.clock,
            transport=simulation.transport(),
            paced=False,
        ) as connection,
    ):
        yield sim_venue(simulation, connection, patch)


@contextlib.asynccontextmanager
async def http_venue(patch: pytest.MonkeyPatch) -> AsyncIterator[Venue]:
    async with (
        open_simulation(None, seed=7) as simulation,
        served(simulation) as server,
        connect(
            base_url=server.address.base_url,
            signer=signer(simulation),
            clock=simulation.clock,
            paced=False,
        ) as connection,
    ):
        yield sim_venue(simulation, connection, patch)


VENUES = {"fake": fake_venue, "in-process": in_process_venue, "http": http_venue}


@pytest.fixture(params=sorted(VENUES))
async def venue(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Venue]:
    async with VENUES[request.param](monkeypatch) as opened:
        yield opened


async def two_sided(venue: Venue) -> list[Listing]:
    """Open markets with both sides, room inside the spread and depth, soonest close first."""
    events = (await venue.market_data.open_events()).items
    found = []
    for listing in (row for event in events for row in event.listings):
        quote = listing.quote
        if quote.bid is None or quote.ask is None or quote.spread is None:
            continue
        if quote.spread.units >= 200 and min(quote.bid.count, quote.ask.count) >= DEPTH:
            found.append(listing)
    return sorted(found, key=lambda row: (row.market.close_us, row.market.ticker))


async def later_market(venue: Venue) -> Listing:
    """A market that will not close while a test runs."""
    return (await two_sided(venue))[-1]


def order(
    listing: Listing, side: Side, price: Price | None, count: str = "5.00", **changes: Any
) -> OrderIntent:
    assert price is not None
    intent = OrderIntent(
        strategy="contract",
        ticker=listing.market.ticker,
        event_ticker=listing.market.event_ticker,
        side=side,
        limit=price,
        count=Contracts.parse(count),
        time_in_force=TimeInForce.GTC,
        purpose=Purpose.ENTRY,
        reason="contract",
        exchange_index=listing.market.exchange_index,
    )
    return replace(intent, **changes)


def inside(listing: Listing) -> Price:
    """One step above the best bid: rests, and is the best."""
    assert listing.quote.bid is not None
    assert listing.market.grid is not None
    price = listing.market.grid.above(listing.quote.bid.price)
    assert price is not None
    return price


async def take(venue: Venue, listing: Listing, side: Side, count: str) -> Placement:
    """Trade at once with the best of the other side."""
    level = listing.quote.ask if side is Side.BID else listing.quote.bid
    assert level is not None
    intent = order(listing, side, level.price, count, time_in_force=TimeInForce.IOC)
    return await venue.trading.place(f"take-{side}-{listing.market.ticker}-{count}", intent)


async def walk(read: Callable[[str], Awaitable[Page[Any]]]) -> list[Any]:
    """All rows of a paged read."""
    rows, cursor = [], ""
    for _ in range(100):
        page = await read(cursor)
        assert page.unusable == ()
        rows += page.items
        cursor = page.cursor
        if not cursor:
            return rows
    raise AssertionError("the pages never end")


async def test_events_markets_and_books_tell_one_story(venue: Venue) -> None:
    events = await walk(venue.market_data.open_events)
    listed = {row.market.ticker: row for event in events for row in event.listings}
    assert len(listed) >= 9
    for event in events:
        assert {row.market.event_ticker for row in event.listings} == {event.event.event_ticker}
    serieses = {series.ticker for series in (await venue.market_data.series()).items}
    assert {event.event.series_ticker for event in events} <= serieses
    page = await venue.market_data.listings([*listed, "KXNO-SUCH-MARKET"])
    assert {row.market.ticker: row for row in page.items} == listed
    books = await venue.market_data.books(list(listed))
    assert books.keys() == listed.keys()
    for ticker, book in books.items():
        assert (book.best_bid, book.best_ask) == (
            listed[ticker].quote.bid,
            listed[ticker].quote.ask,
        )
        assert book.at_us == venue.clock.now()
    first = events[0]
    assert await venue.market_data.event(first.event.event_ticker) == first
    changed = await walk(lambda cursor: venue.market_data.updated_markets(SECOND, cursor))
    assert listed.keys() <= {row.market.ticker for row in changed}


async def test_what_does_not_exist(venue: Venue) -> None:
    with pytest.raises(NotFound):
        await venue.market_data.event("KXNO-SUCH-EVENT")
    assert (await venue.market_data.listings(["KXNO-SUCH-MARKET"])).items == ()
    assert (await venue.market_data.trades("KXNO-SUCH-MARKET")).items == ()
    assert await venue.trading.order("00000000-0000-0000-0000-000000000000") is None
    canceled = await venue.trading.cancel("00000000-0000-0000-0000-000000000000", "KXNONE", 0)
    assert canceled.kind is CancellationKind.GONE
    assert (await venue.market_data.exchange_status()).trading_active


async def test_an_order_rests_is_seen_and_is_canceled(venue: Venue) -> None:
    listing = await later_market(venue)
    price = inside(listing)
    placed = await venue.trading.place("k1rest", order(listing, Side.BID, price, post_only=True))
    assert placed.kind is PlacementKind.ACCEPTED
    assert (placed.filled, placed.remaining) == (NO_CONTRACTS, Contracts(500))
    assert placed.order_id is not None
    report = await venue.trading.order(placed.order_id)
    assert report is not None
    assert (report.client_order_id, report.ticker) == ("k1rest", listing.market.ticker)
    assert (report.side, report.price, report.initial) == (Side.BID, price, Contracts(500))
    assert report.status is ExchangeOrderStatus.RESTING
    resting = await venue.trading.orders(resting_only=True)
    assert [row.order_id for row in resting.items] == [placed.order_id]
    book = (await venue.market_data.books([report.ticker]))[report.ticker]
    assert book.best_bid is not None
    assert (book.best_bid.price, book.best_bid.count) == (price, Contracts(500))
    canceled = await venue.trading.cancel(placed.order_id, report.ticker, report.exchange_index)
    assert (canceled.kind, canceled.reduced_by) == (CancellationKind.CANCELED, Contracts(500))
    again = await venue.trading.cancel(placed.order_id, report.ticker, report.exchange_index)
    assert again.kind is CancellationKind.GONE
    assert (await venue.trading.orders(resting_only=True)).items == ()
    dead = await venue.trading.order(placed.order_id)
    assert dead is not None
    assert (dead.status, dead.remaining) == (ExchangeOrderStatus.CANCELED, NO_CONTRACTS)
    assert (await venue.trading.fills()).items == ()


async def test_an_ioc_takes_what_is_there_and_nothing_beyond_its_limit(venue: Venue) -> None:
    listing = await later_market(venue)
    best = listing.quote.ask
    assert best is not None
    wanted = best.count + Contracts.parse("3")
    intent = order(listing, Side.BID, best.price, str(wanted), time_in_force=TimeInForce.IOC)
    placed = await venue.trading.place("k1ioc", intent)
    assert placed.kind is PlacementKind.ACCEPTED
    assert (placed.filled, placed.remaining) == (best.count, NO_CONTRACTS)
    fills = (await venue.trading.fills()).items
    assert sum(fill.count.units for fill in fills) == best.count.units
    assert {fill.price for fill in fills} == {best.price}
    assert all(fill.is_taker and fill.order_id == placed.order_id for fill in fills)
    assert (await venue.trading.orders(resting_only=True)).items == ()
    assert placed.order_id is not None
    report = await venue.trading.order(placed.order_id)
    assert report is not None
    assert report.status is ExchangeOrderStatus.CANCELED
    assert report.filled == best.count
    later = venue.clock.now() + SECOND
    assert (await venue.trading.fills(min_us=later)).items == ()
    await venue.clock.sleep_until(venue.clock.now() + MINUTE)
    prints = (await venue.market_data.trades(listing.market.ticker)).items
    assert (best.price, best.count) in {(print_.price, print_.count) for print_ in prints}


async def test_refusals_have_the_exchanges_codes(venue: Venue) -> None:
    listing = await later_market(venue)
    bid, ask = listing.quote.bid, listing.quote.ask
    assert bid is not None
    assert ask is not None
    off_grid = Price(bid.price.units + 1)
    cases = [
        (order(listing, Side.BID, ask.price, post_only=True), "invalid_order"),
        (order(listing, Side.ASK, bid.price, post_only=True), "invalid_order"),
        (order(listing, Side.BID, off_grid), "invalid_price"),
        (order(listing, Side.BID, Price(0)), "invalid_price"),
        (order(listing, Side.BID, Price(10_000)), "invalid_price"),
        (order(listing, Side.BID, bid.price, "0.00"), "invalid_order_size"),
        (order(listing, Side.BID, bid.price, "10000000.00"), "insufficient_balance"),
        (order(listing, Side.ASK, ask.price, "10000000.00"), "insufficient_balance"),
        (order(listing, Side.BID, bid.price, expires_us=venue.clock.now() - HOUR), "invalid_order"),
        (replace(order(listing, Side.BID, bid.price), ticker="KXNO-SUCH"), "not_found"),
    ]
    for number, (intent, code) in enumerate(cases):
        placed = await venue.trading.place(f"k1refused{number}", intent)
        assert (placed.kind, placed.code) == (PlacementKind.REFUSED, code), intent
        assert placed.order_id is None
    unfillable = order(listing, Side.BID, bid.price, time_in_force=TimeInForce.FOK)
    assert (await venue.trading.place("k1fok", unfillable)).kind is PlacementKind.REFUSED
    assert (await venue.trading.orders()).items == ()


async def test_an_id_is_good_for_one_order_dead_or_alive(venue: Venue) -> None:
    listing = await later_market(venue)
    intent = order(listing, Side.BID, inside(listing))
    placed = await venue.trading.place("k1once", intent)
    assert placed.order_id is not None
    again = await venue.trading.place("k1once", intent)
    assert (again.kind, again.code) == (PlacementKind.DUPLICATE, "order_already_exists")
    await venue.trading.cancel(placed.order_id, intent.ticker, intent.exchange_index)
    assert (await venue.trading.place("k1once", intent)).kind is PlacementKind.DUPLICATE
    assert len((await venue.trading.orders()).items) == 1


async def test_our_own_order_is_not_traded_with(venue: Venue) -> None:
    listing = await later_market(venue)
    price = inside(listing)
    await venue.trading.place("k1own", order(listing, Side.BID, price))
    crossing = order(listing, Side.ASK, price, time_in_force=TimeInForce.IOC)
    placed = await venue.trading.place("k1cross", crossing)
    assert placed.kind is PlacementKind.ACCEPTED
    assert (placed.filled, placed.remaining) == (NO_CONTRACTS, NO_CONTRACTS)
    assert len((await venue.trading.orders(resting_only=True)).items) == 1


async def test_an_order_that_may_only_reduce_is_capped_to_the_position(venue: Venue) -> None:
    listing = await later_market(venue)
    bid = listing.quote.bid
    assert bid is not None
    changes = {"reduce_only": True, "time_in_force": TimeInForce.IOC, "purpose": Purpose.EXIT}
    exit_all = order(listing, Side.ASK, bid.price, "9.00", **changes)
    flat = await venue.trading.place("k1flat", exit_all)
    assert (flat.kind, flat.filled) == (PlacementKind.ACCEPTED, NO_CONTRACTS)
    await take(venue, listing, Side.BID, "4.00")
    reduced = await venue.trading.place("k1reduce", exit_all)
    assert reduced.filled == Contracts(400)
    assert (await venue.trading.positions()).items == ()


async def test_an_order_expires_at_its_instant(venue: Venue) -> None:
    listing = await later_market(venue)
    expires_us = venue.clock.now() + 2 * MINUTE
    intent = order(listing, Side.BID, inside(listing), "0.01", expires_us=expires_us)
    placed = await venue.trading.place("k1expires", intent)
    assert placed.order_id is not None
    report = await venue.trading.order(placed.order_id)
    assert report is not None
    assert (report.expires_us, report.status) == (expires_us, ExchangeOrderStatus.RESTING)
    await venue.clock.sleep_until(expires_us + SECOND)
    report = await venue.trading.order(placed.order_id)
    assert report is not None
    assert report.status is not ExchangeOrderStatus.RESTING
    assert (await venue.trading.orders(resting_only=True)).items == ()


async def test_fills_positions_and_balance_are_one_account(venue: Venue) -> None:
    """Cash moves by what the fills say, to the last $0.000001; positions are their sum."""
    opening = (await venue.trading.balance()).cash
    first, second = (await two_sided(venue))[-2:]
    await take(venue, first, Side.BID, "7.00")
    await take(venue, first, Side.ASK, "2.50")
    await take(venue, second, Side.ASK, "6.00")
    await take(venue, second, Side.BID, "1.00")
    fills = await walk(lambda cursor: venue.trading.fills(cursor=cursor))
    cash, nets = opening, {}
    for fill in reversed(fills):
        held = nets.get(fill.ticker, NO_CONTRACTS)
        cash += cash_effect(held, side=fill.side, price=fill.price, count=fill.count) - fill.fee
        nets[fill.ticker] = held + fill.side.signed(fill.count)
    balance = await venue.trading.balance()
    assert balance.cash == cash
    assert total([money for _, money in balance.by_shard]) == cash
    positions = await walk(venue.trading.positions)
    assert {row.ticker: row.net for row in positions} == nets
    assert nets == {
        first.market.ticker: Contracts(450),
        second.market.ticker: Contracts(-500),
    }
    assert total([fill.fee for fill in fills]) > NO_MONEY


async def test_pages_show_everything_once_newest_first(venue: Venue) -> None:
    listing = await later_market(venue)
    for number in range(7):
        intent = order(listing, Side.BID, inside(listing), "1.00")
        placed = await venue.trading.place(f"k1page{number}", intent)
        assert placed.kind is PlacementKind.ACCEPTED
    venue.set_page_size(3)
    first = await venue.trading.orders()
    assert len(first.items) == 3
    assert first.cursor
    rows = await walk(lambda cursor: venue.trading.orders(cursor=cursor))
    assert [row.client_order_id for row in rows] == [f"k1page{n}" for n in reversed(range(7))]
    resting = await walk(lambda cursor: venue.trading.orders(resting_only=True, cursor=cursor))
    assert len(resting) == 7


async def test_a_settlement_pays_the_result_once(venue: Venue) -> None:
    listing = (await two_sided(venue))[0]
    ticker = listing.market.ticker
    placed = await take(venue, listing, Side.BID, "5.00")
    assert placed.filled == Contracts(500)
    before = (await venue.trading.balance()).cash
    await venue.settle(ticker)
    (settled,) = (await venue.trading.settlements()).items
    market = (await venue.market_data.listings([ticker])).items[0].market
    assert (settled.ticker, settled.net) == (ticker, Contracts(500))
    assert settled.value == market.payout
    assert settled.result is market.result
    assert settled.revenue == settled.value * settled.net
    assert (await venue.trading.balance()).cash == before + settled.revenue
    assert (await venue.trading.positions()).items == ()
    late = await venue.trading.place("k1late", order(listing, Side.BID, inside(listing)))
    assert late.kind is PlacementKind.REFUSED
    assert "ACTIVE" in late.code
    assert (await venue.trading.settlements(min_us=settled.settled_us + SECOND)).items == ()


async def test_cash_movements_end(venue: Venue) -> None:
    moved = await walk(venue.trading.cash_movements)
    assert all(row.amount > NO_MONEY for row in moved)
    assert total([row.amount for row in moved]) in {NO_MONEY, Money.parse("10000.00")}


@pytest.mark.parametrize("name", ["in-process", "http"])
async def test_a_key_of_somebody_else_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with VENUES[name](monkeypatch) as venue, open_simulation(None, seed=8) as other:
        rest = venue.trading._rest  # type: ignore[attr-defined]
        listing = await later_market(venue)
        rest.signer = signer(other)
        with pytest.raises(ConfigError, match="did not accept the API key"):
            await venue.trading.balance()
        placed = await venue.trading.place("k1x", order(listing, Side.BID, inside(listing)))
        assert (placed.kind, placed.code) == (PlacementKind.REFUSED, "authentication_error")
