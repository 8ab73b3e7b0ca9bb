"""Who is asked when, and what a strategy would take were none of its share out.

Whoever uses least of its share is asked first: what those leave that were asked may be lent to
those who are asked after them, and to nobody else.
"""

from collections.abc import Sequence
from dataclasses import replace

from kalshi_cli.domain.money import NO_MONEY, Money, total
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.portfolio.capital import Capital
from kalshi_cli.risk._allocation import stands
from kalshi_cli.risk._base import RiskState
from kalshi_cli.risk._exposure import worst_cost
from kalshi_cli.strategies._base import Strategy


def in_turn(strategies: Sequence[Strategy], state: RiskState) -> Sequence[Strategy]:
    """The order in which strategies are asked: as they are named, where none lends."""
    lending = state.limits.lending
    if lending is None:
        return strategies
    found = stands(state, lending)

    def used(strategy: Strategy) -> float:
        stand = found[strategy.name]
        return stand.used.units / stand.own.units if stand.own else float("inf")

    return sorted(strategies, key=used)


def as_if_repaid(capital: Capital, state: RiskState) -> Capital | None:
    """A strategy's means, were all back that others borrowed; None where nothing is out."""
    lending, share = state.limits.lending, state.limits.strategy_allocation
    if lending is None or share is None:
        return None
    others = [stand for name, stand in stands(state, lending).items() if name != capital.strategy]
    out = total([stand.borrowed for stand in others])
    if not out:
        return None
    return replace(
        capital,
        allotted=state.bankroll.scaled(share),
        by_account=max(NO_MONEY, capital.by_account - out),
        cash=capital.cash + out,
        by_shard={},
    )


def more(wanted: Sequence[OrderIntent], got: Sequence[OrderIntent], state: RiskState) -> Money:
    """Dollars that some intents cost beyond others."""
    costs = [
        total([worst_cost(each, each.count, state) for each in intents])
        for intents in (wanted, got)
    ]
    return max(NO_MONEY, costs[0] - costs[1])
