from dataclasses import replace

import pytest
from fakes.decisions import NOW, a_book, a_market, a_quote, abstained, an_event, proposed
from fakes.making import SETTINGS, a_mark, a_print, a_rest, a_spread, seen
from hypothesis import given
from hypothesis import strategies as st

import kalshi_cli.strategies as package
from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FREE, FeeTerms, LaterTerms
from kalshi_cli.domain.grid import DECI_CENT, LINEAR_CENT, TAPERED_DECI_CENT
from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.markout import Horizon
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.plugins import load
from kalshi_cli.strategies._base import Strategy

MAKER = load(package, "market_making", Strategy, SETTINGS)
HARMLESS = tuple(a_mark(n, horizon=h) for n in range(80) for h in Horizon)
"""Eighty fills after which nothing moved: what others know is 0.036 half-spreads, as drawn."""


def quoted(*candidates, maker=MAKER, **view) -> dict[tuple[str, Side], str]:
    found = proposed(maker, seen(*candidates, **view))
    return {(p.ticker, p.side): str(p.limit) for p in found}


# By hand: fair 0.5, nothing printed, a day left: v = 8 / pi / 24 = 0.106103 an hour.
# Around it lie 0.1 v 4 / 2 + ln(1 + 0.1 / (2 * 0.25 / 0.03)) / 0.1 = 0.081041 in log-odds.


def test_quotes_as_computed_by_hand():
    # expit(-0.081041) = 0.479751, and its mirror image 0.520249; the floor is 0.00108.
    both = quoted(a_spread(), markouts=HARMLESS)
    assert both == {("T", Side.BID): "0.4790", ("T", Side.ASK): "0.5210"}


def test_quotes_give_way_to_what_is_held():
    # Half of the most that may be held: x - 0.5 * 0.1 v 4 = -0.021221.
    # expit(-0.102262) = 0.474457, expit(0.059821) = 0.514951
    both = quoted(a_spread(held="200.00"), markouts=HARMLESS)
    assert both == {("T", Side.BID): "0.4740", ("T", Side.ASK): "0.5150"}


def test_at_the_limit_only_the_side_that_leaves_is_quoted():
    # $200 of risk at 50 cents are 400 contracts; expit(0.0386) = 0.509649
    assert quoted(a_spread(held="400.00"), markouts=HARMLESS) == {("T", Side.ASK): "0.5100"}
    assert quoted(a_spread(held="-400.00"), markouts=HARMLESS) == {("T", Side.BID): "0.4900"}


def test_sizes_are_shares_of_the_bankroll_and_stop_at_the_limit():
    # $50 a quote at 50 cents are 100 contracts; with 350 of 400 held, 50 more may come.
    ask, bid = proposed(MAKER, seen(a_spread(held="350.00"), markouts=HARMLESS))
    assert (str(bid.max_contracts), str(ask.max_contracts)) == ("50.00", "100.00")
    assert (bid.closes, ask.closes) == (Contracts(0), Contracts.parse("100.00"))
    assert {bid.purpose, ask.purpose} == {Purpose.QUOTE}
    assert bid.resting
    assert bid.expires_us == NOW + 20 * MINUTE


def test_before_any_fill_others_are_believed_to_ask_for_what_they_lose():
    # 0.9 of their 3 cents, and a tenth to gain: where they are.
    assert quoted(a_spread()) == {("T", Side.BID): "0.4700", ("T", Side.ASK): "0.5300"}


def test_what_others_took_back_keeps_the_quotes_apart():
    # 80 fills that lost 4 of 3 cents: (80 * 0.04 + 20 * 0.9 * 0.03) / (100 * 0.03) = 1.24667 of
    # all, drawn with its own 80: (3.2 + 20 * 1.24667 * 0.03) / 3 = 1.316 half-spreads: 3.948 cents,
    # and 0.3 to gain
    lost = [a_mark(n, given=0.05, kept=0.01) for n in range(80)]
    both = quoted(a_spread(held="1.00"), markouts=lost)
    assert both["T", Side.BID] == "0.4570"


