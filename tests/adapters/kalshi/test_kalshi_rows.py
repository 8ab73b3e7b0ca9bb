"""Wire objects become domain values exactly, or are refused by name; never something in between."""

import contextlib
import json
from functools import partial
from typing import Any

import msgspec
import pytest
import wire_samples as sample
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.adapters.kalshi import account, public, wire
from kalshi_cli.adapters.kalshi.rows import decode, number, read_page
from kalshi_cli.domain.account import CashKind, CashMovement
from kalshi_cli.domain.book import Level
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import LINEAR_CENT
from kalshi_cli.domain.instant import parse_rfc3339
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import ExchangeOrderStatus
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import InvalidValue, MalformedAnswer

NOW = 1_800_000_000_000_000


def level(price: str, count: str) -> Level:
    return Level(Price.parse(price), Contracts.parse(count))


def page(key: str, *rows: Any, cursor: Any = "") -> bytes:
    return json.dumps({key: list(rows), "cursor": cursor}).encode()


def listings(*rows: Any):
    convert = partial(public.read_listing, at_us=NOW)
    return read_page(page("markets", *rows), "markets", msgspec.Raw, convert)


@pytest.mark.parametrize(
    ("title", "answer", "told"),
    [
        ("Will it rain?", "Rain", "Will it rain? (Rain)"),
        ("Who wins, Ann or Bob?", "Ann", "Who wins, Ann or Bob?"),
        ("", "Ann", "Ann"),
        ("Will it rain?", None, "Will it rain?"),
        (None, None, ""),
    ],
)
def test_a_title_tells_what_yes_stands_for(title, answer, told) -> None:
    (listing,) = listings(sample.market(title=title, yes_sub_title=answer)).items
    assert listing.market.title == told


@pytest.mark.parametrize("absent", [..., None])
def test_a_strike_that_is_absent_or_null_is_none(absent: object) -> None:
    (listing,) = listings(sample.market(floor_strike=absent, cap_strike=absent)).items
    assert (listing.market.floor_strike, listing.market.cap_strike) == (None, None)


def test_a_market_and_its_quote() -> None:
    (listing,) = listings(sample.market()).items
    market, quote = listing.market, listing.quote
    assert (market.ticker, market.event_ticker) == ("KXRAIN-27JAN05-NYC", "KXRAIN-27JAN05")
    assert market.status is MarketStatus.ACTIVE
    assert market.grid == LINEAR_CENT
    assert market.expires_us == parse_rfc3339("2027-01-06T15:00:00+00:00")
    assert (market.floor_strike, market.cap_strike, market.exchange_index) == ("0.01", None, 2)
    assert (market.result, market.settlement_value, market.payout) == (None, None, None)
    assert (quote.bid, quote.ask) == (level("0.41", "12.5"), level("0.44", "3"))
    assert (quote.last, quote.at_us) == (Price.parse("0.43"), NOW)
    assert quote.volume_24h == Contracts(9_000)


@pytest.mark.parametrize("size", ["0.00", "0", "-24.83"])
@pytest.mark.parametrize("sentinel", ["0.0000", "1.0000", None])
def test_a_side_exists_only_if_it_has_size(size: str, sentinel: str | None) -> None:
    row = sample.market(yes_ask_size_fp=size, yes_ask_dollars=sentinel)
    (listing,) = listings(row).items
    assert listing.quote.ask is None
    assert listing.quote.bid == level("0.41", "12.5")
    assert listing.quote.spread is None


def test_markets_that_read_as_they_are_known_are_looked_at_no_further() -> None:
    rows = [sample.market(ticker=f"T-{n}") for n in range(4)]
    first = event_of(*rows)
    marks = {one.fingerprint: one.market.ticker for one in first.listings}
    assert len(marks) == 4
    rows[1] = sample.market(ticker="T-1", yes_bid_dollars="0.4200")
    rows[2] = sample.market(ticker="T-2", status=7)
    again = event_of(*rows, known=marks)
    assert [one.market.ticker for one in again.listings] == ["T-1"]
    assert [(one.ticker, one.at_us) for one in again.seen_again] == [("T-0", NOW), ("T-3", NOW)]
    assert [row.what for row in again.unusable] == ["T-2"]
    assert {one.fingerprint: one.ticker for one in again.seen_again}.items() <= marks.items()


def event_of(*rows: Any, **known: Any):
    convert = partial(public.to_event_listing, at_us=NOW, **known)
    body = page("events", sample.event(markets=list(rows)))
    (event,) = read_page(body, "events", wire.EventWire, convert).items
    return event


