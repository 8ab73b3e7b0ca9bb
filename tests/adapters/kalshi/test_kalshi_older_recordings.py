"""Answers of January 2026, of the time of integer cents: what has today's fields is read, the rest
is refused by the name of the field that it lacks. Nothing is guessed from the older fields."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from answering import answering

from kalshi_cli.adapters.kalshi.connection import KalshiConnection
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.instant import parse_rfc3339
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import OrderIntent, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import MalformedAnswer
from kalshi_cli.ports.exchange import OrderAddress
from kalshi_cli.ports.groups import OrderGroup

Call = Callable[[KalshiConnection], Awaitable[Any]]
INTENT = OrderIntent(
    "s", "KXA", "KX", Side.BID, Price(3000), Contracts(200), TimeInForce.GTC, Purpose.ENTRY, "r"
)
GROUP = OrderGroup("g", 0, None, triggered=False)


def recorded(folder: Path, name: str) -> tuple[bytes, int]:
    """The recorded body and its status: 200, unless the recorder wrote another one down."""
    text = json.loads((folder / "api_2026_01" / f"{name}_response.json").read_text())
    return json.dumps(text["response"]).encode(), text["_metadata"].get("http_status", 200)


LISTS: list[tuple[str, Call, int, int, str]] = [
    ("series_list", lambda c: c.market_data.series(), 241, 0, ""),
    ("events_list", lambda c: c.market_data.open_events(), 5, 0, ""),
    ("events_multivariate_list", lambda c: c.market_data.open_events(), 5, 0, ""),
    ("markets_list", lambda c: c.market_data.updated_markets(0), 0, 5, "open_interest_fp"),
    ("trades_list", lambda c: c.market_data.trades("KXA"), 0, 5, "count_fp"),
    ("portfolio_orders", lambda c: c.trading.orders(), 0, 5, "initial_count_fp"),  # type: ignore[union-attr]
    ("portfolio_fills", lambda c: c.trading.fills(), 0, 5, "count_fp"),  # type: ignore[union-attr]
    ("portfolio_positions", lambda c: c.trading.positions(), 0, 12, "position_fp"),  # type: ignore[union-attr]
    ("portfolio_settlements", lambda c: c.trading.settlements(), 0, 1, "yes_count_fp"),  # type: ignore[union-attr]
    (
        "order_queue_positions",
        lambda c: c.trading.queue_positions(["KXA"]),  # type: ignore[union-attr]
        0,
        3,
        "queue_position_fp",
    ),
    ("order_groups_list", lambda c: c.groups.groups(), 1, 0, ""),
    ("series_fee_changes", lambda c: c.notices.series_fee_changes(), 0, 0, ""),
    ("incentive_programs", lambda c: c.notices.incentives(), 5, 0, ""),
]
WHOLE: list[tuple[str, Call, str]] = [
    ("portfolio_balance", lambda c: c.trading.balance(), "balance_dollars"),  # type: ignore[union-attr]
    ("portfolio_order_single", lambda c: c.trading.order("o"), "initial_count_fp"),  # type: ignore[union-attr]
]
WRITES: list[tuple[str, Call, str]] = [
    ("create_order", lambda c: c.trading.place("k", INTENT), "unknown"),  # type: ignore[union-attr]
    ("amend_order", lambda c: c.trading.amend("o", INTENT), "unknown"),  # type: ignore[union-attr]
    (
        "decrease_order",
        lambda c: c.trading.decrease(OrderAddress("o", "KXA"), Contracts(100)),  # type: ignore[union-attr]
        "unknown",
    ),
    ("cancel_order", lambda c: c.trading.cancel("o", "KXA", 0), "unknown"),  # type: ignore[union-attr]
    (
        "batch_create_orders",
        lambda c: c.trading.place_batch([("k", INTENT)] * 2),  # type: ignore[union-attr]
        "unknown",
    ),
    (
        "batch_cancel_orders",
        lambda c: c.trading.cancel_batch([OrderAddress("o", "KXA")] * 2),  # type: ignore[union-attr]
        "unknown",
    ),
    ("order_group_create", lambda c: c.groups.create(Contracts(100), 0), "done"),
    ("order_group_reset", lambda c: c.groups.reset(GROUP), "done"),
    ("order_group_delete", lambda c: c.groups.delete(GROUP), "done"),
]
READ_OTHERWISE = {"exchange_status", "user_data_timestamp", "event_single"}
NOT_ASKED = {
    "candlesticks_batch",
    "event_candlesticks",
    "event_metadata",
    "exchange_announcements",
    "exchange_schedule",
    "filters_by_sport",
    "live_data_batch",
    "live_data_milestone",
    "market_single",
    "milestone_single",
    "milestones_list",
    "multivariate_event_collection_lookup_tickers",
    "multivariate_event_collection_single",
    "multivariate_event_collections_list",
    "order_group_single",
    "order_queue_position",
    "orderbook",
    "portfolio_total_resting_order_value",
    "series_candlesticks",
    "series_single",
    "structured_target_single",
    "structured_targets_list",
    "tags_by_categories",
}
"""Of requests that this program does not make."""


@pytest.mark.parametrize(("name", "call", "read", "refused", "lacks"), LISTS)
async def test_lists(
    shared_data: Path, name: str, call: Call, read: int, refused: int, lacks: str
) -> None:
    async with answering(*recorded(shared_data, name)) as exchange:
        page = await call(exchange)
    assert (len(page.items), len(page.unusable)) == (read, refused)
    assert all(f"`{lacks}`" in row.reason for row in page.unusable)


@pytest.mark.parametrize(("name", "call", "lacks"), WHOLE)
async def test_answers_that_are_one_object(
    shared_data: Path, name: str, call: Call, lacks: str
) -> None:
    async with answering(*recorded(shared_data, name)) as exchange:
        with pytest.raises(MalformedAnswer, match=f"`{lacks}`"):
            await call(exchange)


@pytest.mark.parametrize(("name", "call", "kind"), WRITES)
async def test_writes(shared_data: Path, name: str, call: Call, kind: str) -> None:
    """An order of V1 in the answer to a write of V2 proves nothing."""
    body, _ = recorded(shared_data, name)
    status = 201 if "create" in name else 200
    async with answering(body, status) as exchange:
        told = await call(exchange)
    assert {each.kind for each in (told if isinstance(told, tuple) else [told])} == {kind}


async def test_what_a_person_reads_in_them(shared_data: Path) -> None:
    async with answering(*recorded(shared_data, "series_list")) as exchange:
        series = {row.ticker: row for row in (await exchange.market_data.series()).items}
    co2 = series["CO2"]
    assert (co2.fees, co2.category) == (FeeTerms("quadratic"), "Climate and Weather")
    async with answering(*recorded(shared_data, "user_data_timestamp")) as exchange:
        assert exchange.trading is not None
        as_of = await exchange.trading.data_as_of()
    assert as_of == parse_rfc3339("2026-01-15T14:02:18.848643Z")
    async with answering(*recorded(shared_data, "exchange_status")) as exchange:
        status = await exchange.market_data.exchange_status()
    assert (status.exchange_active, status.trading_active, status.shards) == (True, True, ())
    async with answering(*recorded(shared_data, "incentive_programs")) as exchange:
        program = (await exchange.notices.incentives()).items[0]
    assert (program.ticker, program.kind) == ("KXLOWTPHIL-26JAN15-T24", "liquidity")
    assert (str(program.reward), program.discount_bps, program.target) == ("20.000000", 5_000, None)
    async with answering(*recorded(shared_data, "order_groups_list")) as exchange:
        (group,) = (await exchange.groups.groups()).items
    assert (group.triggered, group.limit) == (False, None)
    async with answering(*recorded(shared_data, "event_single")) as exchange:
        event = await exchange.market_data.event("KXELONMARS-99")
    assert (event.event.series_ticker, event.event.mutually_exclusive) == ("KXELONMARS", False)
    assert event.listings == ()


def test_every_recording_is_accounted_for(shared_data: Path) -> None:
    files = (shared_data / "api_2026_01").glob("*_response.json")
    names = {path.name.removesuffix("_response.json") for path in files}
    read = {name for name, *_ in (*LISTS, *WHOLE, *WRITES)}
    assert names == read | READ_OTHERWISE | NOT_ASKED
