"""The joint optimum against closed forms, a slow search of another kind, and its own conditions."""

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kalshi_cli.portfolio.joint import Offer, growth, stakes

PLENTY = 1e9


def yes(leg, states, *steps):
    return Offer(tuple(float(state == leg) for state in range(states)), steps)


def no(leg, states, *steps):
    return Offer(tuple(float(state != leg) for state in range(states)), steps)


def test_a_coin_by_hand():
    # 0.44 + 0.07 * 0.44 * 0.56 = 0.457248 all in, a chance of one half: (0.5 - c) / (1 - c) of
    # $1,000 is $78.7689
    (count,) = stakes((0.5, 0.5), (1_000.0, 1_000.0), [yes(0, 2, (PLENTY, 0.457248))])
    assert count * 0.457248 == pytest.approx(78.7689, abs=5e-5)
    assert count == pytest.approx(1_000 * (0.5 - 0.457248) / (1 - 0.457248) / 0.457248, rel=1e-9)


def test_no_by_hand():
    # NO at 0.60 + 0.0168 for a chance of 0.70: 0.0832 / 0.3832 of the bankroll
    (count,) = stakes((0.3, 0.7), (1.0, 1.0), [no(0, 2, (PLENTY, 0.6168))])
    assert count * 0.6168 == pytest.approx(0.0832 / 0.3832, rel=1e-9)


def test_a_price_that_does_not_pay_gets_nothing():
    assert stakes((0.5, 0.5), (1.0, 1.0), [yes(0, 2, (PLENTY, 0.5))]) == (0.0,)
    assert stakes((0.5, 0.5), (1.0, 1.0), [yes(0, 2, (PLENTY, 0.51))]) == (0.0,)
    assert stakes((0.5, 0.5), (1.0, 0.0), [yes(0, 2, (PLENTY, 0.1))]) == (0.0,)


def test_the_dearer_step_is_left_where_it_does_not_pay():
    """At 0.40 the best stake is 83; the 50 there are all taken, and 0.49 is not worth its price."""
    (count,) = stakes((0.5, 0.5), (200.0, 200.0), [yes(0, 2, (50, 0.40), (PLENTY, 0.49))])
    assert count == 50.0
    # with $2,000 it is: p (1 - c) / (W + x - C) = q c / (W - C), C = 20 + 0.49 (x - 50)
    (count,) = stakes((0.5, 0.5), (2e3, 2e3), [yes(0, 2, (50, 0.40), (PLENTY, 0.49))])
    cost = 20 + 0.49 * (count - 50)
    assert 0.51 / (2_000 + count - cost) == pytest.approx(0.49 / (2_000 - cost), rel=1e-9)


def _water_filling(chances, costs):
    """Shares of a bankroll for outcomes of which one wins: the known closed form."""
    order = sorted(range(len(costs)), key=lambda i: -chances[i] / costs[i])
    chosen, rest = [], 1.0
    for i in order:
        if chances[i] / costs[i] <= rest:
            break
        chosen.append(i)
        rest = (1 - sum(chances[j] for j in chosen)) / (1 - sum(costs[j] for j in chosen))
    return [chances[i] - rest * costs[i] if i in chosen else 0.0 for i in range(len(costs))]


WEIGHTS = st.lists(st.floats(0.05, 1.0), min_size=2, max_size=8)


@given(WEIGHTS, st.data(), st.sampled_from([1.0, 1e3, 1e7]))
def test_exclusive_outcomes_are_filled_like_water(weights, data, bankroll):
    legs = len(weights) - 1
    chances = [weight / sum(weights) for weight in weights]
    marks = data.draw(st.lists(st.floats(0.7, 1.4), min_size=legs, max_size=legs))
    costs = [chance * mark for chance, mark in zip(chances, marks, strict=False)]
    if sum(costs) > 0.98:
        costs = [cost * 0.98 / sum(costs) for cost in costs]
    offers = [yes(i, legs + 1, (PLENTY * bankroll, cost)) for i, cost in enumerate(costs)]
    found = stakes(chances, [bankroll] * (legs + 1), offers)
    for count, cost, share in zip(found, costs, _water_filling(chances, costs), strict=True):
        assert count * cost / bankroll == pytest.approx(share, abs=1e-6)


