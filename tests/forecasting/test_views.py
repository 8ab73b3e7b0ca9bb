from fakes.ai import opinion, review, tip, whole

from kalshi_cli.domain.side import Side
from kalshi_cli.forecasting.views import views_of


def answer(*rows):
    return {"markets": list(rows)}


def test_each_role_is_known_by_what_it_says():
    said = [
        answer(opinion("A", 0.6), opinion("B", 0.1, low=0.05, high=0.2)),
        answer(review("B"), review("A", "veto", problems=["no"])),
        answer(tip("A", "skip")),
    ]
    views = views_of(said, "A")
    assert [each.probability for each in views.opinions] == [0.6]
    assert (views.review.ruling, views.review.problems) == ("veto", ("no",))
    assert views.tip.advice.side is None
    other = views_of(said, "B")
    assert (other.opinions[0].low, other.review.ruling, other.tip) == (0.05, "accept", None)
    assert views_of(said, "C").is_silent


def test_several_samples_and_all_roles_in_one():
    samples = [answer(opinion("A", p)) for p in (0.5, 0.6, 0.7)]
    assert [each.probability for each in views_of(samples, "A").opinions] == [0.5, 0.6, 0.7]
    views = views_of([answer(whole("A"))], "A")
    assert views.opinions[0].probability == 0.6
    assert views.review is not None
    assert views.tip.advice.side is Side.BID


def test_in_one_answer_the_critics_interval_is_not_the_forecasters():
    said = whole("A", ruling="widen", low=0.5, high=0.7, wider_low=0.3, wider_high=None)
    views = views_of([answer(said)], "A")
    assert (views.opinions[0].low, views.opinions[0].high) == (0.5, 0.7)
    assert (views.review.low, views.review.high) == (0.3, None)


def test_what_is_not_understood_any_more_says_nothing():
    odd = [
        answer({"ticker": "A", "probability": 2.0}),
        answer({"ticker": "A", "ruling": "maybe"}),
        answer({"ticker": "A", "action": "buy"}),
        answer("A"),
        {},
    ]
    assert views_of(odd, "A").is_silent
