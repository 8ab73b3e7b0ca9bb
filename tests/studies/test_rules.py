"""The study's own arithmetic: intervals, ratings, and that a rule finds what it looks for."""

import math
import random

import pytest

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import LINEAR_CENT
from kalshi_cli.domain.instant import DAY, HOUR
from kalshi_cli.domain.market import Series
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side
from tests.studies.estimate import Sums
from tests.studies.ledger import BY_RESULT, BY_TRUTH, SURPRISE, Ledger
from tests.studies.looks import LOT, Look, Taken, fee
from tests.studies.makers import Makers
from tests.studies.rules import AT_TOUCH, HALFWAY, INSIDE, TAKING, complete_sets, ladder_breaks

TERMS = FeeTerms("quadratic")
SERIES = Series("KXA", "A", "Politics", TERMS)


def levels(*cents: int) -> tuple[Level, ...]:
    return tuple(Level(Price(100 * price), Contracts(5_000)) for price in cents)


def a_look(bid: int | None, ask: int | None, **changes: object) -> Look:
    values: dict[str, object] = {
        "ticker": "KXA-1",
        "series": SERIES,
        "terms": TERMS,
        "grid": LINEAR_CENT,
        "bids": () if bid is None else levels(bid),
        "asks": () if ask is None else levels(ask),
        "mids": (),
        "tape": (),
        "left_us": DAY,
        "truth": 0.5,
        **changes,
    }
    return Look(**values)


class OpenBook:
    """The two commands of a world that makers give, written down."""

    def __init__(self) -> None:
        self.resting: dict[str, tuple[str, Side, Price, Contracts]] = {}
        self.left: list[str] = []

    def join(self, ticker: str, order_id: str, side: Side, price: Price, count: Contracts) -> None:
        self.resting[order_id] = (ticker, side, price, count)

    def leave(self, ticker: str, order_id: str) -> None:
        assert self.resting.pop(order_id)[0] == ticker
        self.left.append(order_id)


def test_the_error_of_a_ratio_is_that_of_the_jackknife() -> None:
    chance = random.Random(5)
    events = []
    for _ in range(400):
        weight = chance.randint(1, 30)
        events.append((weight, weight * chance.gauss(0.02, 0.01) + chance.gauss(0, 1)))
    sums = Sums()
    for weight, value in events:
        sums.add(weight, value)
    weights, values = (sum(part) for part in zip(*events, strict=True))
    without = [(values - v) / (weights - w) for w, v in events]
    middle = sum(without) / len(without)
    jackknife = math.sqrt(399 / 400 * sum((one - middle) ** 2 for one in without))
    assert sums.estimate.mean == pytest.approx(values / weights)
    assert sums.estimate.error == pytest.approx(jackknife, rel=0.02)
    assert sums.estimate.high - sums.estimate.low == pytest.approx(3.92 * sums.estimate.error)


def test_sums_of_worlds_add_up_in_any_order() -> None:
    one, two, both = Sums(), Sums(), Sums()
    for i in range(10):
        (one if i % 2 else two).add(i + 1, i * i)
        both.add(i + 1, i * i)
    two.merge(one)
    assert two == both


def test_one_event_tells_nothing_of_the_error() -> None:
    sums = Sums()
    sums.add(10, 5)
    assert (sums.estimate.mean, sums.estimate.error) == (0.5, math.inf)


def test_a_trade_is_rated_by_truth_and_by_result() -> None:
    ledger = Ledger()
    ledger.trade("rule", "E", "E-1", Side.BID, 0.40, 0.50, 10, 0.01)
    ledger.trade("rule", "E", "E-1", Side.ASK, 0.60, 0.50, 10, 0.01)
    ledger.trade("rule", "E", "E-1", Side.BID, 0.40, 0.50, 20, 0.01)
    ledger.settle("E", "E-1", 1.0)
    sums = ledger.sums()
    assert sums[BY_TRUTH, "rule"].estimate.mean == pytest.approx(0.09)
    # 30 bought at 41 c and paid $1, 10 sold at 59 c and $1 owed
    assert sums[BY_RESULT, "rule"].estimate.mean == pytest.approx((30 * 0.59 - 10 * 0.41) / 40)
    assert sums[SURPRISE, "rule"].estimate.mean == pytest.approx(20 * 0.5 / 40)


def test_a_lot_is_charged_the_exact_fee() -> None:
    # 0.07 * 10 * 0.37 * 0.63 = 0.163170, rounded up to $0.0001
    assert fee(TERMS, Side.BID, Price(3_700), LOT, is_taker=True) == pytest.approx(0.01632)
    assert fee(TERMS, Side.BID, Price(3_700), LOT, is_taker=False) == 0.0


