"""Cash that resting orders took, and books that are opened while something happens."""

from dataclasses import replace

import pytest
from fakes.floor import STRATEGY, A, B, taking, the_policies, waiting

from kalshi_cli.domain.account import Balance
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.money import Contracts, Money, Price, total
from kalshi_cli.domain.order import ExchangeOrderStatus, OrderReport
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.domain.side import Side
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.steps.comparing import compare
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.reconcile import reconcile
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import rehearse, trade
from kalshi_cli.steps.weighing import before_collateral

pytestmark = pytest.mark.databases


class Available:
    """The exchange, whose balance leaves out what resting orders may cost, and something more."""

    def __init__(self, exchange, more="0.00"):
        self.exchange, self.more = exchange, Money.parse(more)

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def balance(self):
        told = await self.exchange.balance()
        resting = (await self.exchange.orders(resting_only=True)).items
        taken = total([outcome_cost(r.side, r.price, r.remaining) for r in resting]) + self.more
        return replace(told, cash=told.cash - taken, by_shard=((0, told.cash - taken),))


async def look(floor, exchange):
    return await reconcile(exchange, exchange, floor.store, floor.clock)


async def rest(floor):
    """Ours may cost $4.10 and $5.50 (NO of 0.45), theirs $1.23; 10 YES of A are held."""
    await send(floor.desk, taking())
    await send(floor.desk, waiting(floor.clock))
    await send(floor.desk, waiting(floor.clock, Side.ASK, "0.4500", ticker=B))
    await floor.exchange.place("theirs", waiting(floor.clock, count="3.00"))


async def test_what_rests_is_no_cash_that_is_missing(floor):
    await floor.reconcile()
    await rest(floor)
    found = await look(floor, Available(floor.exchange))
    assert (found.differences, found.doubt) == ((), "")
    assert (str(found.balance.cash), str(found.cash)) == ("995.600000", "995.600000")
    assert [(at, str(cash)) for at, cash in found.balance.by_shard] == [(0, "995.600000")]


async def test_entries_go_on_beside_what_rests(floor):
    await floor.reconcile()
    await floor.exchange.place("theirs", waiting(floor.clock, count="3.00"))
    await floor.forecast(B, name="f2")
    desk = replace(floor.desk, trading=Available(floor.exchange))
    result = await trade(floor.exchange, desk, policy=the_policies("oracle").trading)
    assert [order.intent.ticker for order in result.orders] == [B]


@pytest.mark.parametrize("available", [False, True])
async def test_a_rehearsal_sees_no_loss_in_what_rests(floor, available):
    """$41 rest by hand, and a pass may lose $9.99 of $1,000."""
    await floor.reconcile()
    policies = the_policies("oracle")
    await track(floor.exchange, floor.desk, exits=(), policy=policies.trading)
    await floor.exchange.place("theirs", waiting(floor.clock, count="100.00"))
    await floor.forecast(B, name="f2")
    trading = Available(floor.exchange) if available else floor.exchange
    limits = replace(policies.trading.limits, max_daily_loss=0.00999)
    policy = replace(policies.trading, limits=limits)
    rehearsed = await rehearse(trading, trading, floor.store, floor.clock, policy=policy)
    result = await trade(trading, replace(floor.desk, trading=trading), policy=policy)
    assert [intent.ticker for intent in rehearsed.passed] == [B]
    assert [order.intent.ticker for order in result.orders] == [B]
    assert rehearsed.passed[0].count == result.orders[0].intent.count


async def test_a_unit_more_is_told(floor):
    await floor.reconcile()
    await rest(floor)
    found = await look(floor, Available(floor.exchange, "0.000001"))
    assert found.doubt == "cash: the ledger has $995.60, the exchange $984.769999"


async def test_what_closes_is_held_by_all_owners_together(floor):
    """15 YES are held, 10 of them ours: of 18 sold, three are NO at 0.55, $1.65, and no more."""
    await floor.reconcile()
    await send(floor.desk, taking())
    await floor.exchange.place("by-hand", taking(count="5"))
    await floor.reconcile()
    assert await floor.nets() == {(A, STRATEGY): "10.00", (A, EXTERNAL): "5.00"}
    await floor.exchange.place("theirs", waiting(floor.clock, Side.ASK, "0.4500", count="18.00"))
    all_of_it_less = str(Money.parse("1.65") - Money.parse("9.90"))
    found = await look(floor, Available(floor.exchange, all_of_it_less))
    assert (found.differences, found.doubt) == ((), "")


