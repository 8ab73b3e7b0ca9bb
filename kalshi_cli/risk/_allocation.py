"""What a strategy may have at risk: its share, and what others lend of theirs."""

from collections.abc import Mapping

from kalshi_cli.domain.limits import Lending
from kalshi_cli.domain.money import Money, total
from kalshi_cli.portfolio.lending import Stand, most_at_risk
from kalshi_cli.risk._base import RiskState
from kalshi_cli.risk._exposure import at_risk_of, owners


def allotment(state: RiskState, strategy: str, share: float | None) -> Money | None:
    """Dollars, with what it has at risk counted in; None where its share has no limit."""
    lending = state.limits.lending
    if share is None:
        return None
    if lending is None or strategy not in lending.shares:
        return state.bankroll.scaled(share)
    found = stands(state, Lending({**lending.shares, strategy: share}, lending.wanted))
    return most_at_risk(strategy, found, state.bankroll - _elsewhere(state, lending))


def stands(state: RiskState, lending: Lending) -> Mapping[str, Stand]:
    """Every strategy that runs, by what is held and ordered now."""
    wanted = dict.fromkeys(lending.shares, Money(0)) if lending.wanted is None else lending.wanted
    return {
        name: Stand(
            own=state.bankroll.scaled(share),
            used=at_risk_of(state, ("strategy", name)),
            wants=wanted.get(name),
        )
        for name, share in lending.shares.items()
    }


def _elsewhere(state: RiskState, lending: Lending) -> Money:
    """What those have at risk that do not run."""
    others = sorted(owners(state) - lending.shares.keys())
    return total([at_risk_of(state, ("strategy", name)) for name in others])
