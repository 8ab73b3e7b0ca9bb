"""The table of what answers mean, for writes (outcomes) and for reads (errors)."""

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.adapters.kalshi.answers import (
    Answer,
    cancellation_of,
    cancellation_without_answer,
    error_body,
    placement_of,
    placement_without_answer,
    read_error,
)
from kalshi_cli.domain.money import Contracts
from kalshi_cli.errors import (
    PASSING,
    ClockRefused,
    ConfigError,
    ExchangeRefusal,
    KalshiError,
    MalformedAnswer,
    Unauthorized,
    Unavailable,
)
from kalshi_cli.ports.exchange import CancellationKind as C
from kalshi_cli.ports.exchange import PlacementKind as P


def nested(code: str, **more: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": code, **more}}).encode()


def flat(code: str) -> bytes:
    return json.dumps({"code": code, "message": "bad", "details": "wrong type"}).encode()


MESSAGE = b'{"msg": "Parameter validation failed"}'
PLAIN = b'{"error": "too many requests"}'
ACCEPTED = b'{"order_id": "o", "fill_count": "1.50", "remaining_count": "2.50", "ts_ms": 1}'
HTML = b"<html>504</html>"
FOUR = Contracts(400)


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (201, ACCEPTED, P.ACCEPTED, ""),
        (200, ACCEPTED, P.ACCEPTED, ""),
        (201, b"", P.UNKNOWN, "unreadable"),
        (201, HTML, P.UNKNOWN, "unreadable"),
        (201, ACCEPTED.replace(b'"1.50"', b"1.5"), P.UNKNOWN, "unreadable"),
        (201, ACCEPTED.replace(b'"1.50"', b'"1.505"'), P.UNKNOWN, "unreadable"),
        (201, ACCEPTED.replace(b'"1.50"', b'"1.51"'), P.UNKNOWN, "unreadable"),
        (201, ACCEPTED.replace(b'"o"', b'""'), P.UNKNOWN, "unreadable"),
        (201, ACCEPTED[:-1] + b', "client_order_id": "mine"}', P.ACCEPTED, ""),
        (201, ACCEPTED[:-1] + b', "client_order_id": "other"}', P.UNKNOWN, "unreadable"),
        (202, ACCEPTED, P.UNKNOWN, "http_202"),
        (301, b"", P.UNKNOWN, "http_301"),
        (307, nested("moved"), P.UNKNOWN, "http_307"),
        (400, nested("invalid_price"), P.REFUSED, "invalid_price"),
        (400, nested("invalid_order", details="post only cross"), P.REFUSED, "invalid_order"),
        (400, nested("insufficient_balance"), P.REFUSED, "insufficient_balance"),
        (400, flat("bad_request"), P.REFUSED, "bad_request"),
        (400, MESSAGE, P.REFUSED, ""),
        (400, HTML, P.UNKNOWN, "http_400"),
        (400, b'{"error": {}}', P.UNKNOWN, "http_400"),
        (400, b'{"error": {"code": 7}}', P.UNKNOWN, "http_400"),
        (400, nested(" \x00"), P.UNKNOWN, "http_400"),
        (400, b'{"error": "\\u200b"}', P.UNKNOWN, "http_400"),
        (
            401,
            nested("authentication_error", details="NOT_FOUND"),
            P.UNAUTHORIZED,
            "authentication_error",
        ),
        (401, nested("header_timestamp_expired"), P.REFUSED, "header_timestamp_expired"),
        (403, nested("forbidden"), P.FORBIDDEN, "forbidden"),
        (404, nested("insufficient_shard_balance"), P.REFUSED, "insufficient_shard_balance"),
        (408, nested("timeout"), P.UNKNOWN, "http_408"),
        (409, nested("order_already_exists"), P.DUPLICATE, "order_already_exists"),
        (409, nested("trading_is_paused"), P.REFUSED, "trading_is_paused"),
        (
            409,
            nested("fill_or_kill_insufficient_resting_volume"),
            P.REFUSED,
            "fill_or_kill_insufficient_resting_volume",
        ),
        (409, b"", P.UNKNOWN, "http_409"),
        (409, nested("some_conflict"), P.REFUSED, "some_conflict"),
        (409, MESSAGE, P.UNKNOWN, "http_409"),
        (409, PLAIN, P.UNKNOWN, "http_409"),
        (409, b'{"msg": "Order already exists."}', P.DUPLICATE, "order_already_exists"),
        (409, b'{"error": "order_already_exists"}', P.DUPLICATE, "order_already_exists"),
        (400, nested("order_already_exists"), P.DUPLICATE, "order_already_exists"),
        (404, b'{"error": "404 page not found"}', P.UNKNOWN, "http_404"),
        (410, nested("deprecated_v1_order_endpoint"), P.REFUSED, "deprecated_v1_order_endpoint"),
        (429, PLAIN, P.THROTTLED, "too_many_requests"),
        (429, HTML, P.THROTTLED, "too_many_requests"),
        (500, nested("internal"), P.UNKNOWN, "http_500"),
        (503, b"", P.UNKNOWN, "http_503"),
        (504, HTML, P.UNKNOWN, "http_504"),
    ],
)
def test_placements(status: int, body: bytes, kind: P, code: str) -> None:
    placement = placement_of(Answer(status, body), "mine", FOUR)
    assert (placement.kind, placement.code) == (kind, code)
    accepted = kind is P.ACCEPTED
    assert (placement.order_id is not None) == accepted
    assert (placement.filled, placement.remaining) == (
        (Contracts(150), Contracts(250)) if accepted else (Contracts(0), Contracts(0))
    )


