"""What the desk is worth is what the account is worth, whoever asks."""

import pytest
from fakes.floor import ASKS, BIDS, WEIGHTS, A, taking, the_policies, waiting

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.marks import Behind, by_quote
from kalshi_cli.domain.money import Contracts, Money, Price, total
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.side import Side
from kalshi_cli.steps.evaluate import evaluate
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.limiting import limits_in_use
from kalshi_cli.steps.looking import look, look_at_holdings
from kalshi_cli.steps.track import track
from kalshi_cli.steps.valuation import netted


async def test_what_a_person_sold_of_ours_is_counted_once(floor):
    """10 YES for $4.40; somebody sells 10 by hand at 40 cents: $999.60, and nothing is held."""
    await floor.reconcile()
    await send(floor.desk, taking())
    await floor.exchange.place("by-hand", taking(Side.ASK, "0.4000"))
    found = await floor.reconcile()
    view = await look(floor.store, now_us=floor.clock.now(), filters=the_policies().filters)
    assert len(view.positions) == 2
    worth = view.valued(found.cash, {})
    assert (str(worth.equity), str(worth.liquidation)) == ("999.600000", "999.600000")


def test_what_meets_in_one_market_leaves_the_rest_at_its_cost():
    """10 YES for $4.40 and 4 NO for $2.40: six YES that cost $2.80, since $4 were paid out."""
    ours = Position(A, "ours", Contracts(1_000), Money.parse("4.40"))
    theirs = Position(A, "external", Contracts(-400), Money.parse("2.40"))
    (left,) = netted([ours, theirs])
    assert (str(left.net), str(left.cost)) == ("6.00", "2.800000")
    assert netted([ours]) == [ours]


async def readers(floor):
    """What each reader of the store says that the desk is worth, and how it was put on record."""
    store, reports, clock = floor.store, floor.store.reports, floor.clock
    limits = await limits_in_use(
        store, reports, clock, in_force={}, policy=the_policies().trading, history=None
    )
    evaluated = await evaluate(store, reports, clock, ai_charged_to=None, weights=WEIGHTS)
    cash, paid_in = Money.parse(await floor.cash()), Money.parse("1000")
    held = await reports.positions()
    owners = await reports.strategies()
    kept = (await reports.summary()).snapshot
    equity = {
        "limits": limits.bankroll,
        "evaluate": evaluated.equity,
        "evaluate's strategies": paid_in + total([row.net for row in evaluated.strategies]),
        "positions": cash + total([row.mark.value for row in held]),
        "strategies": paid_in + total([row.net for row in owners]),
        "snapshot": kept.equity,
    }
    assert len(set(equity.values())) == 1, equity
    assert limits.liquidation == kept.liquidation
    return str(kept.equity), str(kept.liquidation)


async def tracked(floor):
    trading = the_policies().trading
    await track(floor.exchange, floor.desk, exits=(), policy=trading)


@pytest.mark.databases
@pytest.mark.parametrize(
    ("others", "equity", "liquidation"),
    [
        (BIDS, "999.800000", "999.600000"),  # 10 for $4.40: a mid of 42, or sold at 40
        ((("0.3600", "100.00"),), "999.600000", "999.200000"),  # a mid of 40, or sold at 36
        ((("0.3000", "100.00"),), "998.600000", "998.600000"),  # 14 cents are too far for a mid
        ((), "995.600000", "995.600000"),  # nobody bids but us
    ],
)
async def test_all_who_look_say_the_same_and_nobody_by_our_own_bid(
    floor, others, equity, liquidation
):
    await floor.reconcile()
    await send(floor.desk, taking())
    floor.exchange.set_book(A, others, ASKS)
    await send(floor.desk, waiting(floor.clock, limit="0.4300"))
    await tracked(floor)
    assert await readers(floor) == (equity, liquidation)
    await floor.ingest()  # the quote alone is read anew, which is ours
    assert await readers(floor) == (equity, liquidation)


@pytest.mark.databases
async def test_what_others_wanted_long_ago_is_no_worth_that_losses_are_measured_by(floor):
    """10 for $4.40 leave $995.60; others bade 36 behind our 43, a quarter of an hour ago."""
    await floor.reconcile()
    await send(floor.desk, taking())
    floor.exchange.set_book(A, (("0.3600", "100.00"),), ASKS)
    await send(floor.desk, waiting(floor.clock, limit="0.4300"))
    await tracked(floor)
    await floor.ingest()  # the quote alone is read anew, which is ours
    seen_us, cash = floor.clock.now(), Money.parse("995.60")
    for later_us, liquidation in ((15 * MINUTE, "999.200000"), (15 * MINUTE + 1, "995.600000")):
        now_us = seen_us + later_us
        view = await look(floor.store, now_us=now_us, filters=the_policies().filters)
        assert str(view.valued(cash, {}).liquidation) == liquidation
        holdings = await look_at_holdings(floor.store, now_us=now_us)
        assert str(holdings.valued(cash, {}).liquidation) == liquidation


@pytest.mark.databases
async def test_what_others_asked_behind_our_offer_counts_for_what_is_short(floor):
    """10 NO for $6.00: YES is asked at 44 by others, and at 43 by us."""
    await floor.reconcile()
    await send(floor.desk, taking(Side.ASK, "0.4000"))
    await send(floor.desk, waiting(floor.clock, Side.ASK, "0.4300"))
    await tracked(floor)
    assert await readers(floor) == ("999.800000", "999.600000")


@pytest.mark.parametrize(
    ("bid", "seen", "left"),
    [
        ("0.43", None, None),  # nobody ever saw what is behind it
        ("0.43", "0.40", "0.40"),
        ("0.43", "0.43", None),  # others bid as much then, and do not now
        ("0.43", "0.44", None),
        ("0.44", "0.40", "0.44"),  # it is not ours
        (None, "0.40", None),  # nobody bids at all now
    ],
)
def test_behind_our_own_quote_is_what_was_seen_there_last(bid, seen, left):
    def level(price):
        return price and Level(Price.parse(price), Contracts.parse("10"))

    own = {(Side.BID, Price.parse("0.43")): Contracts.parse("10")}
    told = by_quote(MarketStatus.ACTIVE, None, (level(bid), None), own, Behind(level(seen), None))
    assert told.bid == level(left)
    mirrored = {(Side.ASK, Price.parse("0.57")): Contracts.parse("10")}

    def asked(price):
        return price and Level(Price.parse(price).complement, Contracts.parse("10"))

    quoted, before = (None, asked(bid)), Behind(None, asked(seen))
    assert by_quote(MarketStatus.ACTIVE, None, quoted, mirrored, before).ask == asked(left)
