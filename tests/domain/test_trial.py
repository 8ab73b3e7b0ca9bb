"""How a trial ended, by the prints of its time."""

import pytest

from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trial import Ending, Trial, verdict

START = 1_000 * MINUTE


def a_trial(side: Side = Side.BID) -> Trial:
    """In at 50 cents, for 60 or 40, within half an hour: of NO where YES is sold."""
    return Trial(
        strategy="s",
        signal="Economics",
        event_ticker="E",
        ticker="T",
        side=side,
        entry=Price.parse("0.5000"),
        target=Price.parse("0.6000"),
        stop=Price.parse("0.4000"),
        spread=Price.parse("0.0200"),
        at_us=START,
        until_us=START + 30 * MINUTE,
    )


def prints(*told: tuple[float, str, Side], ticker: str = "T") -> list[Trade]:
    """(minutes after the start, YES price, taker's side)."""
    one = Contracts.parse("1.00")
    return [
        Trade(f"t{n}", ticker, Price.parse(price), one, side.value, START + int(minutes * MINUTE))
        for n, (minutes, price, side) in enumerate(told)
    ]


@pytest.mark.parametrize(
    ("told", "ending"),
    [
        ([], Ending.TIMED_OUT),
        ([(5, "0.6100", Side.BID)], Ending.HIT),
        ([(5, "0.6000", Side.BID)], Ending.TIMED_OUT),  # others may have waited before us
        ([(5, "0.6100", Side.ASK)], Ending.TIMED_OUT),  # nobody bought
        ([(5, "0.4000", Side.ASK)], Ending.STOPPED),
        ([(5, "0.3900", Side.BID)], Ending.STOPPED),  # the ask was below the stop: so was the bid
        ([(5, "0.4200", Side.BID), (9, "0.6100", Side.BID)], Ending.STOPPED),  # 40 was bid below
        ([(5, "0.4300", Side.BID), (9, "0.6100", Side.BID)], Ending.HIT),
        ([(5, "0.4200", Side.ASK), (9, "0.6100", Side.BID)], Ending.HIT),  # 42 was bid
        ([(5, "0.4100", Side.ASK), (9, "0.6100", Side.BID)], Ending.HIT),
        ([(9, "0.6100", Side.BID), (5, "0.4000", Side.ASK)], Ending.STOPPED),
        ([(5, "0.6100", Side.BID), (5, "0.4000", Side.ASK)], Ending.STOPPED),  # at one instant
        ([(30, "0.6100", Side.BID)], Ending.HIT),
        ([(30.5, "0.6100", Side.BID)], Ending.TIMED_OUT),
        ([(0, "0.6100", Side.BID), (-1, "0.3000", Side.ASK)], Ending.TIMED_OUT),  # known before
    ],
)  # fmt: skip
def test_the_target_counts_where_it_was_passed_before_the_stop_and_in_time(
    told: list[tuple[float, str, Side]], ending: Ending
) -> None:
    assert verdict(a_trial(), prints(*told)).ending is ending


def test_a_trial_of_no_is_the_mirror_image() -> None:
    """NO bought at 50 is 61 where YES is sold at 39, and at its stop where YES is at 60."""
    sold = verdict(a_trial(Side.ASK), prints((5, "0.3900", Side.ASK)))
    stopped = verdict(a_trial(Side.ASK), prints((5, "0.6200", Side.BID)))
    in_a_hurry = verdict(a_trial(Side.ASK), prints((5, "0.5800", Side.ASK)))
    assert (in_a_hurry.ending, str(in_a_hurry.left)) == (Ending.STOPPED, "0.4000")
    assert sold.ending is Ending.HIT
    assert (stopped.ending, str(stopped.left)) == (Ending.STOPPED, "0.3800")


def test_a_stop_is_missed_by_what_the_print_was_below_it() -> None:
    found = verdict(a_trial(), prints((5, "0.3500", Side.ASK)))
    assert found.slipped == pytest.approx(0.05)
    assert found.ended_us == START + 5 * MINUTE
    bought = verdict(a_trial(), prints((5, "0.3500", Side.BID)))
    assert bought.slipped == pytest.approx(0.07)  # 33 was bid, by the spread of 2
    assert verdict(a_trial(), prints((5, "0.0100", Side.BID))).left == Price(0)
    assert verdict(a_trial(), []).slipped == 0.0
    assert verdict(a_trial(), []).ended_us == START + 30 * MINUTE


def test_another_markets_prints_say_nothing() -> None:
    elsewhere = prints((5, "0.6100", Side.BID), ticker="U")
    assert verdict(a_trial(), elsewhere).ending is Ending.TIMED_OUT