def test_a_time_that_is_refused_passes_and_a_key_that_is_refused_does_not() -> None:
    """A request that was signed before the machine slept ends no loop."""
    late = read_error(Answer(401, nested("header_timestamp_expired")), "read")
    wrong = read_error(Answer(401, nested("authentication_error")), "read")
    assert (isinstance(late, PASSING), isinstance(wrong, PASSING)) == (True, False)


def test_the_details_of_a_refusal_are_told() -> None:
    body = nested("invalid_order", details="post only\ncross\x1b[31m")
    placement = placement_of(Answer(400, body), "mine", FOUR)
    assert placement.message == "invalid_order: post only cross[31m"


TRANSPORT = [
    (httpx.ConnectError("refused"), P.NOT_SENT, "not_sent"),
    (httpx.ConnectTimeout("slow"), P.NOT_SENT, "not_sent"),
    (httpx.PoolTimeout("busy"), P.NOT_SENT, "not_sent"),
    (httpx.ReadTimeout("silence"), P.UNKNOWN, "ReadTimeout"),
    (httpx.WriteTimeout("stuck"), P.UNKNOWN, "WriteTimeout"),
    (httpx.ReadError("reset"), P.UNKNOWN, "ReadError"),
    (httpx.WriteError("reset"), P.UNKNOWN, "WriteError"),
    (httpx.RemoteProtocolError("gone"), P.UNKNOWN, "RemoteProtocolError"),
    (httpx.DecodingError("gzip"), P.UNKNOWN, "DecodingError"),
]


@pytest.mark.parametrize(("error", "kind", "code"), TRANSPORT, ids=lambda value: repr(value)[:30])
def test_transport_errors(error: httpx.RequestError, kind: P, code: str) -> None:
    assert placement_without_answer(error).kind is kind
    cancellation = cancellation_without_answer(error)
    assert (cancellation.kind, cancellation.code) == (C.UNKNOWN, code)


CANCELED = b'{"order_id": "o", "reduced_by": "2.50", "ts_ms": 1}'


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (200, CANCELED, C.CANCELED, ""),
        (200, CANCELED.replace(b'"o"', b'"of another"'), C.UNKNOWN, "unreadable"),
        (200, CANCELED.replace(b'"2.50"', b"null"), C.UNKNOWN, "unreadable"),
        (200, HTML, C.UNKNOWN, "unreadable"),
        (302, b"", C.UNKNOWN, "http_302"),
        (400, nested("MARKET_INACTIVE"), C.REFUSED, "MARKET_INACTIVE"),
        (404, nested("not_found"), C.GONE, "not_found"),
        (404, HTML, C.UNKNOWN, "http_404"),
        (404, PLAIN, C.UNKNOWN, "http_404"),
        (404, nested("insufficient_shard_balance"), C.REFUSED, "insufficient_shard_balance"),
        (404, nested("user_not_found"), C.REFUSED, "user_not_found"),
        (408, nested("timeout"), C.UNKNOWN, "http_408"),
        (409, PLAIN, C.UNKNOWN, "http_409"),
        (409, nested("trading_is_paused"), C.REFUSED, "trading_is_paused"),
        (429, PLAIN, C.REFUSED, "too_many_requests"),
        (500, nested("internal"), C.UNKNOWN, "http_500"),
    ],
)
def test_cancellations(status: int, body: bytes, kind: C, code: str) -> None:
    cancellation = cancellation_of(Answer(status, body), "o")
    assert (cancellation.kind, cancellation.code) == (kind, code)
    assert cancellation.reduced_by == Contracts(250 if kind is C.CANCELED else 0)


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (401, nested("header_timestamp_expired"), ClockRefused, "clock is off"),
        (
            401,
            nested("authentication_error", details="INCORRECT_API_KEY_SIGNATURE"),
            Unauthorized,
            "INCORRECT_API_KEY_SIGNATURE",
        ),
        (401, nested("authentication_error", details="NOT_FOUND"), Unauthorized, "not know the id"),
        (401, HTML, Unauthorized, "did not accept the API key"),
        (403, nested("forbidden"), ConfigError, "does not allow"),
        (400, MESSAGE, ExchangeRefusal, "Parameter validation failed"),
        (404, nested("not_found"), ExchangeRefusal, "not_found"),
        (418, HTML, MalformedAnswer, "418"),
        (408, b"", Unavailable, "408"),
        (429, PLAIN, Unavailable, "too many requests"),
        (301, b"", Unavailable, "301"),
        (204, b"", Unavailable, "204"),
        (502, HTML, Unavailable, "502"),
    ],
)
def test_errors_of_reads(status: int, body: bytes, kind: type[KalshiError], said: str) -> None:
    error = read_error(Answer(status, body), "GET /x")
    assert type(error) is kind
    assert said in str(error)
    assert "\n" not in str(error)
    if isinstance(error, ExchangeRefusal):
        assert error.status == status


@given(st.integers(100, 599), st.binary(max_size=60))
def test_an_answer_nobody_expected_never_claims_anything(status: int, body: bytes) -> None:
    assert placement_of(Answer(status, body), "mine", FOUR).kind in {P.UNKNOWN, P.THROTTLED}
    assert cancellation_of(Answer(status, body), "o").kind is (
        C.REFUSED if status == 429 else C.UNKNOWN
    )
    assert isinstance(read_error(Answer(status, body), "GET /x"), KalshiError)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(
    st.sampled_from(["error", "code", "message", "details", "msg"]), x)))  # fmt: skip
def test_any_json_is_an_error_body_or_none(value: object) -> None:
    found = error_body(json.dumps(value).encode())
    assert found is None or found.message
