"""What an entry that rests is held to is told by the markets in which anything is held or ordered;
the others only cost time: a thousand of them, for each order that rests.
"""

import pytest
from fakes.floor import A, B, taking, the_policies, waiting

from kalshi_cli.steps.deciding import means_of
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.session import as_it_is

pytestmark = pytest.mark.databases

OWN = "directional_trading"


async def test_markets_of_nothing_are_left_out_and_the_means_are_the_same(floor):
    await floor.ingest()
    await send(floor.desk, waiting(floor.clock, ticker=A))
    await floor.reconcile()
    policy = the_policies().trading
    session = await as_it_is(floor.exchange, floor.exchange, floor.store, floor.clock, policy)
    (order,) = session.view.orders
    assert set(session.view.entries) == {A, B}
    involved = session.where_involved()
    assert set(involved.view.entries) == {A}
    wide, narrow = (means_of(each.without([order]), OWN, {})[1] for each in (session, involved))
    assert set(wide.footings) == {A, B}
    assert narrow.footings == {A: wide.footings[A]}
    for name in ("bankroll", "cash", "by_shard", "by_account", "by_category", "claims", "held"):
        assert getattr(narrow, name) == getattr(wide, name)


async def test_what_is_held_and_ordered_besides_still_counts(floor):
    await floor.ingest()
    await send(floor.desk, taking(ticker=B))
    await send(floor.desk, waiting(floor.clock, ticker=A))
    await floor.reconcile()
    policy = the_policies().trading
    session = await as_it_is(floor.exchange, floor.exchange, floor.store, floor.clock, policy)
    involved = session.where_involved()
    assert set(involved.view.entries) == {A, B}
    capital = means_of(involved.without(session.view.orders), OWN, {})[1]
    assert str(capital.by_account) == "4.400000"  # ten at 44 cents in B, and nothing in A