@pytest.mark.parametrize("bad", [7, {"ticker": "T-1", "close_time": 5}, "text", None, [], {}])
def test_a_row_of_another_shape_costs_only_itself(bad: Any) -> None:
    """The page as a whole does not decode: every other row of it must still be there."""
    fills = [sample.fill(fill_id="a"), bad, sample.fill(fill_id="b")]
    answer = read_page(page("fills", *fills), "fills", wire.FillWire, account.to_fill)
    assert [fill.fill_id for fill in answer.items] == ["a", "b"]
    assert len(answer.unusable) == 1
    found = listings(sample.market(ticker="T-0"), bad, sample.market(ticker="T-2"))
    assert [one.market.ticker for one in found.items] == ["T-0", "T-2"]
    assert len(found.unusable) == 1


def test_no_print_is_no_last_price() -> None:
    for never in ("0.0000", None, ...):
        (listing,) = listings(sample.market(last_price_dollars=never)).items
        assert listing.quote.last is None


@pytest.mark.parametrize(
    "ranges",
    [
        ...,
        None,
        [],
        "linear_cent",
        [{"start": "0", "end": "1"}],
        [{"start": "0", "end": "1", "step": "0.00001"}],
        [{"start": "0", "end": "0.3", "step": "0.01"}, {"start": "0.5", "end": "1", "step": "0.1"}],
    ],
)
def test_a_price_structure_that_cannot_be_represented_is_no_grid(ranges: Any) -> None:
    (listing,) = listings(sample.market(price_ranges=ranges)).items
    assert listing.market.grid is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"yes_bid_dollars": "0.41005"}, "finer than 4"),
        ({"yes_bid_dollars": 0.41}, "yes_bid_dollars"),
        ({"yes_bid_dollars": ""}, "size and no price"),
        ({"yes_bid_dollars": None}, "size and no price"),
        ({"yes_bid_dollars": "0.0000"}, "size at $0.0000"),
        ({"yes_ask_dollars": "1.0000"}, "size at $1.0000"),
        ({"yes_ask_dollars": "1.5000"}, "no price"),
        ({"yes_bid_dollars": "0.4400"}, "crossed"),
        ({"yes_bid_size_fp": "1.005"}, "finer than 2"),
        ({"yes_bid_size_fp": ...}, "yes_bid_size_fp"),
        ({"volume_fp": None}, "volume_fp"),
        ({"ticker": ""}, "length >= 1 - at `$.ticker`"),
        ({"status": "hibernating"}, "Unknown market status"),
        ({"result": "void"}, "Unknown result"),
        ({"result": "yes", "settlement_value_dollars": "0.0000"}, "Result yes"),
        ({"settlement_value_dollars": "0.33333"}, "finer than 4"),
        ({"notional_value_dollars": "100.0000"}, "not of $1"),
        ({"close_time": "soon"}, "RFC 3339"),
        ({"close_time": "2027-01-06T00:00:00"}, "RFC 3339"),
        ({"close_time": ...}, "close_time"),
        ({"exchange_index": -1}, "exchange_index"),
        ({"floor_strike": "NaN"}, "Expected a number"),
        ({"floor_strike": 1e300}, "no usable number"),
        ({"cap_strike": "\u0663"}, "Expected a number"),
    ],
)
def test_a_bad_market_is_unusable_by_name_and_costs_only_itself(changes: Any, said: str) -> None:
    answer = listings(sample.market(**changes), sample.market(ticker="KXGOOD"))
    assert [listing.market.ticker for listing in answer.items] == ["KXGOOD"]
    (bad,) = answer.unusable
    assert said in bad.reason
    assert bad.what in {"KXRAIN-27JAN05-NYC", "KXRAIN-27JAN05"}


def test_results_and_their_values() -> None:
    for result, value, paid in [
        ("yes", "1.0000", "1"),
        ("no", "0.0000", "0"),
        ("no", None, "0"),
        ("scalar", "0.4567", "0.4567"),
    ]:
        row = sample.market(status="finalized", result=result, settlement_value_dollars=value)
        (listing,) = listings(row).items
        assert listing.market.result is Result(result)
        assert listing.market.payout == Price.parse(paid)