def test_the_makers_fee_is_on_top():
    free, paid = (
        quoted(a_spread(held="1.00", fees=FeeTerms(kind)), markouts=HARMLESS * 1)
        for kind in ("quadratic", "quadratic_with_maker_fees")
    )
    # 0.0175 * 0.25 = 0.4375 cents: less than what is asked for anyway
    assert free == paid
    wide = quoted(a_spread(held="1.00", fees=FeeTerms("quadratic_with_maker_fees")))
    assert wide["T", Side.BID] == "0.4650"  # 2.7, 0.4375 and 0.3 cents, snapped away


A_MINUTE_LESS = 11 * MINUTE, 16 * MINUTE
"""By the book a quote may last to a quarter of an hour before the answer, and a minute is asked."""


def test_a_waiver_that_ends_while_it_is_quoted_does_not_make_it_free():
    dear = FeeTerms("quadratic_with_maker_fees")
    for_good, ending = ((LaterTerms(NOW + hours * HOUR, dear),) for hours in (48, 1))
    free, charged, paid = (
        quoted(a_spread(held="1.00", fees=fees, later_fees=later))
        for fees, later in ((FREE, for_good), (FREE, ending), (dear, ()))
    )
    assert free["T", Side.BID] == "0.4700"
    assert charged == paid != free


@pytest.mark.parametrize(
    ("changes", "code", "value", "limit"),
    [
        ({"book": None}, "UNREAD", "", ""),
        ({"trades": None}, "UNREAD", "", ""),
        ({"is_taken": True}, "TAKEN", "", ""),
        ({"book": a_book((), ("0.5300",))}, "NO_QUOTE", "", ""),
        ({"book": a_book(("0.4990",), ("0.5000",))}, "ONE_TICK", "0.0010", "0.0020"),
        ({"book": a_book(("0.3000",), ("0.5000",))}, "SPREAD", "0.2000", "0.2000"),
        ({"book": a_book(("0.0200",), ("0.0600",))}, "TAIL", "0.0400", "0.0500"),
        ({"book": a_book(("0.9400",), ("0.9800",))}, "TAIL", "0.0400", "0.0500"),
        ({"market": a_market(grid=None)}, "NO_GRID", "", ""),
        ({"market": a_market(grid=DECI_CENT, open_us=NOW, close_us=NOW + 11 * MINUTE)}, "CLOSING",
         *map(str, A_MINUTE_LESS)),
        # a day has gone and another is left: the last 20th of both are 144 minutes
        ({"market": a_market(grid=DECI_CENT, expected_expiration_us=NOW + 2 * HOUR)}, "CLOSING",
         str(120 * MINUTE), str(145 * MINUTE)),
        ({"event": an_event(strike_us=NOW + 10 * MINUTE)}, "CLOSING",
         str(10 * MINUTE), str(145 * MINUTE)),
        # ln(0.6 / 0.4) = 0.405 in three minutes, beyond 0.3 and 4 sqrt(0.106 * 3 / 60)
        ({"trades": (a_print("0.6000", 1), a_print("0.5000", 4))}, "JUMPED", "0.405", "0.300"),
        ({"orders": (a_rest(fair=0.4),)}, "JUMPED", "0.405", "0.300"),
    ],
    ids=[
        "no book", "no tape", "another's", "one side", "one tick", "too wide", "in the tail",
        "in the other tail", "no grid", "closing", "expiring", "striking", "jumped",
        "moved away from its quotes",
    ],
)  # fmt: skip
def test_is_not_quoted_whatever_is_held_and_says_why(changes, code, value, limit):
    view = seen(a_spread(held="10.00", **changes), markouts=HARMLESS)
    assert proposed(MAKER, view) == ()
    why = abstained(MAKER, view)["T"]
    assert (why.code, why.value, why.limit) == (code, value, limit)


