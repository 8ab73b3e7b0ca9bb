"""Ten thousand broken answers (`make torture`; some hundreds here): none is half believed."""

import json
import os

from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_cli.forecasting import all_in_one, critic, forecaster, trader
from kalshi_cli.forecasting.legs import Unfit
from kalshi_cli.forecasting.reading import Unreadable, read

EXAMPLES = int(os.environ.get("MUTATIONS", "300"))
TICKERS = ("KXA-1", "KXB-2")
SAID = {
    forecaster.opinions: {
        "base_rate": 0.25,
        "evidence_for": ["it rained"],
        "evidence_against": [],
        "reasoning": 'so {it} [is] "said"',
        "probability": 0.375,
        "low": 0.25,
        "high": 0.625,
    },
    critic.reviews: {"problems": ["none"], "ruling": "accept", "low": None, "high": None},
    trader.tips: {"reasons": [], "action": "buy", "side": "no", "limit": 0.4375},
}
SAID[all_in_one.answers] = {
    **SAID[critic.reviews],
    "wider_low": 0.125,
    "wider_high": None,
    **SAID[forecaster.opinions],
    **SAID[trader.tips],
}
PIECES = (
    "{", "}", "[", "]", '"', ",", ":", "\\", "0", "9", "1e9", "-", ".", "NaN", "null", "true",
    "```", "\n", "KXA-1", "KXZ-9", '"probability": 0.99', '"action": "buy"', "veto", "\u202e",
)  # fmt: skip
edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(["", *PIECES])),
    min_size=1,
    max_size=6,
)


def broken(text, changes):
    for where, length, piece in changes:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + length :]
    return text


@settings(max_examples=EXAMPLES)
@given(st.sampled_from(list(SAID)), edits)
def test_a_broken_answer_is_whole_or_nothing(take, changes):
    whole = json.dumps({"markets": [{"ticker": ticker, **SAID[take]} for ticker in TICKERS]})
    text = broken(whole, changes)
    found = read(text)
    if isinstance(found, Unreadable):
        return
    try:
        said = take(found.value, TICKERS)
    except Unfit:
        return
    legs = {each.ticker: each for each in said} if isinstance(said, tuple) else said
    assert set(legs) == set(TICKERS)
    for leg in legs.values():
        for part in leg if isinstance(leg, tuple) else (leg,):
            check(part)


def check(leg):
    """What is believed lies where such a thing can lie."""
    match leg:
        case forecaster.Opinion():
            assert 0.0 < leg.low <= leg.probability <= leg.high < 1.0
        case critic.Review():
            assert leg.low is None or 0.0 < leg.low < 1.0
        case trader.Tip(advice=advice):
            assert advice.limit is None or 0 <= advice.limit.units <= 10_000
            assert advice.side is not None or advice.limit is None
        case _:
            raise AssertionError(leg)


def test_the_whole_answers_are_believed():
    for take, leg in SAID.items():
        text = json.dumps({"markets": [{"ticker": ticker, **leg} for ticker in TICKERS]})
        assert len(take(read(text).value, TICKERS)) == 2
