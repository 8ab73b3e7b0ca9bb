"""Plain values for the tests of decisions: one market in order, to be changed where it matters."""

from dataclasses import fields, replace

from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.forecast import Forecast, Probability
from kalshi_cli.domain.grid import LINEAR_CENT
from kalshi_cli.domain.identity import DeskState, Env
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, SECOND
from kalshi_cli.domain.levels import Levels
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.market import Event, Market, MarketStatus, Quote
from kalshi_cli.domain.money import NO_COST, Contracts, Money, Price
from kalshi_cli.domain.order import Order, OrderIntent, OrderState, Purpose, TimeInForce
from kalshi_cli.domain.position import Position, outcome_cost
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.risk._base import MarketFacts, RiskState
from kalshi_cli.strategies._base import Abstention, Strategy, View

NOW = 1_800_000_000 * SECOND
STRATEGY = "directional_trading"
PLAIN = FeeTerms("quadratic")


def proposed(strategy: Strategy, view: View) -> tuple[Proposal, ...]:
    """What a strategy would trade."""
    return tuple(said for said in strategy.propose(view) if isinstance(said, Proposal))


def abstained(strategy: Strategy, view: View) -> dict[str, Abstention]:
    """Why it would not trade, by ticker."""
    return {each.ticker: each for each in strategy.propose(view) if isinstance(each, Abstention)}


def a_plan(ticker="T", owner=STRATEGY, **changes) -> ExitPlan:
    """A plan without any exit; levels are given by their names."""
    return changed(ExitPlan(ticker, owner, Levels(), 0), **changes)


def changed(plan: ExitPlan, **changes) -> ExitPlan:
    """A plan with other levels, or other facts."""
    names = {each.name for each in fields(Levels)}
    levels = {name: value for name, value in changes.items() if name in names}
    rest = {name: value for name, value in changes.items() if name not in names}
    return replace(plan, levels=replace(plan.levels, **levels), **rest)


def level(price: str, count: str = "100.00") -> Level:
    return Level(Price.parse(price), Contracts.parse(count))


def a_market(ticker="T", **changes) -> Market:
    facts = {
        "event_ticker": "E",
        "title": "Will it?",
        "status": MarketStatus.ACTIVE,
        "open_us": NOW - DAY,
        "close_us": NOW + DAY,
        "latest_expiration_us": NOW + 2 * DAY,
        "grid": LINEAR_CENT,
    }
    return Market(ticker=ticker, **{**facts, **changes})


def an_event(event_ticker="E", **changes) -> Event:
    facts = {"series_ticker": "SERIES", "title": "It", "category": "Weather"}
    return Event(event_ticker=event_ticker, **{**facts, **changes})


def a_quote(bid="0.4000", ask="0.4400", ticker="T", **changes) -> Quote:
    facts = {
        "last": None,
        "volume": Contracts.parse("1000.00"),
        "volume_24h": Contracts.parse("100.00"),
        "open_interest": Contracts.parse("500.00"),
        "at_us": NOW,
    }
    sides = {"bid": bid and level(bid), "ask": ask and level(ask)}
    return Quote(ticker=ticker, **{**facts, **sides, **changes})


def a_book(bids=("0.4000",), asks=("0.4400",), ticker="T", at_us=NOW, count="100.00") -> OrderBook:
    return OrderBook(
        ticker, tuple(level(b, count) for b in bids), tuple(level(a, count) for a in asks), at_us
    )


def a_forecast(probability=0.5, market=0.42, blended=None, ticker="T", **changes) -> Forecast:
    facts = {
        "forecast_id": "f1",
        "run_id": "r",
        "event_ticker": "E",
        "category": "Weather",
        "forecaster": "grok",
        "model": "grok-4",
        "made_us": NOW,
        "low": max(0.001, probability - 0.1),
        "high": min(0.999, probability + 0.1),
        "logit_error": 0.0,
        "weight": 1.0,
        "cost": NO_COST,
        "rationale": "",
    }
    return Forecast(
        ticker=ticker,
        probability=Probability(probability),
        market=market,
        blended=probability if blended is None else blended,
        **{**facts, **changes},
    )


