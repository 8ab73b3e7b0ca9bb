"""Cash from shard to shard: on record before it is sent, found after a crash, never sent twice."""

import asyncio

import pytest
from fakes.exchange_desks import FakeTreasury

from kalshi_cli.domain.money import Money
from kalshi_cli.errors import Refused, Unavailable, UsageError
from kalshi_cli.ports.desk import TransferState
from kalshi_cli.ports.exchange import Outcome, OutcomeKind, Page, Unusable
from kalshi_cli.steps.moving import move_collateral
from kalshi_cli.steps.reconcile import reconcile

pytestmark = pytest.mark.databases


class Faulty:
    """Transfers, of which the next ones go wrong: lost before or after, refused, or a crash."""

    def __init__(self, exchange, *faults):
        self.inner, self.faults, self.asked = FakeTreasury(exchange), list(faults), []
        self.hidden_reads = 0

    async def transfer(self, client_transfer_id, *terms):
        self.asked.append(client_transfer_id)
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "lost":
            return Outcome(OutcomeKind.UNKNOWN, code="ReadTimeout")
        if fault == "refused":
            return Outcome(OutcomeKind.REFUSED, code="conflict")
        done = await self.inner.transfer(client_transfer_id, *terms)
        if fault == "crash":
            raise asyncio.CancelledError
        return Outcome(OutcomeKind.UNKNOWN, code="ReadTimeout") if fault == "unanswered" else done

    async def transfers(self, *, min_us=0, cursor=""):
        if self.faults and self.faults[0] == "unlisted":
            self.faults.pop(0)
            raise Unavailable("the line is cut")
        if self.hidden_reads:
            self.hidden_reads -= 1
            return Page(())
        return await self.inner.transfers(min_us=min_us, cursor=cursor)


async def move(floor, treasury, amount="250.00", source=0, destination=2):
    async with floor.store.unit() as unit:
        run = await unit.desk.start_run("transfer", floor.clock.now(), floor.clock.wall())
        await unit.commit()
    return await move_collateral(
        treasury,
        floor.store,
        floor.clock,
        run=run,
        source=source,
        destination=destination,
        amount=Money.parse(amount),
        who="me",
    )


async def open_transfers(floor):
    async with floor.store.unit() as unit:
        return await unit.desk.open_transfers()


async def test_cash_moves_and_the_books_know(floor):
    treasury = Faulty(floor.exchange)
    await floor.reconcile()
    moved = await move(floor, treasury)
    assert (moved.arrived, moved.is_old, await open_transfers(floor)) == (True, False, ())
    assert str(floor.exchange.on_shard(2)) == "250.000000"
    found = await reconcile(
        floor.exchange, floor.exchange, floor.store, floor.clock, treasury=treasury
    )
    assert (found.doubt, str(found.cash)) == ("", "1000.000000")
    async with floor.store.unit() as unit:
        by_shard = await unit.ledger.cash_by_shard()
    assert {shard: str(cash) for shard, cash in by_shard.items()} == {
        0: "750.000000",
        2: "250.000000",
    }


@pytest.mark.parametrize("fault", ["lost", "unanswered"])
async def test_what_nobody_answered_is_on_record_and_never_sent_twice(floor, fault):
    treasury = Faulty(floor.exchange, fault)
    with pytest.raises(Unavailable, match="not known: ReadTimeout"):
        await move(floor, treasury)
    (kept,) = await open_transfers(floor)
    assert (kept.state, kept.who, str(kept.amount)) == (TransferState.INTENT, "me", "250.000000")
    moved = await move(floor, treasury)
    assert (moved.client_transfer_id, moved.is_old) == (
        kept.client_transfer_id,
        fault == "unanswered",
    )
    assert set(treasury.asked) == {kept.client_transfer_id}
    assert (str(floor.exchange.on_shard(2)), await open_transfers(floor)) == ("250.000000", ())


async def test_a_crash_between_the_request_and_the_record_is_found(floor):
    treasury = Faulty(floor.exchange, "crash")
    with pytest.raises(asyncio.CancelledError):
        await move(floor, treasury)
    assert len(await open_transfers(floor)) == 1
    assert (await move(floor, treasury)).is_old
    assert (str(floor.exchange.on_shard(2)), await open_transfers(floor)) == ("250.000000", ())