def test_complete_sets_are_found_where_the_legs_add_up_wrong() -> None:
    cheap = [a_look(20, 30), a_look(25, 31), a_look(30, 38)]
    (legs,) = complete_sets(cheap)
    assert [side for _, side in legs] == [Side.BID] * 3
    (legs,) = complete_sets([a_look(60, 70), a_look(41, 50)])
    assert [side for _, side in legs] == [Side.ASK] * 2
    assert not list(complete_sets([a_look(50, 60), a_look(40, 50)]))
    assert not list(complete_sets([a_look(20, 30), a_look(25, None), a_look(40, 41)]))
    assert len(list(complete_sets([a_look(49, 52), a_look(48, 51)], near=0.04))) == 2


def test_ladder_breaks_are_found_where_a_higher_strike_bids_more() -> None:
    looks = [a_look(70, 72), a_look(74, 76), a_look(30, 32)]
    ((first, second),) = ladder_breaks(looks)
    assert first == (looks[0], Side.BID)
    assert second == (looks[1], Side.ASK)
    assert not list(ladder_breaks([a_look(70, 72), a_look(72, 76)]))
    assert list(ladder_breaks([a_look(70, 72), a_look(69, 71)], near=0.04))


@pytest.mark.parametrize(
    ("rule", "wanted", "unwanted"),
    [
        ("buy longshots", a_look(10, 12), a_look(20, 22)),
        ("sell favourites", a_look(90, 92), a_look(80, 82)),
        ("momentum: buy risen", a_look(50, 52, mids=(0.46,)), a_look(50, 52, mids=(None,))),
        ("fade: sell risen over 4 looks", a_look(50, 52, mids=(0.5,) * 3 + (0.4,)),
         a_look(50, 52, mids=(0.4,))),
        ("last hour: buy", a_look(50, 52, left_us=HOUR), a_look(50, 52, left_us=HOUR + 1)),
        ("momentum: buy after a sweep", a_look(50, 52, tape=(Taken(Side.BID, Price(5_400)),)),
         a_look(50, 52, tape=(Taken(Side.BID, Price(5_200)),))),
        ("fade: buy after 3 sellers", a_look(50, 52, tape=(Taken(Side.ASK, Price(5_000)),) * 3),
         a_look(50, 52, tape=(Taken(Side.ASK, Price(5_000)),) * 2)),
    ],
)  # fmt: skip
def test_a_rule_wants_what_its_name_says(rule: str, wanted: Look, unwanted: Look) -> None:
    _, wants = TAKING[rule]
    assert wants(wanted)
    assert not wants(unwanted)


def test_makers_keep_their_place_while_the_touch_stays() -> None:
    book = OpenBook()
    makers = Makers(book)
    makers.quote(a_look(40, 50), AT_TOUCH)
    first = dict(book.resting)
    assert {(side, price.units) for _, side, price, _ in first.values()} == {
        (Side.BID, 4_000), (Side.ASK, 5_000),
    }  # fmt: skip
    makers.quote(a_look(40, 49), AT_TOUCH)
    kept = next(order_id for order_id, order in first.items() if order[1] is Side.BID)
    assert kept in book.resting
    assert len(book.left) == 1
    makers.filled(kept, Contracts(400))
    makers.quote(a_look(40, 49), AT_TOUCH)
    assert kept in book.left
    makers.withdraw("KXA-1")
    assert not book.resting


def test_makers_do_not_take_their_own_orders_for_others() -> None:
    makers = Makers(OpenBook())
    makers.quote(a_look(40, 50), AT_TOUCH)
    shown = (Level(Price(4_000), LOT), Level(Price(3_900), Contracts(700)))
    assert makers.others("KXA-1", Side.BID, shown) == shown[1:]
    shared = (Level(Price(4_000), LOT + Contracts(300)),)
    assert makers.others("KXA-1", Side.BID, shared) == (Level(Price(4_000), Contracts(300)),)


@pytest.mark.parametrize(("place", "prices"), [(INSIDE, {4_100, 4_900}), (HALFWAY, {4_200, 4_800})])
def test_makers_rest_inside_the_spread(place: str, prices: set[int]) -> None:
    book = OpenBook()
    Makers(book).quote(a_look(40, 50), place)
    assert {price.units for _, _, price, _ in book.resting.values()} == prices
    tight = OpenBook()
    Makers(tight).quote(a_look(40, 41), place)
    assert not tight.resting
