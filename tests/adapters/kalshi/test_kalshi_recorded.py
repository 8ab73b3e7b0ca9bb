"""Answers recorded from the exchange itself, replayed through the client."""

import json
from pathlib import Path
from typing import Any

import pytest
from answering import answering

from kalshi_cli.adapters.kalshi.answers import Answer, cancellation_of, placement_of, read_error
from kalshi_cli.adapters.kalshi.public import to_book, to_listing
from kalshi_cli.adapters.kalshi.rows import decode_member
from kalshi_cli.adapters.kalshi.wire import BookWire, LaddersWire, MarketWire
from kalshi_cli.domain.book import Level
from kalshi_cli.domain.fees import FeeTerms, fill_fee
from kalshi_cli.domain.instant import parse_rfc3339
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import ExchangeOrderStatus
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import ClockRefused, ExchangeRefusal, Unauthorized
from kalshi_cli.ports.exchange import CancellationKind, ExchangeStatus, Page, PlacementKind
from kalshi_cli.steps.paging import collect

ONE = Contracts(100)
"""The count of every order that was recorded."""


@pytest.fixture
def demo(shared_data: Path) -> Path:
    return shared_data / "demo_2026_06"


def answer(folder: Path, name: str) -> Answer:
    meta = json.loads((folder / f"{name}.meta.json").read_text())
    return Answer(meta["status"], (folder / f"{name}.json").read_bytes())


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("orders__create_v2_maker", PlacementKind.ACCEPTED, ""),
        ("orders__create_v2_taker_ioc", PlacementKind.ACCEPTED, ""),
        ("orders__stp_self_cross", PlacementKind.ACCEPTED, ""),
        ("orders__stp_setup", PlacementKind.ACCEPTED, ""),
        ("orders__settlement_seed", PlacementKind.ACCEPTED, ""),
        ("orders__duplicate_client_order_id", PlacementKind.DUPLICATE, "order_already_exists"),
        ("orders__reuse_canceled_client_id", PlacementKind.DUPLICATE, "order_already_exists"),
        ("orders__insufficient_balance", PlacementKind.REFUSED, "insufficient_balance"),
        ("orders__invalid_price_structure", PlacementKind.REFUSED, "invalid_price"),
        ("orders__numeric_field_types", PlacementKind.REFUSED, "bad_request"),
        ("orders__post_only_cross", PlacementKind.REFUSED, "invalid_order"),
    ],
)
def test_recorded_placements(demo: Path, name: str, kind: PlacementKind, code: str) -> None:
    meta = json.loads((demo / f"{name}.meta.json").read_text())
    mine = meta["request_body"]["client_order_id"]
    placement = placement_of(answer(demo, name), mine, ONE)
    assert (placement.kind, placement.code) == (kind, code)
    if kind is PlacementKind.ACCEPTED:
        assert placement_of(answer(demo, name), "another", ONE).kind is PlacementKind.UNKNOWN


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("orders__cancel_v2", CancellationKind.CANCELED),
        ("orders__cancel_already_canceled", CancellationKind.GONE),
        ("orders__cancel_executed", CancellationKind.GONE),
        ("orders__cancel_unknown_id", CancellationKind.GONE),
        ("cleanup__leftover_0", CancellationKind.GONE),
        ("cleanup__leftover_1", CancellationKind.GONE),
        ("cleanup__leftover_2", CancellationKind.GONE),
        ("cleanup__stp_resting", CancellationKind.CANCELED),
    ],
)
def test_recorded_cancellations(demo: Path, name: str, kind: CancellationKind) -> None:
    path = json.loads((demo / f"{name}.meta.json").read_text())["path"]
    told = cancellation_of(answer(demo, name), path.rpartition("/")[2])
    assert told.kind is kind
    assert told.reduced_by == Contracts(100 if kind is CancellationKind.CANCELED else 0)


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("auth__bad_signature", Unauthorized, "INCORRECT_API_KEY_SIGNATURE"),
        ("auth__unknown_key_id", Unauthorized, "NOT_FOUND"),
        ("auth__missing_signature_header", Unauthorized, "signature is missing"),
        ("auth__skew_minus30s", ClockRefused, "clock is off"),
        ("auth__skew_minus5min", ClockRefused, "clock is off"),
        ("auth__skew_plus5min", ClockRefused, "clock is off"),
        ("markets__limit_over_max", ExchangeRefusal, "Parameter validation failed"),
    ],
)
def test_recorded_errors(demo: Path, name: str, kind: type[Exception], said: str) -> None:
    error = read_error(answer(demo, name), "GET /x")
    assert type(error) is kind
    assert said in str(error)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("markets__page1", 5),
        ("markets__page2", 5),
        ("markets__page3", 5),
        ("markets__garbage_cursor", 5),
        ("markets__high_temp", 18),
        ("markets__single_filter_lastpage", 1),
        ("markets__status_open", 200),
        ("markets__status_closed", 5),
        ("markets__status_settled", 5),
        ("markets__unauth_list", 2),
    ],
)
async def test_recorded_markets_agree_with_their_text(demo: Path, name: str, count: int) -> None:
    """Each side, price and result is compared with the recording by an independent reading."""
    body = (demo / f"{name}.json").read_bytes()
    async with answering(body) as exchange:
        page = await exchange.market_data.updated_markets(0)
    rows = {row["ticker"]: row for row in json.loads(body)["markets"]}
    assert (len(page.items), page.unusable) == (count, ())
    for listing in page.items:
        row, quote = rows[listing.market.ticker], listing.quote
        assert listing.market.grid is not None
        assert listing.market.status == row["status"]
        for side, level in (("bid", quote.bid), ("ask", quote.ask)):
            size = float(row[f"yes_{side}_size_fp"])
            assert (level is not None) == (size > 0)
            if level is not None:
                assert str(level.price) == row[f"yes_{side}_dollars"]
                assert str(level.count) == row[f"yes_{side}_size_fp"]
        assert (quote.last is None) == (float(row["last_price_dollars"]) == 0)
        assert (listing.market.result or "") == row["result"]
        if listing.market.status is MarketStatus.FINALIZED:
            assert listing.market.payout == Price(10_000 if row["result"] == Result.YES else 0)


