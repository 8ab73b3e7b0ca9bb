"""Every filter, found by name, keeps at its limit, drops beyond it, and survives odd books."""

from dataclasses import replace
from itertools import product

import pytest
from fakes.decisions import NOW, a_market, a_quote, an_event
from hypothesis import given
from hypothesis import strategies as st

import kalshi_cli.filters as package
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Contracts
from kalshi_cli.filters import _gate as gate
from kalshi_cli.filters._base import FOREVER, Subject, Verdict
from kalshi_cli.filters._gate import Screen, filters, first_rejection
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


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (9 * MINUTE, "closes in 9m, at least 10 minutes are asked"),
        (-49 * MINUTE, "closed 49m ago"),
    ],
)
def test_a_market_that_is_closed_is_not_said_to_close(left, told):
    subject = a_subject(close_us=NOW + left)
    assert FILTERS["CLOSING"].keep(subject, a_quote(ticker="KXT-1"), NOW).detail == told


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


@pytest.mark.parametrize("code", FILTERS)
def test_what_keeps_all_need_not_be_asked(code):
    """A list that names something may drop something; a screen asks the others only."""
    lists = [name for name, default in SETTINGS.items() if default == ()]
    asked = {"BLOCKED": "block", "NOT_ALLOWED": "allow"}
    assert FILTERS[code].keeps_all == (code in asked)
    for name in lists:
        one = next(f for f in filters({**SETTINGS, name: ("KXT",)}) if f.code == code)
        assert one.keeps_all == (code in asked and not name.startswith(asked[code]))
    assert len(Screen.of(tuple(FILTERS.values())).asked) == len(FILTERS) - len(asked)


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


# How long an answer holds.

AROUND_NOW = st.integers(-40 * DAY, 40 * DAY).map(lambda gap: NOW + gap)
PRICES = st.sampled_from([None, "0.0001", "0.4000", "0.4400", "0.9999"])


@st.composite
def looked_at(draw):
    """A market, its quote and filters whose limits may fall between two microseconds."""
    market = {
        "ticker": draw(st.sampled_from(["KXT-1", "KXMVE-1"])),
        "status": draw(st.sampled_from(MarketStatus)),
        "close_us": draw(AROUND_NOW),
        "expected_expiration_us": draw(st.none() | AROUND_NOW),
    }
    volume = Contracts(draw(st.integers(0, 40_000)))
    quote = a_quote(draw(PRICES), draw(PRICES), ticker=market["ticker"], volume=volume)
    chosen = filters(
        {
            **SETTINGS,
            "max_days_to_expiry": draw(st.floats(1e-9, 60)),
            "min_minutes_to_close": draw(st.floats(0, 60 * 24 * 60)),
            "block_categories": draw(st.sampled_from([(), ("weather",)])),
        }
    )
    return a_subject(**market), quote, chosen


def moments(now_us, until_us):
    """Instants of a stretch: its ends, and any between them."""
    last = min(until_us, now_us + 100 * DAY) - 1
    return st.sampled_from([now_us, last]) | st.integers(now_us, last)


def code_of(rejection):
    return rejection and rejection.code


@pytest.mark.parametrize("code", FILTERS)
@given(data=st.data(), case=looked_at(), now_us=AROUND_NOW)
def test_an_answer_holds_until_the_filter_says(code, data, case, now_us):
    subject, quote, chosen = case
    one = next(f for f in chosen if f.code == code)
    until = one.holds_until(subject, quote, now_us)
    assert now_us < until <= FOREVER
    later = data.draw(moments(now_us, until))
    seen_later = replace(quote, at_us=data.draw(AROUND_NOW))
    answers = {
        code_of(one.keep(subject, q, at)) for q in (quote, seen_later) for at in (now_us, later)
    }
    assert len(answers) == 1


@given(data=st.data(), case=looked_at(), now_us=AROUND_NOW)
def test_a_verdict_is_that_of_the_first_and_holds_as_long_as_it_says(data, case, now_us):
    subject, quote, chosen = case
    screen = Screen.of(chosen)
    (verdict,) = screen.verdicts([(subject, quote)], now_us)
    later = data.draw(moments(now_us, verdict.holds_until_us))
    assert verdict.screened_by == screen.mark
    for at in (now_us, later):
        assert verdict.dropped_by == code_of(first_rejection(chosen, subject, quote, at))


def test_an_answer_that_time_changes_is_another_at_the_instant_told():
    """Neither so early that nothing is gained, nor so late that it is wrong."""
    screen = Screen.of(tuple(FILTERS.values()))
    far = a_subject(close_us=NOW + 30 * DAY + HOUR)
    (verdict,) = screen.verdicts([(far, a_quote())], NOW)
    assert verdict == Verdict(screen.mark, "TOO_FAR", NOW + HOUR)
    (verdict,) = screen.verdicts([(far, a_quote())], NOW + HOUR)
    assert verdict == Verdict(screen.mark, None, NOW + 30 * DAY + HOUR - 10 * MINUTE + 1)
    (closing,) = screen.verdicts([(far, a_quote())], verdict.holds_until_us)
    assert closing == Verdict(screen.mark, "CLOSING", FOREVER)
    # a filter that comes later may drop it for ever, and still those before it have their time
    (thin,) = screen.verdicts([(far, a_quote(volume=Contracts(0)))], NOW + HOUR)
    assert thin == Verdict(screen.mark, "LOW_VOLUME", verdict.holds_until_us)


@given(st.data(), st.lists(looked_at(), max_size=5), AROUND_NOW)
def test_each_market_has_its_own_verdict(data, cases, now_us):
    """Whichever others are looked at with it, and in whichever order."""
    screen = Screen.of(data.draw(st.sampled_from([case[2] for case in cases] or [()])))
    asked = [(subject, quote) for subject, quote, _ in cases]
    alone = [screen.verdicts([one], now_us)[0] for one in asked]
    assert screen.verdicts(asked, now_us) == alone
    assert screen.verdicts(asked[::-1], now_us) == alone[::-1]


def test_a_mark_tells_filters_parameters_and_versions_apart(monkeypatch):
    plain = Screen.of(filters(SETTINGS)).mark
    assert Screen.of(filters(dict(SETTINGS))).mark == plain
    others = [
        Screen.of(filters({**SETTINGS, "min_volume": 201})).mark,
        Screen.of(filters({**SETTINGS, "block_series": ("X",)})).mark,
        Screen.of(filters(SETTINGS)[1:]).mark,
    ]
    monkeypatch.setattr(gate, "__version__", "another")
    others.append(Screen.of(filters(SETTINGS)).mark)
    assert len({plain, *others}) == 5
    assert all(-(2**63) <= mark < 2**63 for mark in others)