@st.composite
def problems(draw, most=4):
    """Exclusive outcomes, a ladder or anything: purchases that pay in some states, in steps."""
    states = draw(st.integers(2, 5))
    weights = draw(st.lists(st.floats(0.02, 1.0), min_size=states, max_size=states))
    chances = [weight / sum(weights) for weight in weights]
    offers = []
    for _ in range(draw(st.integers(1, most))):
        wins = draw(
            st.lists(st.booleans(), min_size=states, max_size=states).filter(
                lambda w: any(w) and not all(w)
            )
        )
        fair = sum(chance for chance, win in zip(chances, wins, strict=True) if win)
        price = fair * draw(st.floats(0.75, 1.02))
        steps = []
        for _ in range(draw(st.integers(1, 3))):
            steps.append((draw(st.floats(0.01, 1.0)), price))
            price += draw(st.floats(0.001, 0.05))
        offers.append(Offer(tuple(map(float, wins)), tuple(steps)))
    wealth = draw(st.lists(st.floats(0.6, 1.4), min_size=states, max_size=states))
    return chances, wealth, offers


def _after(wealth, offers, counts):
    """Wealth in each state, worked out anew."""
    result = list(wealth)
    for offer, count in zip(offers, counts, strict=True):
        left, paid = count, 0.0
        for many, price in offer.steps:
            part = min(left, many)
            paid, left = paid + part * price, left - part
        result = [had - paid + count * win for had, win in zip(result, offer.wins, strict=True)]
    return result


HEDGED = (
    [0.25] * 4,
    [1.01, 0.87, 0.65, 1.02],
    [
        Offer((0.0, 1.0, 0.0, 1.0), ((0.16, 0.44), (0.05, 0.48), (0.26, 0.49))),
        Offer((1.0, 0.0, 1.0, 0.0), ((2.0, 0.51),)),
        Offer((0.0, 1.0, 1.0, 1.0), ((1.6, 0.56),)),
    ],
)
"""Two offers of which one pays for certain: $0.95 buy $1, and then $0.99, up to where the cheaper
price of the first ends. A way up that stops short of that end by halves never gets there.
"""


@given(problems())
@example(HEDGED)
def test_no_small_change_is_better(problem):
    """The conditions of an optimum: no offer gains by a little more or a little less of it."""
    chances, wealth, offers = problem
    counts = stakes(chances, wealth, offers)
    weights = [c / w for c, w in zip(chances, _after(wealth, offers, counts), strict=True)]
    for offer, count in zip(offers, counts, strict=True):
        value = sum(w * win for w, win in zip(weights, offer.wins, strict=True))
        edge = 0.0
        for many, price in offer.steps:
            is_bought = count > edge + 1e-9
            is_left = count < edge + many - 1e-9
            gain = value - price * sum(weights)
            assert not is_left or gain <= 1e-8
            assert not is_bought or gain >= -1e-8
            edge += many
        assert 0.0 <= count <= edge + 1e-12


def _by_search(chances, wealth, offers):
    """Each step of each offer by itself, one after the other, to where its slope is level."""
    parts = [
        (many, [win - price for win in offer.wins])
        for offer in offers
        for many, price in offer.steps
    ]
    counts, now = [0.0] * len(parts), list(wealth)
    for _ in range(2_000):
        change = 0.0
        for i, (many, gains) in enumerate(parts):
            rest = [had - counts[i] * gain for had, gain in zip(now, gains, strict=True)]
            low, high = 0.0, many
            while high - low > 1e-12:
                middle = (low + high) / 2
                states = zip(chances, rest, gains, strict=True)
                slope = sum(c * gain / (had + middle * gain) for c, had, gain in states)
                low, high = (middle, high) if slope > 0 else (low, middle)
            change = max(change, abs(low - counts[i]))
            counts[i] = low
            now = [had + low * gain for had, gain in zip(rest, gains, strict=True)]
        if change < 1e-10:
            break
    return counts, now


CASES = [
    ("three legs, a none", [0.3, 0.25, 0.2, 0.25],
     [yes(0, 4, (0.4, 0.27), (1, 0.29)), yes(1, 4, (0.2, 0.22), (1, 0.24)), no(2, 4, (1, 0.75))]),
    ("a ladder", [0.4, 0.2, 0.25, 0.15],
     [Offer((0, 1, 1, 1), ((0.5, 0.55), (1, 0.58))), Offer((0, 0, 1, 1), ((1, 0.37),)),
      Offer((1, 1, 1, 0), ((1, 0.83),))]),
    ("NO of all legs", [0.25, 0.25, 0.25, 0.25],
     [no(0, 4, (1, 0.73)), no(1, 4, (1, 0.72)), no(2, 4, (0.3, 0.70), (1, 0.74))]),
]  # fmt: skip