def an_intent(side=Side.BID, limit="0.4400", count="10.00", **changes) -> OrderIntent:
    facts = {
        "strategy": STRATEGY,
        "ticker": "T",
        "event_ticker": "E",
        "time_in_force": TimeInForce.IOC,
        "purpose": Purpose.ENTRY,
        "reason": "test",
        "fair": 0.5,
        "forecast_id": "f1",
    }
    return OrderIntent(
        side=side,
        limit=Price.parse(limit),
        count=Contracts.parse(count),
        **{**facts, **changes},
    )


def resting(side=Side.BID, limit="0.4100", count="10.00", **changes) -> OrderIntent:
    waiting = {
        "time_in_force": TimeInForce.GTC,
        "post_only": True,
        "expires_us": NOW + 30 * MINUTE,
    }
    return an_intent(side, limit, count, **{**waiting, **changes})


def an_order(intent: OrderIntent, state=OrderState.RESTING, number=1) -> Order:
    return Order(f"k{number}", intent, state, NOW, NOW, "r", number)


def a_position(net: str, price: str, ticker="T", owner=STRATEGY) -> Position:
    """Held at an average YES price."""
    held = Contracts.parse(net)
    side = Side.BID if held.units > 0 else Side.ASK
    return Position(ticker, owner, held, outcome_cost(side, Price.parse(price), abs(held)))


def the_limits(**changes) -> Limits:
    facts = {
        "max_single_position": 0.05,
        "max_order_contracts": 25_000,
        "max_market_exposure": 0.05,
        "max_event_exposure": 0.10,
        "max_cluster_exposure": 0.15,
        "max_category_exposure": 0.30,
        "max_account_exposure": 0.90,
        "strategy_allocation": 0.40,
        "max_positions": 15,
        "max_trades_per_hour": 15,
        "max_orders_per_minute": 60,
        "max_entries_per_market": 4,
        "max_unresolved_orders": 2,
        "max_daily_loss": 0.10,
        "max_drawdown": 0.15,
        "min_cash_reserve": 0.01,
        "min_net_edge": 0.01,
        "min_confidence_to_trade": 0.50,
        "max_quote_age_us": 900 * SECOND,
        "max_book_age_us": 30 * SECOND,
        "max_forecast_age_us": 6 * HOUR,
        "max_price_gap": 0.20,
        "reentry_cooldown_us": 6 * HOUR,
    }
    return Limits(**{**facts, **changes})


def the_facts(ticker="T", event=None, **changes) -> MarketFacts:
    event = event or an_event()
    facts = {
        "market": a_market(ticker, event_ticker=event.event_ticker),
        "event": event,
        "category": "Weather",
        "quote": a_quote(ticker=ticker),
        "book": a_book(ticker=ticker),
        "fees": PLAIN,
        "forecast": a_forecast(ticker=ticker),
        "rejected_by": None,
    }
    return MarketFacts(**{**facts, **changes})


def the_state(*, limits=None, facts=None, events=None, categories=None, clusters=None, **changes):
    """An account of $1,000 with nothing at risk; the maps default to one event for every ticker."""
    values = {
        "env": Env.SIM,
        "desk": DeskState.ACTIVE,
        "equity": Money.parse("1000.000000"),
        "bankroll": Money.parse("1000.000000"),
        "cash": Money.parse("1000.000000"),
        "cash_by_shard": {},
        "day_start_equity": Money.parse("1000.000000"),
        "peak_equity": Money.parse("1000.000000"),
        "positions": (),
        "unexplained": (),
        "orders": (),
        "exclusive_events": frozenset(),
        "entries_last_hour": 0,
        "orders_last_minute": 0,
        "entries_today": {},
        "cooling_until_us": None,
        "last_exit_us": {},
        "traded_forecasts": frozenset(),
        "unresolved": {},
        "missing": "",
        "paused_shards": frozenset(),
        "triggered_shards": frozenset(),
        "barred": frozenset(),
    }
    return RiskState(
        limits=limits or the_limits(),
        facts={"T": the_facts()} if facts is None else facts,
        event_of={"T": "E", "U": "E", "V": "E2"} | (events or {}),
        category_of=dict.fromkeys("TUV", "Weather") | (categories or {}),
        clusters_of=dict.fromkeys("TUV", frozenset({"SERIES"})) | (clusters or {}),
        **{**values, **changes},
    )
