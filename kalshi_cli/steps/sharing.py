"""What each strategy has of the one bankroll: its share, what it risks, what is lent."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from kalshi_cli.domain.limits import Lending
from kalshi_cli.domain.money import Money
from kalshi_cli.portfolio.lending import lent_out
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.reports import Reports
from kalshi_cli.ports.rows.trading import StrategyRow
from kalshi_cli.ports.store import Store
from kalshi_cli.risk._allocation import stands
from kalshi_cli.risk._base import RiskState
from kalshi_cli.steps.looking import look
from kalshi_cli.steps.risk_state import risk_state
from kalshi_cli.steps.trade_policy import TradePolicy


@dataclass(frozen=True, slots=True)
class StrategyInUse(StrategyRow):
    """What a strategy has done, and what it has now, in dollars.

    `share` is its own, `at_risk` what it may lose with live orders as if filled; `borrowed` of that
    is beyond its share, `lent` of its share is out. None for who has no share, or before the
    account was first seen. `fraction` of the bankroll is its share in force; `configured` is what
    the config file says where a rebalance put another in force.
    """

    share: Money | None = None
    at_risk: Money | None = None
    borrowed: Money | None = None
    lent: Money | None = None
    fraction: float | None = None
    configured: float | None = None


async def strategies_in_use(
    store: Store, reports: Reports, clock: Clock, *, policy: TradePolicy
) -> tuple[StrategyInUse, ...]:
    """Whoever has a record, and whoever runs, in name order."""
    rows = {row.strategy: row for row in await reports.strategies()}
    names = sorted({*rows, *(strategy.name for strategy in policy.strategies)})
    summary = await reports.summary()
    parts: Mapping[str, Mapping[str, Money]] = {}
    view = await look(store, now_us=clock.now(), filters=policy.filters)
    held_to = policy.under(view.rebalanced)
    if summary.cash is not None:
        state = risk_state(
            view,
            env=policy.env,
            limits=policy.limits,
            cash=summary.cash,
            books={},
            frozen={},
            paused=None,
        )
        parts = _parts(state, held_to)
    return tuple(
        StrategyInUse(
            **{
                **_recorded(rows.get(name) or StrategyRow.nothing_yet(name)),
                **parts.get(name, {}),
                **_fractions(held_to.shares.get(name), policy.shares.get(name)),
            }
        )
        for name in names
    )


def _fractions(held: float | None, configured: float | None) -> Mapping[str, float | None]:
    return {"fraction": held, "configured": None if configured == held else configured}


def _parts(state: RiskState, policy: TradePolicy) -> Mapping[str, Mapping[str, Money]]:
    found = stands(state, Lending(policy.shares, None))
    lent = lent_out(found)
    return {
        name: {
            "share": stand.own,
            "at_risk": stand.used,
            "borrowed": stand.borrowed,
            "lent": lent[name],
        }
        for name, stand in found.items()
    }


def _recorded(row: StrategyRow) -> dict[str, Any]:
    return {each.name: getattr(row, each.name) for each in fields(row)}
