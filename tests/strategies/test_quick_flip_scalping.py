"""Quick flips: a push, its prices, and no trade before its hit rate is proven to pay."""

from dataclasses import replace

import pytest
from fakes.decisions import NOW, PLAIN, a_book, a_market, abstained, an_event, proposed
from fakes.making import a_print, a_spread, seen
from hypothesis import example
from hypothesis import given as drawn
from hypothesis import strategies as st

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.fees import FREE, LaterTerms
from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trial import HitRate
from kalshi_cli.evaluation.interval import wilson_low
from kalshi_cli.steps.trying import tried
from kalshi_cli.strategies._judging import nonsense
from kalshi_cli.strategies._pushes import LATENCY_US
from kalshi_cli.strategies.quick_flip_scalping import QuickFlipScalping

FLIPPER = QuickFlipScalping(watched_markets=2, push_minutes=5.0, hold_minutes=30.0, flip_share=0.01)
GOOD = HitRate(400, 320, 0.0)
SIGNAL = "Weather, up to 0.65"


def pushed(start="0.4000", end="0.5000", side=Side.BID):
    """Four takers of one side in the last minutes, and one before them."""
    return (a_print(start, 8, side), *(a_print(end, n, side) for n in (1, 2, 3, 4)))


DISAGREE = tuple(a_print("0.4900", n, Side.ASK) for n in (1.5, 2.5, 3.5))


def a_push(bid="0.4900", ask="0.5000", **changes):
    """Ten cents up in five minutes, on a spread of one."""
    return a_spread(bid, ask, **{"trades": pushed(), **changes})


def view(*candidates, rate=GOOD, **changes):
    rates = {} if rate is None else {SIGNAL: rate}
    return replace(seen(*candidates), hit_rates=rates, **changes)


def only(given):
    (proposal,) = proposed(FLIPPER, given)
    assert nonsense(FLIPPER.propose(given), given) is None
    return proposal


def test_target_and_stop_lie_twice_what_a_round_trip_costs_away():
    """2 x (1 c + 2 x 1.75 c) = 9 cents around the ask of 50."""
    found = only(view(a_push()))
    (trial,) = FLIPPER.tries(view(a_push()))
    assert (found.side, str(found.limit), found.resting) == (Side.BID, "0.5000", False)
    assert (str(found.levels.target), str(found.levels.stop)) == ("0.5900", "0.4100")
    assert found.levels.target_rests
    assert found.levels.leave_by_us == trial.until_us == NOW + LATENCY_US + 30 * MINUTE
    assert (trial.entry, trial.target, trial.stop) == (
        Price.parse("0.5000"), found.levels.target, found.levels.stop,
    )  # fmt: skip
    assert tried(FLIPPER, view(a_push())) == (trial,)


def test_a_push_down_buys_no_by_the_mirrored_prices():
    """NO costs 50 where YES is bid 50; YES must be bought back at 41, or at 59."""
    fallen = a_spread("0.5000", "0.5100", trades=pushed("0.6000", "0.5000", Side.ASK))
    found = only(view(fallen))
    assert (found.side, str(found.limit)) == (Side.ASK, "0.5000")
    assert (str(found.levels.target), str(found.levels.stop)) == ("0.5900", "0.4100")


def test_a_waiver_that_may_end_before_the_exit_makes_only_the_entry_free():
    """In at 50, free; 2 x (1 c + 1.75 c) = 5.5 cents to target and stop, which are charged."""
    free = {"fees": FREE, "trades": pushed("0.4000")}
    lasts, ends = ((LaterTerms(NOW + span, PLAIN),) for span in (HOUR, 30 * MINUTE))
    (lasting,) = FLIPPER.tries(view(a_push(later_fees=lasts, **free)))
    assert (str(lasting.target), str(lasting.stop)) == ("0.5200", "0.4800")
    (ending,) = FLIPPER.tries(view(a_push(later_fees=ends, **free)))
    assert (str(ending.target), str(ending.stop)) == ("0.5550", "0.4450")
    # (0.50 - 0.445 + 0.07 x 0.445 x 0.555) / (0.11 + 0.017288) = 0.568; free it were a half
    assert (lasting.signal, ending.signal) == ("Weather, up to 0.50", "Weather, up to 0.60")


def test_it_is_worth_what_the_proven_hit_rate_says():
    """In: 50 + 1.75; out: 59, or 41 less 0.07 x 0.41 x 0.59 = 1.6933 c."""
    found = only(view(a_push()))
    low = wilson_low(320, 400)
    lost = 0.41 - 0.07 * 0.41 * 0.59
    needed = (0.5175 - lost) / (0.59 - lost)
    assert needed == pytest.approx(0.63185, abs=1e-5)
    assert found.fair == pytest.approx(0.5175 + (low - 0.65) * (0.59 - lost))
    assert found.fair_error == 0.0
    assert "320 of 400 hit in Weather, up to 0.65, 76.5% proven, 65.0% needed" in found.reason