@pytest.mark.parametrize(
    ("changes", "code", "value", "limit"),
    [
        ({"quote": a_quote("0.4990", "0.5000")}, "ONE_TICK", "0.0010", "0.0020"),
        ({"quote": a_quote("0.3000", "0.5000")}, "SPREAD", "0.2000", "0.2000"),
        ({"quote": a_quote(None, "0.5000")}, "NO_QUOTE", "", ""),
        ({"quote": a_quote("0.0300", "0.0500")}, "TAIL", "0.0400", "0.0500"),
        ({"is_taken": True}, "TAKEN", "", ""),
        # a quarter of an hour before the last 20th of its two days
        ({"market": a_market(grid=DECI_CENT, close_us=NOW + HOUR)}, "CLOSING",
         str(60 * MINUTE), str((75 + 15) * MINUTE)),
        # of 3 cents fills lose 2.7, and a maker pays 0.0175 x 0.47 x 0.53 = 0.436 cents
        ({"fees": FeeTerms("quadratic_with_maker_fees")}, "MARKOUT", "0.0300", "0.0314"),
        ({"quote": a_quote("0.4700", "0.5300", volume_24h=Contracts(0))}, "NO_VOLUME", "", ""),
        # 0.25 sqrt(0.106103 / 60) = 1.05 cents a minute; three quarters of half of two are less
        ({"quote": a_quote("0.4900", "0.5100")}, "VOLATILE", "0.0105", "0.0075"),
    ],
)  # fmt: skip
def test_a_market_that_is_not_looked_at_says_what_its_quote_has_against_it(
    changes, code, value, limit
):
    view = seen(a_spread(**{"book": None, "trades": None, **changes}))
    assert MAKER.watches(view) == ()
    why = abstained(MAKER, view)["T"]
    assert (why.code, why.value, why.limit) == (code, value, limit)


def test_what_is_outranked_says_by_how_much():
    """A tenth of 3 cents for a 24th of 240, 480 and 720 contracts a day: 3, 6 and 9 cents an hour.
    Two are looked at for each one that may be quoted.
    """
    one = load(package, "market_making", Strategy, {**SETTINGS, "max_quoted_markets": 1})
    unseen = {"book": None, "trades": None}
    busy = [
        a_spread(ticker=t, quote=a_quote("0.4700", "0.5300", ticker=t, volume_24h=v), **unseen)
        for t, v in zip("ABC", map(Contracts.parse, ("240.00", "480.00", "720.00")), strict=True)
    ]
    assert one.watches(seen(*busy)) == ("B", "C")
    why = abstained(one, seen(*busy))
    assert {t: each.code for t, each in why.items()} == {
        "A": "OUTRANKED",
        "B": "UNREAD",
        "C": "UNREAD",
    }
    assert (why["A"].value, why["A"].limit) == ("0.0300", "0.0600")


def test_of_those_looked_at_the_one_that_is_worth_less_says_so():
    one = load(package, "market_making", Strategy, {**SETTINGS, "max_quoted_markets": 1})
    busy = [
        a_spread(ticker=t, quote=a_quote("0.4700", "0.5300", ticker=t, volume_24h=v))
        for t, v in zip("AB", map(Contracts.parse, ("240.00", "480.00")), strict=True)
    ]
    why = abstained(one, seen(*busy, markouts=HARMLESS))
    assert why.keys() == {"A"}
    assert why["A"].code == "OUTRANKED"
    assert float(why["A"].limit) == pytest.approx(2 * float(why["A"].value), abs=1e-4)


def test_what_loses_to_a_market_quoted_already_is_told_what_that_counts():
    """240 contracts a day win against 300: quoted already, they count half as much again."""
    one = load(package, "market_making", Strategy, {**SETTINGS, "max_quoted_markets": 1})
    fewer, more = (
        a_quote("0.4700", "0.5300", ticker=t, volume_24h=Contracts.parse(volume))
        for t, volume in (("A", "240.00"), ("B", "300.00"))
    )
    both = (
        a_spread(ticker="A", quote=fewer, orders=(a_rest(ticker="A"),)),
        a_spread(ticker="B", quote=more),
    )
    why = abstained(one, seen(*both, markouts=HARMLESS))["B"]
    assert why.code == "OUTRANKED"
    assert float(why.limit) / float(why.value) == pytest.approx(1.5 * 240 / 300, abs=1e-3)


