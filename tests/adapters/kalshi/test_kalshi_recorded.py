"""Answers recorded from the exchange itself, replayed through the client."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from fakes.clock import FakeClock

from kalshi_cli.adapters.kalshi.answers import Answer, cancellation_of, placement_of, read_error
from kalshi_cli.adapters.kalshi.connection import KalshiConnection, connect
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.domain.fees import FeeTerms, fill_fee
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import ExchangeOrderStatus
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import ConfigError, ExchangeRefusal
from kalshi_cli.ports.exchange import CancellationKind, PlacementKind


@pytest.fixture
def demo(shared_data: Path) -> Path:
    return shared_data / "demo_2026_06"


def answer(folder: Path, name: str) -> Answer:
    meta = json.loads((folder / f"{name}.meta.json").read_text())
    return Answer(meta["status"], (folder / f"{name}.json").read_bytes())


def serving(body: bytes, status: int = 200) -> KalshiConnection:
    return connect(
        base_url="http://exchange.test",
        signer=Signer("key", ed25519.Ed25519PrivateKey.generate()),
        clock=FakeClock(),
        transport=httpx.MockTransport(lambda _: httpx.Response(status, content=body)),
        paced=False,
    )


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("orders__create_v2_maker", PlacementKind.ACCEPTED, ""),
        ("orders__create_v2_taker_ioc", PlacementKind.ACCEPTED, ""),
        ("orders__stp_self_cross", PlacementKind.ACCEPTED, ""),
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
    placement = placement_of(answer(demo, name), mine)
    assert (placement.kind, placement.code) == (kind, code)
    if kind is PlacementKind.ACCEPTED:
        assert placement_of(answer(demo, name), "another").kind is PlacementKind.UNKNOWN


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("orders__cancel_v2", CancellationKind.CANCELED),
        ("orders__cancel_already_canceled", CancellationKind.GONE),
        ("orders__cancel_executed", CancellationKind.GONE),
        ("orders__cancel_unknown_id", CancellationKind.GONE),
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
        ("auth__bad_signature", ConfigError, "INCORRECT_API_KEY_SIGNATURE"),
        ("auth__unknown_key_id", ConfigError, "NOT_FOUND"),
        ("auth__missing_signature_header", ConfigError, "signature is missing"),
        ("auth__skew_minus30s", ConfigError, "clock is off"),
        ("auth__skew_plus5min", ConfigError, "clock is off"),
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
    async with serving(body) as exchange:
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
        async with serving((demo / f"{name}.json").read_bytes()) as exchange:
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
    async with serving((demo / "orders__get_after_cancel.json").read_bytes()) as exchange:
        assert exchange.trading is not None
        report = await exchange.trading.order("2597b999")
    assert report is not None
    assert report.status is ExchangeOrderStatus.RESTING


async def test_recorded_prints(demo: Path) -> None:
    async with serving((demo / "trades__public_recorded.json").read_bytes()) as exchange:
        page = await exchange.market_data.trades("KXPGATOUR-USO26-JDAY")
    assert (len(page.items), page.unusable) == (12, ())
    assert page.items[0].count == Contracts(777)
    times = [trade.at_us for trade in page.items]
    assert times == sorted(times, reverse=True)


async def test_recorded_series_and_older_rows(shared_data: Path) -> None:
    """Series have not changed since; rows of the time of integer cents are refused by name."""

    def body(name: str) -> bytes:
        path = shared_data / "api_2026_01" / f"{name}_response.json"
        return json.dumps(json.loads(path.read_bytes())["response"]).encode()

    async with serving(body("series_list")) as exchange:
        page = await exchange.market_data.series()
    assert (len(page.items), page.unusable) == (241, ())
    assert all(series.fees.is_known for series in page.items)
    async with serving(body("portfolio_fills")) as exchange:
        assert exchange.trading is not None
        fills = await exchange.trading.fills()
    assert fills.items == ()
    assert all("count_fp" in row.reason for row in fills.unusable)
