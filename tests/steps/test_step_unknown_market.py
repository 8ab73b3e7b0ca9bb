"""A market of which the exchange tells no event or series stops nothing but itself."""

import pytest
from fakes.floor import STRATEGY, A, taking

from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import Result
from kalshi_cli.errors import NotFound
from kalshi_cli.ports.exchange import Page
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.reconcile import reconcile

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
async def test_fills_there_wait_and_the_others_are_booked(floor, answers):
    await trade_by_hand(floor)
    found = await look(floor, answers)
    assert not found.complete
    assert COMBO in found.why
    assert found.frozen_tickers == {COMBO}
    assert await floor.nets() == {(A, STRATEGY): "10.00"}


async def test_fills_there_are_booked_once_it_is_told_however_much_came_since(floor):
    await trade_by_hand(floor)
    await look(floor, {"event": no_event})
    await look(floor, {"event": no_event})
    found = await floor.reconcile()
    assert (found.complete, found.frozen_tickers, found.differences) == (True, frozenset(), ())
    assert await floor.nets() == {(A, STRATEGY): "10.00", (COMBO, EXTERNAL): "1.00"}


async def test_settlements_there_wait_too(floor):
    await trade_by_hand(floor)
    floor.exchange.settle(COMBO, Result.YES)
    found = await look(floor, {"event": no_event})
    assert (found.settlements, found.frozen_tickers) == ((), {COMBO})
    await floor.clock.sleep_until(floor.clock.now() + HOUR)
    floor.exchange.settle(A, Result.YES)
    await look(floor, {"event": no_event})
    found = await floor.reconcile()
    assert [settlement.ticker for settlement in found.settlements] == [COMBO]
    assert (found.complete, found.differences, await floor.nets()) == (True, (), {})