def test_what_loses_to_holdings_is_not_told_that_they_are_worth_more():
    one = load(package, "market_making", Strategy, {**SETTINGS, "max_quoted_markets": 1})
    busy = a_quote("0.4700", "0.5300", ticker="B", volume_24h=Contracts.parse("900.00"))
    both = (a_spread(ticker="A", held="1.00"), a_spread(ticker="B", quote=busy))
    why = abstained(one, seen(*both, markouts=HARMLESS))["B"]
    assert (why.code, why.value, why.limit) == ("OUTRANKED", "", "")
    assert why.detail == "it may quote 1 market, and what is held comes first"


def test_a_bankroll_that_pays_for_no_contract_is_told():
    view = seen(a_spread(), markouts=HARMLESS, bankroll="50.00")  # 0.5 % of it: 25 cents
    assert abstained(MAKER, view)["T"].code == "SMALL_SHARE"


def test_an_inventory_that_pays_for_no_contract_is_told():
    maker = load(package, "market_making", Strategy, {**SETTINGS, "inventory_share": 0.00004})
    view = seen(a_spread(), markouts=HARMLESS)  # of $10,000 of bankroll: 40 cents
    assert proposed(maker, view) == ()
    assert abstained(maker, view)["T"].code == "SMALL_SHARE"


def test_where_its_one_side_has_no_price_it_says_that():
    """At the limit only the ask is left: 0.935 + 0.055 of others' half-spread and 0.0175 x 0.93 x
    0.07 of fee are beyond 99 cents, and there is nothing it would trade with. $200 pay for 213.
    """
    facts = {"market": a_market(), "fees": FeeTerms("quadratic_with_maker_fees")}
    view = seen(a_spread("0.8800", "0.9900", held="213.00", **facts))
    assert proposed(MAKER, view) == ()
    assert abstained(MAKER, view)["T"].code == "NO_PRICE"


def test_where_its_one_side_would_trade_at_once_it_says_that():
    """At the limit only the ask is left, at 51 cents, where a bid of its own rests."""
    own = a_rest(Side.BID, "0.5150")
    view = seen(a_spread(held="400.00", orders=(own,)), markouts=HARMLESS)
    assert proposed(MAKER, view) == ()
    assert abstained(MAKER, view)["T"].code == "CROSSES"


@pytest.mark.parametrize(
    ("share", "held", "side", "count"),
    [
        ("inventory_share", "3.00", Side.ASK, "3.00"),
        ("inventory_share", "-2.50", Side.BID, "2.50"),
        ("quote_share", "-3.00", Side.BID, "1.00"),
        ("quote_share", "2.50", Side.ASK, "1.50"),
        ("quote_share", "-0.25", Side.BID, "0.25"),
    ],
)
def test_what_is_held_is_quoted_away_whatever_it_pays_and_the_bankroll(share, held, side, count):
    """80 fills that lost 5 of 3 cents keep no quotes from what is held, nor does a share of 40
    cents, which pays for no contract: all may go, at a time what a quote may be, but one at least.
    """
    lost = [a_mark(n, given=0.06, kept=0.01) for n in range(80)]
    maker = load(package, "market_making", Strategy, {**SETTINGS, share: 0.00004})
    quotes = {p.side: p for p in proposed(maker, seen(a_spread(held=held), markouts=lost))}
    assert quotes.keys() == {side}
    assert (str(quotes[side].max_contracts), str(quotes[side].closes)) == (count, count)
    assert (quotes[side].resting, quotes[side].purpose) == (True, Purpose.QUOTE)