async def test_recorded_account(demo: Path) -> None:
    async def read(name: str, call: str) -> Any:
        async with answering((demo / f"{name}.json").read_bytes()) as exchange:
            return await getattr(exchange.trading, call)()

    balance = await read("auth__balance_ok", "balance")
    assert balance.cash == Money.parse("98.0186")
    (held,) = (await read("portfolio__positions", "positions")).items
    assert held.net == Contracts(300)
    orders = await read("portfolio__orders_list", "orders")
    assert (len(orders.items), orders.unusable) == (9, ())
    assert {order.status for order in orders.items} == {
        ExchangeOrderStatus.EXECUTED,
        ExchangeOrderStatus.CANCELED,
    }
    assert (await read("settlements__page", "settlements")).items == ()
    fills = (await read("fills__after_taker", "fills")).items
    for fill in fills:
        assert fill.side is Side.BID
        terms = FeeTerms("quadratic")
        model = fill_fee(terms, side=fill.side, price=fill.price, count=fill.count, is_taker=True)
        assert fill.fee == model


async def test_a_recorded_order_still_says_resting_after_its_cancel(demo: Path) -> None:
    async with answering((demo / "orders__get_after_cancel.json").read_bytes()) as exchange:
        assert exchange.trading is not None
        report = await exchange.trading.order("2597b999")
    assert report is not None
    assert report.status is ExchangeOrderStatus.RESTING


async def test_recorded_prints(demo: Path) -> None:
    async with answering((demo / "trades__public_recorded.json").read_bytes()) as exchange:
        page = await exchange.market_data.trades("KXPGATOUR-USO26-JDAY")
    assert (len(page.items), page.unusable) == (12, ())
    assert page.items[0].count == Contracts(777)
    times = [trade.at_us for trade in page.items]
    assert times == sorted(times, reverse=True)


LEP = "KXWTACHALLENGERMATCH-26JUN11JIMLEP-LEP"


