"""Reads that lag: the account as it was before a command, or at an instant."""

from kalshi_cli.adapters.sim.faults import past_accounts
from kalshi_cli.adapters.sim.faults.past_accounts import READ_LAG
from kalshi_cli.adapters.sim.faults.plan import FaultPlan, Request, StaleReads
from kalshi_cli.adapters.sim.simulation import Simulation
from kalshi_cli.domain.instant import MILLISECOND, SECOND
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import Cancel, Deposit, Place, Placed, Transfer


def place(simulation: Simulation, name: str) -> Placed:
    ticker = next(iter(simulation._exchange.catalog.markets))
    order = Place(name, ticker, Side.BID, Price(100), Contracts(100), TimeInForce.GTC)
    answer = simulation._host.apply(order)
    assert isinstance(answer, Placed), answer
    return answer


def seen(simulation: Simulation, rule: StaleReads) -> list[str]:
    """The client's ids of the orders that a read with this lag sees."""
    token = READ_LAG.set(rule.lag)
    try:
        orders = simulation._host.account_view().orders.values()
    finally:
        READ_LAG.reset(token)
    return [order.client_order_id for order in orders]


async def test_by_commands(simulation: Simulation):
    rule = StaleReads(commands=2)
    simulation._host.plan_faults(FaultPlan((rule,)))
    assert seen(simulation, rule) == []
    for name in "abcd":
        place(simulation, name)
        simulation.advance(simulation.now_us + SECOND)  # time passing is no command of ours
    assert seen(simulation, rule) == ["a", "b"]
    assert seen(simulation, StaleReads(commands=1)) == ["a", "b", "c"]
    assert len(simulation._host.account_view().orders) == 4  # without a lag


async def test_by_market_time(simulation: Simulation):
    rule = StaleReads(ms=400)
    simulation._host.plan_faults(FaultPlan((rule,)))
    first = place(simulation, "a")
    simulation.advance(simulation.now_us + 300 * MILLISECOND)
    place(simulation, "b")
    simulation._host.apply(Cancel(first.order_id))
    assert seen(simulation, rule) == []
    simulation.advance(simulation.now_us + 150 * MILLISECOND)
    assert seen(simulation, rule) == ["a"]
    READ_LAG.set(rule.lag)
    assert first.order_id in simulation._host.account_view().resting
    READ_LAG.set(None)
    simulation.advance(simulation.now_us + 250 * MILLISECOND)
    assert seen(simulation, rule) == ["a", "b"]
    assert len(simulation._host._past._by_time) < 4


async def test_the_account_is_copied_when_it_changes_and_not_as_time_passes(
    simulation: Simulation, monkeypatch
):
    copies = []
    monkeypatch.setattr(past_accounts, "_still", lambda state: copies.append(1) or state)
    simulation._host.plan_faults(FaultPlan((StaleReads(ms=400, commands=1),)))
    for _ in range(50):
        simulation.advance(simulation.now_us + 6 * SECOND)  # others trade
    assert simulation._exchange.catalog.prints.end > 0
    assert len(copies) == 1
    place(simulation, "a")
    assert len(copies) == 2
    simulation._host.apply(Deposit(Money.parse("5.00")))
    simulation._host.apply(Transfer(Money.parse("5.00"), 0, 1))
    assert len(copies) == 4
    simulation.advance(simulation.now_us + 3 * SECOND)  # it arrives
    assert len(copies) == 5


async def test_the_timestamp_of_the_account_lags_with_it(simulation: Simulation):
    rules = (StaleReads(ms=400), StaleReads(commands=1, path="/exchange/user_data_timestamp"))
    simulation._host.plan_faults(FaultPlan(rules))
    asked = Request("GET", "/exchange/user_data_timestamp")
    assert [strike.rule for strike in simulation._host.strikes(asked)] == list(rules)
    assert not simulation._host.strikes(Request("GET", "/exchange/status"))
    simulation.advance(simulation.now_us + SECOND)
    placed_us = place(simulation, "a").at_us
    simulation.advance(placed_us + 300 * MILLISECOND)

    def as_of(rule: StaleReads) -> int:
        token = READ_LAG.set(rule.lag)
        try:
            return simulation._host.account_as_of()
        finally:
            READ_LAG.reset(token)

    assert simulation._host.account_as_of() == simulation.now_us
    assert as_of(rules[0]) == simulation.now_us - 400 * MILLISECOND
    assert as_of(rules[1]) == placed_us


async def test_a_lag_that_nobody_planned_changes_nothing(simulation: Simulation):
    place(simulation, "a")
    assert seen(simulation, StaleReads(ms=400, commands=3)) == ["a"]
