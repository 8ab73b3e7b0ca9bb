"""Every fact that differs is explained to the last unit; only what is proved is repaired."""

import asyncio
from dataclasses import replace

import pytest
from fakes.exchange import Fault
from fakes.exchange_desks import FakeTreasury
from fakes.floor import STRATEGY, A, B, taking, waiting

from kalshi_cli.domain.account import CashKind
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import OrderState
from kalshi_cli.errors import Refused
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.steps.comparing import compare
from kalshi_cli.steps.discrepancies import BOOK, FOLD, What
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.hearing import hear
from kalshi_cli.steps.repairing import accept_cash, repair

pytestmark = pytest.mark.databases


async def look(floor, treasury=None):
    found, _, _ = await compare(
        floor.exchange, floor.store, floor.clock, archive=None, treasury=treasury
    )
    return found


async def mend(floor, treasury=None):
    exchange = floor.exchange
    return await repair(
        exchange, exchange, floor.store, floor.clock, archive=None, treasury=treasury
    )


def told(found):
    return [(d.what, d.subject, d.ours, d.theirs, d.repair) for d in found.discrepancies]


async def test_books_that_agree_have_nothing_to_tell(floor):
    await floor.reconcile()
    await send(floor.desk, taking())
    await send(floor.desk, waiting(floor.clock))
    await floor.reconcile()
    found = await look(floor)
    assert (told(found), found.why, str(found.unexplained)) == ([], "", "0.000000")


async def test_whoever_compares_keeps_no_writer_waiting(floor):
    """All of history is read: an exit would have to wait for that."""
    await floor.reconcile()
    async with floor.store.unit(), asyncio.timeout(1):
        assert told(await look(floor)) == []


async def test_missing_facts_are_told_booked_and_gone(floor):
    """Our resting order bought 10 at 0.41; 3 of B at 0.44 by hand paid: 1,000 - 4.10 + 1.68."""
    await floor.reconcile()
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.fill_resting(order.order_id, "10.00")
    await floor.exchange.place("by-hand", taking(ticker=B, count="3"))
    floor.exchange.settle(B, Result.YES)
    found = await look(floor)
    assert told(found) == [
        (What.ORDER, order.client_order_id, "resting 0.00", "filled 10.00", FOLD),
        (What.MISSING_FILL, "fill-2", "nothing", f"bid 3.00 {B} at 0.4400, fee 0.000000", BOOK),
        (What.MISSING_FILL, "fill-1", "nothing", f"bid 10.00 {A} at 0.4100, fee 0.000000", BOOK),
        (What.SETTLEMENT, B, "nothing", "yes 3.000000", BOOK),
        (What.POSITION, A, "0.00", "10.00", "derive it again"),
        (What.CASH, "all shards", "1000.000000", "997.580000", "book them"),
    ]
    assert (str(found.explained), str(found.unexplained)) == ("-2.420000", "0.000000")
    assert await mend(floor) == (
        "1 order brought to what the exchange says",
        "2 fills booked",
        "1 settlement booked",
    )
    assert told(await look(floor)) == []
    assert await floor.nets() == {(A, STRATEGY): "10.00"}
    assert (await floor.order()).state is OrderState.FILLED
    assert await mend(floor) == ()


async def test_an_order_given_up_long_ago_is_told_and_brought_back(floor):
    floor.exchange.placing, floor.exchange.hidden_reads = [Fault.UNANSWERED], 5
    order = await send(floor.desk, taking(limit="0.3600"))  # nobody sells at that
    await floor.reconcile()
    floor.clock.now_us += 2 * HOUR  # passes do not look for it any more
    await floor.reconcile()
    assert (await floor.order()).state is OrderState.ABSENT
    name = order.client_order_id
    assert told(await look(floor)) == [(What.ORDER, name, "absent 0.00", "canceled 0.00", FOLD)]
    assert await mend(floor) == ("1 order brought to what the exchange says",)
    after = await floor.order()
    assert (after.state, after.order_id) == (OrderState.CANCELED, "order-1")
    assert told(await look(floor)) == []


async def test_somebody_elses_order_under_an_id_of_ours_is_not_taken_for_ours(floor):
    floor.exchange.placing = [Fault.LOST]
    order = await send(floor.desk, taking(limit="0.3600"))
    await floor.reconcile()
    await floor.exchange.place(order.client_order_id, taking(limit="0.3500"))
    assert told(await look(floor)) == []
    assert await mend(floor) == ()
    assert (await floor.order()).state is OrderState.ABSENT


