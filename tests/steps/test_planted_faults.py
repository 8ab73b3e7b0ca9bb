"""A control that lets everything pass is found out: one short sequence each.

The desk is driven as in `test_desk_machine`, by a strategy that knows of no limit; what it writes
down is held against `desk_limits`. With every control in place nothing is found, and nothing sent.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from fakes.exchange import Fault
from fakes.floor import STRATEGY, taking
from steps.desk_stage import OTHER, A, B, C, D, Stage
from steps.test_desk_machine import LIMITS, DeskMachine, Driven

from kalshi_cli.domain.identity import DeskState, Env
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import OrderIntent, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.ports.desk import GroupState, KeptGroup
from kalshi_cli.risk import _losses, strategy_allocation
from kalshi_cli.risk._gate import controls
from kalshi_cli.steps import execution, losses

FREE = dict.fromkeys((
    "max_single_position", "max_order_contracts", "max_market_exposure", "max_event_exposure",
    "max_cluster_exposure", "max_category_exposure", "max_account_exposure", "max_positions",
    "max_trades_per_hour", "max_orders_per_minute", "max_entries_per_market",
    "max_unresolved_orders", "max_daily_loss", "max_drawdown",
))  # fmt: skip
"""No limit but the one that is looked at."""
SMALL = Money.parse("400.00")


def nothing(_machine: DeskMachine) -> None:
    pass


def a_wish(ticker=C, limit="0.4400", count="1.00", side=Side.BID, **changes) -> OrderIntent:
    facts = {"ticker": ticker, "event_ticker": ticker[:5], **changes}
    return taking(side, limit, count, **facts)


def a_quote(machine: DeskMachine, ticker=C, limit="0.4100", side=Side.BID) -> OrderIntent:
    terms = {"purpose": Purpose.QUOTE, "time_in_force": TimeInForce.GTC, "post_only": True}
    return a_wish(ticker, limit, side=side, expires_us=machine.clock.now() + 10 * MINUTE, **terms)


@dataclass(frozen=True)
class Sequence:
    """What comes first, and then one wish too many."""

    wishes: Callable[[DeskMachine], list[OrderIntent]] = lambda _: [a_wish()]
    first: Callable[[DeskMachine], None] = nothing
    limits: dict[str, object] = field(default_factory=dict)
    share: float = 1.0
    env: Env = Env.SIM
    keeps: bool = False
    """Whether the resting orders of the beginning stay where they are."""
    also: tuple[tuple[object, str], ...] = ()
    """What else stands between this fault and harm: it is broken too."""
    told: str = ""
    """The code of who denies it, where that is another one."""


def halted(m: DeskMachine) -> None:
    m.run(m.into(DeskState.REDUCE_ONLY))


def everything_canceled(m: DeskMachine) -> None:
    m.run(m.everything_is_canceled(0))


def paused(m: DeskMachine) -> None:
    m.exchange.status = replace(m.exchange.status, trading_active=False)


def triggered(m: DeskMachine) -> None:
    async def keep() -> None:
        async with m.stage.store.unit() as unit:
            await unit.desk.keep_group(KeptGroup(0, "group", GroupState.TRIGGERED, m.clock.now()))
            await unit.commit()

    m.run(keep())


def forbidden(m: DeskMachine) -> None:
    m.exchange.placing = [Fault.FORBIDDEN]
    m.wants(a_wish(A))


def closed(m: DeskMachine) -> None:
    market = m.exchange.markets[A]
    m.exchange.markets[A] = replace(market, status=MarketStatus.CLOSED)
    m.run(m.floor.ingest())


def forecast(p: float = 0.60, **changes) -> Callable[[DeskMachine], None]:
    return lambda m: m.run(m.floor.forecast(C, p, "f", **changes))


def left(m: DeskMachine) -> None:
    (held,) = [p for p in m.positions() if p.ticker == C and p.net]
    leaves = {"purpose": Purpose.EXIT, "reduce_only": True}
    m.sends(a_wish(limit="0.3500", count=str(held.net), side=Side.ASK, **leaves), None)
    m.run(m.look())


def fallen(m: DeskMachine) -> None:
    m.tracks(None)
    m.exchange.set_book(C, [("0.01", "50.00")], [("0.05", "50.00")])
    m.run(m.floor.ingest())


def poor_on_its_shard(m: DeskMachine) -> None:
    m.exchange.move(0, 1, Money(m.exchange.cash.units - 1_000_000))
    m.run(m.look())


def unexplained(m: DeskMachine) -> None:
    m.exchange.cash += Money(-5_000_000)


def unanswered(m: DeskMachine) -> None:
    m.exchange.placing = [Fault.LOST]


def capital(**limits: object) -> dict[str, object]:
    return {"capital_limit": SMALL, **limits}


LOSSES = ((_losses, "daily_loss"), (_losses, "drawdown"), (losses, "loss_beyond"))
SEQUENCES = {
    "HALT_STATE": Sequence(first=halted),
    "COOLING": Sequence(first=everything_canceled),
    "ENVIRONMENT": Sequence(first=forecast(), env=Env.PAPER),
    "EXCHANGE_PAUSED": Sequence(first=paused),
    "ORDER_GROUP_TRIGGERED": Sequence(first=triggered),
    "CATEGORY_FORBIDDEN": Sequence(first=forbidden),
    "INELIGIBLE": Sequence(lambda m: [a_quote(m, A)], first=closed, keeps=True),
    "STALE": Sequence(first=lambda m: m.time_passes(1_000)),
    "SHAPE": Sequence(lambda _: [a_wish(limit="0.4450")]),
    "ORDER_SIZE": Sequence(lambda _: [a_wish(count="4.00")], limits={"max_order_contracts": 3}),
    "PRICE_COLLAR": Sequence(lambda _: [a_wish(limit="0.7000")]),
    "DUPLICATE": Sequence(lambda _: [a_wish(A)], keeps=True),
    "ORDER_RATE": Sequence(limits={"max_orders_per_minute": 6}),
    "RATE": Sequence(limits={"max_trades_per_hour": 6}),
    "REPEATED": Sequence(limits={"max_entries_per_market": 1}),
    "MARKET_OWNED": Sequence(lambda _: [a_wish(strategy=OTHER)]),
    "MARKET_FROZEN": Sequence(first=lambda m: m.run(m.somebody_trades(2))),
    "COOLDOWN": Sequence(first=left),
    "NET_EDGE": Sequence(lambda _: [a_wish(forecast_id="f", fair=0.455)], first=forecast()),
    "CONFIDENCE": Sequence(
        lambda _: [a_wish(forecast_id="f", fair=0.6)], first=forecast(low=0.1, high=0.9)
    ),
    "MARKET_EXPOSURE": Sequence(
        lambda _: [a_wish(count="5.00")], limits=capital(max_market_exposure=0.01)
    ),
    "EVENT_EXPOSURE": Sequence(
        lambda _: [a_wish(A, count="10.00")], limits=capital(max_event_exposure=0.02)
    ),
    "CLUSTER_EXPOSURE": Sequence(
        lambda _: [a_wish(count="5.00")], limits=capital(max_cluster_exposure=0.03)
    ),
    "CATEGORY_EXPOSURE": Sequence(
        lambda _: [a_wish(count="5.00")], limits=capital(max_category_exposure=0.03)
    ),
    "STRATEGY_ALLOCATION": Sequence(
        lambda _: [a_wish(count="5.00")], limits=capital(), share=0.015
    ),
    "ACCOUNT_EXPOSURE": Sequence(
        lambda _: [a_wish(count="5.00")], limits=capital(max_account_exposure=0.03)
    ),
    "MAX_POSITIONS": Sequence(first=left, limits={"max_positions": 3, "reentry_cooldown_us": 0}),
    "CASH_RESERVE": Sequence(lambda _: [a_wish(count="25.00")], limits={"min_cash_reserve": 0.995}),
    "SHARD_COLLATERAL": Sequence(lambda _: [a_wish(count="5.00")], first=poor_on_its_shard),
    "DAILY_LOSS": Sequence(
        lambda _: [a_wish(A)],
        first=fallen,
        limits={"max_daily_loss": 0.001},
        also=LOSSES,
        told="HALT_STATE",
    ),
    "DRAWDOWN": Sequence(
        lambda _: [a_wish(A)],
        first=fallen,
        limits={"max_drawdown": 0.001},
        also=LOSSES,
        told="HALT_STATE",
    ),
    "SELF_CROSS": Sequence(lambda m: [a_quote(m, A, side=Side.ASK)], keeps=True),
    "EXIT_REDUCES": Sequence(
        lambda _: [a_wish(limit="0.4000", count="6.00", side=Side.ASK, purpose=Purpose.EXIT)],
        also=((execution, "_check_exit"),),
    ),
    "UNRESOLVED": Sequence(lambda m: [a_wish(), a_quote(m)], first=unanswered),
    "UNRESOLVED_ACCOUNT": Sequence(
        lambda _: [a_wish(), a_wish(A)], first=unanswered, limits={"max_unresolved_orders": 0}
    ),
    "BOOKS_INCOMPLETE": Sequence(first=unexplained),
}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    opened = Stage()
    yield opened
    opened.close()


def the_machine(stage: Stage, sequence: Sequence) -> DeskMachine:
    machine = Driven(stage)
    machine.limits = replace(LIMITS, **{**FREE, **sequence.limits})
    machine.shares = dict.fromkeys((STRATEGY, OTHER), sequence.share)
    if not sequence.keeps:
        machine.takes_everything_back(None)
    sequence.first(machine)
    machine.renew()
    machine.env = sequence.env
    return machine


def test_every_control_has_a_sequence():
    assert SEQUENCES.keys() == {control.code for control in controls()}


@pytest.mark.parametrize("code", SEQUENCES)
def test_a_control_that_lets_everything_pass_is_found_out(stage, monkeypatch, code):
    sequence = SEQUENCES[code]
    whole = the_machine(stage, sequence)
    wishes = sequence.wishes(whole)
    whole.wants(*wishes)
    denied = {row for (row,) in stage.books.execute("SELECT code FROM denials")}
    assert (sequence.told or code) in denied
    broken = next(type(control) for control in controls() if control.code == code)
    monkeypatch.setattr(broken, "check", lambda *_: None)
    for place, name in sequence.also:
        monkeypatch.setattr(place, name, lambda *_, **__: None)
    machine = the_machine(stage, sequence)
    with pytest.raises(AssertionError, match=code):
        machine.wants(*sequence.wishes(machine))


# What strategies lend each other: $20 of $1,000 are the share of each, and $40 of both together.


def lending(stage: Stage) -> DeskMachine:
    machine = the_machine(stage, Sequence(share=0.02))
    machine.lends = True
    return machine


def filled(machine: DeskMachine) -> list[tuple[str, str, int]]:
    """Whose orders filled, where, and how many contracts."""
    query = "SELECT strategy, ticker, count_units / 100 FROM orders WHERE state = 'filled'"
    return machine.books.execute(f"{query} ORDER BY run_id, sequence").fetchall()


def test_who_leaves_its_share_lends_it_and_has_it_back_before_the_other_enters_again(stage):
    """One has $4.40 of its $20 at risk in the beginning, the other $6."""
    machine = lending(stage)

    def came_of(*wishes: OrderIntent) -> list[tuple[str, str, int]]:
        before = Counter(filled(machine))
        machine.wants(*wishes)
        return sorted((Counter(filled(machine)) - before).elements())

    # $8.80: from now on the other is asked before it
    assert came_of(a_wish(A, count="10.00")) == [(STRATEGY, A, 10)]
    much = a_wish(A, count="40.00")  # $17.60 more
    assert came_of(much) == [], "nobody was asked who could lend"
    less = {"limit": "0.4000", "side": Side.ASK, "strategy": OTHER}  # $0.60 a contract
    assert came_of(much, a_wish(D, count="1.00", **less)) == [(STRATEGY, A, 40), (OTHER, D, 1)]
    # $6.40 of the other's are out, and it uses $6.60: of some $6.90 that are left it is asked first
    more = a_wish(D, count="11.00", **less)  # $6.60
    assert came_of(a_wish(A), more) == [(OTHER, D, 11)]


def test_lending_beyond_all_shares_is_found_out(stage, monkeypatch):
    monkeypatch.setattr(strategy_allocation, "allotment", lambda state, *_: state.bankroll)
    machine = lending(stage)
    with pytest.raises(AssertionError, match="STRATEGY_ALLOCATION"):
        machine.wants(a_wish(A, count="90.00"), a_wish(B, count="1.00", strategy=OTHER))
