"""Plug-ins are found by file name; each kind's own tests hold them to its contract."""

from dataclasses import fields

import pytest

import kalshi_cli.exits
import kalshi_cli.filters
import kalshi_cli.portfolio.methods
import kalshi_cli.risk
import kalshi_cli.strategies
from kalshi_cli.errors import UsageError
from kalshi_cli.exits._base import Exit
from kalshi_cli.filters._base import Filter
from kalshi_cli.plugins import load, names, plugin_class
from kalshi_cli.portfolio.methods._base import Method
from kalshi_cli.risk._base import Control
from kalshi_cli.risk._gate import controls
from kalshi_cli.strategies._base import Strategy

KINDS = [
    (kalshi_cli.exits, Exit),
    (kalshi_cli.filters, Filter),
    (kalshi_cli.portfolio.methods, Method),
    (kalshi_cli.risk, Control),
    (kalshi_cli.strategies, Strategy),
]
EVERY = [(package, contract, name) for package, contract in KINDS for name in names(package)]


@pytest.mark.parametrize(("package", "contract", "name"), EVERY, ids=str)
def test_every_file_holds_one_frozen_plug_in_with_a_docstring(package, contract, name):
    found = plugin_class(package, name, contract)
    assert found.__dataclass_params__.frozen
    assert found.__doc__


def test_contracts_and_helpers_are_no_plug_ins():
    assert not any(name.startswith("_") for package, _ in KINDS for name in names(package))


def test_an_unknown_name_says_what_there_is():
    with pytest.raises(UsageError) as refused:
        load(kalshi_cli.strategies, "martingale", Strategy, {})
    assert "directional_trading" in refused.value.remedy


def test_takes_the_parameters_it_has_fields_for():
    built = load(kalshi_cli.filters, "volume", Filter, {"min_volume": 5, "other": 1})
    assert built.min_volume == 5
    with pytest.raises(TypeError, match=r"^Volume asks for min_volume, which it is not given\.$"):
        load(kalshi_cli.filters, "volume", Filter, {"other": 1})


def test_a_control_has_no_parameters_for_none_would_reach_it():
    assert [each for each in controls() if fields(each)] == []
