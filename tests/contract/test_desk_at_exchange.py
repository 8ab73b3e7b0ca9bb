"""The desk's execution on the embedded exchange, by the client's own requests.

In this process and over HTTP on loopback: an order rests, shrinks, moves and goes in a pause, and a
halt reaches it through its order group.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from fakes.desk_store import WALL, fresh_store
from fakes.judged import judged
from fakes.served import served
from test_exchange_contract import Venue, inside, later_market, order, signer, sim_venue

from kalshi_cli.adapters.kalshi.connection import connect
from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.adapters.store.lease import hold_lease
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.market import Listing
from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.order import Order, OrderIntent, OrderState, Pending, Terms
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import SetTrading
from kalshi_cli.ports.exchange import AmendmentKind
from kalshi_cli.steps.amending import decrease, reprice
from kalshi_cli.steps.emptying import cancel_ours
from kalshi_cli.steps.execution import Desk, send
from kalshi_cli.steps.groups import EntryGroups
from kalshi_cli.steps.reconcile import reconcile
from kalshi_cli.steps.run_state import set_desk_state


@dataclass
class Traded:
    """A desk on the embedded exchange."""

    desk: Desk
    venue: Venue
    simulation: Simulation

    async def read(self) -> None:
        """Make the desk's books true."""
        done = await reconcile(
            self.venue.market_data, self.venue.trading, self.desk.store, self.venue.clock
        )
        assert done.differences == ()

    async def now(self, sent: Order) -> Order:
        """An order as the journal has it."""
        async with self.desk.store.unit() as unit:
            (found,) = await unit.journal.find(client_order_ids=[sent.client_order_id])
        return found

    def resting(self, listing: Listing, **changes: object) -> OrderIntent:
        """An entry that rests inside the spread for an hour."""
        expires_us = (self.venue.clock.now() // MINUTE) * MINUTE + HOUR
        facts = {"post_only": True, "expires_us": expires_us, **changes}
        return replace(order(listing, Side.BID, inside(listing)), **facts)


@pytest.fixture(params=["in-process", "http"])
async def traded(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[Traded]:
    async with contextlib.AsyncExitStack() as stack:
        simulation = await stack.enter_async_context(open_simulation(None, seed=7))
        over_http = request.param == "http"
        if over_http:
            server = await stack.enter_async_context(served(simulation))
        carrier = httpx.AsyncHTTPTransport() if over_http else simulation.transport()
        connection = await stack.enter_async_context(
            connect(
                base_url=server.address.base_url if over_http else simulation.origin,
                signer=signer(simulation),
                clock=simulation.clock,
                transport=judged(carrier),
                paced=False,
            )
        )
        venue = sim_venue(simulation, connection, monkeypatch)
        store = await stack.enter_async_context(await fresh_store(tmp_path))
        async with store.unit() as unit:
            run = await unit.desk.start_run("test", venue.clock.now(), WALL)
            await unit.commit()
        lease = await stack.enter_async_context(hold_lease(store, "trading", venue.clock.wall))
        groups = EntryGroups(venue.groups, Contracts.parse("400000"))
        yield Traded(
            Desk(venue.trading, store, venue.clock, lease, run, groups=groups), venue, simulation
        )


async def test_an_order_shrinks_and_moves_as_it_is_told(traded: Traded) -> None:
    listing = await later_market(traded.venue)
    sent = await send(traded.desk, traded.resting(listing))
    assert (sent.state, str(sent.remaining)) == (OrderState.RESTING, "5.00")
    smaller, answer = await decrease(traded.desk, sent, Contracts.parse("3.00"))
    assert (answer.kind, str(smaller.remaining)) == (AmendmentKind.AMENDED, "3.00")
    assert listing.quote.bid is not None
    terms = Terms(listing.quote.bid.price, Contracts.parse("2.00"), sent.intent.expires_us)
    moved, answer = await reprice(traded.desk, smaller, terms)
    assert answer.kind is AmendmentKind.AMENDED
    await traded.read()
    after = await traded.now(moved)
    assert (after.state, after.pending, after.asked) == (OrderState.RESTING, Pending.NONE, None)
    report = await traded.venue.trading.order(after.order_id or "")
    assert report is not None
    assert (report.price, str(report.remaining)) == (listing.quote.bid.price, "2.00")
    assert (after.intent.limit, after.remaining) == (report.price, report.remaining)


async def test_a_halt_takes_entries_by_their_group_and_a_resume_lets_them_in_again(
    traded: Traded,
) -> None:
    listing = await later_market(traded.venue)
    sent = await send(traded.desk, traded.resting(listing))
    await _put(traded, DeskState.HALTED)
    done = await cancel_ours(traded.venue.market_data, traded.desk)
    assert done.outcome == "1 canceled"
    (group,) = (await traded.venue.groups.groups()).items
    assert (group.triggered, group.exchange_index) == (True, sent.intent.exchange_index)
    assert group.limit == Contracts.parse("400000")
    late = await traded.venue.trading.place(
        "k1late", traded.resting(listing), group_id=group.group_id
    )
    assert late.code == "order_group_triggered"
    await _put(traded, DeskState.ACTIVE)
    again = await send(traded.desk, traded.resting(listing))
    assert again.state is OrderState.RESTING
    (group,) = (await traded.venue.groups.groups()).items
    assert not group.triggered


async def _put(traded: Traded, state: DeskState) -> None:
    await set_desk_state(traded.desk.store, traded.venue.clock, state, reason="test", who="test")


async def test_in_a_pause_what_asked_for_it_goes_and_the_rest_stays(traded: Traded) -> None:
    listing = await later_market(traded.venue)
    goes = await send(traded.desk, traded.resting(listing, cancel_on_pause=True))
    stays = await send(traded.desk, traded.resting(listing))
    traded.simulation.host.apply(SetTrading(active=False))
    await traded.simulation.clock.sleep_until(traded.simulation.now_us + MINUTE)
    await traded.read()
    states = [(await traded.now(each)).state for each in (goes, stays)]
    assert states == [OrderState.CANCELED, OrderState.RESTING]
    refused = await send(traded.desk, traded.resting(listing))
    assert (refused.state, refused.message.split(" ")[0]) == (
        OrderState.REJECTED,
        "trading_is_paused",
    )