def test_beyond_the_most_that_may_be_held_quotes_give_way_as_at_it():
    maker = load(package, "market_making", Strategy, {**SETTINGS, "inventory_share": 0.00004})
    # expit(0.0386) = 0.509649, as with all of 400 contracts held that may be
    assert quoted(a_spread(held="1.00"), maker=maker, markouts=HARMLESS) == {
        ("T", Side.ASK): "0.5100"
    }


def test_nobody_waits_where_only_who_knows_comes():
    # 80 fills that lost 5 of 3 cents: more than one and a half of their half-spreads.
    lost = [a_mark(n, given=0.06, kept=0.01) for n in range(80)]
    assert quoted(a_spread(), markouts=lost) == {}
    why = abstained(MAKER, seen(a_spread(), markouts=lost))["T"]
    # (80 x 5 + 20 x 0.9 x 3) / (100 x 3) = 1.5133 of all, drawn with its own 80 to 1.6360
    # half-spreads: 4.908 cents and 0.3 to gain, beyond 4.5
    assert (why.code, why.value, why.limit) == ("TOO_FAR", "0.0521", "0.0450")
    assert len(quoted(a_spread(held="1.00"), markouts=lost)) == 2


def test_a_lively_tape_drives_the_quotes_apart():
    lively = tuple(a_print(f"0.{50 + 4 * (n % 2)}00", 40 + 10 * n) for n in range(30))
    wide, usual = (quoted(a_spread(trades=t), markouts=HARMLESS) for t in (lively, ()))
    assert wide["T", Side.BID] < usual["T", Side.BID]
    assert wide["T", Side.ASK] > usual["T", Side.ASK]


def test_a_jump_is_over_after_a_while():
    jump = (a_print("0.6000", 31), a_print("0.5000", 34))
    assert len(quoted(a_spread(trades=jump), markouts=HARMLESS)) == 2


def test_fills_that_lost_money_drive_it_out_until_they_are_old():
    bad = [a_mark(n, kept=-0.01 - n / 1000) for n in range(5)]
    assert quoted(a_spread(held="10.00"), markouts=bad) == {}
    # -1.0 to -1.4 cents, on average -1.2, and sqrt(0.1^2 x 10 / 4 / 5) = 0.0707 of error
    why = abstained(MAKER, seen(a_spread(held="10.00"), markouts=bad))["T"]
    assert (why.code, why.value, why.limit) == ("TOXIC", "-0.0113", "0.0000")
    old = [replace(mark, filled_us=NOW - 13 * HOUR) for mark in bad]
    assert len(quoted(a_spread(held="10.00"), markouts=old)) == 2
    assert len(quoted(a_spread(held="10.00"), markouts=bad[:4])) == 2
    other = [replace(mark, ticker="U") for mark in bad]
    assert len(quoted(a_spread(held="10.00"), markouts=other)) == 2


def test_a_market_that_moves_more_between_two_looks_than_it_pays_is_left_alone():
    # 0.25 sqrt(0.106103 * 900 / 3600) = 4.07 cents in a quarter of an hour; half of 3 cents do
    slow = load(package, "market_making", Strategy, {**SETTINGS, "attended_every_s": 900.0})
    assert quoted(a_spread(), markouts=HARMLESS, maker=slow) == {}
    why = abstained(slow, seen(a_spread(), markouts=HARMLESS))["T"]
    assert (why.code, why.value, why.limit) == ("VOLATILE", "0.0407", "0.0225")
    assert slow.watches(seen(a_spread())) == ()
    assert MAKER.watches(seen(a_spread())) == ("T",)


def test_what_is_held_or_rests_is_always_watched():
    nothing = {"quote": a_quote(None, None), "book": None, "trades": None}
    assert MAKER.watches(seen(a_spread(held="1.00", **nothing))) == ("T",)
    assert MAKER.watches(seen(a_spread(orders=(a_rest(),), **nothing))) == ("T",)
    assert MAKER.watches(seen(a_spread(**nothing))) == ()


@pytest.mark.parametrize(
    "quote", [a_quote("0.4990", "0.5000"), a_quote("0.3000", "0.5000"), a_quote(None, "0.5000")]
)
def test_looks_at_no_market_without_room(quote):
    assert MAKER.watches(seen(a_spread(quote=quote))) == ()


