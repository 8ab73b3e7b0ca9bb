"""Two worlds of the study of owners, settings and logs of others; and the arithmetic of its witness
by hand: it must see a fault.
"""

import asyncio
from fractions import Fraction

import pytest

from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import (
    ExchangeOrderStatus,
    Fill,
    OrderIntent,
    OrderReport,
    Purpose,
    TimeInForce,
)
from kalshi_cli.domain.side import Side
from kalshi_cli.settings.sections import Risk, Trading
from tests.studies.owners import OwnersRun, drawn, keeping, kept, run_owners, told
from tests.studies.witness import (
    Claim,
    Place,
    Seen,
    Witness,
    held,
    most_with_an_entry,
    most_within,
    worst,
)

APART = {each: Place(each, "Sailing", "S", 1, False) for each in "AB"}
EXCLUSIVE = {each: Place("E", "Sailing", "S", 1, True) for each in "AB"}
OWNER = "directional_trading"
START = 1_700_000_000_000_000


def a_claim(ticker, net, cost, owner="directional_trading", *, rests=False):
    return Claim(ticker, owner, Fraction(net), Fraction(cost), rests)


def of_money(claims, *, cash=1_000, peak=1_000, places=APART):
    witness = Witness(drawn(1), Fraction(peak))
    return list(witness.of_money(claims, Seen((), (), frozenset(), Fraction(cash), {}, places)))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_worlds_are_without_fault() -> None:
    runs = [asyncio.run(run_owners(seed, cycles=4)) for seed in (4, 6)]
    assert [run.wrong for run in runs] == [(), ()]
    assert all(len(run.owners) > 1 for run in runs)
    assert sum(run.orders for run in runs) > 10


def test_settings_differ_and_shares_are_within_the_whole() -> None:
    all_drawn = [drawn(seed) for seed in range(50)]
    assert all(sum(each.allocation.shares.values()) <= 1 for each in all_drawn)
    assert len({each.risk.max_market_exposure for each in all_drawn}) == 50
    assert len({each.trading.strategies for each in all_drawn}) == 6


def test_what_a_log_has_need_not_run_again(tmp_path) -> None:
    runs = [
        OwnersRun(1, 5, 2, ("market_making",), 0, ()),
        OwnersRun(2, 3, 3, ("directional_trading", "market_making"), 4, ("A belongs to two",)),
    ]
    log = tmp_path / "runs.jsonl"
    assert kept(log) == {}
    assert list(keeping(log, iter(runs[:1]))) == runs[:1]
    assert list(keeping(log, iter(runs[1:]))) == runs[1:]
    assert kept(log) == {1: runs[0], 2: runs[1]}
    assert "2 worlds, 8 orders, 5 fills" in told(runs)
    assert "1 worlds with anything wrong" in told(runs)


def test_of_an_exclusive_event_one_market_at_most_is_yes() -> None:
    both = [a_claim("A", 10, 4), a_claim("B", 10, 3)]
    assert worst(both, EXCLUSIVE) == 7  # neither
    assert worst(both, APART) == 7
    against = [a_claim("A", -10, 6), a_claim("B", -10, 7)]
    assert worst(against, EXCLUSIVE) == 7  # B; what A wins may be left before
    assert worst(against, APART) == 13


def test_what_rests_is_filled_only_where_that_hurts() -> None:
    sides = [a_claim("A", 10, 4, rests=True), a_claim("A", -10, 5, rests=True)]
    assert worst(sides, APART) == 5


def test_money_spent_twice_and_more_than_a_limit_are_seen() -> None:
    assert "what rests may take $2.00 of $1.00" in of_money(
        [a_claim("A", 4, 2, rests=True)], cash=1
    )
    one = seen(an_order(1, OWNER))  # $4.00 of $1,000
    for share, wrong in ((0.004, []), (0.0035, ["A may lose $4.00, at most $3.50 may be"])):
        witness = Witness(held_to(max_market_exposure=share), Fraction(1_000))
        assert list(witness.of_money(list(held(one)), one)) == wrong


def held_to(**limits):
    """Settings with these limits and no capital limit."""
    risk = Risk(**{"max_market_exposure": "unlimited", **limits})
    return drawn(1).model_copy(update={"risk": risk, "trading": Trading()})


def an_order(number, strategy, side=Side.BID, *, at_us=START, purpose=Purpose.ENTRY, ticker="A"):
    """An order for ten contracts at 40 cents, its intent, and the fill of all of it."""
    price, count, order_id = Price(4_000), Contracts(1_000), f"o{number}"
    report = OrderReport(
        order_id, None, ticker, side, price, count, count, Contracts(0),
        ExchangeOrderStatus.EXECUTED, at_us,
    )  # fmt: skip
    intent = OrderIntent(
        strategy=strategy,
        ticker=ticker,
        event_ticker=ticker,
        side=side,
        limit=price,
        count=count,
        time_in_force=TimeInForce.IOC,
        purpose=purpose,
        reason="",
    )
    fill = Fill(f"f{number}", order_id, ticker, side, price, count, True, Money(0), at_us)
    return report, intent, fill


def seen(*orders, places=APART):
    """The lists of the exchange, newest first, after orders that are given oldest first."""
    reports, intents, fills = zip(*reversed(orders), strict=True)
    by_id = {report.order_id: intent for report, intent in zip(reports, intents, strict=True)}
    return Seen(reports, fills, frozenset(), Fraction(1_000), by_id, places)


def test_a_second_owner_is_seen_now_and_on_the_way() -> None:
    witness = Witness(drawn(1))
    two = seen(an_order(1, "market_making"), an_order(2, "directional_trading"))
    found = witness.look(two)
    assert "A belongs to directional_trading, market_making" in found
    assert f"A was held by directional_trading, market_making at {START}" in found
    left = an_order(3, "market_making", Side.ASK, purpose=Purpose.EXIT)
    in_turn = seen(an_order(1, "market_making"), left, an_order(2, "directional_trading"))
    assert list(Witness(drawn(1)).of_owners((), in_turn)) == []
    late = seen(an_order(1, "market_making"), an_order(2, "directional_trading"), left)
    assert list(Witness(drawn(1)).of_owners((), late)) != []


def test_more_entries_than_a_limit_has_it_are_seen() -> None:
    most = drawn(1).risk.max_entries_per_market
    many = [an_order(n, "directional_trading", at_us=START + n * HOUR) for n in range(most + 1)]
    told_wrong = f"{most + 1} entries of directional_trading a day in A, at most {most} may be"
    assert told_wrong in list(Witness(drawn(1)).of_counts((), seen(*many)))
    assert list(Witness(drawn(1)).of_counts((), seen(*many[:most]))) == []
    assert most_within([0, 5, 9, 10, 20], 10) == 3


def test_an_exit_is_one_of_the_orders_of_a_minute_and_never_one_too_many() -> None:
    entries = [an_order(n, OWNER, at_us=START + n) for n in range(3)]
    before, after = (an_order(9, OWNER, Side.ASK, at_us=at_us, purpose=Purpose.EXIT)
                     for at_us in (START, START + 9))  # fmt: skip
    assert most_with_an_entry(seen(*entries, after), MINUTE) == 3
    assert most_with_an_entry(seen(before, *entries), MINUTE) == 4
    late = an_order(4, OWNER, at_us=START + MINUTE)
    assert most_with_an_entry(seen(before, *entries, late), MINUTE) == 4
    witness = Witness(held_to(max_orders_per_minute=3))
    assert list(witness.of_counts((), seen(*entries, after))) == []
    assert "4 orders a minute, at most 3 may be" in witness.of_counts((), seen(before, *entries))
