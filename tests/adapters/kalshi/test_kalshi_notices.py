"""Announcements: row by row, missing is missing, and what is null means something."""

import json
from typing import Any

import pytest
import wire_samples as sample
from answering import answering

from kalshi_cli.adapters.kalshi.public import UNPAIRED
from kalshi_cli.domain.fees import FeeChange, FeeTerms
from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.domain.instant import parse_rfc3339
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.errors import MalformedAnswer
from kalshi_cli.ports.exchange import Page

FROM = "2027-01-07T10:00:00Z"
SERIES = {
    "id": "c-1",
    "series_ticker": "KXMLB",
    "fee_type": "quadratic_with_maker_fees",
    "fee_multiplier": 0.5,
    "scheduled_ts": FROM,
}
EVENT = {
    "id": "c-2",
    "event_ticker": "KXMLB-27",
    "series_ticker": "KXMLB",
    "fee_type_override": "quadratic",
    "fee_multiplier_override": 1,
    "scheduled_ts": FROM,
}


async def asked(call: str, answer: Any, *arguments: str) -> Page[Any]:
    async with answering(json.dumps(answer).encode()) as exchange:
        return await getattr(exchange.notices, call)(*arguments)  # type: ignore[no-any-return]


async def test_changes_of_series() -> None:
    bad = [SERIES | {"fee_multiplier": "0.5"}, SERIES | {"fee_multiplier": 0.12345678}]
    answer = {"series_fee_change_arr": [SERIES, SERIES | {"fee_type": "new"}, *bad]}
    page = await asked("series_fee_changes", answer)
    terms = FeeTerms("quadratic_with_maker_fees", 500_000)
    assert page.items[0] == FeeChange("c-1", "KXMLB", None, terms, parse_rfc3339(FROM))
    assert not page.items[1].fees.is_known
    assert [row.what for row in page.unusable] == ["c-1", "c-1"]


@pytest.mark.parametrize(
    ("override", "fees"),
    [
        ({}, FeeTerms("quadratic", 1_000_000)),
        ({"fee_type_override": None, "fee_multiplier_override": None}, None),
        ({"fee_type_override": None}, UNPAIRED),
        ({"fee_multiplier_override": None}, UNPAIRED),
    ],
)
async def test_changes_of_events(override: dict[str, None], fees: FeeTerms | None) -> None:
    page = await asked("event_fee_changes", {"event_fee_changes": [EVENT | override], "cursor": ""})
    (change,) = page.items
    assert (change.event_ticker, change.fees) == ("KXMLB-27", fees)


async def test_an_override_that_is_not_there_is_not_one_that_is_null() -> None:
    silent = {key: value for key, value in EVENT.items() if key != "fee_type_override"}
    page = await asked("event_fee_changes", {"event_fee_changes": [silent], "cursor": "c"})
    assert page.items == ()
    assert "fee_type_override" in page.unusable[0].reason
    with pytest.raises(MalformedAnswer, match="circle"):
        await asked("event_fee_changes", {"event_fee_changes": [], "cursor": "c"}, "c")


async def test_programs() -> None:
    """200,000 of $0.0001 are $20."""
    answer = {
        "incentive_programs": [sample.PROGRAM, sample.PROGRAM | {"period_reward": -1}],
        "next_cursor": "n",
    }
    page = await asked("incentives", answer)
    assert page.items == (
        IncentiveProgram(
            "p-1", "KXA", "liquidity", Money.parse("20"), parse_rfc3339("2027-01-04T00:00:00Z"),
            parse_rfc3339("2027-01-05T00:00:00Z"), paid_out=False, target=Contracts.parse("300"),
            discount_bps=5_000, most_per_account=Money.parse("7"),
        ),
    )  # fmt: skip
    assert (page.cursor, len(page.unusable)) == ("n", 1)
    with pytest.raises(MalformedAnswer, match="circle"):
        await asked("incentives", answer, "n")


async def test_the_status_of_shards() -> None:
    shard = {
        "exchange_index": 2,
        "description": "Crypto",
        "exchange_active": True,
        "trading_active": False,
        "intra_exchange_transfers_active": True,
    }
    bad = {key: value for key, value in shard.items() if key != "trading_active"}
    status = {"exchange_active": True, "trading_active": True}
    whole = status | {"exchange_index_statuses": [shard, bad]}
    async with answering(json.dumps(whole).encode()) as exchange:
        told = await exchange.market_data.exchange_status()
    (known,) = told.shards
    assert (known.exchange_index, known.exchange_active, known.trading_active) == (2, True, False)
    assert "trading_active" in told.unusable[0].reason
