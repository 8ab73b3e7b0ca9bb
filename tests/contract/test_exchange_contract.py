"""One suite for the exchange ports, on everything that implements them.

The fake that other tests lean on, the client over the embedded exchange in this process, and the
client over real HTTP on loopback must behave alike, or what is tested on one says nothing about
the others. Where the exchange's specification is at hand, every request of the client must be one
that it documents.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from fakes.clock import FakeClock
from fakes.exchange import FakeExchange, as_ports
from fakes.exchange_desks import as_desks
from fakes.judged import judged
from fakes.served import served

from kalshi_cli.adapters.kalshi import trading as rest_trading
from kalshi_cli.adapters.kalshi.connection import KalshiConnection, connect
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import Listing, Result
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money, Price, total
from kalshi_cli.domain.order import (
    ExchangeOrderStatus,
    OrderIntent,
    OrderReport,
    Purpose,
    TimeInForce,
    has_terms,
)
from kalshi_cli.domain.position import cash_effect
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import ConfigError, InvalidValue, NotFound
from kalshi_cli.ports.access import Access
from kalshi_cli.ports.archive import Archive
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import (
    AmendmentKind,
    CancellationKind,
    MarketData,
    OrderAddress,
    OutcomeKind,
    Page,
    Placement,
    PlacementKind,
    Trading,
)
from kalshi_cli.ports.groups import OrderGroup, OrderGroups
from kalshi_cli.ports.notices import Notices
from kalshi_cli.ports.treasury import Treasury

DEPTH = Contracts.parse("10")


@dataclass
class Venue:
    """An exchange under test, and how to make time pass and pages short there."""

    market_data: MarketData
    trading: Trading
    clock: Clock
    settle: Callable[[str], Awaitable[None]]
    set_page_size: Callable[[int], None]
    groups: OrderGroups
    treasury: Treasury
    archive: Archive
    access: Access
    notices: Notices


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

    yield Venue(*as_ports(exchange), clock, settle, set_page_size, *as_desks(exchange))


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
        connection.groups,
        connection.treasury,
        connection.archive,
        connection.access,
        connection.notices,
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
            transport=judged(simulation.transport()),
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
            transport=judged(httpx.AsyncHTTPTransport()),
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
    names = [listing.event.event_ticker for listing in events]
    named = await venue.market_data.events_named([*names, "KXNO-SUCH-EVENT"])
    assert {row.event.event_ticker: row for row in named.items} == dict(
        zip(names, events, strict=True)
    )
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
    moved = await walk(lambda cursor: venue.trading.cash_movements(cursor=cursor))
    assert all(row.amount > NO_MONEY for row in moved)
    assert total([row.amount for row in moved]) in {NO_MONEY, Money.parse("10000.00")}


async def rested(venue: Venue, name: str, intent: OrderIntent, **more: str) -> OrderAddress:
    """Place an order that rests; where it is."""
    placed = await venue.trading.place(name, intent, **more)
    assert placed.kind is PlacementKind.ACCEPTED, placed
    assert placed.order_id is not None
    return OrderAddress(placed.order_id, intent.ticker, intent.exchange_index)


async def reported(venue: Venue, order_id: str) -> OrderReport:
    report = await venue.trading.order(order_id)
    assert report is not None
    return report


async def test_an_amended_order_has_the_terms_of_the_intent(venue: Venue) -> None:
    listing = await later_market(venue)
    expires_us = venue.clock.now() // SECOND * SECOND + HOUR
    first = order(listing, Side.BID, inside(listing), expires_us=expires_us)
    at = await rested(venue, "k1amend", first)
    assert listing.quote.bid is not None
    wanted = replace(first, limit=listing.quote.bid.price, count=Contracts(300))
    amended = await venue.trading.amend(at.order_id, wanted)
    assert (amended.kind, amended.filled, amended.remaining) == (
        AmendmentKind.AMENDED,
        NO_CONTRACTS,
        Contracts(300),
    )
    report = await reported(venue, at.order_id)
    assert has_terms(report, wanted)
    assert (report.client_order_id, report.expires_us) == ("k1amend", expires_us)
    forever = replace(wanted, expires_us=None)
    unsized = await venue.trading.amend(at.order_id, forever)
    assert (unsized.kind, unsized.filled, unsized.remaining) == (AmendmentKind.AMENDED, None, None)
    assert (await reported(venue, at.order_id)).expires_us is None


async def test_an_amend_that_crosses_trades(venue: Venue) -> None:
    listing = await later_market(venue)
    best = listing.quote.ask
    assert best is not None
    first = order(listing, Side.BID, inside(listing), "1.00")
    at = await rested(venue, "k1cross", first)
    wanted = replace(first, limit=best.price, count=Contracts(400))
    amended = await venue.trading.amend(at.order_id, wanted)
    assert (amended.filled, amended.remaining) == (Contracts(400), NO_CONTRACTS)
    report = await reported(venue, at.order_id)
    assert (report.status, report.filled) == (ExchangeOrderStatus.EXECUTED, Contracts(400))
    again = await venue.trading.amend(at.order_id, wanted)
    assert again.kind is AmendmentKind.GONE


async def test_an_amend_that_is_refused_changes_nothing(venue: Venue) -> None:
    listing = await later_market(venue)
    first = order(listing, Side.BID, inside(listing))
    at = await rested(venue, "k1refused", first)
    before = await reported(venue, at.order_id)
    cases = [
        (replace(first, limit=Price(first.limit.units + 1)), "invalid_price"),
        (replace(first, count=NO_CONTRACTS), "invalid_order_size"),
        (replace(first, side=Side.ASK), "order_side_mismatch"),
        (replace(first, ticker="KXNO-SUCH"), "order_ticker_mismatch"),
        (replace(first, count=Contracts.parse("10000000")), "insufficient_balance"),
        (replace(first, expires_us=venue.clock.now() - HOUR), "invalid_order"),
    ]
    for wanted, code in cases:
        amended = await venue.trading.amend(at.order_id, wanted)
        assert (amended.kind, amended.code) == (AmendmentKind.REFUSED, code)
        assert (amended.filled, amended.remaining) == (None, None)
    assert await reported(venue, at.order_id) == before
    gone = await venue.trading.amend("00000000-0000-0000-0000-000000000000", first)
    assert (gone.kind, gone.code) == (AmendmentKind.GONE, "not_found")


async def test_an_order_is_decreased_and_never_increased(venue: Venue) -> None:
    listing = await later_market(venue)
    at = await rested(venue, "k1less", order(listing, Side.BID, inside(listing)))
    for more in ("5.00", "6.00"):
        refused = await venue.trading.decrease(at, Contracts.parse(more))
        assert (refused.kind, refused.code) == (AmendmentKind.REFUSED, "invalid_order_size")
    less = await venue.trading.decrease(at, Contracts(150))
    assert (less.kind, less.filled, less.remaining) == (
        AmendmentKind.AMENDED,
        None,
        Contracts(150),
    )
    report = await reported(venue, at.order_id)
    assert (report.remaining, report.status) == (Contracts(150), ExchangeOrderStatus.RESTING)
    assert (await venue.trading.decrease(at, NO_CONTRACTS)).remaining == NO_CONTRACTS
    assert (await venue.trading.orders(resting_only=True)).items == ()
    assert (await venue.trading.decrease(at, NO_CONTRACTS)).kind is AmendmentKind.GONE


async def test_a_batch_is_answered_order_by_order(venue: Venue) -> None:
    listing = await later_market(venue)
    good = order(listing, Side.BID, inside(listing), "1.00")
    wanted = [
        ("k1b1", good),
        ("k1b2", replace(good, limit=Price(good.limit.units + 1))),
        ("k1b1", good),
        *((f"k1b{n}", good) for n in range(3, 13)),
    ]
    placed = await venue.trading.place_batch(wanted)
    accepted, refused, duplicate = (
        PlacementKind.ACCEPTED,
        PlacementKind.REFUSED,
        PlacementKind.DUPLICATE,
    )
    assert [each.kind for each in placed] == [accepted, refused, duplicate, *[accepted] * 10]
    assert (placed[1].code, placed[2].code) == ("invalid_price", "order_already_exists")
    resting = {row.order_id: row for row in (await venue.trading.orders(resting_only=True)).items}
    assert len(resting) == 11
    for (name, _), each in zip(wanted, placed, strict=True):
        if each.kind is accepted:
            assert each.order_id is not None
            assert resting[each.order_id].client_order_id == name
    assert await venue.trading.place_batch([]) == ()


async def test_a_batch_of_cancels_is_answered_order_by_order(venue: Venue) -> None:
    listing = await later_market(venue)
    good = order(listing, Side.BID, inside(listing), "1.00")
    first, second = [await rested(venue, f"k1c{number}", good) for number in range(2)]
    unknown = replace(first, order_id="00000000-0000-0000-0000-000000000000")
    canceled = await venue.trading.cancel_batch([second, unknown, first, first])
    assert [(each.kind, each.reduced_by) for each in canceled] == [
        (CancellationKind.CANCELED, Contracts(100)),
        (CancellationKind.GONE, NO_CONTRACTS),
        (CancellationKind.CANCELED, Contracts(100)),
        (CancellationKind.GONE, NO_CONTRACTS),
    ]
    assert (await venue.trading.orders(resting_only=True)).items == ()
    assert await venue.trading.cancel_batch([]) == ()


async def test_everything_is_canceled_at_once(venue: Venue) -> None:
    for number, listing in enumerate((await two_sided(venue))[-3:]):
        await rested(venue, f"k1all{number}", order(listing, Side.BID, inside(listing)))
    assert (await venue.trading.cancel_all()).kind is OutcomeKind.DONE
    assert (await venue.trading.orders(resting_only=True)).items == ()
    assert (await venue.trading.cancel_all()).kind is OutcomeKind.DONE


async def test_the_queue_tells_what_is_ahead(venue: Venue) -> None:
    """At a price of our own there is nobody but us, in the order in which we came."""
    listing = await later_market(venue)
    good = order(listing, Side.BID, inside(listing), "2.00")
    first, second = [await rested(venue, f"k1q{number}", good) for number in range(2)]
    page = await venue.trading.queue_positions([listing.market.ticker])
    ahead = {row.order_id: row.ahead for row in page.items}
    assert ahead == {first.order_id: NO_CONTRACTS, second.order_id: Contracts(200)}
    assert (await venue.trading.queue_positions(["KXNO-SUCH"])).items == ()
    assert (await venue.trading.queue_positions([])).items == ()


async def test_what_reads_show_is_of_about_now(venue: Venue) -> None:
    as_of = await venue.trading.data_as_of()
    assert venue.clock.now() - MINUTE <= as_of <= venue.clock.now()


async def the_group(venue: Venue, group_id: str) -> OrderGroup:
    (found,) = [g for g in (await venue.groups.groups()).items if g.group_id == group_id]
    return found


async def test_a_group_is_a_switch_on_the_exchanges_side(venue: Venue) -> None:
    listing = await later_market(venue)
    shard = listing.market.exchange_index
    made = await venue.groups.create(Contracts.parse("50"), shard)
    assert made.kind is OutcomeKind.DONE
    group = await the_group(venue, made.made_id)
    assert group == OrderGroup(made.made_id, shard, Contracts.parse("50"), triggered=False)
    good = order(listing, Side.BID, inside(listing), "1.00")
    await rested(venue, "k1g1", good, group_id=group.group_id)
    outside = await rested(venue, "k1g2", good)
    assert (await venue.groups.trigger(group)).kind is OutcomeKind.DONE
    resting = (await venue.trading.orders(resting_only=True)).items
    assert [row.order_id for row in resting] == [outside.order_id]
    assert (await the_group(venue, group.group_id)).triggered
    refused = await venue.trading.place("k1g3", good, group_id=group.group_id)
    assert (refused.kind, refused.code) == (PlacementKind.REFUSED, "order_group_triggered")
    assert (await venue.groups.reset(group)).kind is OutcomeKind.DONE
    again = await rested(venue, "k1g4", good, group_id=group.group_id)
    assert (await venue.groups.delete(group)).kind is OutcomeKind.DONE
    assert (await reported(venue, again.order_id)).status is ExchangeOrderStatus.CANCELED
    for change in (venue.groups.trigger, venue.groups.reset, venue.groups.delete):
        assert (await change(group)).kind is OutcomeKind.GONE
    orphan = await venue.trading.place("k1g5", good, group_id=group.group_id)
    assert orphan.kind is PlacementKind.REFUSED


async def test_a_group_stops_at_its_limit(venue: Venue) -> None:
    listing = await later_market(venue)
    for limit in ("0.50", "1000001"):
        refused = await venue.groups.create(Contracts.parse(limit), listing.market.exchange_index)
        assert (refused.kind, refused.made_id) == (OutcomeKind.REFUSED, "")
    made = await venue.groups.create(Contracts.parse("5"), listing.market.exchange_index)
    group = await the_group(venue, made.made_id)
    best = listing.quote.ask
    assert best is not None
    taking = order(listing, Side.BID, best.price, "4.00", time_in_force=TimeInForce.IOC)
    name = group.group_id
    (taken,) = await venue.trading.place_batch([("k1t1", taking)], group_id=name)
    assert taken.filled == Contracts(400)
    assert not (await the_group(venue, name)).triggered
    assert (await venue.groups.set_limit(group, Contracts.parse("4"))).kind is OutcomeKind.DONE
    assert (await the_group(venue, name)).triggered


async def test_cash_moves_from_shard_to_shard_once(venue: Venue) -> None:
    before = await venue.trading.balance()
    source = max(before.by_shard, key=lambda shard: shard[1].units)[0]
    target = (source + 1) % 4
    cash = dict(before.by_shard)
    name, amount = "3f0c1d4e-8b2a-4f6d-9c7e-1a2b3c4d5e6f", Money.parse("12.3456")
    sent = await venue.treasury.transfer(name, source, target, amount)
    assert sent.kind is OutcomeKind.DONE
    again = await venue.treasury.transfer(name, source, target, amount)
    assert again.kind is OutcomeKind.DUPLICATE
    much = await venue.treasury.transfer(f"4{name[1:]}", source, target, Money.parse("9999999"))
    assert (much.kind, much.code) == (OutcomeKind.REFUSED, "insufficient_balance")
    for wrong in ("0", "-1", "0.00005"):
        with pytest.raises(InvalidValue):
            await venue.treasury.transfer(name, source, target, Money.parse(wrong))
    await venue.clock.sleep_until(venue.clock.now() + MINUTE)
    after = await venue.trading.balance()
    assert after.cash == before.cash
    moved = dict(after.by_shard)
    assert moved[source] == cash[source] - amount
    assert moved[target] == cash.get(target, NO_MONEY) + amount
    (row,) = await walk(lambda cursor: venue.treasury.transfers(cursor=cursor))
    assert (row.transfer_id, row.client_transfer_id) == (sent.made_id, name)
    assert (row.source, row.destination, row.amount) == (source, target, amount)
    assert row.complete


async def test_what_is_new_is_not_archived(venue: Venue) -> None:
    listing = await later_market(venue)
    await take(venue, listing, Side.BID, "1.00")
    now, cutoffs = venue.clock.now(), await venue.archive.cutoffs()
    assert max(cutoffs.markets_us, cutoffs.trades_us, cutoffs.orders_us) < now
    assert (await venue.archive.listings([listing.market.ticker])).items == ()
    assert (await venue.archive.trades(listing.market.ticker, now - HOUR)).items == ()
    assert await walk(lambda cursor: venue.archive.orders(cursor=cursor)) == []
    assert await walk(lambda cursor: venue.archive.fills(min_us=now, cursor=cursor)) == []


async def test_the_account_has_budgets_and_keys(venue: Venue) -> None:
    limits, keys = await venue.access.limits(), await venue.access.api_keys()
    assert limits.tier == "basic"
    assert (limits.read.rate, limits.write.rate) == (200, 100)
    assert (limits.unusable, keys.unusable) == ((), ())
    assert any({"read", "write"} <= key.scopes for key in keys.keys)


async def test_what_is_announced_is_of_what_there_is(venue: Venue) -> None:
    """Whoever changes fees, or pays for quotes, does so in series and markets that are listed."""
    serieses = {series.ticker for series in (await venue.market_data.series()).items}
    changes = [
        *(await venue.notices.series_fee_changes()).items,
        *await walk(venue.notices.event_fee_changes),
    ]
    assert {change.series_ticker for change in changes} <= serieses
    programs = await walk(venue.notices.incentives)
    now = venue.clock.now()
    assert all(program.start_us <= now <= program.end_us for program in programs)
    rewarded = {program.ticker for program in programs}
    listed = (await venue.market_data.listings(rewarded)).items
    assert {row.market.ticker for row in listed} == rewarded
    assert all(program.reward > NO_MONEY for program in programs)


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
        assert (placed.kind, placed.code) == (PlacementKind.UNAUTHORIZED, "authentication_error")
