"""New shares by hand: a share moves 2 to 5 points, and only on what is resolved."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.money import NO_MONEY, Money
from kalshi_cli.evaluation.interval import Interval, Verdict
from kalshi_cli.evaluation.rebalancing import (
    Measured,
    Staked,
    by_event,
    measured,
    rebalanced,
    shrunk,
)

EDGE, NO_EDGE, UNRESOLVED = Verdict.EDGE, Verdict.NO_EDGE, Verdict.UNRESOLVED


def row(name, share, said, worth=0.0, fresh=30):
    found = Interval(worth, worth - 0.01, worth + 0.01, 40, 40)
    return Measured(name, share, found, worth, said, fresh)


def shares(*rows):
    found = rebalanced(rows, {each.strategy: each.strategy for each in rows})
    return {each.measured.strategy: each.new for each in found}


@pytest.mark.parametrize(
    ("why", "rows", "new"),
    [
        ("nothing is resolved",
         [row("a", 0.40, UNRESOLVED, 0.3), row("b", 0.30, UNRESOLVED, -0.3)], [0.40, 0.30]),
        ("a loser gives 5 points, which nobody has proved to deserve",
         [row("a", 0.40, UNRESOLVED, 0.3), row("b", 0.30, NO_EDGE, -0.1)], [0.40, 0.25]),
        ("and which one that earns takes",
         [row("a", 0.60, UNRESOLVED), row("b", 0.30, NO_EDGE, -0.1), row("c", 0.10, EDGE, 0.1)],
         [0.60, 0.25, 0.15]),
        ("what nobody has is taken by who earns, a step at a time",
         [row("a", 0.40, EDGE, 0.05)], [0.45]),
        ("two that earn share 10 points by what they earn: 7.5, of which 5, and 2.5",
         [row("a", 0.50, EDGE, 0.06), row("b", 0.40, EDGE, 0.02)], [0.55, 0.425]),
        ("of 8 points the weaker would have 1.6: under the band",
         [row("a", 0.50, EDGE, 0.08), row("b", 0.42, EDGE, 0.02)], [0.55, 0.42]),
        ("of whole shares there is nothing to take",
         [row("a", 0.50, EDGE, 0.08), row("b", 0.50, UNRESOLVED)], [0.50, 0.50]),
        ("the ceiling is 60 %",
         [row("a", 0.57, EDGE, 0.08), row("b", 0.59, EDGE, 0.08)], [0.57, 0.59]),
        ("up to the ceiling",
         [row("a", 0.57, EDGE, 0.08)], [0.60]),
        ("and the floor 5 %",
         [row("a", 0.08, NO_EDGE, -0.1), row("b", 0.06, NO_EDGE, -0.1), row("c", 0.03, NO_EDGE)],
         [0.05, 0.06, 0.03]),
        ("what was changed of late waits for 30 more events",
         [row("a", 0.40, EDGE, 0.1, fresh=29), row("b", 0.30, NO_EDGE, -0.1, fresh=29)],
         [0.40, 0.30]),
    ],
)  # fmt: skip
def test_a_share_moves_a_step_on_evidence_and_stays_without(why, rows, new):
    assert list(shares(*rows).values()) == pytest.approx(new), why


def test_the_words_say_why():
    rows = [
        row("a", 0.40, UNRESOLVED),
        row("b", 0.30, NO_EDGE, -0.1),
        row("c", 0.10, EDGE, 0.04, fresh=12),
        row("d", 0.04, NO_EDGE, -0.1),
    ]
    settings = {name: name for name in "abc"} | {"d": "others.d"}
    found = rebalanced(rows, settings)
    assert [(each.is_change, each.why) for each in found] == [
        (False, "unresolved over 40 events: no change"),
        (True, "no edge: it loses, -0.1000 a dollar staked"),
        (False, "12 of 30 events since it was changed last: no change"),
        (False, "no edge: it loses; less than 2% to move: no change"),
    ]
    assert [each.setting for each in found] == ["a", "b", "c", "others.d"]


def staked(event, cost, pnl, closed_us=0):
    return Staked(event, Money.parse(cost), Money.parse(pnl), closed_us)


def test_what_a_dollar_returned_is_an_observation_an_event_net_of_ai():
    # +1 of 10 and -1 of 20 are +0.10 and -0.05: mean 0.025; 0.60 of AI on 30 staked is 0.02
    events = [staked("E1", "10", "1", 5), staked("E2", "20", "-1", 7)]
    found = measured("s", 0.40, events, Money.parse("0.60"), 5)
    assert found.per_dollar.mean == pytest.approx(0.005)
    assert (found.per_dollar.clusters, found.fresh, found.verdict) == (2, 1, UNRESOLVED)
    assert measured("s", 0.40, events, NO_MONEY, None).fresh == 2
    nothing = measured("s", 0.40, [], Money.parse("0.60"), None)
    assert (nothing.per_dollar, nothing.shrunk, nothing.verdict) == (None, 0.0, UNRESOLVED)


def test_a_mean_is_drawn_to_zero_by_its_doubt():
    # two events of +0.3 and +0.1: mean 0.2, error 0.1, so 0.04 / (0.04 + 0.01) of it is left
    events = [staked("E1", "10", "3"), staked("E2", "10", "1")]
    assert measured("s", 0.4, events, NO_MONEY, None).shrunk == pytest.approx(0.2 * 0.8)
    assert shrunk(Interval(0.2, None, None, 1, 1)) == 0.0
    assert shrunk(Interval(0.0, 0.0, 0.0, 2, 2)) == 0.0


def test_thirty_events_that_earn_are_an_edge_and_twenty_nine_are_none():
    def of(count):
        events = [staked(f"E{n}", "10", "1" if n % 2 else "2") for n in range(count)]
        return measured("s", 0.40, events, NO_MONEY, None)

    assert (of(29).verdict, of(30).verdict) == (UNRESOLVED, EDGE)
    # 0.1 and 0.2 in turn: mean 0.15, error 0.05 / sqrt(29)
    square, error = 0.15**2, 0.05**2 / 29
    assert of(30).shrunk == pytest.approx(0.15 * square / (square + error))


def test_trades_of_one_event_are_one_row():
    one, two = Money.parse("1"), Money.parse("2")
    trades = [
        ("E2", one, two, 4),
        ("E1", one, one, 9),
        ("E1", two, -one, 3),
        ("E0", NO_MONEY, one, 1),
    ]
    assert by_event(trades) == (
        Staked("E1", Money.parse("3"), NO_MONEY, 9),
        Staked("E2", one, two, 4),
    )


ROWS = st.lists(
    st.tuples(
        st.integers(1, 100), st.sampled_from(Verdict), st.floats(0.0001, 1.0), st.integers(0, 60)
    ),
    min_size=1,
    max_size=5,
).filter(lambda rows: sum(share for share, *_ in rows) <= 100)


@given(ROWS)
def test_shares_never_come_to_more_than_the_bankroll_and_rise_on_an_edge_alone(drawn):
    rows = [
        row(str(n), share / 100, said, worth if said is EDGE else -worth, fresh)
        for n, (share, said, worth, fresh) in enumerate(drawn)
    ]
    new = shares(*rows)
    assert math.fsum(new.values()) <= 1 + 1e-9
    for each in rows:
        moved = new[each.strategy] - each.share
        assert moved == 0 or 0.02 - 1e-9 <= abs(moved) <= 0.05 + 1e-9
        assert moved <= 0 or (each.verdict is EDGE and each.fresh >= 30)
        assert moved >= 0 or (each.verdict is NO_EDGE and new[each.strategy] >= 0.05 - 1e-9)
        assert moved <= 0 or new[each.strategy] <= 0.60 + 1e-9


SHARES = st.lists(st.floats(0.001, 1.0), min_size=2, max_size=5).filter(lambda s: sum(s) <= 1.0)


@given(SHARES, st.data())
def test_shares_of_any_fraction_never_come_to_more_than_the_bankroll(drawn, data):
    """0.33334 is not taken for 0.3333, with the rest of it given away once more."""
    said = [data.draw(st.sampled_from(Verdict)) for _ in drawn]
    rows = [
        row(str(n), each, told, 0.1) for n, (each, told) in enumerate(zip(drawn, said, strict=True))
    ]
    assert math.fsum(shares(*rows).values()) <= 1.0 + 1e-12


def test_what_is_over_after_rounding_is_nobodys():
    rows = [row("a", 0.33334, EDGE, 0.1), row("b", 0.33334, UNRESOLVED), row("c", 0.0701, NO_EDGE)]
    rest = row("d", 0.26322, UNRESOLVED)
    # c gives 2.01 points; a had 33.34 by then, and has 35.34 or less
    assert math.fsum(shares(*rows, rest).values()) <= 1.0
