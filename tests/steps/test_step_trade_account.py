"""What an account that is not ours alone, or was not read whole, allows."""

from dataclasses import replace

import pytest
from fakes.exchange import Fault
from fakes.floor import STRATEGY, A, B, open_floor, the_policies, waiting

from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.money import Contracts
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.steps.at_risk import foreign_order
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.looking import look
from kalshi_cli.steps.means import means
from kalshi_cli.steps.risk_state import risk_state
from kalshi_cli.steps.trade import rehearse, trade

pytestmark = pytest.mark.databases


@pytest.fixture
async def floor(tmp_path):
    async with open_floor(tmp_path) as opened:
        yield opened


async def test_nothing_is_sent_on_books_read_in_part(floor):
    await floor.reconcile()
    await floor.forecast(A)
    floor.exchange.unusable = [Unusable("fill f1", "odd")]
    result = await trade(floor.exchange, floor.desk, policy=the_policies("oracle").trading)
    assert result.orders == ()
    assert {d.denial.code for d in result.denied} == {"BOOKS_INCOMPLETE"}


async def test_foreign_orders_count_in_every_room(floor):
    await floor.exchange.place("theirs", waiting(floor.clock, ticker=B, limit="0.4100", count="10"))
    found = await floor.reconcile()
    (report,) = found.foreign
    assert foreign_order(report).intent.strategy == EXTERNAL
    view = await look(floor.store, now_us=floor.clock.now(), filters=())
    policy = the_policies("oracle").trading
    state = risk_state(
        view,
        env=policy.env,
        limits=policy.limits,
        cash=found.balance.cash,
        books={},
        frozen={},
        paused=frozenset(),
        foreign=found.foreign,
    )
    capital = means(state, strategy=STRATEGY, kelly_fraction=0.75, probation_stake=None)
    assert str(capital.by_ticker[B]) == "4.100000"
    assert str(capital.cash) == "995.900000"


@pytest.mark.parametrize(
    ("held", "sent"), [("0.00", 1), ("20.00", 1), ("-200.00", 0), ("200.00", 0)]
)
async def test_what_no_fill_explains_counts_at_a_dollar_a_contract(floor, held, sent):
    """200 contracts of B may have cost $200: beyond what one event of a $1,000 account may lose."""
    await floor.reconcile()
    await floor.forecast(A)
    floor.exchange.nets[B] = Contracts.parse(held)
    policy = the_policies("oracle").trading
    rehearsed = await rehearse(
        floor.exchange, floor.exchange, floor.store, floor.clock, policy=policy
    )
    result = await trade(floor.exchange, floor.desk, policy=policy)
    assert (len(rehearsed.passed), len(result.orders)) == (sent, sent)


@pytest.mark.parametrize(("count", "sent"), [("10.00", 1), ("250.00", 0)])
async def test_a_rehearsal_counts_foreign_orders_as_a_pass_does(floor, count, sent):
    """250 at 0.41 are $102.50, more than one event of a $1,000 account may lose; 10 are $4.10."""
    await floor.reconcile()
    await floor.forecast(A)
    await floor.exchange.place("theirs", waiting(floor.clock, ticker=B, count=count))
    policy = the_policies("oracle").trading
    rehearsed = await rehearse(
        floor.exchange, floor.exchange, floor.store, floor.clock, policy=policy
    )
    result = await trade(floor.exchange, floor.desk, policy=policy)
    assert (len(rehearsed.passed), len(result.orders)) == (sent, sent)


async def test_foreign_orders_without_an_id_count_beside_an_order_of_ours_without_one(floor):
    """Ours got no answer; what rests under its id is another. By hand none is given."""
    await floor.reconcile()
    floor.exchange.placing = [Fault.LOST]
    lost = await send(floor.desk, waiting(floor.clock))
    await floor.exchange.place(lost.client_order_id, waiting(floor.clock, limit="0.2900"))
    by_hand = await floor.exchange.place("theirs", waiting(floor.clock, ticker=B))
    named = floor.exchange.reports[by_hand.order_id]
    floor.exchange.reports[by_hand.order_id] = replace(named, client_order_id=None)
    found = await floor.reconcile()
    assert {report.client_order_id for report in found.foreign} == {None, lost.client_order_id}


async def test_what_no_fill_explains_is_known_by_its_event(floor):
    """A market that the store never saw, of the event of another."""
    await floor.reconcile()
    floor.exchange.add_event("KXU-1", ["KXU-1-A"])
    floor.exchange.nets["KXU-1-A"] = Contracts.parse("3.00")
    found = await floor.reconcile()
    assert [(p.ticker, p.owner, str(p.cost)) for p in found.unexplained] == [
        ("KXU-1-A", EXTERNAL, "3.000000")
    ]
    async with floor.store.unit() as unit:
        assert await unit.catalog.known_markets(["KXU-1-A"]) == {"KXU-1-A"}


async def test_a_desk_that_is_told_to_stop_sends_nothing_more(floor):
    await floor.reconcile()
    await floor.forecast(A)
    policy = the_policies("oracle").trading
    result = await trade(floor.exchange, floor.desk, policy=policy, stopping=lambda: True)
    assert [(d.intent.ticker, d.denial.code) for d in result.denied] == [(A, "STOPPING")]
    assert floor.exchange.placed == []
