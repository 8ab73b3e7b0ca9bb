"""The limits that every order is held against. None means a person wrote "unlimited"."""

from collections.abc import Mapping
from dataclasses import dataclass

from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.money import Money


@dataclass(frozen=True, slots=True)
class Lending:
    """Strategies that lend each other what they leave unused: the `shares` of all that run.

    `wanted` is what each that was asked in this pass wants and did not get, in dollars: so much of
    its share it does not lend, and one that was not asked lends nothing. None stands for a look
    outside of a pass, where all that is unused is on offer, so that what rests may stay.
    """

    shares: Mapping[str, float]
    wanted: Mapping[str, Money] | None


@dataclass(frozen=True, slots=True)
class Limits:
    """Shares are fractions of the bankroll (equity under `capital_limit`); times microseconds.

    `max_single_position` bounds one stake, and what one order may cost with its fee;
    `max_market_exposure` all that a market may lose. `max_entries_per_market` is a day's.
    `strategy_allocation` is the share of the strategy whose orders are checked; without `lending`
    each keeps to its own. Defaults live in `settings`; this only names what the controls and the
    stake read.
    """

    max_single_position: float | None
    max_order_contracts: int | None
    max_market_exposure: float | None
    max_event_exposure: float | None
    max_cluster_exposure: float | None
    max_category_exposure: float | None
    max_account_exposure: float | None
    strategy_allocation: float | None
    max_positions: int | None
    max_trades_per_hour: int | None
    max_orders_per_minute: int | None
    max_entries_per_market: int | None
    max_unresolved_orders: int | None
    max_daily_loss: float | None
    max_drawdown: float | None
    min_cash_reserve: float
    min_net_edge: float
    min_confidence_to_trade: float
    max_quote_age_us: int
    max_book_age_us: int
    max_forecast_age_us: int
    max_price_gap: float
    reentry_cooldown_us: int = 6 * HOUR
    capital_limit: Money | None = None
    lending: Lending | None = None


@dataclass(frozen=True, slots=True)
class LimitChange:
    """A limit, as a config file writes it. `old` is None where none was on record."""

    name: str
    old: str | None
    new: str


def limit_changes(recorded: Mapping[str, str], now: Mapping[str, str]) -> tuple[LimitChange, ...]:
    """What is in force `now` and is on record otherwise, or not at all."""
    return tuple(
        LimitChange(name, recorded.get(name), value)
        for name, value in now.items()
        if recorded.get(name) != value
    )
