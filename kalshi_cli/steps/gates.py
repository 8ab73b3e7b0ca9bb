"""What may stop a trade in one market, each gate with its number and its limit, passed or not.

The filters, the stake rule and the controls are those of a real pass. Where the strategy that
trades on forecasts proposes nothing, the controls are asked about one contract at the quote; of
another they are asked about what it proposes, since nobody else knows what that would be.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any

from kalshi_cli.domain.code import Code
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.market import Quote
from kalshi_cli.domain.marks import benchmark
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import OrderIntent, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.filters._base import Filter
from kalshi_cli.forecasting.blend import anchored
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.risk._allocation import allotment
from kalshi_cli.risk._base import Control, RiskState
from kalshi_cli.steps.considering import Considered
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.selection import subject_of
from kalshi_cli.steps.trade_policy import TradePolicy

ONE = Contracts(100)
Touch = tuple[Side, Price]
"""A side and the YES price that it would take."""


class Stage(StrEnum):
    """Where a gate stands, in the order of a pass."""

    FILTER = "filter"
    FORECAST = "forecast"
    STAKE = "stake"
    CONTROL = "control"


class OnForecast(Code):
    """Gates of the forecast."""

    FORECAST = ("FORECAST", "there is none on record", "`kalshi analyze TICKER` asks for one")
    ANCHOR = (
        "ANCHOR",
        "no market to anchor to: a side is missing, or over 10c wide",
        "wait until both sides are quoted within 10 cents",
    )
    MIN_CONFIDENCE = (
        "MIN_CONFIDENCE",
        "too unsure to propose anything",
        "wait for a surer one; trading.min_confidence_threshold is what is asked",
    )
    WEIGHT = (
        "WEIGHT",
        "on record only: vetoed, repaired, not heard, or of a model without a record",
        "a model earns a say by its record: `kalshi evaluate --by model`",
    )
    TRADER = (
        "TRADER",
        "the Trader stands aside",
        "`kalshi inspect llm --market TICKER` has its words",
    )


@dataclass(frozen=True, slots=True)
class Gate:
    """Something that may stop a trade: its number against its limit, empty where it counts none.

    `strategy` is whose trade, empty where it may stop anybody's; `side` that of the order which a
    control was asked about, None of what is no control.
    """

    stage: Stage
    code: str
    passed: bool
    value: str
    limit: str
    detail: str
    strategy: str = ""
    side: Side | None = None


def gates(
    view: DeskView,
    considered: Sequence[Considered],
    policy: TradePolicy,
    entry: CatalogEntry,
    touch: Touch | None,
) -> Iterator[Gate]:
    """Every gate in the order of a pass; `touch` is the better quote to take, if there is one."""
    forecast = view.forecasts.get(entry.market.ticker)
    yield from _filter_gates(policy.filters, entry, view.now_us)
    heard = (each.abstentions.get(entry.market.ticker) for each in considered)
    against = next(
        (why.detail for why in heard if why is not None and why.code == OnForecast.TRADER), ""
    )
    yield from _forecast_gates(forecast, entry.quote, policy, against)
    for each in considered:
        on_forecasts = each.strategy == policy.ai_charged_to
        intent = _asked_about(each, entry, forecast, touch if on_forecasts else None)
        yield from _stake_gates(each, entry.market.ticker)
        if intent is not None:
            yield from _control_gates(each, policy, intent, view.now_us)


def _filter_gates(filters: Sequence[Filter], entry: CatalogEntry, now_us: int) -> Iterator[Gate]:
    subject = subject_of(entry)
    for one in filters:
        rejection = one.keep(subject, entry.quote, now_us)
        against = "" if rejection is None else rejection.detail
        yield _gate(Stage.FILTER, one.code, against, limit=_parameters(one))


def _parameters(plug_in: object) -> str:
    """A plug-in's own limits, as the settings name them."""
    names = [each.name for each in fields(plug_in)] if is_dataclass(plug_in) else []
    values = ((name, getattr(plug_in, name)) for name in names)
    return ", ".join(f"{name} {value:g}" for name, value in values if isinstance(value, float))


def _forecast_gates(
    forecast: Forecast | None, quote: Quote, policy: TradePolicy, trader: str
) -> Iterator[Gate]:
    """What a strategy looks for before it proposes anything on a forecast; `trader` is what the
    Trader has against what would pay, where a strategy says so.
    """
    if forecast is None:
        yield _gate(Stage.FORECAST, OnForecast.FORECAST, OnForecast.FORECAST.means)
        return
    yield _gate(Stage.FORECAST, OnForecast.FORECAST)
    has_market = benchmark(quote.bid, quote.ask) is not None
    nowhere = "" if has_market else OnForecast.ANCHOR.means
    yield _gate(Stage.FORECAST, OnForecast.ANCHOR, nowhere)
    least, sure = policy.min_confidence, forecast.confidence
    unsure = "" if sure >= least else OnForecast.MIN_CONFIDENCE.means
    yield _gate(Stage.FORECAST, OnForecast.MIN_CONFIDENCE, unsure, f"{sure:.3f}", f"{least:.3f}")
    weight, code = forecast.weight, OnForecast.WEIGHT
    yield _gate(Stage.FORECAST, code, "" if weight else code.means, f"{weight:.2f}", "over 0")
    if forecast.advice is not None:
        aside = OnForecast.TRADER.means if forecast.advice.side is None else ""
        yield _gate(Stage.FORECAST, OnForecast.TRADER, trader or aside)


