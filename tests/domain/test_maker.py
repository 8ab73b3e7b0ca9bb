"""What the maker makes is what the class itself would have made."""

import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest
from fakes.decisions import a_market, a_quote

from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.maker import maker
from kalshi_cli.domain.market import Market, Quote
from kalshi_cli.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Fruit:
    name: str
    seeds: list[int] = field(default_factory=list)
    ripe: bool = False


@pytest.mark.parametrize("value", [a_market(), a_quote(), Fruit("apple", [1], ripe=True)])
def test_the_same_fields_make_the_same_value(value: object) -> None:
    named = {name: getattr(value, name) for name in type(value).__slots__}
    made = maker(type(value))(**named)
    assert type(made) is type(value)
    assert made == value
    assert repr(made) == repr(value)
    assert replace(made) == value
    assert pickle.loads(pickle.dumps(made)) == value
    if not isinstance(value, Fruit):
        assert hash(made) == hash(value)
    with pytest.raises(FrozenInstanceError):
        setattr(made, next(iter(named)), None)


def test_defaults_and_missing_fields_are_those_of_the_class() -> None:
    make = maker(Fruit)
    assert make("pear") == Fruit("pear")
    assert make("pear").seeds is not make("pear").seeds
    assert make(name="pear", ripe=True) == Fruit("pear", ripe=True)
    for wrong in ({}, {"name": "pear", "colour": "green"}):
        with pytest.raises(TypeError):
            make(**wrong)


def test_a_class_that_checks_itself_still_does() -> None:
    with pytest.raises(InvalidValue):
        maker(PriceGrid)(())


def test_properties_work() -> None:
    market, quote = a_market(), a_quote()
    make_market, make_quote = maker(Market), maker(Quote)
    assert (
        make_market(*(getattr(market, n) for n in Market.__slots__)).expires_us == market.expires_us
    )
    assert make_quote(*(getattr(quote, n) for n in Quote.__slots__)).spread == quote.spread
