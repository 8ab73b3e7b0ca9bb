"""What a strategy may stake now, by the same arithmetic that the controls use."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from kalshi_cli.domain.marks import benchmark
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import Purpose
from kalshi_cli.forecasting.blend import best_known
from kalshi_cli.portfolio.capital import Capital, Footing
from kalshi_cli.portfolio.exposure import Claim, event_loss
from kalshi_cli.portfolio.states import rung_of
from kalshi_cli.risk._allocation import allotment
from kalshi_cli.risk._base import RiskState
from kalshi_cli.risk._exposure import live_claims, reserved, shard_cash, worst


def means(
    state: RiskState, *, strategy: str, kelly_fraction: float, probation_stake: float | None
) -> Capital:
    """One strategy's capital: every owner's positions and orders count against shared rooms."""
    claims = live_claims(state)
    tickers = {ticker: (ticker,) for ticker in state.event_of}
    events = {ticker: (event,) for ticker, event in state.event_of.items()}
    categories = {ticker: (category,) for ticker, category in state.category_of.items()}
    return Capital(
        strategy=strategy,
        bankroll=state.bankroll,
        cash=state.cash - reserved(state),
        by_shard=_by_shard(state),
        limits=state.limits,
        kelly_fraction=kelly_fraction,
        probation_stake=probation_stake,
        footings={ticker: _footing(state, ticker) for ticker in state.facts},
        by_ticker={
            ticker: event_loss(own, exclusive=False)
            for ticker, own in _grouped(claims, tickers).items()
        },
        by_cluster=_worst(state, claims, state.clusters_of),
        by_category=_worst(state, claims, categories),
        by_account=worst(claims, state),
        claims={event: tuple(own) for event, own in _grouped(claims, events).items()},
        held=_held(state),
        allotted=allotment(state, strategy, state.limits.strategy_allocation),
        by_strategy=worst(live_claims(state, lambda _, owner: owner == strategy), state),
    )


def _footing(state: RiskState, ticker: str) -> Footing:
    facts = state.facts[ticker]
    return Footing(
        event_ticker=facts.event.event_ticker,
        category=facts.category,
        clusters=state.clusters_of[ticker],
        fees=facts.fees,
        forecast=facts.forecast,
        exchange_index=facts.market.exchange_index,
        exclusive=facts.event.mutually_exclusive,
        ladder=rung_of(facts.market),
        fair=best_known(facts.forecast, facts.quote),
        market=benchmark(facts.quote.bid, facts.quote.ask),
    )


def _held(state: RiskState) -> dict[str, Contracts]:
    """Signed contracts of all owners by ticker, live entries as if filled."""
    held: dict[str, int] = defaultdict(int)
    for position in (*state.positions, *state.unexplained):
        held[position.ticker] += position.net.units
    for order in state.orders:
        if order.intent.purpose is not Purpose.EXIT:
            held[order.intent.ticker] += order.intent.side.signed(order.remaining).units
    return {ticker: Contracts(units) for ticker, units in held.items() if units}


def _by_shard(state: RiskState) -> Mapping[int, Money]:
    """Free cash of every shard that has a market here; nothing where it is not told."""
    shards = {facts.market.exchange_index for facts in state.facts.values()}
    free = {shard: shard_cash(state, shard) for shard in shards}
    return {shard: cash for shard, cash in free.items() if cash is not None}


def _grouped(
    claims: Iterable[Claim], groups_of: Mapping[str, Iterable[str]]
) -> dict[str, list[Claim]]:
    grouped: dict[str, list[Claim]] = {}
    for claim in claims:
        for group in groups_of[claim.ticker]:
            grouped.setdefault(group, []).append(claim)
    return grouped


def _worst(
    state: RiskState, claims: Iterable[Claim], groups_of: Mapping[str, Iterable[str]]
) -> dict[str, Money]:
    return {group: worst(own, state) for group, own in _grouped(claims, groups_of).items()}
