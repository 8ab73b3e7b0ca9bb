"""What each strategy earned, net of fees and of the AI it used, and whether that means anything.

Totals are exact money and cover everything, open positions at their marks. The interval is over
events that are over, one observation each: open positions are hopes, not evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.money import NO_MONEY, Money, total
from kalshi_cli.domain.position import Position
from kalshi_cli.evaluation.interval import (
    Interval,
    Observation,
    Verdict,
    clustered_mean,
    verdict,
)


@dataclass(frozen=True, slots=True)
class TradeResult:
    """All that one strategy did in one market, in dollars.

    `realized` and `unrealized` are before fees; an open position's `unrealized` is its mark less
    its cost.
    """

    strategy: str
    event_ticker: str
    realized: Money
    unrealized: Money
    fees: Money
    is_open: bool

    @property
    def pnl(self) -> Money:
        return self.realized + self.unrealized - self.fees


@dataclass(frozen=True, slots=True)
class StrategyPnl:
    """One strategy's profit in dollars. `net` is after fees and AI cost.

    `per_event` is the mean net profit of an event that is over, AI cost shared out evenly.
    """

    strategy: str
    markets: int
    realized: Money
    unrealized: Money
    fees: Money
    ai_cost: Money
    net: Money
    per_event: Interval | None
    verdict: Verdict


def trade_result(position: Position, event_ticker: str, mark: Money) -> TradeResult:
    """A position's result; `mark` is what it is worth now ($0 for a flat one)."""
    return TradeResult(
        strategy=position.owner,
        event_ticker=event_ticker,
        realized=position.realized,
        unrealized=NO_MONEY if position.is_flat else mark - position.cost,
        fees=position.fees,
        is_open=not position.is_flat,
    )


def strategy_pnl(
    results: Sequence[TradeResult], ai_costs: Mapping[str, Money]
) -> tuple[StrategyPnl, ...]:
    """One row a strategy that traded or spent, in the alphabet's order."""
    groups: dict[str, list[TradeResult]] = {strategy: [] for strategy in ai_costs}
    for result in results:
        groups.setdefault(result.strategy, []).append(result)
    return tuple(
        _row(strategy, group, ai_costs.get(strategy, NO_MONEY))
        for strategy, group in sorted(groups.items())
    )


def _row(strategy: str, group: Sequence[TradeResult], ai_cost: Money) -> StrategyPnl:
    per_event = clustered_mean(_finished_events(group, ai_cost))
    return StrategyPnl(
        strategy=strategy,
        markets=len(group),
        realized=total([result.realized for result in group]),
        unrealized=total([result.unrealized for result in group]),
        fees=total([result.fees for result in group]),
        ai_cost=ai_cost,
        net=total([result.pnl for result in group]) - ai_cost,
        per_event=per_event,
        verdict=verdict(per_event),
    )


def _finished_events(group: Sequence[TradeResult], ai_cost: Money) -> list[Observation]:
    running = {result.event_ticker for result in group if result.is_open}
    sums: dict[str, Money] = {}
    for result in group:
        if result.event_ticker not in running:
            sums[result.event_ticker] = sums.get(result.event_ticker, NO_MONEY) + result.pnl
    events = len(sums) + len(running)
    share = float(ai_cost) / events if events else 0.0
    return [Observation(event, float(pnl) - share) for event, pnl in sorted(sums.items())]