@pytest.mark.parametrize(
    ("rate", "proven", "told"),
    [
        (None, "0.000", "; 0 of 0 hit in {}, 0.0% proven, 65.0% needed; 200 or more trials"),
        (HitRate(199, 199, 0.0), "0.000", "; 199 of 199 hit in {}, 0.0% proven, 65.0% needed; "),
        # 1.644854^2 x 0.65 x 0.35 / 0.055^2 = 203.48
        (HitRate(200, 141, 0.0), "0.650", "65.0% proven, 65.0% needed; 204 or more trials like"),
        (HitRate(400, 260, 0.0), "0.610", "61.0% proven, 65.0% needed; no number of trials like"),
        (HitRate(400, 320, 0.2), "0.765", "; 320 of 400 hit in {}, 76.5% proven, 83.5% needed; no"),
    ],
)  # fmt: skip
def test_what_is_not_proven_is_tried_and_not_traded_and_says_its_numbers(rate, proven, told):
    given = view(a_push(), rate=rate)
    assert proposed(FLIPPER, given) == ()
    assert len(FLIPPER.tries(given)) == 1
    why = abstained(FLIPPER, given)["T"]
    needed = "0.835" if rate and rate.slip else "0.650"
    assert (why.code, why.value, why.limit) == ("UNPROVEN", proven, needed)
    assert told.format(SIGNAL) in why.detail


def test_a_better_record_is_enough_by_one_hit():
    given = view(a_push(), rate=HitRate(200, 142, 0.0))
    assert only(given).ticker == "T"
    assert abstained(FLIPPER, given) == {}


def test_a_flip_costs_its_share_at_most():
    """1 % of $10,000 pays for 193 contracts at 50 cents and a fee of 1.75: $99.88 in all."""
    assert str(only(view(a_push())).max_contracts) == "193.00"


def test_what_is_proven_of_others_stakes_proves_nothing():
    """In at 12 on a spread of 4, 53.5 % are enough: that they hit does not pay at 50 on 1."""
    wide = a_push("0.0800", "0.1200", trades=pushed("0.0100", "0.1200"))
    rates = {"Weather, up to 0.55": GOOD}
    given = replace(seen(wide, a_push(ticker="U", event=an_event("U"))), hit_rates=rates)
    assert [t.signal for t in FLIPPER.tries(given)] == ["Weather, up to 0.55", SIGNAL]
    assert abstained(FLIPPER, given)["U"].code == "UNPROVEN"
    assert "T" not in abstained(FLIPPER, given)


@pytest.mark.parametrize(
    ("candidate", "numbers"),
    [
        # 6 cents, and three quarters of 9 are asked
        (a_push(trades=pushed("0.4400")), ("NO_PUSH", "0.0600", "0.0675")),
        (a_push(trades=()), ("NO_FLOW", "0", "3")),
        (a_push(trades=pushed()[1:]), ("NO_FLOW", "", "")),  # nothing before them
        (a_push(trades=(*pushed(), *DISAGREE)), ("NO_LEAN", "0.143", "0.300")),  # 4 less 3, of 7
        (a_push(trades=None), ("UNREAD", "", "")),
        (a_push(book=None), ("UNREAD", "", "")),
        (a_push("0.4500", "0.5000"), ("SPREAD", "0.0500", "0.0500")),
        (a_push("0.9100", "0.9200", trades=pushed("0.8000", "0.9200")),
         ("TAIL", "0.0900", "0.1000")),
        (a_push(market=a_market("T", close_us=NOW + 44 * MINUTE)),
         ("CLOSING", str(44 * MINUTE), str(45 * MINUTE))),
        (a_push(market=a_market("T", grid=None)), ("NO_GRID", "", "")),
    ],
)  # fmt: skip
def test_there_is_nothing_to_follow(candidate, numbers):
    given = view(candidate)
    assert proposed(FLIPPER, given) == FLIPPER.tries(given) == ()
    why = abstained(FLIPPER, given)["T"]
    assert (why.code, why.value, why.limit) == numbers


def test_a_bankroll_that_pays_for_no_contract_is_told():
    why = abstained(FLIPPER, replace(view(a_push()), bankroll=Money.parse("50.00")))["T"]
    assert (why.code, why.value, why.limit) == ("SMALL_SHARE", "0.50", "0.52")