def test_looks_at_what_pays_most_first():
    one = load(package, "market_making", Strategy, {**SETTINGS, "max_quoted_markets": 1})
    busy = [
        a_spread(ticker=name, quote=a_quote("0.4700", "0.5300", ticker=name, volume_24h=volume))
        for name, volume in (
            ("A", Contracts.parse("10.00")),
            ("B", Contracts.parse("900.00")),
            ("C", Contracts.parse("800.00")),
        )
    ]
    assert one.watches(seen(*busy)) == ("B", "C")  # two for each that may be quoted
    assert {ticker for ticker, _ in quoted(*busy, maker=one, markouts=HARMLESS)} == {"B"}


def test_a_programme_that_pays_for_quoting_decides_between_equals():
    one = load(package, "market_making", Strategy, {**SETTINGS, "max_quoted_markets": 1})
    pays = IncentiveProgram(
        "p", "B", "liquidity", Money.parse("240.00"), NOW - HOUR, NOW + 23 * HOUR, False,
        Contracts.parse("300.00"), 5_000,
    )  # fmt: skip
    both = [a_spread(ticker="A"), a_spread(ticker="B", incentives=(pays,))]
    assert {t for t, _ in quoted(*both, maker=one, markouts=HARMLESS)} == {"B"}
    over = replace(pays, end_us=NOW)
    both[1] = replace(both[1], incentives=(over,))
    assert {t for t, _ in quoted(*both, maker=one, markouts=HARMLESS)} == {"A"}


def test_beyond_its_markets_it_only_works_off_what_it_holds():
    one = load(package, "market_making", Strategy, {**SETTINGS, "max_quoted_markets": 1})
    held = [a_spread(ticker=name, held="50.00") for name in ("A", "B")]
    assert sorted(quoted(*held, maker=one, markouts=HARMLESS)) == [
        ("A", Side.ASK),
        ("A", Side.BID),
        ("B", Side.ASK),
    ]


@pytest.mark.parametrize(
    ("held", "side", "count"),
    [
        ("50.00", Side.ASK, "50.00"),
        ("-250.50", Side.BID, "100.50"),
        ("0.50", Side.ASK, "0.50"),
        ("-0.01", Side.BID, "0.01"),
    ],
)
def test_in_a_market_that_a_filter_drops_it_only_works_off_what_it_holds(held, side, count):
    view = replace(seen(markouts=HARMLESS), dropped=(a_spread(held=held),))
    assert MAKER.watches(view) == ("T",)
    (quote,) = proposed(MAKER, view)
    assert (quote.side, str(quote.max_contracts)) == (side, count)
    assert quote.closes == quote.max_contracts


def test_the_side_that_closes_takes_a_part_of_a_contract_along():
    found = proposed(MAKER, seen(a_spread(held="10.25"), markouts=HARMLESS))
    assert {p.side: (str(p.max_contracts), str(p.closes)) for p in found} == {
        Side.ASK: ("100.25", "10.25"),
        Side.BID: ("100.00", "0.00"),
    }


# Staying in the queue.


def test_a_quote_that_is_about_right_stays_where_it_is():
    rests = (a_rest(limit="0.4750"), a_rest(Side.ASK, "0.5270"))
    both = quoted(a_spread(orders=rests), markouts=HARMLESS)
    # 2.1 cents are right: a third of that away is near enough
    assert both == {("T", Side.BID): "0.4750", ("T", Side.ASK): "0.5270"}


def test_a_quote_that_is_wrong_moves():
    rests = (a_rest(limit="0.4700"), a_rest(Side.ASK, "0.5300"))
    both = quoted(a_spread(orders=rests), markouts=HARMLESS)
    assert both == {("T", Side.BID): "0.4790", ("T", Side.ASK): "0.5210"}


def test_a_quote_that_gives_too_much_away_moves_however_near_it_is():
    assert quoted(a_spread(orders=(a_rest(limit="0.4740"),)))["T", Side.BID] == "0.4700"


