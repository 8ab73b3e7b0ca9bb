"""An unreadable row freezes the market that it names, and everything where it names none."""

from dataclasses import replace

import pytest
from fakes.floor import STRATEGY, A, B, taking, the_policies
from fakes.illegible import Illegible

from kalshi_cli.domain.money import Money
from kalshi_cli.steps.comparing import compare
from kalshi_cli.steps.discrepancies import What
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.reconcile import reconcile
from kalshi_cli.steps.repairing import accept_cash
from kalshi_cli.steps.trade import trade

pytestmark = pytest.mark.databases


async def look(floor, illegible):
    return await reconcile(illegible, illegible, floor.store, floor.clock)


async def test_a_position_that_cannot_be_read_is_no_difference_and_freezes_its_market(floor):
    await send(floor.desk, taking())
    await floor.reconcile()
    found = await look(floor, Illegible(floor.exchange, "positions", A))
    assert (found.complete, found.doubt, found.differences) == (True, "", ())
    assert (found.frozen.keys(), found.is_settled) == ({A}, False)
    assert found.alarms == (
        f"a position in {A} cannot be read, so nothing new is risked there: a price of 2 dollars",
    )
    assert await floor.nets() == {(A, STRATEGY): "10.00"}


@pytest.mark.parametrize("name", ["fills", "positions"])
async def test_a_row_that_names_no_market_is_in_doubt_of_all(floor, name):
    await send(floor.desk, taking())
    await floor.reconcile()
    found = await look(floor, Illegible(floor.exchange, name, A, says_so=False))
    assert (found.complete, found.why == found.doubt != "") == (False, True)


@pytest.mark.parametrize("name", ["fills", "positions"])
async def test_the_other_markets_are_traded_on(floor, name):
    await send(floor.desk, taking())
    await floor.reconcile()
    await floor.forecast(A)
    await floor.forecast(B, name="f2")
    illegible = Illegible(floor.exchange, name, A)
    desk = replace(floor.desk, trading=illegible)
    result = await trade(floor.exchange, desk, policy=the_policies("oracle").trading)
    assert [order.intent.ticker for order in result.orders] == [B]
    assert [(d.intent.ticker, d.denial.code) for d in result.denied] == [(A, "UNRESOLVED")]
    assert result.denied[0].denial.detail == (
        f"a {name.removesuffix('s')} here cannot be read, so it is not known what is held: "
        "a price of 2 dollars; `kalshi inspect-db --reconcile` shows it"
    )


async def test_a_fill_that_cannot_be_read_leaves_cash_that_a_person_can_accept(floor):
    """10 YES at 0.44 of which no fill can be read: $4.40 are gone, 10 contracts there."""
    await floor.reconcile()
    await floor.exchange.place("by-hand", taking())
    illegible = Illegible(floor.exchange, "fills", A)
    found = await look(floor, illegible)
    assert (found.complete, found.frozen.keys()) == (True, {A})
    assert found.doubt == "cash: the ledger has $1,000.00, the exchange $995.60"
    assert [(p.ticker, str(p.cost)) for p in found.unexplained] == [(A, "10.000000")]

    async def compared():
        told, _, _ = await compare(illegible, floor.store, floor.clock, archive=None, treasury=None)
        return told

    told = await compared()
    assert told.why == ""
    assert [(d.what, d.subject) for d in told.discrepancies] == [
        (What.POSITION, A),
        (What.UNREADABLE, A),
        (What.CASH, "all shards"),
    ]
    amount = Money.parse("-4.400000")
    await accept_cash(floor.store, floor.clock, told, amount, who="me", why="seen at the exchange")
    after = await look(floor, illegible)
    assert (after.doubt, after.frozen.keys()) == ("", {A})
