"""Reading for people: from columns straight into rows, in transactions that wait for nobody."""

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, ScalarSelect, Table, distinct, func, or_, select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.ai_reports import AiReports
from kalshi_cli.adapters.store.forecast_reports import ForecastReports
from kalshi_cli.adapters.store.market_reports import MarketReports
from kalshi_cli.adapters.store.money_reports import MoneyReports
from kalshi_cli.adapters.store.position_reports import PositionReports
from kalshi_cli.adapters.store.queries import CATEGORY, filtered, newest
from kalshi_cli.adapters.store.snapshots import newest_snapshot
from kalshi_cli.adapters.store.transaction import AnyRow
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import LIVE, UNRESOLVED, OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.stop import At, Stop, StopDay
from kalshi_cli.errors import NEVER_BEGAN
from kalshi_cli.ports.reports import Listed
from kalshi_cli.ports.rows.desk import (
    DeskSummary,
    LimitChangeRow,
    RunRow,
)
from kalshi_cli.ports.rows.trading import (
    DenialRow,
    FunnelRow,
    StopRow,
)


def _count(table: Table, *wanted: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(table).where(*wanted).scalar_subquery()


def _counts() -> dict[str, ScalarSelect[int]]:
    return {
        "events": _count(t.EVENTS),
        "markets": _count(t.MARKETS),
        "markets_active": _count(t.MARKETS, t.MARKETS.c.status == MarketStatus.ACTIVE.value),
        "forecasts": _count(t.FORECASTS),
        "markets_forecast": select(func.count(distinct(t.FORECASTS.c.ticker))).scalar_subquery(),
        "orders": _count(t.ORDERS, t.ORDERS.c.state != OrderState.NOT_SENT.value),
        "live_orders": _count(t.ORDERS, t.ORDERS.c.state.in_(LIVE)),
        "unresolved_orders": _count(t.ORDERS, t.ORDERS.c.state.in_(UNRESOLVED)),
        "fills": _count(t.FILLS),
        "open_positions": _count(t.POSITIONS, t.POSITIONS.c.net_units != 0),
        "round_trips": _count(t.ROUND_TRIPS),
        "settlements": _count(t.SETTLEMENTS),
        "denials": _count(t.DENIALS),
        "ai_calls": _count(t.AI_CALLS),
    }


LISTED: Mapping[Listed, tuple[str, ...]] = {
    "positions": ("POSITIONS",),
    "orders": ("ORDERS",),
    "fills": ("FILLS",),
    "round_trips": ("ROUND_TRIPS",),
    "tape": ("FILLS", "SETTLEMENTS", "CASH_MOVEMENTS"),
    "markets": ("MARKETS",),
    "analyses": ("FORECASTS",),
    "runs": ("RUNS",),
    "denials": ("DENIALS",),
    "limit_changes": ("LIMIT_CHANGES",),
}
"""The tables whose rows a list is made of."""


class SqlReports(AiReports, ForecastReports, MarketReports, MoneyReports, PositionReports):
    """Implements `ports.reports.Reports`."""

    async def how_many(
        self,
        listed: Listed,
        *,
        ticker: str | None = None,
        category: str | None = None,
        states: Collection[OrderState] | None = None,
        purposes: Collection[Purpose] | None = None,
    ) -> int:
        counting = []
        for name in LISTED[listed]:
            table: Table = getattr(t, name)
            query = select(func.count()).select_from(table)
            if ticker is not None:
                if "ticker" not in table.c:
                    continue
                query = query.where(table.c.ticker == ticker)
            if category is not None:
                query = query.join(t.EVENTS).join(t.SERIES)
                query = filtered(query, {CATEGORY: category})
            if states is not None:
                query = query.where(table.c.state.in_(states))
            if purposes is not None:
                query = query.where(table.c.purpose.in_(purposes))
            if listed == "positions":
                query = query.where(table.c.net_units != 0)
            counting.append(query)
        async with self._opened() as transaction:
            return sum([(await transaction.rows(query))[0][0] for query in counting])

    async def runs(
        self, *, command: str | None = None, run_id: str | None = None, limit: int | None = None
    ) -> tuple[RunRow, ...]:
        table = t.RUNS.c
        query = filtered(select(*table), {table.command: command, table.run_id: run_id})
        query = query.order_by(table.number.desc()).limit(limit)
        async with self._opened() as transaction:
            return tuple(RunRow(*row) for row in await transaction.rows(query))

    async def denials(
        self,
        *,
        ticker: str | None = None,
        strategy: str | None = None,
        run_id: str | None = None,
        since_us: int | None = None,
        limit: int | None = None,
    ) -> tuple[DenialRow, ...]:
        table = t.DENIALS.c
        wanted = {table.ticker: ticker, table.strategy: strategy, table.run_id: run_id}
        query = filtered(select(*list(table)[1:]), wanted)
        query = newest(query, table.at_us, table.denial_id, since_us=since_us, limit=limit)
        async with self._opened() as transaction:
            return tuple(map(_denial_row, await transaction.rows(query)))

    async def funnel(self) -> tuple[FunnelRow, ...]:
        table = t.FUNNEL.c
        newest_pass = (
            select(table.run_id, table.pass_number)
            .join_from(t.FUNNEL, t.RUNS)
            .order_by(t.RUNS.c.number.desc(), table.pass_number.desc())
            .limit(1)
            .subquery()
        )
        query = (
            select(table.run_id, table.name, table.count)
            .join(
                newest_pass,
                (newest_pass.c.run_id == table.run_id)
                & (newest_pass.c.pass_number == table.pass_number),
            )
            .order_by(table.count.desc(), table.name)
        )
        async with self._opened() as transaction:
            return tuple(FunnelRow(*row) for row in await transaction.rows(query))

    async def stops(
        self, *, ticker: str | None = None, strategy: str | None = None, limit: int | None = None
    ) -> tuple[StopRow, ...]:
        table = t.STOPS.c
        query = filtered(select(*table), {table.ticker: ticker, table.strategy: strategy})
        query = query.order_by(table.strategy, table.ticker).limit(limit)
        async with self._opened() as transaction:
            return tuple(map(_stop_row, await transaction.rows(query)))

    async def stop_days(self, *, since_day: int | None = None) -> tuple[StopDay, ...]:
        from kalshi_cli.adapters.store.funnel import stop_day_from

        table = t.STOP_DAYS.c
        query = select(*table)
        if since_day is not None:
            query = query.where(table.day >= since_day)
        query = query.order_by(table.day.desc(), table.strategy, table.stage, table.code)
        async with self._opened() as transaction:
            return tuple(stop_day_from(tuple(row)) for row in await transaction.rows(query))

    async def limit_changes(self, *, limit: int | None = None) -> tuple[LimitChangeRow, ...]:
        columns = list(t.LIMIT_CHANGES.c)
        query = select(*columns[1:]).order_by(columns[0].desc()).limit(limit)
        async with self._opened() as transaction:
            return tuple(LimitChangeRow(*row) for row in await transaction.rows(query))

    async def summary(self) -> DeskSummary:
        from kalshi_cli.adapters.store.ai_ledger import SqlAiLedger
        from kalshi_cli.adapters.store.ledger import SqlLedger

        states, counted = t.DESK_STATES.c, _counts()
        newest_state = select(states.state, states.reason, states.at_us)
        newest_state = newest_state.order_by(states.change_id.desc()).limit(1)
        async with self._opened() as transaction:
            state = await transaction.first(newest_state)
            numbers = (await transaction.rows(select(*counted.values())))[0]
            counts = dict(zip(counted, numbers, strict=True))
            snapshot = await newest_snapshot(transaction)
            last_run = await transaction.first(
                select(*t.RUNS.c)
                .where(or_(t.RUNS.c.reason.is_(None), ~t.RUNS.c.reason.startswith(NEVER_BEGAN)))
                .order_by(t.RUNS.c.number.desc())
                .limit(1)
            )
            ledger = SqlLedger(transaction)
            moved = counts["fills"] or counts["settlements"] or await ledger.paid_in() is not None
            cash = await ledger.cash() if moved or snapshot is not None else None
            ai_cost = await SqlAiLedger(transaction).spent_ever()
        return DeskSummary(
            state=DeskState.ACTIVE if state is None else DeskState(state[0]),
            state_reason="" if state is None else state[1],
            state_since_us=None if state is None else state[2],
            cash=cash,
            snapshot=snapshot,
            ai_cost=ai_cost,
            last_run=None if last_run is None else RunRow(*last_run),
            **counts,
        )


def _stop_row(row: AnyRow) -> StopRow:
    strategy, ticker, run_id, at_us, stage, code, value, limit, detail = row
    return StopRow(Stop(strategy, ticker, At(stage), code, value, limit, detail), run_id, at_us)


def _denial_row(row: AnyRow) -> DenialRow:
    run_id, strategy, ticker, purpose, code, detail, value, limit, at_us, *wanted = row
    side, price, count, forecast_id = wanted
    return DenialRow(
        run_id,
        strategy,
        ticker,
        purpose,
        code,
        detail,
        value,
        limit,
        at_us,
        None if side is None else Side(side),
        None if price is None else Price(price),
        None if count is None else Contracts(count),
        forecast_id,
    )
