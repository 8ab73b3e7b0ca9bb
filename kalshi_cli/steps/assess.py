"""One market for a person: what was said of it, what that is worth, and what stands in its way.

Every number is that of a real pass: the same filters, strategies, stake rule and controls look at
the desk as it is, and nothing is written or sent. Where the strategy that trades on forecasts
proposes nothing, the controls are asked about one contract at the better quote, so that all that
stands in the way is told at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kalshi_cli.domain.fees import FeeTerms, fee_per_contract
from kalshi_cli.domain.forecast import Edge, Forecast, Probability
from kalshi_cli.domain.market import Event, Market, Quote
from kalshi_cli.domain.marks import benchmark
from kalshi_cli.domain.money import Money, Price
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.domain.side import Side
from kalshi_cli.forecasting.blend import MAX_DISTANCE, anchored
from kalshi_cli.forecasting.views import Views, views_of
from kalshi_cli.portfolio.costing import maker_cost, taker_cost
from kalshi_cli.portfolio.edge import net_edge, outcome_price
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData, Trading
from kalshi_cli.ports.reports import Reports
from kalshi_cli.ports.rows.ai import SaidRow
from kalshi_cli.ports.store import Store
from kalshi_cli.risk._base import RiskState
from kalshi_cli.steps.considering import Considered, consider
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.gates import Gate, gates
from kalshi_cli.steps.trade_policy import TradePolicy


@dataclass(frozen=True, slots=True)
class Blend:
    """How p* came about, anchored to the market of now. `fair` is p*; `is_clamped` tells that it
    would be farther from the market without the clamp.
    """

    market: Probability
    said: Probability
    weight: float
    slope: float
    fair: Probability
    is_clamped: bool


@dataclass(frozen=True, slots=True)
class SideWorth:
    """One contract taken at the quote. `price` and `fee` are dollars for what the side buys."""

    side: Side
    price: Price
    fee: float
    edge: Edge


@dataclass(frozen=True, slots=True)
class Plan:
    """What a strategy would send, and at which all-in cost (dollars); `intent` is None for nothing,
    and then `why` says why.
    """

    strategy: str
    intent: OrderIntent | None
    cost: Money | None
    why: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """One market. `forecast` is the newest on record, None where there is none; `views` what the
    roles behind it said, by `model`, empty where no model was asked.
    """

    ticker: str
    market: Market
    event: Event
    category: str
    quote: Quote
    at_us: int
    forecast: Forecast | None
    views: Views
    blend: Blend | None
    sides: tuple[SideWorth, ...]
    plans: tuple[Plan, ...]
    gates: tuple[Gate, ...]

    @property
    def failed(self) -> tuple[Gate, ...]:
        return tuple(gate for gate in self.gates if not gate.passed)


async def assess(
    data: MarketData,
    trading: Trading,
    store: Store,
    reports: Reports,
    clock: Clock,
    *,
    policy: TradePolicy,
    tickers: Sequence[str],
) -> tuple[Assessment, ...]:
    """Assess markets that the store knows, in the order given. Nothing is written or sent."""
    view, considered = await consider(data, trading, store, clock, policy=policy, tickers=tickers)
    made = {t: view.forecasts[t] for t in tickers if t in view.forecasts}
    said = await reports.said({each.decision_id for each in made.values()} - {""})
    return tuple(assessed(view, considered, policy, said, ticker) for ticker in tickers)


def assessed(
    view: DeskView,
    considered: Sequence[Considered],
    policy: TradePolicy,
    said: Sequence[SaidRow],
    ticker: str,
) -> Assessment:
    """One market by what was seen of it and what each strategy would do."""
    entry, forecast = view.entries[ticker], view.forecasts.get(ticker)
    decision = None if forecast is None else forecast.decision_id
    answers = [row.parsed for row in said if row.decision_id == decision]
    blended = None if forecast is None else _blend(forecast, entry.quote)
    sides = () if blended is None else _sides(blended.fair, entry.quote, view.terms(ticker))
    best = max(sides, key=lambda side: side.edge, default=None)
    at_best = None if best is None else (best.side, outcome_price(best.side, best.price))
    plans = tuple(_plan(each, ticker) for each in considered)
    return Assessment(
        ticker=ticker,
        market=entry.market,
        event=entry.event,
        category=entry.category,
        quote=entry.quote,
        at_us=view.now_us,
        forecast=forecast,
        views=views_of(answers, ticker),
        blend=blended,
        sides=sides,
        plans=plans,
        gates=tuple(gates(view, considered, policy, entry, at_best)),
    )


def _blend(forecast: Forecast, quote: Quote) -> Blend | None:
    fair, market = anchored(forecast, quote), benchmark(quote.bid, quote.ask)
    if fair is None or market is None:
        return None
    return Blend(
        market=Probability(market),
        said=forecast.probability,
        weight=forecast.weight,
        slope=forecast.slope,
        fair=fair,
        is_clamped=abs(abs(fair - market) - MAX_DISTANCE) < 1e-9,
    )


def _sides(fair: float, quote: Quote, terms: FeeTerms) -> tuple[SideWorth, ...]:
    """Buying YES at the ask, and NO at the bid; none where the fees are not known."""
    if not terms.is_known:
        return ()
    touches = ((Side.BID, quote.ask), (Side.ASK, quote.bid))
    return tuple(
        SideWorth(
            side=side,
            price=outcome_price(side, touch.price),
            fee=fee_per_contract(terms, touch.price, is_taker=True),
            edge=net_edge(side, fair=fair, price=touch.price, terms=terms, is_taker=True),
        )
        for side, touch in touches
        if touch is not None
    )


def _plan(considered: Considered, ticker: str) -> Plan:
    """What the strategy would do here, alone."""
    sizing, name = considered.sizings[ticker], considered.strategy
    if considered.broken:
        return Plan(name, None, None, f"broken: {considered.broken}")
    if not sizing.intents:
        said = [f"{each.reason}: {each.detail}" for each in sizing.unsized]
        why = considered.abstentions.get(ticker)
        silent = "nothing proposed" if why is None else f"{why.code}: {why.detail}"
        return Plan(name, None, None, "; ".join(said) or silent)
    intent = sizing.intents[0]
    return Plan(name, intent, _all_in(intent, considered.state), "")


def _all_in(intent: OrderIntent, state: RiskState) -> Money | None:
    """Dollars with fees: by the book for what trades now, at its limit for what waits."""
    facts = state.facts[intent.ticker]
    terms, book = facts.fees_of(intent), facts.book
    if intent.post_only:
        return maker_cost(intent.side, intent.count, intent.limit, terms)
    if book is None:
        return None
    return taker_cost(book, intent.side, intent.count, intent.limit, terms)
