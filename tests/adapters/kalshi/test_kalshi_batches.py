"""Batches row by row, changes of orders, and requests about no order."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.adapters.kalshi.answers import Answer
from kalshi_cli.adapters.kalshi.batches import cancellations_of, placements_of
from kalshi_cli.adapters.kalshi.outcomes import amendment_of, outcome_of
from kalshi_cli.domain.money import Contracts
from kalshi_cli.errors import Refused
from kalshi_cli.ports.exchange import AmendmentKind, OutcomeKind
from kalshi_cli.ports.exchange import CancellationKind as C
from kalshi_cli.ports.exchange import PlacementKind as P

MINE = "k1mine"
FOUR = Contracts(400)
PLACED = {
    "order_id": "o-1",
    "client_order_id": MINE,
    "fill_count": "1.50",
    "remaining_count": "2.50",
    "ts_ms": 1,
}
CANCELED = {"order_id": "o-1", "reduced_by": "2.50", "ts_ms": 1}
NOT_CANCELED = {"order_id": "o-1", "reduced_by": "0.00"}


def error(code: object, **more: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "said", **more}}


def answered(status: int, *rows: object) -> Answer:
    return Answer(status, json.dumps({"orders": rows}).encode())


@pytest.mark.parametrize(
    ("row", "kind", "code"),
    [
        (PLACED, P.ACCEPTED, ""),
        (PLACED | {"client_order_id": None, "error": None}, P.ACCEPTED, ""),
        (PLACED | {"client_order_id": "k1other"}, P.UNKNOWN, "unreadable"),
        (PLACED | {"fill_count": "1.51"}, P.UNKNOWN, "unreadable"),
        (PLACED | {"fill_count": None}, P.UNKNOWN, "unreadable"),
        (PLACED | {"remaining_count": "0.001"}, P.UNKNOWN, "unreadable"),
        (PLACED | error("invalid_price"), P.UNKNOWN, "unreadable"),
        ({}, P.UNKNOWN, "unreadable"),
        (None, P.UNKNOWN, "unreadable"),
        ([PLACED], P.UNKNOWN, "unreadable"),
        (error("invalid_price"), P.REFUSED, "invalid_price"),
        (error("invalid_price") | {"client_order_id": MINE}, P.REFUSED, "invalid_price"),
        (error("invalid_price") | {"client_order_id": "k1other"}, P.UNKNOWN, "unreadable"),
        (error("order_already_exists"), P.DUPLICATE, "order_already_exists"),
        (error("too_many_requests"), P.THROTTLED, "too_many_requests"),
        (error("internal_server_error"), P.UNKNOWN, "unreadable"),
        (error("service_unavailable"), P.UNKNOWN, "unreadable"),
        (error("request_timeout"), P.UNKNOWN, "unreadable"),
        (error(7), P.UNKNOWN, "unreadable"),
        (error("MARKET_INACTIVE"), P.REFUSED, "MARKET_INACTIVE"),
        (error("exchange_error"), P.UNKNOWN, "unreadable"),
        (error("bad_gateway"), P.UNKNOWN, "unreadable"),
        ({"error": {"error": "gateway deadline exceeded"}}, P.UNKNOWN, "unreadable"),
        ({"error": "insufficient funds"}, P.UNKNOWN, "unreadable"),
        ({"error": {}}, P.UNKNOWN, "unreadable"),
        ({"error": False}, P.UNKNOWN, "unreadable"),
    ],
)
def test_an_order_of_a_batch(row: object, kind: P, code: str) -> None:
    before, placed, after = placements_of(
        answered(201, error("invalid_price"), row, PLACED),
        [("k1before", FOUR), (MINE, FOUR), (MINE, FOUR)],
    )
    assert (before.kind, after.kind) == (P.REFUSED, P.ACCEPTED)
    assert (placed.kind, placed.code) == (kind, code)
    assert (placed.order_id is not None) == (kind is P.ACCEPTED)


@pytest.mark.parametrize(
    ("row", "kind", "code"),
    [
        (CANCELED, C.CANCELED, ""),
        (CANCELED | {"error": None}, C.CANCELED, ""),
        (CANCELED | {"order_id": "o-2"}, C.UNKNOWN, "unreadable"),
        (NOT_CANCELED | error("not_found"), C.GONE, "not_found"),
        (NOT_CANCELED | error("MARKET_INACTIVE"), C.REFUSED, "MARKET_INACTIVE"),
        (NOT_CANCELED | error("internal"), C.UNKNOWN, "unreadable"),
        (NOT_CANCELED | error("exchange_error"), C.UNKNOWN, "unreadable"),
        (NOT_CANCELED | {"error": "not found"}, C.UNKNOWN, "unreadable"),
        (NOT_CANCELED | error("not_found") | {"order_id": "o-2"}, C.UNKNOWN, "unreadable"),
        (error("not_found"), C.UNKNOWN, "unreadable"),
        ({}, C.UNKNOWN, "unreadable"),
        (1, C.UNKNOWN, "unreadable"),
    ],
)
def test_a_cancel_of_a_batch(row: object, kind: C, code: str) -> None:
    told, other = cancellations_of(answered(200, row, CANCELED), ["o-1", "o-1"])
    assert (told.kind, told.code) == (kind, code)
    assert told.reduced_by == Contracts(250 if kind is C.CANCELED else 0)
    assert other.kind is C.CANCELED


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (answered(201, PLACED), P.UNKNOWN),
        (answered(201, PLACED, PLACED, PLACED), P.UNKNOWN),
        (Answer(201, b"<html>"), P.UNKNOWN),
        (Answer(201, b'{"orders": null}'), P.UNKNOWN),
        (Answer(500, b""), P.UNKNOWN),
        (Answer(408, json.dumps(error("slow")).encode()), P.UNKNOWN),
        (Answer(400, b"<html>"), P.UNKNOWN),
        (Answer(400, json.dumps(error("bad_request")).encode()), P.REFUSED),
        (Answer(429, b""), P.THROTTLED),
    ],
)
def test_a_batch_as_a_whole(answer: Answer, kind: P) -> None:
    """Fewer or more rows than orders: nobody knows which is whose."""
    assert [each.kind for each in placements_of(answer, [(MINE, FOUR)] * 2)] == [kind, kind]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (answered(200, CANCELED), C.UNKNOWN),
        (Answer(200, b"<html>"), C.UNKNOWN),
        (Answer(201, b'{"orders": []}'), C.UNKNOWN),
        (Answer(500, b""), C.UNKNOWN),
        (Answer(404, json.dumps(error("not_found")).encode()), C.GONE),
        (Answer(429, b""), C.REFUSED),
    ],
)
def test_a_batch_of_cancels_as_a_whole(answer: Answer, kind: C) -> None:
    assert [each.kind for each in cancellations_of(answer, ["o-1", "o-1"])] == [kind, kind]


@pytest.mark.parametrize(
    ("told", "kind", "sizes"),
    [
        ({"order_id": "o", "fill_count": "1.00", "remaining_count": "2.00"}, "amended", (100, 200)),
        ({"order_id": "o", "ts_ms": 1}, "amended", (None, None)),
        ({"order_id": "o", "fill_count": None, "remaining_count": None}, "amended", (None, None)),
        ({"order_id": "other", "fill_count": "1.00"}, "unknown", (None, None)),
        ({"order_id": "o", "fill_count": "-1.00"}, "unknown", (None, None)),
        ({"order_id": "o", "fill_count": "4.01"}, "unknown", (None, None)),
        (
            {"order_id": "o", "fill_count": "3.00", "remaining_count": "1.01"},
            "unknown",
            (None, None),
        ),
        ({"order_id": "o", "remaining_count": 2}, "unknown", (None, None)),
        ({"order_id": "o", "remaining_count": ""}, "unknown", (None, None)),
        ({"order_id": "o", "fill_count": ""}, "unknown", (None, None)),
        ({}, "unknown", (None, None)),
        (error("not_found"), "unknown", (None, None)),
    ],
)
def test_amendments(told: object, kind: str, sizes: tuple[int | None, int | None]) -> None:
    amended = amendment_of(Answer(200, json.dumps(told).encode()), "o", FOUR)
    assert amended.kind == kind
    assert (amended.filled, amended.remaining) == tuple(
        None if size is None else Contracts(size) for size in sizes
    )


def test_a_decrease_must_say_what_rests() -> None:
    rests = b'{"order_id": "o", "remaining_count": "1.00"}'
    assert amendment_of(Answer(200, rests), "o", FOUR, sizes_told=True).remaining == Contracts(100)
    silent = amendment_of(Answer(200, b'{"order_id": "o"}'), "o", FOUR, sizes_told=True)
    assert silent.kind is AmendmentKind.UNKNOWN


REQUEST = httpx.Request("PUT", "http://x.test")
ENDINGS: list[tuple[Any, str, str, str]] = [
    (Answer(404, json.dumps(error("not_found")).encode()), "gone", "gone", "not_found"),
    (Answer(404, b"<html>"), "unknown", "unknown", "http_404"),
    (Answer(400, json.dumps(error("bad")).encode()), "refused", "refused", "bad"),
    (
        Answer(409, json.dumps(error("transfer_already_exists")).encode()),
        "refused",
        "duplicate",
        "transfer_already_exists",
    ),
    (
        Answer(409, json.dumps(error("insufficient_balance")).encode()),
        "refused",
        "refused",
        "insufficient_balance",
    ),
    (
        Answer(404, json.dumps(error("insufficient_shard_balance")).encode()),
        "refused",
        "refused",
        "insufficient_shard_balance",
    ),
    (Answer(404, b'{"error": "404 page not found"}'), "unknown", "unknown", "http_404"),
    (Answer(409, b'{"msg": "conflict"}'), "unknown", "unknown", "http_409"),
    (
        Answer(409, json.dumps(error("trading_is_paused")).encode()),
        "refused",
        "refused",
        "trading_is_paused",
    ),
    (Answer(429, b"<html>"), "refused", "refused", "too_many_requests"),
    (Answer(408, b'{"msg": "slow"}'), "unknown", "unknown", "http_408"),
    (Answer(301, b""), "unknown", "unknown", "http_301"),
    (Answer(503, b'{"error": "down"}'), "unknown", "unknown", "http_503"),
    (httpx.ReadTimeout("silence", request=REQUEST), "unknown", "unknown", "ReadTimeout"),
    (httpx.ConnectError("refused", request=REQUEST), "unknown", "unknown", "not_sent"),
    (Refused("The clock is off."), "refused", "refused", "refused"),
]


@pytest.mark.parametrize(("sent", "amended", "done", "code"), ENDINGS, ids=str)
def test_what_was_not_done(sent: Any, amended: str, done: str, code: str) -> None:
    change, outcome = amendment_of(sent, "o", FOUR), outcome_of(sent)
    assert (change.kind, change.code) == (amended, code)
    assert (outcome.kind, outcome.code, outcome.made_id) == (done, code, "")


@pytest.mark.parametrize(
    ("body", "made_id"),
    [
        (b'{"order_group_id": "g-1", "subaccount": 0}', "g-1"),
        (b'{"order_group_id": ""}', ""),
        (b'{"order_group_id": 7}', ""),
        (b"{}", ""),
        (b"[]", ""),
        (b"", ""),
    ],
)
def test_what_was_made_has_a_name_or_is_unknown(body: bytes, made_id: str) -> None:
    outcome = outcome_of(Answer(201, body), made="order_group_id")
    assert outcome.made_id == made_id
    assert outcome.kind is (OutcomeKind.DONE if made_id else OutcomeKind.UNKNOWN)
    assert outcome_of(Answer(200, body)).kind is OutcomeKind.DONE


@given(st.integers(100, 599), st.binary(max_size=60))
def test_an_answer_nobody_expected_never_claims_anything(status: int, body: bytes) -> None:
    answer = Answer(status, body)
    placed = placements_of(answer, [(MINE, FOUR), ("k1other", FOUR)])
    assert {each.kind for each in placed} <= {P.UNKNOWN, P.THROTTLED}
    assert {each.kind for each in cancellations_of(answer, ["o"])} <= {C.UNKNOWN, C.REFUSED}
    assert amendment_of(answer, "o", FOUR).kind is not AmendmentKind.AMENDED
    assert outcome_of(answer, made="id").kind is not OutcomeKind.DONE