def test_events_name_the_markets_they_lost() -> None:
    convert = partial(public.to_event_listing, at_us=NOW)
    broken = sample.market(ticker="KXBROKEN", status="?")
    body = page("events", sample.event(markets=[broken, sample.market()]))
    (listing,) = read_page(body, "events", wire.EventWire, convert).items
    assert listing.event.mutually_exclusive
    assert listing.event.fees is None
    assert [row.what for row in listing.unusable] == ["KXBROKEN"]
    assert len(listing.listings) == 1


@pytest.mark.parametrize(
    ("changes", "fees"),
    [
        ({}, None),
        ({"fee_type_override": None, "fee_multiplier_override": None}, None),
        (
            {"fee_type_override": "quadratic", "fee_multiplier_override": 0.25},
            FeeTerms("quadratic", 250_000),
        ),
        ({"fee_type_override": "quadratic"}, public.UNPAIRED),
        ({"fee_multiplier_override": 2}, public.UNPAIRED),
    ],
)
def test_fee_overrides(changes: Any, fees: FeeTerms | None) -> None:
    body = page("events", sample.event(markets=None, **changes))
    convert = partial(public.to_event_listing, at_us=NOW)
    (listing,) = read_page(body, "events", wire.EventWire, convert).items
    assert listing.event.fees == fees
    assert not public.UNPAIRED.is_known


def test_series_fees_are_exact() -> None:
    body = page(
        "series",
        sample.series(),
        sample.series(ticker="A", fee_multiplier=1, fee_type="a_new_kind"),
        sample.series(ticker="B", fee_multiplier=0.0000001),
        sample.series(ticker="C", fee_multiplier=1e300),
        sample.series(ticker="D", fee_multiplier=...),
    )
    answer = read_page(body, "series", wire.SeriesWire, public.to_series)
    assert [row.fees for row in answer.items] == [
        FeeTerms("quadratic", 500_000),
        FeeTerms("a_new_kind", 1_000_000),
    ]
    assert [row.what for row in answer.unusable] == ["B", "C", "D"]


def books(*rows: Any):
    convert = partial(public.to_book, at_us=NOW)
    return read_page(page("orderbooks", *rows), "orderbooks", wire.BookWire, convert)


def test_no_bids_are_yes_asks() -> None:
    (book,) = books(sample.book()).items
    assert book.bids == (level("0.41", "12.5"), level("0.40", "7"))
    assert book.asks == (level("0.44", "3"), level("0.45", "9"))


@pytest.mark.parametrize("empty", [{}, {"yes_dollars": None, "no_dollars": None}])
def test_null_ladders_are_empty(empty: Any) -> None:
    (book,) = books(sample.book(orderbook_fp=empty)).items
    assert (book.bids, book.asks) == ((), ())


@pytest.mark.parametrize(
    "ladders",
    [
        {"yes_dollars": [["0.60", "1.00"]], "no_dollars": [["0.50", "1.00"]]},
        {"yes_dollars": [["0.0000", "1.00"]]},
        {"yes_dollars": [["1.0000", "1.00"]]},
        {"yes_dollars": [["0.41", "-1.00"]]},
        {"yes_dollars": [["0.41", "1.00"], ["0.4100", "2.00"]]},
        {"yes_dollars": [["0.41005", "1.00"]]},
        {"yes_dollars": [[0.41, 1]]},
        {"yes_dollars": [["0.41"]]},
    ],
)
def test_an_impossible_book_is_unusable(ladders: Any) -> None:
    answer = books(sample.book(orderbook_fp=ladders))
    assert answer.items == ()
    assert [row.what for row in answer.unusable] == ["KXRAIN-27JAN05-NYC"]


def test_orders_and_fills_are_on_the_yes_book() -> None:
    body = page("orders", sample.order(), sample.order(order_id="o-2", book_side=...))
    first, second = read_page(body, "orders", wire.OrderWire, account.to_order).items
    assert first.side is second.side is Side.ASK
    assert (first.price, first.filled, first.remaining) == (
        Price(4_400),
        Contracts(400),
        Contracts(600),
    )
    assert first.status is ExchangeOrderStatus.RESTING
    assert first.expires_us == parse_rfc3339("2027-01-04T11:00:00Z")
    (fill,) = read_page(page("fills", sample.fill()), "fills", wire.FillWire, account.to_fill).items
    assert (fill.side, fill.price, fill.fee) == (Side.BID, Price(5_200), Money(17_500))
    assert fill.at_us == parse_rfc3339("2027-01-04T10:00:00.164956Z")