async def test_what_nothing_proves_stays(floor):
    await floor.reconcile()
    await send(floor.desk, taking())
    await floor.reconcile()
    (fill,) = floor.exchange.all_fills
    floor.exchange.all_fills = [replace(fill, fee=Money(1))]
    floor.exchange.nets[B] = Contracts.parse("5.00")
    floor.exchange.cash += Money(7)
    before = told(await look(floor))
    assert [(what, subject, by) for what, subject, _, _, by in before] == [
        (What.CHANGED_FILL, fill.fill_id, ""),
        (What.POSITION, B, ""),
        (What.CASH, "all shards", ""),
    ]
    assert await mend(floor) == ()
    assert told(await look(floor)) == before
    floor.exchange.all_fills = []
    found = await look(floor)
    assert (What.EXTRA_FILL, fill.fill_id) in {(d.what, d.subject) for d in found.discrepancies}


async def test_the_stream_tells_the_time_of_a_fill_less_exactly(floor):
    """It has milliseconds, the list microseconds: the same fact of money."""
    await floor.reconcile()
    floor.clock.now_us += 123_456
    await send(floor.desk, taking())
    (fill,) = floor.exchange.all_fills
    streamed = replace(fill, at_us=fill.at_us // 1_000 * 1_000)
    assert streamed != fill
    await hear(floor.exchange, floor.desk, [streamed], [])
    await floor.reconcile()
    assert told(await look(floor)) == []


async def test_a_reading_in_part_proves_nothing_missing(floor):
    await floor.reconcile()
    await send(floor.desk, taking())
    await send(floor.desk, waiting(floor.clock))
    await floor.reconcile()
    floor.exchange.all_fills, floor.exchange.nets = [], {}
    floor.exchange.unusable = [Unusable("row", "odd")]
    found = await look(floor)
    assert "odd" in found.why
    assert told(found) == []


async def test_a_reversed_settlement_is_one_repair_and_its_cash_is_explained(floor):
    await floor.reconcile()
    await send(floor.desk, taking())
    floor.exchange.settle(A, Result.YES)
    await floor.reconcile()
    (paid,) = floor.exchange.all_settlements
    no = replace(paid, result=Result.NO, value=paid.value.complement, revenue=Money(0))
    floor.exchange.all_settlements = [no]
    floor.exchange.cash -= Money.parse("10.00")
    found = await look(floor)
    assert told(found)[0] == (What.SETTLEMENT, A, "yes 10.000000", "no 0.000000", BOOK)
    assert (str(found.explained), str(found.unexplained)) == ("-10.000000", "0.000000")
    assert await mend(floor) == ("1 settlement booked",)
    assert told(await look(floor)) == []


async def test_cash_that_moved_between_shards_unseen_is_a_transfer(floor):
    await floor.reconcile()
    floor.exchange.move(0, 2, Money.parse("40.00"))
    found = await look(floor)
    assert told(found) == [
        (What.SHARD, "0", "1000.000000", "960.000000", "book a transfer"),
        (What.SHARD, "2", "0.000000", "40.000000", "book a transfer"),
    ]
    assert await mend(floor) == ("2 shards brought to what the exchange says",)
    assert told(await look(floor)) == []
    assert await floor.cash() == "1000.000000"


async def test_no_transfer_is_made_up_where_those_on_record_were_read_in_part(floor):
    """40 of 1,000 went to shard 2 by a transfer whose row cannot be read at first."""
    treasury = FakeTreasury(floor.exchange)
    await floor.reconcile(treasury=treasury)
    await treasury.transfer("by-hand", 0, 2, Money.parse("40.00"))
    sent, treasury.sent = treasury.sent, []
    floor.exchange.unusable = [Unusable("transfer-1", "an unknown status")]
    found = await look(floor, treasury)
    assert ("an unknown status" in found.why, told(found)) == (True, [])
    assert await mend(floor, treasury) == ()
    treasury.sent, floor.exchange.unusable = sent, []
    assert await mend(floor, treasury) == ("2 cash movements booked",)
    assert told(await look(floor, treasury)) == []


@pytest.mark.parametrize("typed", ["1.25", "-1.25", "0", "1.250002"])
async def test_only_the_exact_amount_is_accepted(floor, typed):
    await floor.reconcile()
    floor.exchange.cash += Money.parse("1.250001")
    found = await look(floor)
    with pytest.raises(Refused, match=r"\$1.250001 is unexplained"):
        await accept_cash(
            floor.store, floor.clock, found, Money.parse(typed), who="me", why="interest"
        )
    assert await floor.cash() == "1000.000000"


async def test_accepted_cash_is_on_record_and_neither_gain_nor_loss(floor):
    await floor.reconcile()
    floor.exchange.cash -= Money.parse("300.000001")
    assert (await floor.reconcile()).doubt
    found = await look(floor)
    amount = Money.parse("-300.000001")
    await accept_cash(floor.store, floor.clock, found, amount, who="me", why="taken out by hand")
    after = await floor.reconcile()
    assert (after.doubt, str(after.cash)) == ("", "699.999999")
    async with floor.store.unit() as unit:
        movements = await unit.ledger.movements()
        assert str(await unit.ledger.paid_in()) == "699.999999"
    (accepted,) = [m for m in movements if m.kind is CashKind.ACCEPTED]
    assert (accepted.kind, accepted.who, accepted.why, accepted.at_us) == (
        "accepted",
        "me",
        "taken out by hand",
        floor.clock.now(),
    )


async def test_what_the_record_explains_is_booked_not_accepted(floor):
    await floor.reconcile()
    await floor.exchange.place("by-hand", taking())
    found = await look(floor)
    with pytest.raises(Refused, match="on the exchange's record"):
        await accept_cash(floor.store, floor.clock, found, Money.parse("-4.40"), who="me", why="x")
    await mend(floor)
    assert await floor.nets() == {(A, EXTERNAL): "10.00"}


async def test_nothing_is_accepted_before_the_books_are_open(floor):
    with pytest.raises(Refused, match="not open"):
        await accept_cash(
            floor.store, floor.clock, await look(floor), Money.parse("1000"), who="me", why="x"
        )


async def test_nothing_is_accepted_while_fills_that_are_told_of_are_not_shown(floor):
    """Our order says that it filled 10 at 0.41; the list of fills lags: that cash is no riddle."""
    await floor.reconcile()
    order = await send(floor.desk, waiting(floor.clock))
    fill = floor.exchange.fill_resting(order.order_id, "10.00")
    floor.exchange.all_fills.remove(fill)
    await floor.reconcile()
    found = await look(floor)
    assert order.client_order_id in found.why
    with pytest.raises(Refused, match="read in part"):
        await accept_cash(floor.store, floor.clock, found, Money.parse("-4.10"), who="me", why="x")
    floor.clock.now_us += HOUR  # a person need not wait for ever
    assert (await look(floor)).why == ""
    floor.exchange.all_fills.append(fill)
    found = await floor.reconcile()
    assert (found.doubt, str(found.cash)) == ("", "995.900000")


async def test_accepted_cash_is_on_the_shard_where_it_came(floor):
    """2.50 of interest on shard 2: no transfer brought it there."""
    await floor.reconcile()
    floor.exchange.move(0, 2, Money.parse("40.00"))
    await mend(floor)
    floor.exchange.cash += Money.parse("2.50")
    floor.exchange.move(0, 2, Money.parse("2.50"))
    found = await look(floor)
    await accept_cash(
        floor.store, floor.clock, found, Money.parse("2.50"), who="me", why="interest"
    )
    assert told(await look(floor)) == []
    assert await floor.cash() == "1002.500000"


async def test_what_the_exchange_shows_no_more_explains_the_cash_that_went_with_it(floor):
    """A payout of 10 is taken back, and a fill of 3 at 0.44 as well: -10 and +1.32."""
    await floor.reconcile()
    await send(floor.desk, taking())
    await floor.exchange.place("by-hand", taking(ticker=B, count="3"))
    floor.exchange.settle(A, Result.YES)
    await floor.reconcile()
    floor.exchange.all_settlements.clear()
    floor.exchange.nets = {A: Contracts.parse("10.00")}
    del floor.exchange.all_fills[1]
    floor.exchange.cash -= Money.parse("8.68")
    found = await look(floor)
    said = {d.what: (d.explanation, d.repair) for d in found.discrepancies}
    assert said[What.CASH] == (
        "facts that the exchange shows no more, or otherwise, make up all of -8.680000",
        "",
    )
    assert said[What.EXTRA_FILL][1] == said[What.SETTLEMENT][1] == ""
    floor.exchange.cash += Money(7)
    found = await look(floor)
    (cash,) = [d for d in found.discrepancies if d.what is What.CASH]
    assert cash.explanation == (
        "facts that the exchange shows no more, or otherwise, make up -8.680000, nothing explains "
        "0.000007"
    )