def test_dead_quotes_hold_no_place():
    dead = replace(a_rest(limit="0.4750"), state=OrderState.CANCELED)
    assert quoted(a_spread(orders=(dead,)), markouts=HARMLESS)["T", Side.BID] == "0.4790"


# What goes at once.


@pytest.mark.parametrize(
    ("book", "goes"),
    [
        (a_book(("0.4700",), ("0.5300",)), False),
        (a_book(("0.4100",), ("0.4700",)), True),  # the market came to our bid at 47 cents
        (a_book(("0.6000",), ("0.6400",)), True),  # it jumped away, which helps nobody
        (a_book(("0.4700",), ()), True),
        (None, True),
    ],
)
def test_what_goes_at_once(book, goes):
    assert bool(MAKER.withdraws(a_rest(fair=0.5), book)) is goes


def test_an_ask_goes_as_a_bid_does():
    ask = a_rest(Side.ASK, "0.5300")
    assert MAKER.withdraws(ask, a_book(("0.5300",), ("0.5900",)))
    assert not MAKER.withdraws(ask, a_book(("0.4700",), ("0.5300",)))


@pytest.mark.parametrize(
    ("quote", "book", "told"),
    [
        ((Side.BID, "0.4700"), (("0.4100",), ("0.4700",)), "is at 44c, beyond the quote"),
        ((Side.BID, "0.4700"), (("0.6000",), ("0.6400",)), "moved from 50c to 62c"),
        ((Side.ASK, "0.5300"), (("0.5300",), ("0.5900",)), "is at 44c, beyond the quote"),
        ((Side.ASK, "0.5300"), (("0.6000",), ("0.6400",)), "moved from 50c to 38c"),
    ],
)
def test_why_a_quote_goes_is_told_of_the_outcome_that_it_buys(quote, book, told):
    assert MAKER.withdraws(a_rest(*quote, fair=0.5), a_book(*book)) == f"the market {told}"


def test_why_a_quote_is_made_is_told_of_the_outcome_that_it_buys():
    """The floor is 0.108 of a cent; sigma is the root of 0.106103, as above."""
    given = a_spread("0.2700", "0.3300", held="-10")
    both = {p.side: p.reason for p in proposed(MAKER, seen(given, markouts=HARMLESS))}
    rest = "at least 0.11c away; sigma 0.326 an hour, 10 NO held"
    assert both == {Side.BID: f"fair 30c, {rest}", Side.ASK: f"fair 70c, {rest}"}


# Properties.

cents = st.integers(6, 92)


@st.composite
def markets(draw):
    """A market with room, something held in it, fills behind it, and a tape."""
    grid = draw(st.sampled_from([LINEAR_CENT, DECI_CENT, TAPERED_DECI_CENT]))
    low = draw(cents)
    high = draw(st.integers(low + 2, min(97, low + 15)))
    sizes = st.integers(1, 2_000).map(lambda whole: Contracts(whole * 100))
    book = OrderBook(
        "T",
        (Level(Price(low * 100), draw(sizes)),),
        (Level(Price(high * 100), draw(sizes)),),
        NOW,
    )
    hours = draw(st.floats(0.5, 400))
    market = a_market(grid=grid, open_us=NOW - HOUR, close_us=NOW + int(hours * HOUR) + 20 * MINUTE)
    prints = tuple(
        a_print(f"0.{draw(st.integers(low, high)):02}00", 40 + 7 * n, draw(st.sampled_from(Side)))
        for n in range(draw(st.integers(0, 12)))
    )
    marks = tuple(
        a_mark(n, draw(st.floats(0.0, 0.1)), draw(st.floats(0.0, 0.1)))
        for n in range(draw(st.integers(0, 4)))
    )
    held = Contracts(draw(st.integers(-600, 600)) * 100)
    fees = FeeTerms(draw(st.sampled_from(["quadratic", "quadratic_with_maker_fees"])))
    case = a_spread(market=market, book=book, trades=prints, fees=fees)
    return replace(case, held=held, event=an_event()), marks