def _asked_about(
    considered: Considered,
    entry: CatalogEntry,
    forecast: Forecast | None,
    touch: Touch | None,
) -> OrderIntent | None:
    """What the controls are asked about: the order itself, or one contract at the `touch`."""
    sizing = considered.sizings[entry.market.ticker]
    if sizing.intents:
        return sizing.intents[0]
    if touch is None or forecast is None:
        return None
    return OrderIntent(
        strategy=considered.strategy,
        ticker=entry.market.ticker,
        event_ticker=entry.event.event_ticker,
        side=touch[0],
        limit=touch[1],
        count=ONE,
        time_in_force=TimeInForce.IOC,
        purpose=Purpose.ENTRY,
        reason="one contract at the quote",
        fair=anchored(forecast, entry.quote),
        forecast_id=forecast.forecast_id,
        exchange_index=entry.market.exchange_index,
    )


def _stake_gates(considered: Considered, ticker: str) -> Iterator[Gate]:
    """The room under each limit, and whether the stake rule gives any contracts."""
    whose = considered.strategy
    for share in considered.capital.shares(ticker):
        bound = "unlimited" if share.bound is None else share.bound.spoken
        full = share.bound is not None and share.used >= share.bound
        yield _gate(
            Stage.STAKE,
            share.name,
            f"{share.name} is used up" if full else "",
            share.used.spoken,
            bound,
            whose,
        )
    for each in considered.sizings[ticker].unsized:
        yield _gate(Stage.STAKE, each.reason, each.detail, strategy=whose)


@dataclass(frozen=True, slots=True)
class _Held:
    """What a control holds its number to: a field of the limits, as it is or of a sum of money.

    Nothing satisfies `impossible`: held to that, the control tells its number.
    """

    limit: str
    impossible: float
    of: str = ""


_SHARE = -1.0
_HELD: Mapping[str, _Held] = {
    "ORDER_SIZE": _Held("max_single_position", _SHARE, "bankroll"),
    "PRICE_COLLAR": _Held("max_price_gap", _SHARE),
    "ORDER_RATE": _Held("max_orders_per_minute", -1),
    "RATE": _Held("max_trades_per_hour", -1),
    "REPEATED": _Held("max_entries_per_market", -1),
    "NET_EDGE": _Held("min_net_edge", 10.0),
    "CONFIDENCE": _Held("min_confidence_to_trade", 10.0),
    "MARKET_EXPOSURE": _Held("max_market_exposure", _SHARE, "bankroll"),
    "EVENT_EXPOSURE": _Held("max_event_exposure", _SHARE, "bankroll"),
    "CLUSTER_EXPOSURE": _Held("max_cluster_exposure", _SHARE, "bankroll"),
    "CATEGORY_EXPOSURE": _Held("max_category_exposure", _SHARE, "bankroll"),
    "STRATEGY_ALLOCATION": _Held("strategy_allocation", _SHARE, "bankroll"),
    "ACCOUNT_EXPOSURE": _Held("max_account_exposure", _SHARE, "bankroll"),
    "MAX_POSITIONS": _Held("max_positions", -1),
    "CASH_RESERVE": _Held("min_cash_reserve", 1e6, "bankroll"),
    "DAILY_LOSS": _Held("max_daily_loss", -1e6, "day_start_equity"),
    "DRAWDOWN": _Held("max_drawdown", -1e6, "peak_equity"),
    "UNRESOLVED_ACCOUNT": _Held("max_unresolved_orders", -1),
}
"""The controls whose number means something also where they let an order pass."""


def _control_gates(
    considered: Considered, policy: TradePolicy, intent: OrderIntent, now_us: int
) -> Iterator[Gate]:
    for control in policy.controls:
        if intent.purpose not in control.purposes:
            continue
        denial = control.check(intent, considered.state, now_us)
        if denial is not None:
            against, numbers = denial.detail, (denial.value, denial.limit)
        else:
            against, numbers = "", _numbers(control, intent, considered.state, now_us)
        found = _gate(Stage.CONTROL, control.code, against, *numbers, considered.strategy)
        yield replace(found, side=intent.side)


def _numbers(
    control: Control, intent: OrderIntent, state: RiskState, now_us: int
) -> tuple[str, str]:
    """The number that a control saw, by its own sum, and the limit that it keeps to."""
    held = _HELD.get(control.code)
    if held is None:
        return "", ""
    limit = getattr(state.limits, held.limit)
    if limit is None:
        return "", "unlimited"
    strict: dict[str, Any] = {held.limit: held.impossible}
    denial = control.check(intent, replace(state, limits=replace(state.limits, **strict)), now_us)
    bound = getattr(state, held.of).scaled(limit) if held.of else limit
    if held.limit == "strategy_allocation":
        bound = allotment(state, intent.strategy, limit)
    return "" if denial is None else denial.value, str(bound)


def _gate(
    stage: Stage,
    code: str,
    against: str = "",
    value: str = "",
    limit: str = "",
    strategy: str = "",
) -> Gate:
    """A gate that is passed unless there is something `against` it."""
    return Gate(stage, code, not against, value, limit, against, strategy)
