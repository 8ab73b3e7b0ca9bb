"""A market of which the exchange tells no event or series stops nothing but itself."""

import pytest
from fakes.floor import STRATEGY, WEIGHTS, A, taking, the_policies

from kalshi_cli.domain.identity import EXTERNAL, Env
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import Result
from kalshi_cli.errors import NotFound
from kalshi_cli.ports.exchange import Page
from kalshi_cli.risk._exposure import live_claims, worst
from kalshi_cli.steps.evaluate import evaluate
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.looking import look as look_at_desk
from kalshi_cli.steps.reconcile import reconcile
from kalshi_cli.steps.risk_state import risk_state
from kalshi_cli.steps.track import track

pytestmark = pytest.mark.databases

COMBO = "KXMVE-1-X"


async def no_event(event_ticker):
    raise NotFound(f"There is no event {event_ticker}.")


async def no_rows(*_):
    return Page(())


SILENT = [{"event": no_event}, {"series": no_rows}, {"listings": no_rows}]


class Silent:
    def __init__(self, exchange, answers):
        self.__dict__.update(answers)
        self.exchange = exchange

    def __getattr__(self, name):
        return getattr(self.exchange, name)


async def look(floor, answers):
    silent = Silent(floor.exchange, answers)
    return await reconcile(silent, silent, floor.store, floor.clock)


async def trade_by_hand(floor):
    """One contract in a combo, ours in A an hour later."""
    floor.exchange.add_event("KXMVE-1", [COMBO])
    floor.exchange.set_book(COMBO, (), (("0.4400", "9.00"),))
    await floor.exchange.place("by-hand", taking(ticker=COMBO, count="1.00"))
    await floor.clock.sleep_until(floor.clock.now() + HOUR)
    await send(floor.desk, taking())


@pytest.mark.parametrize("answers", SILENT)
async def test_fills_there_are_booked_as_external_and_stop_that_market_alone(floor, answers):
    await trade_by_hand(floor)
    found = await look(floor, answers)
    assert (found.complete, found.differences, found.doubt) == (True, (), "")
    assert found.frozen.keys() == found.unlisted == {COMBO}
    assert "does not tell of this market" in found.frozen[COMBO]
    assert await floor.nets() == {(A, STRATEGY): "10.00", (COMBO, EXTERNAL): "1.00"}
    # 1,000 - 1 x 0.44 by hand - 10 x 0.44 of ours
    assert await floor.cash() == "995.160000"


async def test_what_is_held_there_counts_at_its_worst(floor):
    await trade_by_hand(floor)
    found = await look(floor, {"event": no_event})
    policies = the_policies("oracle")
    view = await look_at_desk(
        floor.store, now_us=floor.clock.now(), filters=policies.trading.filters
    )
    state = risk_state(
        view,
        env=Env.SIM,
        limits=policies.trading.limits,
        cash=found.balance.cash,
        books={},
        frozen=found.frozen,
        paused=frozenset(),
    )
    # 10 bought at 0.44 would sell at 0.40; the combo is carried at its 0.44
    assert str(state.equity) == "999.600000"
    # and may lose its 0.44 beside the 4.40 of ours
    assert str(worst(live_claims(state), state)) == "4.840000"


async def test_the_desk_goes_on_beside_it(floor):
    await trade_by_hand(floor)
    silent = Silent(floor.exchange, {"event": no_event})
    policies = the_policies("oracle")
    desk = floor.desk_on(silent)
    tracked = await track(silent, desk, exits=policies.exits, policy=policies.trading)
    assert (tracked.reconciled.complete, tracked.open_positions) == (True, 2)
    assert str(tracked.equity) == "999.360000"  # 995.16 and 10 at the mid of 0.42
    result = await evaluate(
        floor.store, floor.store.reports, floor.clock, ai_charged_to=None, weights=WEIGHTS
    )
    assert str(result.since_start) == "-0.640000"
    rows = {row.ticker: row for row in await floor.store.reports.positions()}
    assert (str(rows[COMBO].mark.value), rows[COMBO].mark.is_mid) == ("0.000000", False)
    assert await floor.store.reports.strategies()
    await floor.ingest()


async def test_once_it_is_told_the_market_is_known_and_nothing_is_frozen(floor):
    await trade_by_hand(floor)
    await look(floor, {"event": no_event})
    found = await floor.reconcile()
    assert (found.complete, found.frozen.keys(), found.differences) == (True, frozenset(), ())
    assert await floor.nets() == {(A, STRATEGY): "10.00", (COMBO, EXTERNAL): "1.00"}


async def test_settlements_there_are_booked_too(floor):
    await trade_by_hand(floor)
    await look(floor, {"event": no_event})
    floor.exchange.settle(COMBO, Result.YES)
    found = await look(floor, {"event": no_event})
    assert [settlement.ticker for settlement in found.settlements] == [COMBO]
    assert (found.complete, found.differences) == (True, ())
    assert await floor.cash() == "996.160000"
    assert await floor.nets() == {(A, STRATEGY): "10.00"}
