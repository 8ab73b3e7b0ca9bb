import pytest
from fakes.market_life import NEXT_STATUS

from kalshi_cli.domain.market import FILTER_OF, MarketStatus, Result, payout
from kalshi_cli.domain.money import ONE_DOLLAR, ZERO_PRICE, Price


def test_every_status_has_a_next_and_a_filter_word():
    assert set(NEXT_STATUS) == set(FILTER_OF) == set(MarketStatus)


def test_every_status_leads_to_the_end_and_the_end_leads_nowhere():
    reached, frontier = set(), {MarketStatus.INITIALIZED}
    while frontier:
        reached |= frontier
        frontier = {after for status in frontier for after in NEXT_STATUS[status]} - reached
    assert reached == set(MarketStatus)
    assert not NEXT_STATUS[MarketStatus.FINALIZED]


@pytest.mark.parametrize(
    ("result", "value", "paid"),
    [
        (Result.YES, None, ONE_DOLLAR),
        (Result.NO, None, ZERO_PRICE),
        (Result.SCALAR, Price(2_400), Price(2_400)),
        (Result.SCALAR, None, None),
    ],
)
def test_what_a_yes_contract_pays(result, value, paid):
    assert payout(result, value) == paid