@pytest.mark.parametrize(
    ("quote", "book", "trades"),
    [
        (("0.8900", "0.9000"), ("0.9000", "0.9100"), pushed("0.7000", "0.9000")),
        (("0.1000", "0.1100"), ("0.0900", "0.1000"), pushed("0.3000", "0.1000", Side.ASK)),
        (("0.4900", "0.5000"), ("0.4500", "0.5000"), pushed("0.3000", "0.5000")),
    ],
)
def test_the_book_has_the_last_word_on_price_and_spread(quote, book, trades):
    """Its quote was good: what it costs by now, 91 cents twice, or a spread of 5, is not."""
    (bid,), (ask,) = book[:1], book[1:]
    given = view(a_push(*quote, book=a_book((bid,), (ask,)), trades=trades))
    assert FLIPPER.watches(given) == ("T",)
    assert FLIPPER.tries(given) == ()
    assert len(FLIPPER.tries(view(a_push(*quote, trades=trades)))) == 1


def prices(start, bid, ask, side):
    """A market in YES cents, pushed from a price to where takers trade, and its trials."""
    start, bid, ask = (f"{cents / 100:.4f}" for cents in (start, bid, ask))
    given = view(a_push(bid, ask, trades=pushed(start, ask if side is Side.BID else bid, side)))
    tried = [(t.entry, t.target, t.stop, t.side is side) for t in FLIPPER.tries(given)]
    said = abstained(FLIPPER, given).get("T")
    return tried, "" if said is None else said.code


@drawn(st.integers(2, 93), st.integers(1, 5), st.integers(1, 99))
@example(bid=9, spread=1, start=1)
@example(bid=90, spread=1, start=60)
def test_no_mirrors_yes(bid, spread, start):
    ask = bid + spread
    bought = prices(start, bid, ask, Side.BID)
    assert prices(100 - start, 100 - ask, 100 - bid, Side.ASK) == bought


@pytest.mark.parametrize("changes", [{"held": "1.00"}, {"is_taken": True}, {"is_working": True}])
def test_where_something_is_held_the_push_is_measured_and_not_followed(changes):
    candidate = a_push(**changes)
    assert proposed(FLIPPER, view(candidate)) == ()
    assert len(FLIPPER.tries(view(candidate))) == 1
    assert abstained(FLIPPER, view(candidate))["T"].code == "OCCUPIED"


def test_of_one_event_the_busiest_market_is_tried_and_one_at_a_time():
    slow, busy = (a_push(ticker=ticker) for ticker in ("T1", "T2"))
    busy = replace(busy, quote=replace(busy.quote, volume_24h=Contracts.parse("99999.00")))
    elsewhere = a_push(ticker="U1", event=replace(an_event(), event_ticker="KXOTHER"))
    given = view(slow, busy, elsewhere)
    assert [trial.ticker for trial in FLIPPER.tries(given)] == ["T2", "U1"]
    trying = replace(given, trying=frozenset({busy.event.event_ticker}))
    assert [trial.ticker for trial in FLIPPER.tries(trying)] == ["U1"]
    assert [proposal.ticker for proposal in proposed(FLIPPER, trying)] == ["U1"]
    assert abstained(FLIPPER, trying)["T1"].code == "TRYING"
    why = abstained(FLIPPER, given)["T1"]
    assert (why.code, why.detail.partition(",")[0]) == ("ONE_AN_EVENT", "T2")


def test_it_watches_the_busiest_that_could_be_flipped():
    one, two, three = (
        replace(c, quote=replace(c.quote, volume_24h=Contracts.parse(volume)))
        for c, volume in (
            (a_push(ticker="T1"), "10.00"),
            (a_push(ticker="T2"), "30.00"),
            (a_push(ticker="T3"), "20.00"),
        )
    )
    lost = replace(one, quote=replace(one.quote, bid=None))
    wide = a_push("0.4000", "0.5000", ticker="T4")
    assert FLIPPER.watches(view(one, two, three, wide)) == ("T2", "T3")
    unseen = (replace(c, book=None, trades=None) for c in (one, two, three, wide))
    why = abstained(FLIPPER, view(*unseen))
    assert {ticker: each.code for ticker, each in why.items()} == {
        "T1": "LESS_BUSY", "T2": "UNREAD", "T3": "UNREAD", "T4": "SPREAD",
    }  # fmt: skip
    assert (why["T1"].value, why["T1"].limit) == ("10.00", "20.00")
    assert FLIPPER.watches(view(lost, wide)) == ()
    assert FLIPPER.tape_us == 20 * MINUTE


def test_a_side_of_the_book_that_is_not_there_gives_no_price():
    candidate = a_push()
    bare = replace(candidate.book, asks=())
    assert FLIPPER.tries(view(replace(candidate, book=bare))) == ()
    assert isinstance(candidate.book.bids[0], Level)
