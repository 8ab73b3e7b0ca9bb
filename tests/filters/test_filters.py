"""Every filter, found by name, keeps at its limit, drops beyond it, and survives odd books."""

from dataclasses import replace
from itertools import product

import pytest
from fakes.decisions import NOW, a_market, a_quote, an_event

import kalshi_cli.filters as package
from kalshi_cli.domain.instant import DAY, MINUTE
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Contracts
from kalshi_cli.filters._base import Subject
from kalshi_cli.filters._gate import filters, first_rejection
from kalshi_cli.plugins import names

SETTINGS = {
    "min_volume": 200,
    "max_days_to_expiry": 30,
    "min_minutes_to_close": 10,
    "max_filter_spread": 0.20,
    "allow_series": (),
    "block_series": (),
    "allow_categories": (),
    "block_categories": (),
    "allow_tickers": (),
    "block_tickers": (),
}
FILTERS = {one.code: one for one in filters(SETTINGS)}


def a_subject(category="Weather", event=None, **market):
    return Subject(a_market(**{"ticker": "KXT-1", **market}), event or an_event(), category)


def keeps(code, subject=None, quote=None, **settings):
    one = next(f for f in filters({**SETTINGS, **settings}) if f.code == code)
    rejection = one.keep(subject or a_subject(), quote or a_quote(ticker="KXT-1"), NOW)
    assert rejection is None or (rejection.code == code and rejection.detail)
    return rejection is None


def test_all_were_found_each_with_a_code_and_rank_of_its_own():
    assert list(FILTERS) == [
        "NOT_ACTIVE", "COMBO", "STRUCTURE", "BLOCKED", "NOT_ALLOWED", "TOO_FAR", "CLOSING",
        "LOW_VOLUME", "ONE_SIDED", "WIDE_SPREAD",
    ]  # fmt: skip
    assert len({one.rank for one in FILTERS.values()}) == len(names(package))


SUBJECTS = {
    "NOT_ACTIVE": ({}, {"status": MarketStatus.CLOSED}),
    "COMBO": ({"ticker": "KXMV-1"}, {"ticker": "KXMVENBA-1"}),
    "STRUCTURE": ({}, {"grid": None}),
    "TOO_FAR": ({"close_us": NOW + 30 * DAY}, {"close_us": NOW + 30 * DAY + 1}),
    "CLOSING": ({"close_us": NOW + 10 * MINUTE}, {"close_us": NOW + 10 * MINUTE - 1}),
}


@pytest.mark.parametrize("code", SUBJECTS)
def test_markets_at_the_limit_and_beyond(code):
    kept, dropped = SUBJECTS[code]
    assert keeps(code, a_subject(**kept))
    assert not keeps(code, a_subject(**dropped))


def test_floors_of_settlement_are_refused_and_early_answers_count():
    assert not keeps("STRUCTURE", a_subject(settlement_bounds_type="floor"))
    late_close = {"close_us": NOW + 60 * DAY, "expected_expiration_us": NOW + DAY}
    assert keeps("TOO_FAR", a_subject(**late_close))


QUOTES = {
    "LOW_VOLUME": (a_quote(volume=Contracts.parse("200")), a_quote(volume=Contracts(19_999))),
    "ONE_SIDED": (a_quote(), a_quote(None)),
    "WIDE_SPREAD": (a_quote("0.4000", "0.6000"), a_quote("0.4000", "0.6001")),
}


@pytest.mark.parametrize("code", QUOTES)
def test_quotes_at_the_limit_and_beyond(code):
    kept, dropped = QUOTES[code]
    assert keeps(code, quote=kept)
    assert not keeps(code, quote=dropped)


def test_no_spread_is_not_a_wide_one_but_no_market_either():
    assert keeps("WIDE_SPREAD", quote=a_quote(None, "0.4400"))
    assert not keeps("ONE_SIDED", quote=a_quote("0.4000", None))
    assert not keeps("ONE_SIDED", quote=a_quote(None, None))


@pytest.mark.parametrize(
    ("kind", "own", "foreign"),
    [("series", "series", "KXBTC"), ("categories", "WEATHER", "Sports"), ("tickers", "kxt-1", "X")],
)
def test_lists_name_series_categories_and_tickers_in_any_case(kind, own, foreign):
    assert not keeps("BLOCKED", **{f"block_{kind}": (foreign, own)})
    assert keeps("BLOCKED", **{f"block_{kind}": (foreign,)})
    assert keeps("NOT_ALLOWED", **{f"allow_{kind}": (foreign, own)})
    assert not keeps("NOT_ALLOWED", **{f"allow_{kind}": (foreign,)})


def test_every_allow_list_must_name_the_market():
    lists = {"allow_series": ("SERIES",), "allow_categories": ("Sports",)}
    assert not keeps("NOT_ALLOWED", **lists)


@pytest.mark.parametrize("code", FILTERS)
def test_no_book_however_odd_breaks_a_filter(code):
    for bid, ask in product((None, "0.0001", "0.5000", "0.9999"), repeat=2):
        quote = a_quote(bid, ask, volume=Contracts(0))
        for market in ({}, {"grid": None}, {"close_us": NOW - DAY}):
            rejection = FILTERS[code].keep(a_subject(**market), quote, NOW)
            assert rejection is None or rejection.code == code


def test_a_market_counts_under_the_first_that_drops_it():
    chosen = tuple(FILTERS.values())
    good = a_subject()
    assert first_rejection(chosen, good, a_quote(), NOW) is None
    bad = a_subject(status=MarketStatus.CLOSED, grid=None)
    assert first_rejection(chosen, bad, a_quote(None, None), NOW).code == "NOT_ACTIVE"
    other = replace(good, category="Sports")
    assert first_rejection(chosen, other, a_quote(None, None), NOW).code == "ONE_SIDED"
