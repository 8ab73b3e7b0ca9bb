"""What has left the exchange's live lists is looked for in its archive before it counts as gone."""

import pytest
from fakes.exchange import Fault
from fakes.floor import STRATEGY, A, B, taking, waiting
from fakes.past import PastArchive, put_away

from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.instant import DAY, HOUR
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import OrderState
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import Unavailable
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.hearing import hear

pytestmark = pytest.mark.databases

THREE_WEEKS = 21 * DAY


@pytest.fixture
def archive(floor):
    return PastArchive(floor.exchange)


async def later(floor, archive):
    """Three weeks on, with everything that is over put away."""
    floor.clock.now_us += THREE_WEEKS
    await put_away(floor.exchange, archive)


async def test_an_order_that_was_not_answered_is_found_there(floor, archive):
    await floor.reconcile(archive=archive)
    floor.exchange.placing = [Fault.UNANSWERED]
    await send(floor.desk, taking())
    await later(floor, archive)
    found = await floor.reconcile(archive=archive)
    assert (found.complete, found.differences, found.unresolved) == (True, (), ())
    order = await floor.order()
    assert (order.state, str(order.filled)) == (OrderState.FILLED, "10.00")
    assert await floor.nets() == {(A, STRATEGY): "10.00"}


async def test_what_the_archive_does_not_tell_is_not_absent(floor, archive):
    """An old order is not in the live list: without the archive that proves nothing."""
    floor.exchange.placing = [Fault.LOST]
    await send(floor.desk, taking())
    await later(floor, archive)
    archive.down = True
    found = await floor.reconcile(archive=archive)
    assert [order.state for order in found.unresolved] == [OrderState.UNKNOWN]
    assert "archive: the archive is down" in found.why
    archive.down = False
    await floor.reconcile(archive=archive)
    assert (await floor.order()).state is OrderState.ABSENT


async def test_a_young_order_is_not_looked_for_there(floor, archive):
    await send(floor.desk, taking())
    await floor.reconcile(archive=archive)
    before = archive.asked  # the first pass reads from the beginning
    floor.exchange.placing = [Fault.LOST]
    await send(floor.desk, taking())
    await floor.reconcile(archive=archive)
    assert (archive.asked, (await floor.orders())[1].state) == (before, OrderState.ABSENT)


async def given_up(floor, archive):
    """An order of ours that never arrived: whatever is bought there by hand may be its."""
    await floor.reconcile(archive=archive)
    floor.exchange.placing = [Fault.LOST]
    await send(floor.desk, taking())
    await floor.reconcile(archive=archive)
    assert (await floor.order()).state is OrderState.ABSENT


async def test_whose_a_fill_is_was_told_when_it_was_booked(floor, archive):
    """Read again whole, for cash that nobody explains: its order is in no live list any more."""
    await given_up(floor, archive)
    await floor.exchange.place("by-hand", taking())
    assert (await floor.reconcile(archive=archive)).complete
    await later(floor, archive)
    floor.exchange.cash += Money(7)
    found = await floor.reconcile(archive=archive)
    assert (found.complete, found.why) == (True, "")
    assert await floor.nets() == {(A, EXTERNAL): "10.00"}


async def test_whose_an_archived_fill_is_the_archive_tells(floor, archive):
    """Nothing ran for three weeks, in which an order given up filled, and one was made by hand."""
    await given_up(floor, archive)
    order = await floor.order()
    await floor.exchange.place(order.client_order_id, order.intent)
    await floor.exchange.place("by-hand", taking(count="3.00"))
    await later(floor, archive)
    archive.down = True
    assert not (await floor.reconcile(archive=archive)).complete
    archive.down = False
    assert (await floor.reconcile(archive=archive)).complete
    assert await floor.nets() == {(A, EXTERNAL): "3.00", (A, STRATEGY): "10.00"}


@pytest.mark.parametrize("number", [1, 25])
async def test_an_order_that_rested_and_ended_long_ago_is_followed(floor, archive, number):
    """One is asked for by name; where there are many the lists are read."""
    await floor.reconcile(archive=archive)
    for _ in range(number):
        await send(floor.desk, waiting(floor.clock, count="1.00"))
    await later(floor, archive)  # they expired; each is a 404 now
    found = await floor.reconcile(archive=archive)
    assert {order.state for order in await floor.orders()} == {OrderState.EXPIRED}
    assert len(found.changed) == number
    assert (found.complete, found.differences) == (True, ())


async def test_the_first_pass_reads_the_whole_past(floor, archive):
    for ticker in (A, B, A):
        await floor.exchange.place(f"by-hand-{floor.clock.now()}", taking(ticker=ticker))
        floor.clock.now_us += HOUR
    await later(floor, archive)
    found = await floor.reconcile(archive=archive)
    assert (found.complete, found.differences, len(found.new_fills)) == (True, (), 3)
    assert await floor.nets() == {(A, EXTERNAL): "20.00", (B, EXTERNAL): "10.00"}
    assert str(found.cash) == "986.800000"  # 1,000 - 30 x 0.44


