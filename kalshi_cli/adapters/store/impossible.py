"""Rows that cannot be true. A rule is a query for the subjects that break it."""

from dataclasses import dataclass

from sqlalchemy import Select, and_, case, func, or_, select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.instant import DAY
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import ONE_DOLLAR
from kalshi_cli.domain.order import LIVE, WORKING, OrderState, Pending, Purpose
from kalshi_cli.domain.shares import SHARES_TOLERANCE
from kalshi_cli.domain.side import Side
from kalshi_cli.ports.audit import Wrong

_TOP = ONE_DOLLAR.units
_ORDERS, _FILLS, _QUOTES = t.ORDERS.c, t.FILLS.c, t.QUOTES.c
_FORECASTS, _PAID, _TRIPS, _HELD = t.FORECASTS.c, t.SETTLEMENTS.c, t.ROUND_TRIPS.c, t.POSITIONS.c

_SHARES = t.REBALANCED_SHARES.c


@dataclass(frozen=True, slots=True)
class Rule:
    """`query` gives the subjects in its first column."""

    code: Wrong
    query: Select[*tuple[object, ...]]


def _overfilled() -> Select[*tuple[object, ...]]:
    filled = select(_FILLS.order_id, func.sum(_FILLS.count_units).label("units"))
    by_order = filled.group_by(_FILLS.order_id).subquery()
    both = select(_ORDERS.client_order_id).join(by_order, by_order.c.order_id == _ORDERS.order_id)
    return both.where(by_order.c.units > _ORDERS.count_units)


def _doubled_entries() -> Select[*tuple[object, ...]]:
    live = and_(
        _ORDERS.state.in_(LIVE),
        _ORDERS.purpose == Purpose.ENTRY.value,
        _ORDERS.forecast_id.is_not(None),
    )
    key = (_ORDERS.ticker, _ORDERS.strategy, _ORDERS.forecast_id)
    return select(*key).where(live).group_by(*key).having(func.count() > 1)


def _unbalanced_trips() -> Select[*tuple[object, ...]]:
    gross = func.sum(_TRIPS.proceeds_units - _TRIPS.entry_cost_units).label("gross")
    key = (_TRIPS.ticker, _TRIPS.owner)
    sums = select(*key, gross).group_by(*key).subquery()
    mine = and_(sums.c.ticker == _HELD.ticker, sums.c.owner == _HELD.owner)
    flat = select(_HELD.ticker, _HELD.owner).join_from(t.POSITIONS, sums, mine, isouter=True)
    return flat.where(_HELD.net_units == 0, _HELD.realized_units != func.coalesce(sums.c.gross, 0))


def _miscounted_days() -> Select[*tuple[object, ...]]:
    day = (t.AI_CALLS.c.called_wall_us // DAY).label("day")
    cost = func.sum(t.AI_CALLS.c.cost_units).label("cost")
    days = select(day, cost).group_by(day).subquery()
    kept = t.DAILY_AI_COST.c
    both = select(kept.wall_day).join_from(
        t.DAILY_AI_COST, days, days.c.day == kept.wall_day, isouter=True
    )
    return both.where(kept.cost_units != func.coalesce(days.c.cost, 0))


_PAYOUT = case((_PAID.net_units >= 0, _PAID.value_units), else_=_PAID.value_units - _TOP)
_DECIDED = _PAID.result.in_([Result.YES.value, Result.NO.value])

RULES = (
    Rule(
        Wrong.ORDER_PRICE,
        select(_ORDERS.client_order_id).where(~_ORDERS.limit_price_units.between(1, _TOP - 1)),
    ),
    Rule(
        Wrong.ORDER_COUNT,
        select(_ORDERS.client_order_id).where(
            or_(
                _ORDERS.count_units <= 0,
                _ORDERS.filled_units < 0,
                _ORDERS.filled_units > _ORDERS.count_units,
            )
        ),
    ),
    Rule(
        Wrong.ORDER_STATE,
        select(_ORDERS.client_order_id).where(
            or_(
                _ORDERS.state.not_in(list(OrderState)),
                _ORDERS.pending.not_in(list(Pending)),
                and_(_ORDERS.state.in_(WORKING), _ORDERS.order_id.is_(None)),
            )
        ),
    ),
    Rule(Wrong.ORDER_OVERFILLED, _overfilled()),
    Rule(Wrong.ENTRY_DOUBLED, _doubled_entries()),
    Rule(
        Wrong.FILL_IMPOSSIBLE,
        select(_FILLS.fill_id).where(
            or_(
                ~_FILLS.price_units.between(1, _TOP - 1),
                _FILLS.count_units <= 0,
                _FILLS.side.not_in(list(Side)),
            )
        ),
    ),
    Rule(
        Wrong.FILL_ORPHANED,
        select(_FILLS.fill_id)
        .join_from(t.FILLS, t.ORDERS, _ORDERS.order_id == _FILLS.order_id, isouter=True)
        .where(_FILLS.owner != EXTERNAL, _ORDERS.client_order_id.is_(None)),
    ),
    Rule(
        Wrong.SETTLEMENT_IMPOSSIBLE,
        select(_PAID.ticker).where(
            or_(
                ~_PAID.value_units.between(0, _TOP),
                and_(_DECIDED, _PAID.revenue_units != _PAYOUT * _PAID.net_units),
                and_(_PAID.result == Result.YES.value, _PAID.value_units != _TOP),
                and_(_PAID.result == Result.NO.value, _PAID.value_units != 0),
            )
        ),
    ),
    Rule(
        Wrong.QUOTE_IMPOSSIBLE,
        select(_QUOTES.ticker).where(
            or_(
                ~_QUOTES.bid_price_units.between(1, _TOP - 1),
                ~_QUOTES.ask_price_units.between(1, _TOP - 1),
                _QUOTES.bid_price_units >= _QUOTES.ask_price_units,
                _QUOTES.bid_count_units <= 0,
                _QUOTES.ask_count_units <= 0,
            )
        ),
    ),
    Rule(
        Wrong.FORECAST_IMPOSSIBLE,
        select(_FORECASTS.forecast_id).where(
            or_(
                _FORECASTS.low <= 0,
                _FORECASTS.low > _FORECASTS.probability,
                _FORECASTS.probability > _FORECASTS.high,
                _FORECASTS.high >= 1,
            )
        ),
    ),
    Rule(
        Wrong.TRIPS_UNBALANCED,
        _unbalanced_trips(),
    ),
    Rule(
        Wrong.SHARE_IMPOSSIBLE,
        select(_SHARES.strategy).where(
            or_(
                _SHARES.share < 0,
                select(func.sum(_SHARES.share)).scalar_subquery() > 1.0 + SHARES_TOLERANCE,
            )
        ),
    ),
    Rule(Wrong.AI_COST_UNBALANCED, _miscounted_days()),
)
