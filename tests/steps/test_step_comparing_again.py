"""What happens while the account is read is no difference: it is looked at again, and not for ever.

The lists are read one after the other, and each may already show what the one before it missed.
"""

from typing import Any

import pytest
from fakes.floor import A, waiting

from kalshi_cli.steps.comparing import compare
from kalshi_cli.steps.discrepancies import What
from kalshi_cli.steps.drifting import drift
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.hearing import hear
from kalshi_cli.steps.standing_still import MOST_LOOKS

pytestmark = pytest.mark.databases

GAPS = ("fills", "settlements", "cash_movements", "positions", "balance")
"""The reads before which something may happen; orders come first."""


class Filling:
    """A resting order fills just before some reads; `hears` is what a loop beside it does then."""

    def __init__(self, floor, before: str, times: int, *, hears: bool) -> None:
        self._floor, self._before, self._left, self._hears = floor, before, times, hears
        self.looks = 0

    def __getattr__(self, name: str) -> Any:
        read = getattr(self._floor.exchange, name)

        async def reading(*args, **wanted):
            self.looks += name == "balance"
            if name == self._before and self._left:
                self._left -= 1
                await self._fill()
            return await read(*args, **wanted)

        return reading

    async def _fill(self) -> None:
        exchange = self._floor.exchange
        (report,) = exchange.reports.values()
        fill = exchange.fill_resting(report.order_id, "0.50")
        if self._hears:
            (report,) = exchange.reports.values()
            await hear(exchange, self._floor.desk, [fill], [report])


async def look(floor, trading):
    found, _, _ = await compare(trading, floor.store, floor.clock, archive=None, treasury=None)
    return found


@pytest.fixture
async def resting(floor):
    await floor.reconcile()
    await send(floor.desk, waiting(floor.clock))
    return floor


@pytest.mark.parametrize("before", GAPS)
async def test_a_fill_between_two_reads_that_is_booked_at_once_is_no_difference(resting, before):
    trading = Filling(resting, before, 1, hears=True)
    found = await look(resting, trading)
    assert (found.discrepancies, found.why) == ((), "")
    assert str(found.unexplained) == "0.000000"
    assert trading.looks <= MOST_LOOKS


@pytest.mark.parametrize("before", GAPS)
async def test_a_fill_between_two_reads_that_nobody_books_is_told_as_if_read_at_rest(
    resting, before
):
    found = await look(resting, Filling(resting, before, 1, hears=False))
    assert found == await look(resting, resting.exchange)
    told = [(each.what, each.repair != "") for each in found.discrepancies]
    assert told == [
        (What.ORDER, True),
        (What.MISSING_FILL, True),
        (What.POSITION, True),
        (What.CASH, True),
    ]
    assert (str(found.explained), str(found.unexplained)) == ("-0.205000", "0.000000")


async def test_books_that_agree_are_looked_at_once(resting):
    trading = Filling(resting, "nothing", 0, hears=False)
    await look(resting, trading)
    assert trading.looks == 1


@pytest.mark.parametrize("hears", [True, False])
@pytest.mark.parametrize("before", GAPS)
async def test_an_account_that_never_stands_still_proves_no_difference(resting, before, hears):
    """0.50 at each look: what one look alone made up is left out, and said to be in doubt."""
    trading = Filling(resting, before, 19, hears=hears)
    found = await look(resting, trading)
    assert trading.looks == MOST_LOOKS
    assert "changed at each" in found.why
    assert {each.what for each in found.discrepancies} <= {What.MISSING_FILL}
    assert all(A in each.theirs for each in found.discrepancies)


# The short look, at cash and positions alone.

SHORT = ("positions", "balance")


@pytest.mark.parametrize("before", SHORT)
async def test_a_fill_in_a_short_look_that_is_booked_at_once_is_no_difference(resting, before):
    trading = Filling(resting, before, 1, hears=True)
    found = await drift(trading, resting.store)
    assert (found.differences, found.why) == ((), "")
    assert (found.ours, trading.looks <= MOST_LOOKS) == (found.theirs, True)


@pytest.mark.parametrize("before", SHORT)
async def test_a_fill_in_a_short_look_that_nobody_books_is_told_as_if_read_at_rest(resting, before):
    """Half a contract bought at 0.41."""
    found = await drift(Filling(resting, before, 1, hears=False), resting.store)
    assert found == await drift(resting.exchange, resting.store)
    assert [(d.what, d.ours, d.theirs) for d in found.differences] == [
        (A, "0.00", "0.50"),
        ("cash", "1000.000000", "999.795000"),
    ]


@pytest.mark.parametrize("hears", [True, False])
async def test_a_short_look_at_what_never_stands_still_says_so(resting, hears):
    trading = Filling(resting, "positions", 19, hears=hears)
    found = await drift(trading, resting.store)
    assert trading.looks == MOST_LOOKS
    assert (found.differences, "changed at each of 4 looks" in found.why) == ((), True)


async def test_a_short_look_where_nothing_differs_is_one(resting):
    trading = Filling(resting, "nothing", 0, hears=False)
    await drift(trading, resting.store)
    assert trading.looks == 1
