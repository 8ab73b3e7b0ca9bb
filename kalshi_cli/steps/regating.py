"""One market held to the gates once more, by what is on record: nobody is asked, nothing is sent.

The instant is that of the last pass that looked at it, or of its forecast where that came later;
its book is what the quote on record says. So other settings and other forecasts can be tried on it.
"""

from dataclasses import dataclass, replace

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.market import Quote
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import WORKING
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.stop import At, End, Stop
from kalshi_cli.filters.status import Status
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.reports import Reports
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.assess import Assessment, assessed
from kalshi_cli.steps.considering import Considered, consider_in
from kalshi_cli.steps.deciding import means_of, strategy_view
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.freezing import of_orders
from kalshi_cli.steps.looking import look
from kalshi_cli.steps.quoting import CloseUp
from kalshi_cli.steps.session import Account, Session
from kalshi_cli.steps.trade_policy import TradePolicy
from kalshi_cli.steps.wanting import Asked, Basis, Wanted, wanted
from kalshi_cli.strategies._base import UNREAD, Strategy, View

SLACK = 1e-9
"""How much surer than asked a forecast is that is as sure as it must be: floats lose as much."""


@dataclass(frozen=True, slots=True)
class StartingSay:
    """What a model's forecast starts with: its weight against the market, its error in logits."""

    weight: float
    logit_error: float


@dataclass(frozen=True, slots=True)
class Regated:
    """A market at the gates as of `at_us`, and what a forecast would have to say for each side.

    `basis` says whose sureness and weight such a forecast has; both are empty where no strategy
    of the desk trades on forecasts. `unread` are the strategies that decide by a book and a tape,
    which are not on record: nothing is planned for them, and their last pass tells.
    """

    at_us: int
    assessment: Assessment
    unread: tuple[str, ...]
    basis: str
    wanted: tuple[Wanted, ...]


class _Unseen:
    """Books and tapes of the past are not on record: whoever watches them sees nothing."""

    async def seen(self, strategy: Strategy, view: View, desk: DeskView) -> CloseUp | str:
        del strategy, desk
        return CloseUp(view, {})


async def regate(
    store: Store,
    reports: Reports,
    *,
    policy: TradePolicy,
    start: StartingSay,
    ticker: str,
) -> Regated | None:
    """Raises nothing for a market that is known. None where no run has seen the account yet."""
    cash = (await reports.summary()).cash
    if cash is None:
        return None
    (row,) = await reports.markets(ticker=ticker)
    looked = [each.at_us for each in await reports.stops(ticker=ticker)]
    made_us = [a.forecast.made_us for a in await reports.analyses(ticker=ticker, limit=1)]
    at_us = max([row.quoted_us, *looked, *made_us])
    view = await look(store, now_us=at_us, filters=policy.filters, also=[ticker])
    session = Session(view, policy, _account(view, cash), _Unseen())
    books = {t: _book(view.entries[t].quote, at_us) for t in {ticker, *view.contested()}}
    considered = await consider_in(session, books, [ticker])
    made = view.forecasts.get(ticker)
    said = await reports.said({made.decision_id} - {""}) if made else ()
    basis = _basis(made, policy, start)
    found = _wanted(session, books, view.entries[ticker], basis)
    unread = tuple(each.strategy for each in considered if _is_unread(each, ticker))
    at_the_gates = assessed(view, considered, policy, said, ticker)
    plans = tuple(plan for plan in at_the_gates.plans if plan.strategy not in unread)
    return Regated(
        at_us=at_us,
        assessment=replace(at_the_gates, plans=plans),
        unread=unread,
        basis=basis.told if found else "",
        wanted=found,
    )


def _is_unread(considered: Considered, ticker: str) -> bool:
    why = considered.abstentions.get(ticker)
    return why is not None and why.code == UNREAD


def _account(view: DeskView, cash: Money) -> Account:
    """The account by the ledger; markets with an order of unknown outcome are left alone."""
    unresolved = of_orders((o for o in view.orders if o.state not in WORKING), ())
    return Account(cash, {}, unresolved, (), (), "", frozenset())


def _book(quote: Quote, at_us: int) -> OrderBook:
    """The best of both sides as the quote tells it."""
    return OrderBook(
        quote.ticker,
        () if quote.bid is None else (quote.bid,),
        () if quote.ask is None else (quote.ask,),
        at_us,
    )


def _basis(forecast: Forecast | None, policy: TradePolicy, start: StartingSay) -> Basis:
    """The forecast on record; where there is none, one as sure as it must be."""
    if forecast is None:
        sure = max(policy.min_confidence, policy.limits.min_confidence_to_trade) + SLACK
        told = f"as sure as it must be ({sure:.2f}), w {start.weight:.2f}"
        return Basis(min(sure, 1.0 - SLACK), start.weight, 1.0, 0.0, start.logit_error, told)
    weight, whose = forecast.weight, "as sure as the one on record"
    if not weight:
        weight, whose = start.weight, f"{whose}, had it a say"
    told = f"{whose} ({forecast.confidence:.2f}), w {weight:.2f}"
    return Basis(
        confidence=forecast.confidence,
        weight=weight,
        slope=forecast.slope,
        slope_error=forecast.slope_error,
        logit_error=forecast.logit_error,
        told=told,
    )


def _wanted(
    session: Session, books: dict[str, OrderBook], entry: CatalogEntry, basis: Basis
) -> tuple[Wanted, ...]:
    """What the strategy that trades on forecasts would want of one, for either side."""
    view, policy, ticker = session.view, session.policy, entry.market.ticker
    strategy = next((s for s in policy.strategies if s.name == policy.ai_charged_to), None)
    if strategy is None:
        return ()
    shown = strategy_view(view, strategy.name, policy.min_confidence, session.bankroll)
    candidate = next((c for c in shown.candidates if c.market.ticker == ticker), None)
    if candidate is None:
        stop = _dropped(view, strategy.name, ticker, view.terms(ticker))
        return tuple(Wanted(side, None, None, stop) for side in Side)
    state = means_of(session, strategy.name, books)[0]
    asked = Asked(strategy, policy, shown, candidate, state, basis)
    return tuple(wanted(asked, side, entry.quote) for side in Side)


def _dropped(view: DeskView, strategy: str, ticker: str, terms: FeeTerms) -> Stop:
    """Why a market is shown to no strategy."""
    rejection = view.rejected.get(ticker)
    if rejection is not None:
        return Stop(strategy, ticker, At.FILTER, rejection.code, detail=rejection.detail)
    if not terms.is_known:
        return Stop(strategy, ticker, At.FILTER, End.FEES, detail=End.FEES.means)
    status = view.entries[ticker].market.status
    return Stop(strategy, ticker, At.FILTER, Status.code, detail=f"the market is {status}")
