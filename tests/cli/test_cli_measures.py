"""A number against its limit stands in the unit of what it measures."""

import pytest

from kalshi_cli.cli.render.measures import against, measured
from kalshi_cli.cli.render.rows import against as with_numbers


@pytest.mark.parametrize(
    ("code", "value", "limit", "told"),
    [
        ("STALE", "30680940", "30000000", "30.68s against 30s"),
        ("STALE", "7200000000", "3600000000", "2h against 1h"),
        ("STALE", "none", "a book", ""),
        ("MARKET_OWNED", "market_making", "directional_trading", ""),
        ("DUPLICATE", "yh64", "a newer", ""),
        ("SPREAD", "0.0500", "0.0500", "5c, must be under 5c"),
        ("WEIGHT", "0.00", "over 0", "0.00, must be over 0"),
        ("NET_EDGE", "0.0098", "0.0100", "0.98c against 1c"),
        ("RATE", "16", "15", "16 entries against 15 entries"),
        ("UNPROVEN", "0.000", "0.603", "0.0% against 60.3%"),
        ("DAILY_LOSS", "1234.567800", "1000", "$1,234.57 against $1,000.00"),
        ("ORDER_SIZE", "512.50", "500.00", "$512.50 against $500.00"),
        ("COOLING", "0", "3600000000", "1970-01-01 00:00Z against 1970-01-01 01:00Z"),
        ("MY_OWN", "0.5", "1", "0.5 against 1"),
        ("DAILY_LOSS", "-41.80", "1000", "-$41.80 against $1,000.00"),
        ("the event's limit", "$1,004.35", "$1,004.412", "$1,004.35 against $1,004.41"),
        ("the event's limit", "$0.00", "unlimited", "$0.00 against unlimited"),
        ("STALE", "", "", ""),
    ],
)
def test_the_unit_is_that_of_what_the_code_counts(code, value, limit, told):
    assert against(code, value, limit) == told


def test_the_size_of_an_order_is_contracts_where_the_words_say_so():
    told = "30,000 contracts, at most 25,000 an order"
    found = measured("ORDER_SIZE", "30000.00", "25000", told)
    assert found == ("30,000 contracts", "25,000 contracts")


def test_where_no_number_was_counted_the_words_stand_alone():
    assert measured("MARKET_OWNED", "market_making", "s") == ("", "")
    assert measured("DAILY_LOSS", "", "unlimited") == ("", "unlimited")
    told = "the market belongs to market_making"
    assert with_numbers(told, "market_making", "directional_trading", "MARKET_OWNED") == told
    assert with_numbers("entry 5", "5", "4", "REPEATED") == "entry 5 (5 entries, limit 4 entries)"


@pytest.mark.parametrize(
    ("code", "one", "two"),
    [
        ("REPEATED", "1 entry", "2 entries"),
        ("ORDER_RATE", "1 order", "2 orders"),
        ("MAX_POSITIONS", "1 market", "2 markets"),
        ("EXIT_REDUCES", "1 contract", "2 contracts"),
        ("NO_FLOW", "1 print", "2 prints"),
        ("LESS_BUSY", "1 a day", "2 a day"),
    ],
)
def test_one_is_called_as_one(code, one, two):
    assert measured(code, "1", "2") == (one, two)
