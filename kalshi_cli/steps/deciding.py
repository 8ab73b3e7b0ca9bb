"""What a strategy would do in a pass: propose, and size what it proposes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.money import NO_CONTRACTS, Money
from kalshi_cli.domain.order import Order, OrderIntent, Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.portfolio.capital import Capital
from kalshi_cli.portfolio.quote_size import size_quotes
from kalshi_cli.portfolio.sizing import Sizing
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.risk._base import MarketFacts, RiskState
from kalshi_cli.risk._edge import edge_at_limit
from kalshi_cli.risk._exposure import worst_cost
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.isolating import Broken, answered
from kalshi_cli.steps.lending import as_if_repaid, in_turn, more
from kalshi_cli.steps.means import means
from kalshi_cli.steps.quoting import unquoted
from kalshi_cli.steps.risk_state import risk_state
from kalshi_cli.steps.session import Priced, Session, StrategyUnsized
from kalshi_cli.steps.trade_policy import TradePolicy
from kalshi_cli.steps.trying import tried
from kalshi_cli.strategies._base import Candidate, Strategy, View


def priced_at_limit(intent: OrderIntent, state: RiskState) -> Priced:
    facts = state.facts[intent.ticker]
    cost = worst_cost(intent, intent.count, state)
    return Priced(intent.ticker, cost, edge_at_limit(intent, facts))


async def decide(
    data: MarketData, session: Session, strategy: Strategy
) -> tuple[tuple[OrderIntent, ...], RiskState]:
    """Propose and size; quotes that rest already stand for those that would be the same."""
    view = session.seen()
    everything, books = await proposed(session, strategy)
    proposals = unquoted(everything, view.orders)
    wanted = (view.contested() | {p.ticker for p in proposals}) - books.keys()
    books = {**(await data.books(sorted(wanted)) if wanted else {}), **books}
    state, capital = means_of(session, strategy.name, books)
    sizing = sized(proposals, session.policy, books, capital, state.facts)
    note_unmet(session, strategy.name, proposals, books, state, capital, sizing)
    session.proposals += proposals
    own = {(strategy.name, p.ticker): p.levels for p in proposals if p.levels is not None}
    session.levels.update(own)
    session.unsized += [StrategyUnsized(strategy.name, each) for each in sizing.unsized]
    asks = session.policy.cancel_on_pause
    return tuple(replace(i, cancel_on_pause=asks and i.post_only) for i in sizing.intents), state


def begun(session: Session, strategies: Sequence[Strategy]) -> Sequence[Strategy]:
    """Begin a pass: the strategies in the order in which they are asked."""
    session.wanted = {}
    if not (session.policy.lends and strategies):
        return strategies
    return in_turn(strategies, means_of(session, strategies[0].name, {})[0])


def note_unmet(
    session: Session,
    strategy: str,
    proposals: Sequence[Proposal],
    books: Mapping[str, OrderBook],
    state: RiskState,
    capital: Capital,
    sizing: Sizing,
) -> None:
    """Note what a strategy did not get since its share is out; one that broke told nothing."""
    if session.wanted is None or any(each.strategy == strategy for each in session.broken):
        return
    whole = as_if_repaid(capital, state)
    wanted = (
        sizing if whole is None else sized(proposals, session.policy, books, whole, state.facts)
    )
    session.wanted[strategy] = more(wanted.intents, sizing.intents, state)


def on_its_forecast(proposal: Proposal, view: DeskView) -> Proposal:
    """An entry that states no evidence of its own is made on the newest forecast, whether it says
    so or not: that forecast is what it is staked by, and what controls hold it to, once.
    """
    names_it = proposal.forecast_id is not None or proposal.fair_error is not None
    forecast = view.forecasts.get(proposal.ticker)
    if proposal.purpose is not Purpose.ENTRY or names_it or forecast is None:
        return proposal
    return replace(proposal, forecast_id=forecast.forecast_id)


def means_of(
    session: Session, strategy: str, books: Mapping[str, OrderBook]
) -> tuple[RiskState, Capital]:
    """What the controls see, and what a strategy may stake."""
    policy = session.policy
    state = risk_state(
        session.seen(),
        env=policy.env,
        limits=session.limits_of(strategy),
        cash=session.account.cash,
        by_shard=session.account.by_shard,
        measured=session.account.measured,
        books=books,
        frozen=session.account.frozen,
        foreign=session.account.foreign,
        unexplained=session.account.unexplained,
        missing=session.account.missing,
        paused=session.account.paused,
    )
    capital = means(
        state,
        strategy=strategy,
        kelly_fraction=policy.kelly_fraction,
        probation_stake=policy.probation_stake,
    )
    return state, capital


def sized(
    proposals: Sequence[Proposal],
    policy: TradePolicy,
    books: Mapping[str, OrderBook],
    capital: Capital,
    facts: Mapping[str, MarketFacts],
) -> Sizing:
    """Entries are staked, and quotes take what room there is: a strategy proposes one or other.

    What waits is charged the dearest fees until it expires: it fills when others want it to.
    """
    dearer = {
        p.ticker: facts[p.ticker].fees_by(p.expires_us)
        for p in proposals
        if p.resting and p.ticker in capital.footings and facts[p.ticker].later_fees
    }
    capital = charged(capital, dearer)
    quotes = [proposal for proposal in proposals if proposal.purpose is Purpose.QUOTE]
    if not quotes:
        return policy.sizing.size(proposals, books, capital)
    entries = policy.sizing.size([p for p in proposals if p not in quotes], books, capital)
    sized = size_quotes(quotes, capital)
    return Sizing(entries.intents + sized.intents, entries.unsized + sized.unsized)


async def proposed(
    session: Session, strategy: Strategy
) -> tuple[tuple[Proposal, ...], Mapping[str, OrderBook]]:
    """What a strategy proposes, and the books it saw.

    Nothing where it breaks, which is no reason to stop the others.
    """
    desk = session.seen()
    seen = strategy_view(desk, strategy.name, session.policy.min_confidence, session.bankroll)
    close_up = await session.close_ups.seen(strategy, seen, desk)
    session.views[strategy.name] = seen if isinstance(close_up, str) else close_up.view
    if isinstance(close_up, str):
        session.broken.append(Broken(strategy.name, close_up))
        return (), {}
    answer = answered(strategy.propose, close_up.view)
    begun = answer if isinstance(answer, str) else tried(strategy, close_up.view)
    if isinstance(answer, str) or isinstance(begun, str):
        session.broken.append(Broken(strategy.name, str(begun)))
        return (), {}
    session.trials[strategy.name] = begun
    session.abstentions[strategy.name] = answer.abstentions
    return tuple(on_its_forecast(each, desk) for each in answer.proposals), close_up.books


def charged(capital: Capital, dearer: Mapping[str, FeeTerms]) -> Capital:
    """The same means, where other fees count in some markets."""
    footings = {t: replace(capital.footings[t], fees=fees) for t, fees in dearer.items()}
    return replace(capital, footings={**capital.footings, **footings}) if footings else capital


def strategy_view(view: DeskView, strategy: str, min_confidence: float, bankroll: Money) -> View:
    """What one strategy sees: eligible markets whose fees are known, in ticker order, and those
    that a filter drops where it still holds something.
    """
    working: dict[str, tuple[Order, ...]] = {}
    for order in view.orders:
        if order.intent.strategy == strategy:
            working[order.intent.ticker] = (*working.get(order.intent.ticker, ()), order)
    others = {p.ticker for p in view.positions if p.owner not in {strategy, EXTERNAL}}
    others |= {o.intent.ticker for o in view.orders if o.intent.strategy != strategy}
    sure = {t: f for t, f in view.forecasts.items() if f.confidence >= min_confidence}
    held = {p.ticker: p.net for p in view.positions if p.owner == strategy}

    def candidate(ticker: str) -> Candidate:
        return Candidate(
            event=view.entries[ticker].event,
            market=view.entries[ticker].market,
            quote=view.entries[ticker].quote,
            fees=view.terms(ticker),
            later_fees=view.later_terms(ticker),
            forecast=sure.get(ticker),
            held=held.get(ticker, NO_CONTRACTS),
            is_working=ticker in working,
            orders=working.get(ticker, ()),
            is_taken=ticker in others,
            incentives=view.incentives.get(ticker, ()),
        )

    known = [candidate(ticker) for ticker in view.eligible if view.terms(ticker).is_known]
    dropped = sorted(p.ticker for p in view.positions if p.owner == strategy)
    left = [candidate(t) for t in dropped if t in view.rejected and view.terms(t).is_known]
    own = tuple(mark for mark in view.markouts if mark.owner == strategy)
    rates = {signal: rate for (name, signal), rate in view.hit_rates.items() if name == strategy}
    trying = frozenset(t.event_ticker for t in view.trials if t.strategy == strategy)
    return View(
        now_us=view.now_us,
        candidates=tuple(known),
        bankroll=bankroll,
        markouts=own,
        dropped=tuple(left),
        hit_rates=rates,
        trying=trying,
    )