@pytest.mark.parametrize(("chances", "offers"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
@pytest.mark.parametrize("wealth", [(1.0,) * 4, (1.2, 0.8, 1.0, 0.9)], ids=["cash", "held"])
def test_a_search_of_another_kind_agrees(chances, offers, wealth):
    found = stakes(chances, wealth, offers)
    steps, states = _by_search(chances, wealth, offers)
    searched = iter(steps)
    expected = [sum(next(searched) for _ in offer.steps) for offer in offers]
    assert found == pytest.approx(expected, abs=1e-6)
    own = growth(chances, _after(wealth, offers, found))
    assert own >= growth(chances, states) - 1e-12


@given(problems(), st.permutations(range(4)))
def test_order_does_not_matter_and_doing_nothing_is_never_better(problem, order):
    chances, wealth, offers = problem
    counts = stakes(chances, wealth, offers)
    assert growth(chances, _after(wealth, offers, counts)) >= growth(chances, wealth)
    turned = [i for i in order if i < len(offers)]
    others = stakes(chances, wealth, [offers[i] for i in turned])
    one = _after(wealth, offers, counts)
    other = _after(wealth, [offers[i] for i in turned], others)
    # offers that are alike may share differently: what they come to is one
    assert other == pytest.approx(one, abs=1e-6)


@given(problems(), st.floats(1.0, 10.0))
@example(HEDGED, 6.0)
def test_twice_the_money_and_twice_the_depth_is_twice_the_stake(problem, times):
    chances, wealth, offers = problem
    larger = [Offer(o.wins, tuple((n * times, price) for n, price in o.steps)) for o in offers]
    before = _after(wealth, offers, stakes(chances, wealth, offers))
    rich = [times * each for each in wealth]
    after = _after(rich, larger, stakes(chances, rich, larger))
    assert after == pytest.approx([times * each for each in before], rel=1e-6)


@given(st.floats(0.05, 0.95), st.floats(0.3, 1.1), st.lists(st.floats(0.001, 0.2), max_size=3),
       st.floats(1.0, 50.0))  # fmt: skip
def test_more_capital_never_stakes_less_on_a_single_purchase(chance, mark, dearer, times):
    steps, price = [], chance * mark
    for more in [*dearer, 0.01]:
        steps.append((0.3, price))
        price += more
    offer = [Offer((1.0, 0.0), tuple(steps))]
    (small,) = stakes((chance, 1 - chance), (1.0, 1.0), offer)
    (large,) = stakes((chance, 1 - chance), (times, times), offer)
    assert large >= small - 1e-9


def test_held_contracts_are_part_of_the_stake():
    """With the best stake held already nothing is added; with half of it, what is missing."""
    chances, price = (0.6, 0.4), 0.5
    (best,) = stakes(chances, (1.0, 1.0), [yes(0, 2, (PLENTY, price))])
    for part in (0.5, 1.0):
        held = part * best
        wealth = (1.0 + held * (1 - price), 1.0 - held * price)
        (more,) = stakes(chances, wealth, [yes(0, 2, (PLENTY, price))])
        assert more == pytest.approx((1 - part) * best, abs=1e-9)


def test_a_hedge_beside_what_is_held_is_worth_more_than_alone():
    """Half of all is on A: B and C pay where A does not."""
    chances = (0.5, 0.25, 0.25)
    offers = [yes(1, 3, (PLENTY, 0.24)), yes(2, 3, (PLENTY, 0.24))]
    alone = stakes(chances, (1.0,) * 3, offers)
    beside = stakes(chances, (1.25, 0.75, 0.75), offers)
    assert all(more > less for more, less in zip(beside, alone, strict=True))


def test_all_sides_of_everything_on_offer_below_a_dollar():
    """YES and NO of one market for 0.90 together: all there is of both."""
    offers = [yes(0, 2, (100, 0.45)), no(0, 2, (100, 0.45))]
    assert stakes((0.5, 0.5), (1_000.0, 1_000.0), offers) == (100.0, 100.0)


def test_every_way_of_buying_the_same_is_found():
    """Of NO of one of two sure outcomes and YES of the other the cheaper is bought."""
    for first, second in product((0.4, 0.45), repeat=2):
        if first == second:
            continue
        counts = stakes((0.5, 0.5), (1.0, 1.0), [yes(0, 2, (9, first)), no(1, 2, (9, second))])
        assert [count > 0 for count in counts] == [first < second, second < first]
