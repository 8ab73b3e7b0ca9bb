"""The stake rule's view of the state that the controls judge: one arithmetic for both."""

from collections.abc import Callable, Iterable, Mapping

from kalshi_cli.domain.money import Money
from kalshi_cli.portfolio.capital import Capital, Footing
from kalshi_cli.risk._base import RiskState
from kalshi_cli.risk._exposure import Belongs, live_claims, reserved, worst


def capital_of(
    state: RiskState, *, strategy: str, kelly_fraction: float, probation_stake: float | None
) -> Capital:
    """What a strategy may stake, given everything that is at risk already."""
    tickers = {p.ticker for p in state.positions if p.net} | {o.intent.ticker for o in state.orders}
    events = {state.event_of[ticker] for ticker in tickers}
    categories = {state.category_of[ticker] for ticker in tickers}
    clusters = {name for ticker in tickers for name in state.clusters_of[ticker]}
    return Capital(
        strategy=strategy,
        bankroll=state.bankroll,
        cash=state.cash - reserved(state),
        limits=state.limits,
        kelly_fraction=kelly_fraction,
        probation_stake=probation_stake,
        footings={ticker: _footing(state, ticker) for ticker in state.facts},
        by_ticker=_each(state, tickers, lambda name: lambda t, _: t == name),
        by_event=_each(state, events, lambda name: lambda t, _: state.event_of[t] == name),
        by_category=_each(
            state, categories, lambda name: lambda t, _: state.category_of[t] == name
        ),
        by_cluster=_each(state, clusters, lambda name: lambda t, _: name in state.clusters_of[t]),
        by_strategy=worst(live_claims(state, lambda _, owner: owner == strategy), state),
    )


def _each(
    state: RiskState, names: Iterable[str], belongs_to: Callable[[str], Belongs]
) -> Mapping[str, Money]:
    return {name: worst(live_claims(state, belongs_to(name)), state) for name in names}


def _footing(state: RiskState, ticker: str) -> Footing:
    facts = state.facts[ticker]
    return Footing(
        event_ticker=facts.event.event_ticker,
        category=facts.category,
        clusters=state.clusters_of[ticker],
        fees=facts.fees,
        forecast=facts.forecast,
        exchange_index=facts.market.exchange_index,
    )