async def test_what_rests_is_no_proof_where_it_was_read_in_part(floor):
    await floor.reconcile()
    await rest(floor)
    floor.exchange.unusable = [Unusable("order o9", "odd")]
    found = await look(floor, Available(floor.exchange))
    assert (str(found.balance.cash), found.complete) == ("984.770000", False)


async def test_all_facts_against_all_facts_know_it_too(floor):
    await floor.reconcile()
    await rest(floor)
    await floor.reconcile()
    found, _, _ = await compare(
        Available(floor.exchange), floor.store, floor.clock, archive=None, treasury=None
    )
    assert (found.discrepancies, str(found.unexplained)) == ((), "0.000000")


def report(side, price, count, number=1, **changes):
    facts = {"filled": Contracts(0), "status": ExchangeOrderStatus.RESTING, "created_us": number}
    wanted = Contracts.parse(count)
    return OrderReport(
        f"o{number}", None, "T", side, Price.parse(price),
        initial=wanted, remaining=wanted, **{**facts, **changes},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "cash"),
    [
        ("90.50", "100.00"),  # 4 + 5.5: all of both
        ("93.25", "100.00"),  # 4 + 2.75: five of the ten NO close what is held
        ("93.00", "93.00"),  # neither
        ("100.00", "100.00"),
        ("109.50", "109.50"),  # more than the ledger has: nothing to put back
    ],
)
def test_all_that_is_missing_must_be_what_rests(told, cash):
    """10 YES at 0.40 and 10 NO at 0.55, of which five close the 5 YES that are held."""
    orders = [report(Side.BID, "0.40", "10.00"), report(Side.ASK, "0.45", "10.00", 2)]
    orders.append(report(Side.BID, "0.99", "9.00", 3, status=ExchangeOrderStatus.CANCELED))
    held = {"T": Contracts.parse("5.00")}
    found = before_collateral(Balance(Money.parse(told), 0), Money.parse("100.00"), orders, held)
    assert found.cash == Money.parse(cash)


def test_each_shard_has_its_own_back():
    orders = [
        report(Side.BID, "0.40", "10.00"),
        report(Side.BID, "0.50", "10.00", 2, exchange_index=2),
    ]
    balance = Balance(
        Money.parse("91.00"), 0, ((0, Money.parse("60.00")), (2, Money.parse("31.00")))
    )
    found = before_collateral(balance, Money.parse("100.00"), orders, {})
    assert found.by_shard == ((0, Money.parse("64.00")), (2, Money.parse("36.00")))


# Books that are opened while something happens.


class Restless:
    """The exchange, where somebody takes of a resting order before some balances are read."""

    def __init__(self, exchange, order_id, before):
        self.exchange, self.order_id, self.before, self.reads = exchange, order_id, before, 0

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def balance(self):
        self.reads += 1
        if self.reads in self.before:
            self.exchange.fill_resting(self.order_id, "1.00")
        return await self.exchange.balance()


@pytest.mark.parametrize("before", [{1}, {2}, {1, 2, 3}, {4}])
async def test_a_fill_that_comes_while_the_books_are_opened_is_booked_once(floor, before):
    theirs = await floor.exchange.place("theirs", waiting(floor.clock))
    restless = Restless(floor.exchange, theirs.order_id, before)
    found = await look(floor, restless)
    assert (found.opened, found.doubt) == (True, "")
    again = await floor.reconcile()
    assert (again.differences, again.alarms) == ((), ())
    count = f"{len([n for n in before if n <= restless.reads])}.00"
    assert await floor.nets() == ({(A, EXTERNAL): count} if count != "0.00" else {})


async def test_books_stay_closed_while_the_account_is_never_still(floor):
    theirs = await floor.exchange.place("theirs", waiting(floor.clock))
    found = await look(floor, Restless(floor.exchange, theirs.order_id, set(range(9))))
    assert (found.opened, found.complete) == (False, False)
    assert found.doubt == "the account changed while it was first read"
    again = await floor.reconcile()
    assert (again.opened, again.doubt) == (True, "")


async def test_what_no_fill_explains_does_not_keep_the_books_closed(floor):
    floor.exchange.nets[B] = Contracts.parse("3.00")
    found = await floor.reconcile()
    assert (found.opened, found.doubt, found.frozen.keys()) == (True, "", {B})
