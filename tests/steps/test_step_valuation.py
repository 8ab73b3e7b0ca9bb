"""What the desk is worth is what the account is worth."""

from fakes.floor import A, taking, the_policies

from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.side import Side
from kalshi_cli.steps.desk_view import look
from kalshi_cli.steps.execution import send
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
