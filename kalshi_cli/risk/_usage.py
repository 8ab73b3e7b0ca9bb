"""How much of each limit is used, by the very sums that the controls are held to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kalshi_cli.domain.money import NO_MONEY, Money
from kalshi_cli.risk._allocation import allotment
from kalshi_cli.risk._base import RiskState
from kalshi_cli.risk._exposure import (
    Belongs,
    everything,
    in_or_entering,
    live_claims,
    reserved,
    unknown_orders,
    worst,
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What is `used` of a limit and its `bound`, both dollars or both counts.

    `bound` is None where the limit was removed. `where` is what uses most of it, where there is
    more than one thing that might. `is_floor` says that the bound is the least there may be: of the
    cash reserve, `used` is the cash that is free.
    """

    used: Money | int
    bound: Money | int | None
    where: str = ""
    is_floor: bool = False

    @property
    def is_over(self) -> bool:
        """Whether it is beyond its bound: what was within it once need not be any more."""
        if self.bound is None:
            return False
        used, bound = (
            each.units if isinstance(each, Money) else each for each in (self.used, self.bound)
        )
        return used < bound if self.is_floor else used > bound


def usages(state: RiskState, allocations: Mapping[str, float]) -> dict[str, Usage]:
    """Usage by setting; limits of each order alone have none."""
    limits = state.limits
    held = {p.ticker for p in (*state.positions, *state.unexplained)}
    tickers = sorted(held | {order.intent.ticker for order in state.orders})
    by_name = {
        "risk.max_market_exposure": _largest(state, limits.max_market_exposure, _own(tickers)),
        "risk.max_event_exposure": _largest(
            state, limits.max_event_exposure, _grouped(tickers, lambda t: [state.event_of[t]])
        ),
        "risk.max_cluster_exposure": _largest(
            state, limits.max_cluster_exposure, _grouped(tickers, lambda t: state.clusters_of[t])
        ),
        "risk.max_category_exposure": _largest(
            state, limits.max_category_exposure, _grouped(tickers, lambda t: [state.category_of[t]])
        ),
        "risk.max_account_exposure": Usage(
            _at_risk(state, everything), _dollars(state.bankroll, limits.max_account_exposure)
        ),
        "risk.max_positions": Usage(len(in_or_entering(state)), limits.max_positions),
        "risk.max_trades_per_hour": Usage(state.entries_last_hour, limits.max_trades_per_hour),
        "risk.max_orders_per_minute": Usage(state.orders_last_minute, limits.max_orders_per_minute),
        "risk.max_entries_per_market": _busiest(state),
        "risk.max_unresolved_orders": Usage(
            len(unknown_orders(state)), limits.max_unresolved_orders
        ),
        "risk.max_daily_loss": _lost(state.day_start_equity, state.equity, limits.max_daily_loss),
        "risk.max_drawdown": _lost(state.peak_equity, state.equity, limits.max_drawdown),
        "risk.min_cash_reserve": Usage(
            state.cash - reserved(state),
            state.bankroll.scaled(limits.min_cash_reserve),
            is_floor=True,
        ),
    }
    for strategy, share in allocations.items():
        by_name[f"allocation.{strategy}"] = Usage(
            _at_risk(state, lambda _, owner, its=strategy: owner == its),  # type: ignore[misc]
            allotment(state, strategy, share),
        )
    return by_name


def _own(tickers: Iterable[str]) -> Mapping[str, frozenset[str]]:
    return {ticker: frozenset({ticker}) for ticker in tickers}


def _grouped(
    tickers: Iterable[str], groups_of: Callable[[str], Iterable[str]]
) -> Mapping[str, frozenset[str]]:
    """Tickers by each group that they belong to."""
    found: dict[str, frozenset[str]] = {}
    for ticker in tickers:
        for group in groups_of(ticker):
            found[group] = found.get(group, frozenset()) | {ticker}
    return found


def _largest(state: RiskState, share: float | None, groups: Mapping[str, frozenset[str]]) -> Usage:
    """The group that may lose most; the first by name where several do."""
    losses = {
        name: _at_risk(state, lambda ticker, _, own=own: ticker in own)  # type: ignore[misc]
        for name, own in groups.items()
    }
    bound = _dollars(state.bankroll, share)
    if not losses:
        return Usage(NO_MONEY, bound)
    where = min(losses, key=lambda name: (-losses[name].units, name))
    return Usage(losses[where], bound, where)


def _at_risk(state: RiskState, belongs: Belongs) -> Money:
    return worst(live_claims(state, belongs), state)


def _dollars(of: Money, share: float | None) -> Money | None:
    return None if share is None else of.scaled(share)


def _lost(reference: Money, equity: Money, share: float | None) -> Usage:
    return Usage(max(NO_MONEY, reference - equity), _dollars(reference, share))


def _busiest(state: RiskState) -> Usage:
    counts, most = state.entries_today, state.limits.max_entries_per_market
    if not counts:
        return Usage(0, most)
    strategy, ticker = min(counts, key=lambda key: (-counts[key], key))
    return Usage(counts[strategy, ticker], most, ticker)
