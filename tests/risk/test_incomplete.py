from dataclasses import replace

import pytest
from fakes.decisions import NOW, an_intent, the_state

from kalshi_cli.domain.order import Purpose
from kalshi_cli.risk._gate import controls, first_denial
from kalshi_cli.risk.incomplete import Incomplete


@pytest.mark.parametrize("missing", ["", "fills: the exchange repeats a cursor"])
def test_books_read_in_part_take_no_new_risk(missing):
    denial = Incomplete().check(an_intent(), the_state(missing=missing), NOW)
    assert (denial is not None) is bool(missing)
    assert denial is None or missing in denial.detail


def test_an_exit_does_not_wait_for_the_books():
    leaving = replace(an_intent(), purpose=Purpose.EXIT)
    denial = first_denial(controls(), leaving, the_state(missing="positions"), NOW)
    assert denial is None or denial.code != "BOOKS_INCOMPLETE"
