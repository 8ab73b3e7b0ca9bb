from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.instant import HOUR, SECOND
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import (
    DEAD,
    LEGAL,
    LIVE,
    READS_LAG_US,
    UNRESOLVED,
    WORKING,
    ExchangeOrderStatus,
    Order,
    OrderIntent,
    OrderReport,
    OrderState,
    Pending,
    Purpose,
    TimeInForce,
    fold_fill,
    fold_report,
    reported_state,
)
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import IntegrityError

INTENT = OrderIntent(
    strategy="directional_trading",
    ticker="T",
    event_ticker="E",
    side=Side.BID,
    limit=Price(4_000),
    count=Contracts(1_000),
    time_in_force=TimeInForce.GTC,
    purpose=Purpose.ENTRY,
    reason="test",
    post_only=True,
    expires_us=500,
)
S = OrderState


def order(state=S.INTENT, filled=0):
    return Order("k1", INTENT, state, 1, 1, "r", 1, filled=Contracts(filled))


def report(status, filled=0, remaining=None):
    rest = 1_000 - filled if remaining is None else remaining
    return OrderReport(
        "o1", "k1", "T", Side.BID, Price(4_000), Contracts(1_000), Contracts(filled),
        Contracts(rest), ExchangeOrderStatus(status), 1, 500,
    )  # fmt: skip


def test_the_sets_of_states_partition_all_of_them():
    assert set(S) == LIVE | DEAD
    assert not LIVE & DEAD
    assert LIVE == UNRESOLVED | WORKING
    assert set(LEGAL) == set(S)


def test_the_dead_stay_dead_but_for_what_was_never_seen():
    assert {state for state in DEAD if LEGAL[state]} == {S.ABSENT, S.REJECTED, S.NOT_SENT}
    for state in (S.ABSENT, S.REJECTED, S.NOT_SENT):
        assert LEGAL[state] == {
            S.RESTING, S.PARTIALLY_FILLED, S.FILLED, S.CANCELED, S.EXPIRED,
        }  # fmt: skip


def test_an_intent_is_never_sent_twice_nor_expires_unseen():
    assert LEGAL[S.INTENT] == {
        S.RESTING, S.PARTIALLY_FILLED, S.FILLED, S.CANCELED, S.REJECTED, S.NOT_SENT, S.UNKNOWN,
    }  # fmt: skip
    assert LEGAL[S.UNKNOWN] - LEGAL[S.INTENT] == {S.EXPIRED, S.ABSENT}
    assert all(S.INTENT not in after for after in LEGAL.values())


@pytest.mark.parametrize(("before", "after"), list(product(S, S)))
def test_moves_are_exactly_the_legal_ones(before, after):
    if after is before or after in LEGAL[before]:
        assert order(before).moved(after, 2).state is after
    else:
        with pytest.raises(IntegrityError):
            order(before).moved(after, 2)


@pytest.mark.parametrize(
    ("status", "filled", "remaining", "now", "state"),
    [
        ("resting", 0, None, 2, S.RESTING),
        ("resting", 300, None, 2, S.PARTIALLY_FILLED),
        ("executed", 1_000, 0, 2, S.FILLED),
        ("canceled", 300, 0, 2, S.CANCELED),
        ("canceled", 0, 0, 500, S.EXPIRED),
        ("canceled", 0, 0, 499, S.CANCELED),
        ("canceled", 1_000, 0, 2, S.FILLED),
    ],
)
def test_what_the_exchanges_words_mean(status, filled, remaining, now, state):
    assert reported_state(report(status, filled, remaining), 500, now) is state


def test_a_report_names_counts_and_moves():
    after = fold_report(order(), report("resting", 300), 2)
    assert (after.order_id, after.state) == ("o1", S.PARTIALLY_FILLED)
    assert (after.filled, after.remaining) == (Contracts(300), Contracts(700))


def test_old_news_changes_nothing():
    filled = fold_report(order(), report("executed", 1_000, 0), 2)
    assert fold_report(filled, report("resting", 300), 3) == filled
    canceled = fold_report(order(S.RESTING), report("canceled", 0, 0), 3)
    assert fold_report(canceled, report("resting"), 4).state is S.CANCELED


def test_death_ends_what_was_pending():
    waiting = replace(order(S.RESTING), pending=Pending.CANCEL)
    assert fold_report(waiting, report("resting"), 2).pending is Pending.CANCEL
    assert fold_report(waiting, report("canceled", 0, 0), 2).pending is Pending.NONE


def test_the_dead_still_accept_fills_up_to_their_count():
    after = fold_fill(order(S.CANCELED), Contracts(400), 2)
    assert (after.state, after.filled) == (S.CANCELED, Contracts(400))
    with pytest.raises(IntegrityError):
        fold_fill(order(S.CANCELED), Contracts(1_001), 2)


def test_news_of_what_ended_or_of_a_request_tells_when_it_came():
    canceled = fold_report(order(S.RESTING), report("canceled", 0, 0), 2)
    assert fold_report(canceled, report("canceled", 300, 0), 3).updated_us == 3
    later = 3 + READS_LAG_US
    waiting = replace(order(S.RESTING), order_id="o1", pending=Pending.CANCEL, updated_us=3)
    after = fold_report(waiting, report("resting"), later)
    assert (after.pending, after.updated_us) == (Pending.NONE, later)


def test_a_clock_that_was_set_back_keeps_no_report_from_being_sure():
    """What was cancelled by a clock an hour ahead rests after all: nobody waits for that hour."""
    waiting = replace(order(S.RESTING), order_id="o1", pending=Pending.CANCEL, updated_us=HOUR)
    assert fold_report(waiting, report("resting"), HOUR - SECOND).pending is Pending.CANCEL
    after = fold_report(waiting, report("resting"), SECOND)
    assert (after.pending, after.updated_us) == (Pending.NONE, SECOND)


STEP = st.one_of(
    st.tuples(st.just("fill"), st.integers(0, 1_000)),
    st.tuples(st.sampled_from(["resting", "canceled", "executed"]), st.integers(0, 1_000)),
)


@given(st.sampled_from(sorted(LIVE)), st.lists(STEP, max_size=8))
def test_whatever_arrives_fills_only_grow_and_steps_are_legal(start, steps):
    current = order(start)
    for number, (what, filled) in enumerate(steps, start=2):
        if what == "fill":
            after = fold_fill(current, Contracts(filled), number)
        else:
            count = 1_000 if what == "executed" else filled
            rest = 1_000 - count if what == "resting" else 0
            after = fold_report(current, report(what, count, rest), number)
        assert current.filled <= after.filled <= INTENT.count
        assert after.state is current.state or after.state in LEGAL[current.state]
        assert after.remaining.units >= 0
        current = after
    settled = [fold_report(current, report("executed", 1_000, 0), 99)] * 2
    assert settled[0] == fold_report(settled[0], report("executed", 1_000, 0), 99)