async def test_no_other_is_sent_while_one_is_not_known(floor):
    treasury = Faulty(floor.exchange, "lost")
    with pytest.raises(Unavailable):
        await move(floor, treasury)
    with pytest.raises(Refused, match="not known yet") as refused:
        await move(floor, treasury, "10.00")
    assert "kalshi transfer 250.000000 --from 0 --to 2" in refused.value.remedy
    assert len(treasury.asked) == 1


async def test_another_may_go_once_the_first_is_found(floor):
    treasury = Faulty(floor.exchange, "unanswered")
    with pytest.raises(Unavailable):
        await move(floor, treasury)
    moved = await move(floor, treasury, "10.00")
    assert (moved.is_old, str(floor.exchange.on_shard(2))) == (False, "260.000000")
    assert len(set(treasury.asked)) == 2


async def test_where_transfers_cannot_be_read_nothing_is_sent(floor):
    treasury = Faulty(floor.exchange, "lost")
    with pytest.raises(Unavailable):
        await move(floor, treasury)
    treasury.faults = ["unlisted"]
    with pytest.raises(Unavailable, match="the line is cut"):
        await move(floor, treasury)
    assert len(treasury.asked) == 1


async def test_the_same_again_is_another_transfer_once_the_first_is_known(floor):
    treasury = Faulty(floor.exchange)
    first = await move(floor, treasury)
    second = await move(floor, treasury)
    assert first.client_transfer_id != second.client_transfer_id
    assert str(floor.exchange.on_shard(2)) == "500.000000"


async def test_what_the_exchange_refuses_did_not_happen(floor):
    treasury = Faulty(floor.exchange)
    with pytest.raises(Refused, match="insufficient_balance"):
        await move(floor, treasury, "1000.01")
    assert (await open_transfers(floor), str(floor.exchange.on_shard(2))) == ((), "0.000000")


async def test_a_refusal_of_what_was_sent_before_may_only_say_so(floor):
    """The exchange's word for a duplicate may be one that is not known here: the list tells."""
    treasury = Faulty(floor.exchange, "unanswered", "refused")
    with pytest.raises(Unavailable):
        await move(floor, treasury)
    treasury.hidden_reads = 1
    moved = await move(floor, treasury)
    assert (moved.arrived, len(treasury.asked)) == (True, 2)
    assert (str(floor.exchange.on_shard(2)), await open_transfers(floor)) == ("250.000000", ())


async def test_a_refusal_proves_nothing_where_transfers_were_read_in_part(floor):
    """The row that could tell of it is unusable: the first may have arrived, and a third command
    would send it again under another id.
    """
    treasury = Faulty(floor.exchange, "unanswered", "refused")
    with pytest.raises(Unavailable):
        await move(floor, treasury)
    (sent,), treasury.inner.sent = treasury.inner.sent, []
    floor.exchange.unusable = [Unusable(sent.transfer_id, "an unknown status")]
    with pytest.raises(Unavailable, match="an unknown status"):
        await move(floor, treasury)
    assert len(await open_transfers(floor)) == 1
    treasury.inner.sent, floor.exchange.unusable = [sent], []
    assert (await move(floor, treasury)).is_old
    assert (str(floor.exchange.on_shard(2)), await open_transfers(floor)) == ("250.000000", ())


async def test_a_refusal_of_what_never_arrived_ends_it(floor):
    treasury = Faulty(floor.exchange, "lost", "refused")
    with pytest.raises(Unavailable):
        await move(floor, treasury)
    with pytest.raises(Refused, match="conflict"):
        await move(floor, treasury)
    assert await open_transfers(floor) == ()


@pytest.mark.parametrize(
    ("amount", "destination"), [("0.00", 2), ("-1.00", 2), ("0.00001", 2), ("1.00", 0)]
)
async def test_what_is_no_transfer_is_not_recorded(floor, amount, destination):
    treasury = Faulty(floor.exchange)
    with pytest.raises(UsageError, match="is no transfer"):
        await move(floor, treasury, amount, destination=destination)
    assert (treasury.asked, await open_transfers(floor)) == ([], ())