@pytest.mark.parametrize(
    ("name", "ticker", "said"),
    [
        ("markets__single", LEP, "active 0.4700x3.00 0.5200x3.00 last 0.9900 of 2.00"),
        ("markets__unauth_single", LEP, "active 0.4700x3.00 0.5200x3.00 last 0.9900 of 2.00"),
        ("markets__high_temp", "KXHIGHNY-26JUN15-T85", "active - 0.5000x70.00 last - of 0.00"),
        (
            "markets__status_open",
            "KXATPCHALLENGERMATCH-26JUN11CIGEST-CIG",
            "active - 0.6500x125.60 last 0.6500 of 6.40",
        ),
        (
            "markets__status_open",
            "KXMVESPORTSMULTIGAMEEXTENDED-S202667DDE5A948C-EAAA448B85D",
            "active 0.5100x8.00 - last - of 0.00",
        ),
        (
            "markets__status_closed",
            "KXQUICKSETTLE-11JUN26H0220-2",
            "determined yes 1.0000 - - last 0.9900 of 2.00",
        ),
        (
            "markets__status_settled",
            "KXQUICKSETTLE-11JUN26H0140-3",
            "finalized no 0.0000 - - last - of 0.00",
        ),
        (
            "markets__page1",
            "KXMLBHIT-26JUN111310AZMIA-AZKMARTE4-4",
            "initialized - - last - of 0.00",
        ),
    ],
)
def test_what_a_person_reads_in_a_market(demo: Path, name: str, ticker: str, said: str) -> None:
    """Read in the recordings by eye: a side without size is none, whatever its price says."""
    whole = json.loads((demo / f"{name}.json").read_text())
    rows = whole["markets"] if "markets" in whole else [whole["market"]]
    (row,) = [row for row in rows if row["ticker"] == ticker]
    body = json.dumps({"market": row}).encode()
    listing = to_listing(decode_member(body, "market", MarketWire), 0)
    market, quote = listing.market, listing.quote
    bid, ask = (f"{x.price}x{x.count}" if x else "-" for x in (quote.bid, quote.ask))
    result = f" {market.result} {market.payout}" if market.result else ""
    last = quote.last or "-"
    assert f"{market.status}{result} {bid} {ask} last {last} of {quote.volume}" == said


def test_what_a_person_reads_in_a_book(demo: Path) -> None:
    """A NO bid of 48 cents is a YES ask of 52."""
    body = (demo / "orderbook__base.json").read_bytes()
    book = to_book(BookWire(LEP, decode_member(body, "orderbook_fp", LaddersWire)), 0)
    assert book.bids == (Level(Price.parse("0.47"), Contracts.parse("3")),)
    assert book.asks == (Level(Price.parse("0.52"), Contracts.parse("3")),)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("orders__get_after_create", "bid 0.0100 0.00/1.00 resting"),
        ("orders__get_after_cancel", "bid 0.0100 0.00/1.00 resting"),
        ("orders__stp_resting_after", "bid 0.4800 0.00/1.00 resting"),
    ],
)
async def test_what_a_person_reads_in_an_order(demo: Path, name: str, said: str) -> None:
    async with answering((demo / f"{name}.json").read_bytes()) as exchange:
        assert exchange.trading is not None
        order = await exchange.trading.order("o")
    assert order is not None
    assert f"{order.side} {order.price} {order.filled}/{order.initial} {order.status}" == said
    assert (order.ticker, order.remaining) == (LEP, order.initial)


BALANCES = ("auth__balance_ok", "auth__balance_alt_host", "auth__skew_minus5s", "auth__skew_plus5s")


