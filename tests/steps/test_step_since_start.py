"""What was earned since the start, whatever came or went meanwhile."""

from fakes.floor import STRATEGY, WEIGHTS, taking, the_policies

from kalshi_cli.domain.account import CashKind, CashMovement
from kalshi_cli.domain.money import Money
from kalshi_cli.steps.evaluate import evaluate
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.track import track


async def evaluated(floor):
    return await evaluate(
        floor.store, floor.store.reports, floor.clock, ai_charged_to=STRATEGY, weights=WEIGHTS
    )


async def test_the_first_trades_count_though_the_first_snapshot_came_after_them(floor):
    await floor.reconcile()
    await send(floor.desk, taking())
    policies = the_policies("oracle")
    await track(floor.exchange, floor.desk, exits=policies.exits, policy=policies.trading)
    result = await evaluated(floor)
    # 10 bought at 0.44 are worth the mid of 0.42
    assert (str(result.paid_in), str(result.since_start)) == ("1000.000000", "-0.200000")
    assert str(result.equity) == "999.800000"


async def test_deposits_and_withdrawals_are_no_profit(floor):
    await floor.reconcile()
    for name, kind, amount in (
        ("d1", CashKind.DEPOSIT, Money.parse("50.00")),
        ("w1", CashKind.WITHDRAWAL, Money.parse("-300.00")),
    ):
        floor.exchange.cash += amount
        floor.exchange.movements.append(CashMovement(name, kind, amount, floor.clock.now()))
    await floor.reconcile()
    result = await evaluated(floor)
    assert (str(result.equity), str(result.since_start)) == ("750.000000", "0.000000")
