"""The desk on one screen is worth what the newest quotes say.

10 YES of A bought at 0.44 are worth 10 x 0.42, the mid of 0.40 and 0.44.
"""

from fakes.floor import STRATEGY, A, taking

from kalshi_cli.domain.money import Money
from kalshi_cli.ports.desk import Holder
from kalshi_cli.ports.rows.trading import StrategyRow
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.status import status


async def test_equity_is_cash_and_what_the_newest_quotes_make_of_positions(floor):
    await floor.reconcile()
    await send(floor.desk, taking(ticker=A))
    await floor.reconcile()
    found = await status(floor.store.reports, unlimited=(), halt_file=None)
    assert found.equity == Money.parse(await floor.cash()) + Money.parse("4.20")
    assert found.quoted_us == found.positions[0].quoted_us


async def test_nothing_is_worth_nothing_before_the_account_was_seen(floor):
    found = await status(floor.store.reports, unlimited=(), halt_file=None)
    assert (found.equity, found.quoted_us) == (None, None)


async def test_a_strategy_that_has_done_nothing_yet_is_shown_where_it_runs(floor):
    await floor.reconcile()
    await send(floor.desk, taking(ticker=A))
    await floor.reconcile()
    names = (STRATEGY, "a_new_one")
    found = await status(floor.store.reports, unlimited=(), halt_file=None, running=names)
    new, known = found.strategies
    assert (known.strategy, known.open_positions) == (STRATEGY, 1)
    assert new == StrategyRow.nothing_yet("a_new_one")


async def test_who_trades_now_is_told(floor):
    holder = Holder(7, "here", 5)
    found = await status(floor.store.reports, unlimited=(), halt_file=None, holder=holder)
    assert found.holder == holder