async def test_what_a_person_reads_in_the_account(demo: Path) -> None:
    async with answering((demo / "portfolio__orders_list.json").read_bytes()) as exchange:
        assert exchange.trading is not None
        orders = (await exchange.trading.orders()).items
    told = [f"{o.side} {o.price} {o.filled} {o.status}" for o in orders]
    assert told[:5] == [
        "bid 0.9900 1.00 executed",
        "bid 0.0100 0.00 canceled",
        "bid 0.9900 1.00 executed",
        "bid 0.0100 0.00 canceled",
        "ask 0.0200 0.00 canceled",
    ]
    assert all((o.initial, o.remaining) == (Contracts(100), Contracts(0)) for o in orders)
    async with answering((demo / "fills__after_taker.json").read_bytes()) as exchange:
        assert exchange.trading is not None
        fills = (await exchange.trading.fills()).items
    assert [f"{f.side} {f.price} {f.count} {f.fee}" for f in fills] == [
        "bid 0.5200 1.00 0.017500",
        "bid 0.9900 1.00 0.000700",
        "bid 0.9900 1.00 0.000700",
    ]
    assert fills[0].at_us == parse_rfc3339("2026-06-11T06:29:30.164956Z")
    for name in BALANCES:
        async with answering((demo / f"{name}.json").read_bytes()) as exchange:
            assert exchange.trading is not None
            assert (await exchange.trading.balance()).by_shard == ((0, Money.parse("98.0186")),)


@pytest.mark.parametrize(
    ("name", "filled", "remaining"),
    [
        ("orders__create_v2_maker", "0", "1"),
        ("orders__create_v2_taker_ioc", "1", "0"),
        ("orders__settlement_seed", "1", "0"),
        ("orders__stp_setup", "0", "1"),
        ("orders__stp_self_cross", "0", "0"),
    ],
)
def test_what_a_person_reads_in_a_placement(
    demo: Path, name: str, filled: str, remaining: str
) -> None:
    meta = json.loads((demo / f"{name}.meta.json").read_text())
    placed = placement_of(answer(demo, name), meta["request_body"]["client_order_id"], ONE)
    assert placed.filled == Contracts.parse(filled)
    assert placed.remaining == Contracts.parse(remaining)


async def test_what_was_empty_is_read_as_empty(demo: Path) -> None:
    async with answering((demo / "series__fee_changes.json").read_bytes()) as exchange:
        assert await exchange.notices.series_fee_changes() == Page(())
    async with answering((demo / "settlements__end_of_session.json").read_bytes()) as exchange:
        assert exchange.trading is not None
        assert await exchange.trading.settlements() == Page(())
    async with answering((demo / "exchange__status.json").read_bytes()) as exchange:
        assert await exchange.market_data.exchange_status() == ExchangeStatus(True, True)


async def test_a_cursor_of_garbage_begins_again_and_the_walk_says_so(demo: Path) -> None:
    """The exchange answers it with the first page, whose cursor leads to the second, and so on."""
    first, second = (
        (demo / f"{n}.json").read_bytes() for n in ("markets__page1", "markets__page2")
    )
    async with answering(first) as one, answering(second) as two:
        pages = {"": await one.market_data.updated_markets(0)}
        pages[pages[""].cursor] = await two.market_data.updated_markets(0)
    async with answering((demo / "markets__garbage_cursor.json").read_bytes()) as exchange:
        garbage = await exchange.market_data.updated_markets(0)
    assert garbage.items == pages[""].items

    async def fetch(cursor: str) -> Page[Any]:
        return pages.get(cursor, garbage)

    walked = await collect(fetch)
    assert not walked.complete
    assert "begin again" in walked.why


OF_V1 = {"orders__legacy_create", "orders__legacy_cancel"}
"""Writes that the exchange answers with 410 since; no order of V2 is in them."""


ELSEWHERE = {"account__limits", "account__endpoint_costs"}
"""Read where budgets are tested."""


def test_every_recorded_answer_is_read_above(demo: Path) -> None:
    source = Path(__file__).read_text()
    names = {path.name.removesuffix(".json") for path in demo.glob("*.json")}
    answers = {name for name in names if not name.endswith(".meta")}
    assert len(answers) >= 58
    assert {name for name in answers if f'"{name}' not in source} == set()


@pytest.mark.parametrize("name", sorted(OF_V1))
def test_an_order_of_v1_proves_nothing(demo: Path, name: str) -> None:
    told = answer(demo, name)
    assert placement_of(told, "k", ONE).kind is PlacementKind.UNKNOWN
    assert cancellation_of(told, "o").kind is CancellationKind.UNKNOWN