@pytest.mark.parametrize(
    "changes",
    [
        {"book_side": "bid"},
        {"book_side": ..., "outcome_side": ...},
        {"book_side": "middle"},
        {"status": "unknown"},
        {"fill_count_fp": "-1.00"},
        {"created_time": ...},
        {"order_id": ""},
        {"order_id": None},
    ],
)
def test_an_order_that_contradicts_itself_is_unusable(changes: Any) -> None:
    body = page("orders", sample.order(**changes))
    answer = read_page(body, "orders", wire.OrderWire, account.to_order)
    assert (answer.items, len(answer.unusable)) == ((), 1)


def settlements(row: Any, scalar: Price | None = None):
    convert = partial(account.to_settlement, scalar_value=scalar)
    return read_page(page("settlements", row), "settlements", wire.SettlementWire, convert)


@pytest.mark.parametrize(
    ("changes", "net", "value", "revenue"),
    [
        ({}, 750, "1", "7.5"),
        ({"market_result": "no", "value": 0, "revenue": 0}, 750, "0", "0"),
        ({"value": None}, 750, "1", "7.5"),
        ({"no_count_fp": "10.00", "revenue": 0, "value": 4559}, 0, "1", "0"),
        ({"yes_count_fp": "0.00", "market_result": "no", "revenue": 250}, -250, "0", "2.5"),
        (
            {"market_result": "scalar", "value": 45, "revenue": 342},
            750,
            "0.4567",
            "3.425250",
        ),
        (
            {"yes_count_fp": "0.00", "market_result": "scalar", "value": None, "revenue": 135},
            -250,
            "0.4567",
            "1.358250",
        ),
    ],
)
def test_settlements_pay_exactly(changes: Any, net: int, value: str, revenue: str) -> None:
    (row,) = settlements(sample.settlement(**changes), Price.parse("0.4567")).items
    assert row.net == Contracts(net)
    assert row.value == Price.parse(value)
    assert row.revenue == Money.parse(revenue)
    assert row.fee == Money.parse("0.17")


@pytest.mark.parametrize(
    ("changes", "scalar", "said"),
    [
        ({"market_result": "scalar", "value": 45, "revenue": 342}, None, "not known"),
        ({"market_result": "scalar", "value": 46, "revenue": 342}, "0.4567", "46 cents"),
        ({"revenue": 751}, None, "751 cents paid"),
        ({"revenue": 7.5}, None, "revenue"),
        ({"market_result": "void"}, None, "Unknown result"),
        ({"yes_count_fp": ...}, None, "yes_count_fp"),
    ],
)
def test_settlements_that_do_not_add_up_are_unusable(
    changes: Any, scalar: str | None, said: str
) -> None:
    value = None if scalar is None else Price.parse(scalar)
    answer = settlements(sample.settlement(**changes), value)
    assert answer.items == ()
    assert said in answer.unusable[0].reason


def test_only_applied_transfers_moved_cash() -> None:
    convert = partial(account.to_cash, kind=CashKind.WITHDRAWAL)
    rows = [
        sample.transfer(),
        sample.transfer(id="d-2", status="pending"),
        sample.transfer(id="d-3", fee_cents=5),
        sample.transfer(id="d-4", finalized_ts=None),
        sample.transfer(id="d-5", status="failed"),
        sample.transfer(id="d-6", status="returned"),
    ]
    answer = read_page(page("withdrawals", *rows), "withdrawals", wire.TransferWire, convert)
    moved = [row for row in answer.items if row is not None]
    at_us = 1_798_900_100_000_000
    assert moved[0] == CashMovement(
        "withdrawal:d-1", CashKind.WITHDRAWAL, Money.parse("-123.45"), at_us
    )
    assert [row.movement_id for row in moved] == [
        "withdrawal:d-1",
        "withdrawal:d-3",
        "withdrawal:d-4",
        "withdrawal:d-6:returned",
    ]
    assert moved[2].at_us == at_us - 100_000_000
    # what was taken comes back, where it was taken
    assert (moved[3].amount, moved[3].reverses) == (Money.parse("123.45"), "withdrawal:d-6")
    assert answer.unusable == ()