async def test_a_position_older_than_a_down_archive_is_no_difference(floor, archive):
    await floor.exchange.place("by-hand", taking())
    await later(floor, archive)
    archive.down = True
    found = await floor.reconcile(archive=archive)
    assert (found.complete, found.differences, found.opened) == (False, (), False)


async def test_a_settlement_that_is_told_nowhere_is_taken_from_its_archived_market(floor, archive):
    await floor.reconcile(archive=archive)
    await send(floor.desk, taking())
    await floor.reconcile(archive=archive)
    floor.exchange.settle(A, Result.YES)
    await later(floor, archive)
    found = await floor.reconcile(archive=archive)
    assert (found.complete, found.differences, await floor.nets()) == (True, (), {})
    (paid,) = found.settlements
    assert (paid.result, str(paid.net), str(paid.revenue)) == (Result.YES, "10.00", "10.000000")
    assert str(found.cash) == "1005.600000"  # 1,000 - 4.40 + 10
    assert (await floor.reconcile(archive=archive)).settlements == ()


class CutFills:
    """The archive, where the list of fills stops after its first page."""

    def __init__(self, archive):
        self.archive = archive

    def __getattr__(self, name):
        return getattr(self.archive, name)

    async def fills(self, *, min_us=0, cursor=""):
        if cursor:
            raise Unavailable("the line is cut")
        return await self.archive.fills(min_us=min_us)


async def test_no_settlement_is_made_up_where_fills_were_read_in_part(floor, archive):
    """Of ten bought at 0.44, four were sold by hand at 0.40 before they paid: 1,000 - 4.40 + 1.60
    + 6. The page that tells of the sale does not come at first.
    """
    await floor.reconcile(archive=archive)
    await send(floor.desk, taking())
    await floor.reconcile(archive=archive)
    floor.clock.now_us += HOUR
    await floor.exchange.place("more", taking(ticker=B, count="1"))
    await floor.exchange.place("less", taking(Side.ASK, "0.4000", "1", ticker=B))
    await floor.exchange.place("by-hand", taking(Side.ASK, "0.4000", "4"))
    floor.exchange.settle(A, Result.YES)
    await later(floor, archive)
    found = await floor.reconcile(archive=CutFills(archive))
    assert (found.complete, found.settlements) == (False, ())
    found = await floor.reconcile(archive=archive)
    assert (found.complete, found.differences, found.doubt) == (True, (), "")
    (paid,) = found.settlements
    assert (str(paid.net), str(paid.revenue)) == ("6.00", "6.000000")
    assert str(found.cash) == "1003.160000"  # B bought at 0.44 and sold at 0.40


async def test_an_archive_that_is_down_keeps_no_pass_from_its_end(floor, archive):
    """A market that is held here and not there any more is asked for in the archive."""
    await floor.reconcile(archive=archive)
    await send(floor.desk, taking())
    await floor.reconcile(archive=archive)
    floor.exchange.nets.clear()
    archive.down = True
    found = await floor.reconcile(archive=archive)
    assert (found.complete, "the archive is down" in found.why) == (False, True)


async def test_two_owners_whose_holdings_add_up_to_nothing_are_paid_from_the_archive(
    floor, archive
):
    """Ten of ours at 0.44, ten sold by hand at 0.40: the account held nothing, so no position and
    no cash tells that it is over.
    """
    await floor.reconcile(archive=archive)
    await send(floor.desk, taking())
    await floor.exchange.place("by-hand", taking(Side.ASK, "0.4000"))
    await floor.reconcile(archive=archive)
    assert await floor.nets() == {(A, STRATEGY): "10.00", (A, EXTERNAL): "-10.00"}
    floor.exchange.settle(A, Result.YES)
    await later(floor, archive)
    found = await floor.reconcile(archive=archive)
    assert (found.complete, found.differences, await floor.nets()) == (True, (), {})
    rows = await floor.store.reports.round_trips()
    assert {row.trip.owner: str(row.pnl) for row in rows} == {
        STRATEGY: "5.600000",
        EXTERNAL: "-6.000000",
    }
    assert str(found.cash) == "999.600000"


async def test_what_is_booked_while_the_archive_is_asked_is_no_cash_that_is_missing(floor, archive):
    """The other lane hears of a fill after this one has read what cash there is."""
    await floor.reconcile(archive=archive)
    await send(floor.desk, taking())
    await floor.exchange.place("by-hand", taking(Side.ASK, "0.4000"))
    await floor.reconcile(archive=archive)

    class Busy:
        def __getattr__(self, name):
            return getattr(archive, name)

        async def listings(self, tickers):
            await floor.exchange.place("theirs", taking(ticker=B, count="3"))
            await hear(floor.exchange, floor.desk, floor.exchange.all_fills[-1:], [])
            return await archive.listings(tickers)

    found = await floor.reconcile(archive=Busy())
    assert (found.complete, found.differences, found.doubt) == (True, (), "")
    assert (str(found.cash), str(found.balance.cash)) == ("999.600000", "999.600000")
    assert str((await floor.reconcile(archive=archive)).cash) == "998.280000"
