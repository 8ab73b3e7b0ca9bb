"""Limits leave who, when, old, new and why; and show how much of them is used.

The floor has $1,000. 10 YES of A at 0.44 may lose $4.40, and cost a fee of 7 % of
10 x 0.44 x 0.56, $0.1725 rounded up to the cent; 10 YES of B wanted at 0.41 may lose $4.10. A and
B exclude each other: at worst neither wins, and the event loses both, $8.50.
"""

from collections.abc import Mapping

import pytest
from fakes.floor import A, B, Floor, taking, the_policies, waiting

from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import ConfigError
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.limiting import changed_limits, limits_in_use, record_limits

pytestmark = pytest.mark.databases

FIRST = {"risk.max_positions": "15", "risk.max_drawdown": "0.15"}
NAMES = (
    "risk.max_market_exposure",
    "risk.max_event_exposure",
    "risk.max_category_exposure",
    "risk.max_account_exposure",
    "allocation.directional_trading",
    "risk.max_positions",
    "risk.max_trades_per_hour",
    "risk.max_entries_per_market",
    "risk.max_unresolved_orders",
    "risk.min_cash_reserve",
    "risk.max_daily_loss",
    "trading.max_single_position",
)
RAISED = {**FIRST, "risk.max_positions": "20"}


async def traded_under(floor: Floor, limits: Mapping[str, str], why: str, env: Env = Env.DEMO):
    changes = await changed_limits(floor.store, limits, env=env, why=why)
    await record_limits(floor.store, floor.clock, changes, run=floor.run, who="ann", why=why)
    return changes


async def history(floor: Floor):
    rows = await floor.store.reports.limit_changes()
    return [(row.name, row.old, row.new, row.who, row.why) for row in reversed(rows)]


async def test_limits_are_recorded_when_first_seen_and_when_they_differ(floor):
    await traded_under(floor, FIRST, "")
    assert await traded_under(floor, FIRST, "nothing changed") == ()
    await traded_under(floor, RAISED, "more capital")
    await traded_under(floor, FIRST, "")
    assert await history(floor) == [
        ("risk.max_positions", None, "15", "ann", "first recorded"),
        ("risk.max_drawdown", None, "0.15", "ann", "first recorded"),
        ("risk.max_positions", "15", "20", "ann", "more capital"),
        ("risk.max_positions", "20", "15", "ann", "not said"),
    ]
    (newest, *_) = await floor.store.reports.limit_changes()
    assert (newest.at_us, newest.changed_wall_us) == (floor.clock.now(), floor.clock.wall())
    assert newest.run_id == floor.run.run_id


async def test_with_real_money_a_limit_changes_for_a_reason(floor):
    await traded_under(floor, FIRST, "", Env.PROD)  # the first are no change of anybody's
    with pytest.raises(ConfigError, match="max_positions was 15 and is 20") as refused:
        await traded_under(floor, RAISED, "", Env.PROD)
    assert refused.value.exit_code == 4
    assert "--limits-reason" in refused.value.remedy
    assert len(await history(floor)) == 2
    await traded_under(floor, RAISED, "ten more markets", Env.PROD)
    assert (await history(floor))[-1][-1] == "ten more markets"


async def used(floor: Floor):
    trading = the_policies().trading
    found = await limits_in_use(
        floor.store,
        floor.store.reports,
        floor.clock,
        in_force=dict.fromkeys(NAMES, "0.1"),
        policy=trading,
        history=None,
    )
    return found.bankroll, {row.name.partition(".")[2]: row.usage for row in found.limits}


async def test_a_desk_that_never_saw_its_account_uses_nothing(floor):
    bankroll, rows = await used(floor)
    assert bankroll is None
    assert set(rows.values()) == {None}


async def test_losses_are_measured_by_what_a_sale_of_all_would_bring(floor):
    """10 bought at 0.44 would be sold at 0.40; the mid, which the bankroll goes by, is 0.42."""
    await floor.reconcile()
    await send(floor.desk, taking())
    await floor.reconcile()
    found = await limits_in_use(
        floor.store,
        floor.store.reports,
        floor.clock,
        in_force={},
        policy=the_policies().trading,
        history=None,
    )
    sold = Money.parse(await floor.cash()) + Money.parse("4.00")
    assert (found.liquidation, found.bankroll) == (sold, sold + Money.parse("0.20"))
    assert (found.day_start, found.peak) == (sold, sold)  # nothing is on record yet
    assert found.contested == ()


async def test_use_is_told_against_each_limit(floor):
    await floor.reconcile()
    await send(floor.desk, taking(ticker=A))
    await send(floor.desk, waiting(floor.clock, ticker=B))
    await floor.reconcile()
    bankroll, rows = await used(floor)
    fee = Money.parse("1000") - Money.parse("4.40") - Money.parse(await floor.cash())
    assert bankroll == Money.parse("1000") - fee - Money.parse("0.20")  # the mid is 0.42

    def dollars(name: str) -> tuple[str, str]:
        return str(rows[name].used), rows[name].where

    assert dollars("max_market_exposure") == ("4.400000", A)
    assert dollars("max_event_exposure") == ("8.500000", "KXT-1")
    assert dollars("max_category_exposure")[0] == "8.500000"
    assert dollars("max_account_exposure") == ("8.500000", "")
    assert dollars("directional_trading") == ("8.500000", "")
    assert rows["max_event_exposure"].bound == bankroll.scaled(0.10)
    counts = {name: rows[f"max_{name}"] for name in ("positions", "trades_per_hour")}
    assert {name: (row.used, row.bound) for name, row in counts.items()} == {
        "positions": (2, 15),
        "trades_per_hour": (2, 15),
    }
    assert (rows["max_entries_per_market"].used, rows["max_unresolved_orders"].used) == (1, 0)
    free = Money.parse(await floor.cash()) - Money.parse("4.10")
    assert Money.parse("0") <= free - rows["min_cash_reserve"].used <= Money.parse("0.20")  # a fee
    assert rows["max_daily_loss"].used == Money(0)  # no equity is on record yet to lose from
    assert rows["max_single_position"] is None