def test_the_balance_is_the_exact_one() -> None:
    body = {
        "balance": 9801,
        "balance_dollars": "98.0186",
        "portfolio_value": 198,
        "balance_breakdown": [{"balance": "98.0186", "exchange_index": 0}],
    }
    balance = account.to_balance(decode(json.dumps(body).encode(), wire.BalanceWire), NOW)
    assert balance.cash == Money(98_018_600)
    assert balance.by_shard == ((0, Money(98_018_600)),)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad gateway</html>",
        b"[]",
        b"null",
        b'{"cursor": ""}',
        b'{"markets": {}}',
        b'{"markets": [], "cursor": 7}',
        b'{"markets": [], "cursor": "same"}',
        b'{"markets": "\xff"}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_page_is_an_error(body: bytes) -> None:
    convert = partial(public.to_listing, at_us=NOW)
    with pytest.raises(MalformedAnswer) as caught:
        read_page(body, "markets", wire.MarketWire, convert, "same")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cursor", ["", None, ...])
def test_an_absent_cursor_is_the_end_and_a_null_list_is_empty(cursor: Any) -> None:
    body = {"markets": None} | ({} if cursor is ... else {"cursor": cursor})
    convert = partial(public.to_listing, at_us=NOW)
    answer = read_page(json.dumps(body).encode(), "markets", wire.MarketWire, convert)
    assert (answer.items, answer.cursor, answer.unusable) == ((), "", ())


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.decimals(-2, 2, places=5).map(str),
    st.just([]),
    st.just({"x": 1}),
)
KINDS = {
    "markets": (sample.market, wire.MarketWire, partial(public.to_listing, at_us=NOW)),
    "events": (sample.event, wire.EventWire, partial(public.to_event_listing, at_us=NOW)),
    "series": (sample.series, wire.SeriesWire, public.to_series),
    "orderbooks": (sample.book, wire.BookWire, partial(public.to_book, at_us=NOW)),
    "trades": (sample.trade, wire.TradeWire, public.to_trade),
    "orders": (sample.order, wire.OrderWire, account.to_order),
    "fills": (sample.fill, wire.FillWire, account.to_fill),
    "settlements": (
        sample.settlement,
        wire.SettlementWire,
        partial(account.to_settlement, scalar_value=None),
    ),
    "deposits": (
        sample.transfer,
        wire.TransferWire,
        partial(account.to_cash, kind=CashKind.DEPOSIT),
    ),
}


def prices_in(value: Any) -> set[Price]:
    """Every price inside a domain value."""
    if isinstance(value, Price):
        return {value}
    if isinstance(value, tuple):
        return {price for item in value for price in prices_in(item)}
    fields = getattr(value, "__dataclass_fields__", {})
    return {price for name in fields for price in prices_in(getattr(value, name))}


def decimals_in(value: Any) -> set[str]:
    """Every text and number of a JSON value that is a price, as a price."""
    if isinstance(value, list):
        return {text for item in value for text in decimals_in(item)}
    if isinstance(value, dict):
        return {text for item in value.values() for text in decimals_in(item)}
    try:
        return {str(Price.parse(value))}
    except ValueError:
        return set()


@given(st.data())
def test_no_change_of_a_row_invents_a_price(data: st.DataObject) -> None:
    """Change any two fields to anything: a value, a refusal, never a price that was not told."""
    key = data.draw(st.sampled_from(sorted(KINDS)))
    make, kind, convert = KINDS[key]
    row = make()
    for name in data.draw(st.lists(st.sampled_from(sorted(row)), min_size=1, max_size=2)):
        row[name] = data.draw(SCALARS)
    answer = read_page(page(key, row), key, kind, convert)
    assert len(answer.items) + len(answer.unusable) == 1
    told = {Price.parse(text) for text in decimals_in(row)}
    told |= {price.complement for price in told}
    paid = {Price(0), Price(10_000)} if key in {"settlements", "markets", "events"} else set()
    assert prices_in(answer.items) <= told | paid


@given(st.data())
def test_no_mangled_body_escapes_as_anything_but_our_errors(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(KINDS)))
    make, kind, convert = KINDS[key]
    body = bytearray(page(key, make()))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        body = body or bytearray(b" ")
    with contextlib.suppress(MalformedAnswer):
        read_page(bytes(body), key, kind, convert)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"null", None),
        (b"85", "85"),
        (b"-0.5", "-0.5"),
        (b"0.41000000000000000001", "0.41000000000000000001"),
        (b"1e3", "1000"),
        (b"25E-2", "0.25"),
    ],
)
def test_numbers_are_exact_and_written_plainly(raw: bytes, text: str | None) -> None:
    assert number(msgspec.Raw(raw)) == text


@pytest.mark.parametrize("raw", [b'"0.5"', b"true", b"NaN", b"1e31", b"1e-31", b"[1]", b"9" * 31])
def test_what_is_no_number_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidValue):
        number(msgspec.Raw(raw))
