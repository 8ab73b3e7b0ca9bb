"""Reading calls to language models, for people."""

import json
from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import Column, func, select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.market_mapping import Values
from kalshi_cli.adapters.store.queries import AnySelect, Reading, newest
from kalshi_cli.adapters.store.transaction import chunks
from kalshi_cli.domain.instant import DAY
from kalshi_cli.domain.money import AiCost
from kalshi_cli.ports.rows.ai import (
    AiCallRow,
    AiCallTexts,
    AiCostRow,
    SaidRow,
)

TEXTS = frozenset({"system_text", "user_text", "answer_text", "parsed", "citations"})


class AiReports(Reading):
    """The part of `ports.reports.Reports` that is about language models."""

    async def ai_calls(
        self,
        *,
        ticker: str | None = None,
        since_wall_us: int | None = None,
        limit: int | None = None,
    ) -> tuple[AiCallRow, ...]:
        table = t.AI_CALLS.c
        query = _about(select(*_columns()), ticker)
        query = newest(
            query, table.called_wall_us, table.call_id, since_us=since_wall_us, limit=limit
        )
        async with self._opened() as transaction:
            return tuple(map(_row, await transaction.rows(query)))

    async def ai_call(self, call_id: str) -> AiCallTexts | None:
        table = t.AI_CALLS
        system, user, answer = (t.AI_TEXTS.alias(name) for name in ("system", "user", "answer"))
        query = (
            select(
                *_columns(),
                system.c.body,
                user.c.body,
                answer.c.body,
                table.c.parsed,
                table.c.citations,
            )
            .join_from(table, system, system.c.text_id == table.c.system_text)
            .join(user, user.c.text_id == table.c.user_text, isouter=True)
            .join(answer, answer.c.text_id == table.c.answer_text, isouter=True)
            .where(table.c.call_id == call_id)
        )
        async with self._opened() as transaction:
            found = await transaction.first(query)
        if found is None:
            return None
        system_body, user_body, answer_body, parsed, citations = tuple(found)[-5:]
        said = None if parsed is None else json.loads(parsed)
        cited = () if citations is None else tuple(json.loads(citations))
        return AiCallTexts(_row(found), system_body, user_body, answer_body, said, cited)

    async def ai_costs(
        self, *, ticker: str | None = None, since_wall_us: int | None = None
    ) -> tuple[AiCostRow, ...]:
        table = t.AI_CALLS.c
        model = func.coalesce(func.nullif(table.served_model, ""), table.requested_model)
        groups = (table.decision_id, table.called_wall_us // DAY, table.role, model)
        cost = func.sum(func.coalesce(table.cost_units, table.reserved_units))
        query = _about(select(*groups, func.count(), cost).group_by(*groups), ticker)
        if since_wall_us is not None:
            query = query.where(table.called_wall_us >= since_wall_us)
        async with self._opened() as transaction:
            rows = await transaction.rows(query.order_by(*groups))
        return tuple(
            AiCostRow(decision, int(day), role, served, calls, AiCost(int(units)))
            for decision, day, role, served, calls, units in rows
        )

    async def ai_users(self) -> dict[str, frozenset[str]]:
        from kalshi_cli.adapters.store.ai_ledger import TRADED_ON  # other reports need not pay it

        found: dict[str, frozenset[str]] = {}
        async with self._opened() as transaction:
            for decision, strategy in await transaction.rows(TRADED_ON):
                found[decision] = found.get(decision, frozenset()) | {strategy}
        return found

    async def said(self, decision_ids: Collection[str]) -> tuple[SaidRow, ...]:
        table = t.AI_CALLS.c
        found: list[SaidRow] = []
        async with self._opened() as transaction:
            for part in chunks(set(decision_ids)):
                query = (
                    select(*(table[name] for name in _SAID))
                    .where(table.decision_id.in_(part), table.parsed.is_not(None))
                    .order_by(table.called_wall_us, table.call_id)
                )
                rows = await transaction.rows(query)
                found += map(_said_row, rows)
        return tuple(found)


_SAID = (
    "decision_id",
    "role",
    "prompt_version",
    "served_model",
    "form",
    "called_wall_us",
    "searches",
    "parsed",
)


def _about(query: AnySelect, ticker: str | None) -> AnySelect:
    """Only calls about the event of a market, where one is named."""
    if ticker is None:
        return query
    event = select(t.MARKETS.c.event_ticker).where(t.MARKETS.c.ticker == ticker)
    return query.where(t.AI_CALLS.c.event_ticker.in_(event))


def _said_row(values: Values) -> SaidRow:
    named = dict(zip(_SAID, values, strict=True))
    return SaidRow(**{**named, "parsed": json.loads(named["parsed"])})


@cache
def _columns() -> tuple[Column[Any], ...]:
    return tuple(column for column in t.AI_CALLS.c if column.name not in TEXTS)


def _row(values: Values) -> AiCallRow:
    names = (column.name.removesuffix("_units") for column in _columns())
    named = dict(zip(names, values, strict=False))
    named["reserved"] = AiCost(named["reserved"])
    named["cost"] = None if named["cost"] is None else AiCost(named["cost"])
    return AiCallRow(**named)
