"""What each strategy would do in markets that a person names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.portfolio.capital import Capital
from kalshi_cli.portfolio.sizing import Sizing
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData, Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.risk._base import RiskState
from kalshi_cli.steps.deciding import means_of, proposed, sized
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.session import Session, as_it_is
from kalshi_cli.steps.trade_policy import TradePolicy
from kalshi_cli.strategies._base import Abstention


@dataclass(frozen=True, slots=True)
class Considered:
    """What one strategy would do in some markets, each as if nothing else were proposed.

    `abstentions` say by ticker why it proposes nothing; `state` is what the controls see, `capital`
    what may be staked, `broken` what the strategy raised, or empty.
    """

    strategy: str
    sizings: Mapping[str, Sizing]
    abstentions: Mapping[str, Abstention]
    state: RiskState
    capital: Capital
    broken: str


async def consider(
    data: MarketData,
    trading: Trading,
    store: Store,
    clock: Clock,
    *,
    policy: TradePolicy,
    tickers: Collection[str],
) -> tuple[DeskView, tuple[Considered, ...]]:
    """What each strategy would do in these markets; as little is written and sent as in rehearsal.

    Raises nothing for a strategy that breaks.
    """
    session = await as_it_is(data, trading, store, clock, policy, also=tickers)
    view = session.view
    open_now = {t for t in tickers if view.entries[t].market.status is MarketStatus.ACTIVE}
    books = await data.books(sorted(open_now | view.contested()))
    return view, await consider_in(session, books, tickers)


async def consider_in(
    session: Session, books: Mapping[str, OrderBook], tickers: Collection[str]
) -> tuple[Considered, ...]:
    """The same in a pass that has not begun, by these books."""
    policy = session.policy
    found: list[Considered] = []
    for strategy in policy.strategies:
        state, capital = means_of(session, strategy.name, books)
        proposals, _ = await proposed(session, strategy)
        sizings = {
            ticker: sized(
                [p for p in proposals if p.ticker == ticker], policy, books, capital, state.facts
            )
            for ticker in tickers
        }
        errors = "".join(each.error for each in session.broken if each.strategy == strategy.name)
        why = session.abstentions.get(strategy.name, {})
        found.append(Considered(strategy.name, sizings, why, state, capital, errors))
    return tuple(found)