def proposals(candidate, marks=(), maker=MAKER):
    return {p.side: p for p in proposed(maker, seen(candidate, markouts=marks))}


@given(markets())
def test_never_crosses_and_never_leaves_the_grid(drawn):
    candidate, marks = drawn
    found = proposals(candidate, marks)
    for side, proposal in found.items():
        assert candidate.market.grid.contains(proposal.limit)
        assert 0 < proposal.limit.units < 10_000
        (touch,) = candidate.book.against(side)
        assert side.sign * (touch.price.units - proposal.limit.units) > 0
    if len(found) == 2:
        assert found[Side.BID].limit < found[Side.ASK].limit


@given(markets())
def test_stays_away_from_the_fair_value_by_what_fills_lose_and_the_fee(drawn):
    candidate, marks = drawn
    fee = 0.0175 * 0.25 if candidate.fees.fee_type != "quadratic" else 0.0
    for side, proposal in proposals(candidate, marks).items():
        away = side.sign * (proposal.fair - float(proposal.limit))
        told = proposal.reason.partition("at least ")[2].partition("c away")[0]
        at_least = float(told) / 100
        assert away >= at_least - 1e-4  # as it is told, in hundredths of a cent
        assert at_least <= 0.5 + fee


@given(markets())
def test_never_both_sides_at_the_limit_and_never_beyond_it(drawn):
    candidate, marks = drawn
    found = proposals(candidate, marks)
    for side, proposal in found.items():
        most = int(200.0 / max(proposal.fair, 1 - proposal.fair)) * 100
        after = side.sign * candidate.held.units + proposal.max_contracts.units
        assert proposal.max_contracts.units > 0
        assert after <= most + 99
        if abs(candidate.held.units) >= most:
            assert candidate.held.units * side.sign < 0


def mirrored(candidate):
    """The same market, told in NO."""
    turned = {Side.BID: "ask", Side.ASK: "bid"}
    return replace(
        candidate,
        held=-candidate.held,
        book=OrderBook(
            "T",
            tuple(Level(x.price.complement, x.count) for x in candidate.book.asks),
            tuple(Level(x.price.complement, x.count) for x in candidate.book.bids),
            NOW,
        ),
        trades=tuple(
            replace(t, price=t.price.complement, taker_side=turned[Side(t.taker_side)])
            for t in candidate.trades
        ),
    )


@given(markets())
def test_no_mirrors_yes(drawn):
    candidate, marks = drawn
    plain, turned = proposals(candidate, marks), proposals(mirrored(candidate), marks)
    assert plain.keys() == {side.opposite for side in turned}
    for side, proposal in plain.items():
        mirror = turned[side.opposite]
        off = abs(proposal.limit.complement.units - mirror.limit.units)
        assert off <= 100  # a price that is on the grid but for its last bit may snap one tick on
        assert abs(proposal.max_contracts.units - mirror.max_contracts.units) <= 100


def test_a_market_near_a_dollar_is_worth_what_its_mirror_near_nothing_is():
    """Both sides count: at 7 cents a bid lies nearer to fair than an ask, at 93 farther."""
    near = a_spread(
        "0.0600", "0.0800", market=a_market(grid=LINEAR_CENT, close_us=NOW + 200 * MINUTE)
    )
    both = {("T", Side.BID): "0.0500", ("T", Side.ASK): "0.0900"}
    assert quoted(near) == both
    assert quoted(mirrored(near)) == {("T", Side.BID): "0.9100", ("T", Side.ASK): "0.9500"}


@given(markets(), st.integers(1, 300))
def test_leans_against_what_is_held(drawn, more):
    candidate, marks = drawn
    fuller = replace(candidate, held=candidate.held + Contracts(more * 100))
    before, after = proposals(candidate, marks), proposals(fuller, marks)
    for side in before.keys() & after.keys():
        assert after[side].limit <= before[side].limit
