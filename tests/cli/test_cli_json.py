"""What a result looks like to a program."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest

from kalshi_cli.cli.render.as_json import envelope, plain
from kalshi_cli.domain.grid import PriceGrid, PriceRange
from kalshi_cli.domain.money import AiCost, Contracts, Money, Price
from kalshi_cli.errors import ExchangeRefusal, LeaseHeld


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Inner:
    price: Price
    at_us: int


@dataclass(frozen=True, slots=True)
class Result:
    inner: Inner
    counts: tuple[tuple[str, int], ...]
    close_us: int | None
    started_wall_us: int
    by_pair: dict[tuple[str, str], Money]
    colour: Colour
    names: frozenset[str]
    probability: float


RESULT = Result(
    inner=Inner(Price(5_600), 0),
    counts=(("a", 1),),
    close_us=None,
    started_wall_us=1_500_000,
    by_pair={("KXA", "me"): Money(-1)},
    colour=Colour.RED,
    names=frozenset({"b", "a"}),
    probability=0.25,
)


def test_a_result_becomes_strings_times_and_numbers():
    assert plain(RESULT) == {
        "inner": {"price": "0.5600", "at": "1970-01-01T00:00:00Z"},
        "counts": [["a", 1]],
        "close_at": None,
        "started_wall_at": "1970-01-01T00:00:01.500000Z",
        "by_pair": {"KXA/me": "-0.000001"},
        "colour": "red",
        "names": ["a", "b"],
        "probability": 0.25,
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Contracts(1_050), "10.50"),
        (AiCost(1), "0.0000000001"),
        (Path("a/b"), "a/b"),
        (True, True),
        (None, None),
        ({"made_us": 1}, {"made_at": "1970-01-01T00:00:00.000001Z"}),
        ({"before_close_us": 3_600_000_000}, {"before_close_seconds": 3600.0}),
        ({"before_close_us": None}, {"before_close_seconds": None}),
    ],
)
def test_single_values(value, shown):
    assert plain(value) == shown


def test_private_fields_stay_private():
    cents = PriceRange(Price(0), Price(10_000), Price(100))
    assert plain(PriceGrid((cents,))) == {
        "ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}]
    }


@pytest.mark.parametrize("value", [object(), b"secret", Result])
def test_what_has_no_rule_is_refused(value):
    with pytest.raises(TypeError):
        plain(value)


def test_not_a_number_is_no_json():
    with pytest.raises(ValueError, match="JSON"):
        envelope(command="x", env="sim", data=float("nan"))


def test_success():
    text = envelope(command="ingest", env="sim", data=RESULT, warnings=["w"])
    assert "\n" not in text
    found = json.loads(text)
    assert list(found) == ["schema_version", "command", "env", "ok", "data", "warnings", "error"]
    assert (found["schema_version"], found["ok"], found["error"]) == (1, True, None)
    assert found["warnings"] == ["w"]


def test_failure_has_a_stable_code_and_the_remedy():
    error = LeaseHeld("Held by 12.", remedy="Wait.")
    found = json.loads(envelope(command="trade", env="sim", data=None, error=error))
    assert not found["ok"]
    assert found["error"] == {"code": "lease_held", "message": "Held by 12.", "remedy": "Wait."}


def test_a_refusal_of_the_exchange_keeps_the_exchanges_code():
    error = ExchangeRefusal("No.", status=400, exchange_code="insufficient_balance")
    found = json.loads(envelope(command="trade", env="demo", data=None, error=error))
    assert found["error"]["exchange_code"] == "insufficient_balance"
    assert found["error"]["status"] == 400
    assert found["error"]["remedy"] is None
