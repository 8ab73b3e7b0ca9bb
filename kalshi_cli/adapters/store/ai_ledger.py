"""AI calls with their prompts and answers, and what each day of them cost."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

from sqlalchemy import Select, and_, func, literal, or_, select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.prepared import Prepared, given
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.adapters.store.worker import Rows
from kalshi_cli.domain.deliberation import Outcome, Prompt
from kalshi_cli.domain.instant import DAY, day_of
from kalshi_cli.domain.money import AiCost
from kalshi_cli.domain.order import LIVE, NEVER_SEEN
from kalshi_cli.evaluation.ai_costs import Use
from kalshi_cli.ports.ai_ledger import Mark, Reservation, Settled, Unfunded, UsesSince

IN_FLIGHT = "in_flight"
"""The outcome of a call that was not settled: it is being made, or its process is dead."""
_SURROGATES = re.compile("[\ud800-\udfff]")
OUT_OF_CREDITS = "ai_out_of_credits_wall"
"""The marker of the real time at which the provider last said that it is not paid any more."""
_CALLS, _DAYS = t.AI_CALLS.c, t.DAILY_AI_COST.c
_MONEY = (_DAYS.calls, _DAYS.cost_units, _DAYS.reserved_units)
_DAY = Prepared(select(*_MONEY).where(_DAYS.wall_day == given("wall_day")))
_ROOM = Prepared(  # one row, whatever is there
    select(*_MONEY, t.MARKERS.c.instant_us).select_from(
        select(literal(1).label("one"))
        .subquery()
        .outerjoin(t.DAILY_AI_COST, _DAYS.wall_day == given("wall_day"))
        .outerjoin(t.MARKERS, t.MARKERS.c.name == OUT_OF_CREDITS)
    )
)
_SET_ASIDE = Prepared(
    t.DAILY_AI_COST.update()
    .where(_DAYS.wall_day == given("day"))
    .values(calls=_DAYS.calls + 1, reserved_units=_DAYS.reserved_units + given("amount"))
)
_CALL = Prepared(select(_CALLS.call_id).where(_CALLS.call_id == given("settled")))
_UNSETTLED = and_(_CALLS.call_id == given("settled"), _CALLS.cost_units.is_(None))
_PAY = Prepared(
    t.DAILY_AI_COST.update()
    .where(_UNSETTLED, _DAYS.wall_day == _CALLS.called_wall_us // DAY)
    .values(
        cost_units=_DAYS.cost_units + given("paid"),
        reserved_units=_DAYS.reserved_units - _CALLS.reserved_units,
    )
)
TRADED_ON = (
    select(t.FORECASTS.c.decision_id, t.ORDERS.c.strategy)
    .join_from(t.ORDERS, t.FORECASTS, t.ORDERS.c.forecast_id == t.FORECASTS.c.forecast_id)
    .where(t.FORECASTS.c.decision_id != "", t.ORDERS.c.state.not_in(NEVER_SEEN))
    .distinct()
)
"""Decisions and whose orders were sent on them; what never was at the exchange bought nothing."""
_EVENTS = t.ORDER_EVENTS.c
_CHANGED = (
    select(_EVENTS.client_order_id)
    .where(_EVENTS.event_id > given("order_event"))
    .distinct()
    .subquery()
)
_BEFORE = (
    select(_EVENTS.state)
    .where(
        _EVENTS.client_order_id == t.ORDERS.c.client_order_id,
        _EVENTS.event_id <= given("order_event"),
    )
    .order_by(_EVENTS.event_id.desc())
    .limit(1)
    .scalar_subquery()
)
_USES = Prepared(
    select(t.FORECASTS.c.decision_id, t.ORDERS.c.strategy, _BEFORE, t.ORDERS.c.state)
    .select_from(_CHANGED)
    .join(t.ORDERS, t.ORDERS.c.client_order_id == _CHANGED.c.client_order_id)
    .join(t.FORECASTS, t.FORECASTS.c.forecast_id == t.ORDERS.c.forecast_id)
    .where(t.FORECASTS.c.decision_id != "")
)
_COSTS = select(
    _CALLS.decision_id, func.sum(func.coalesce(_CALLS.cost_units, _CALLS.reserved_units))
).group_by(_CALLS.decision_id)
_RECENT = select(_CALLS.decision_id).where(_CALLS.called_wall_us >= given("since_us"))
_RECENT_COSTS = Prepared(_COSTS.where(_CALLS.decision_id.in_(_RECENT)))
_LAST = Prepared(
    select(
        select(func.max(_EVENTS.event_id)).scalar_subquery(),
        select(func.max(_CALLS.called_wall_us)).scalar_subquery(),
    )
)
_SETTLED = (
    "served_model",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "cost_units",
    "cost_source",
    "latency_ms",
    "outcome",
    "form",
    "reason",
    "answer_text",
    "searches",
    "citations",
    "parsed",
)
_SETTLE = Prepared(
    t.AI_CALLS.update().where(_UNSETTLED).values({name: given(name) for name in _SETTLED})
)


def storable(text: str) -> str:
    """A text as every database keeps it: PostgreSQL has no NUL, and no encoding half a surrogate.

    Both are shown by what stands for them: the symbol for NUL, and the replacement character.
    """
    return _SURROGATES.sub("\ufffd", text.replace("\0", "\u2400"))


class SqlAiLedger:
    """Implements `ports.ai_ledger.AiLedger`; a unit is the only writer while it is open."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._at_most: dict[int, int] = {}
        """What a day has spent and set aside at the most, as this transaction found and left it."""

    async def reserve(self, call: Reservation, *, daily_budget: AiCost | None) -> Unfunded | None:
        day, amount = day_of(call.wall_us), call.amount.units
        most = None if daily_budget is None else daily_budget.units - amount
        used = self._at_most.get(day)
        if used is None or (most is not None and used > most):
            ((calls, cost, reserved, said),) = await self._transaction.rows(
                _ROOM, {"wall_day": day}
            )
            if said is not None and day_of(said) == day:
                return Unfunded.CREDITS
            used = (cost or 0) + (reserved or 0)
            if most is not None and used > most:
                return Unfunded.BUDGET
            if calls is None:
                nothing = {"wall_day": day, "calls": 0, "cost_units": 0, "reserved_units": 0}
                await self._transaction.append(t.DAILY_AI_COST, [nothing])
        self._at_most[day] = used + amount
        await self._transaction.write_prepared_later(_SET_ASIDE, {"day": day, "amount": amount})
        system_text, user_text = await self._kept(call.prompt.system, call.prompt.user)
        row = {
            "call_id": call.call_id,
            "decision_id": call.decision_id,
            "run_id": call.run_id,
            "event_ticker": call.event_ticker,
            "role": call.prompt.role.value,
            "prompt_version": call.prompt.version,
            "requested_model": call.requested_model,
            "served_model": "",
            "prompt_tokens": 0,
            "cached_tokens": 0,
            "completion_tokens": 0,
            "reasoning_tokens": 0,
            "reserved_units": call.amount.units,
            "cost_units": None,
            "cost_source": "",
            "latency_ms": None,
            "outcome": IN_FLIGHT,
            "form": None,
            "reason": "",
            "system_text": system_text,
            "user_text": user_text,
            "answer_text": None,
            "provider": call.provider,
            "tools": _tools(call.prompt),
            "searches": 0,
            "citations": None,
            "parsed": None,
            "called_us": call.at_us,
            "called_wall_us": call.wall_us,
        }
        await self._transaction.append(t.AI_CALLS, [row])
        return None

    async def out_of_credits(self, wall_us: int) -> None:
        self._at_most.clear()
        row = {"name": OUT_OF_CREDITS, "instant_us": wall_us}
        await self._transaction.upsert(t.MARKERS, [row])

    async def in_credit(self) -> None:
        markers = t.MARKERS
        await self._transaction.write(markers.delete().where(markers.c.name == OUT_OF_CREDITS))

    async def settle(self, done: Settled) -> None:
        def check(found: list[Rows]) -> None:
            if not found[0]:
                raise ValueError(f"AI call {done.call_id} is not on record.")

        call = {"settled": done.call_id}
        await self._transaction.check([(_CALL, call)], check)
        paid = {**call, "paid": done.cost.units}
        await self._transaction.write_prepared_later(_PAY, paid)  # before it is settled
        for day in self._at_most:  # not less what was set aside: it may have been settled before
            self._at_most[day] += done.cost.units
        attempt = done.attempt
        answer = await self._kept(attempt.text) if attempt.text else [None]
        values = {
            **call,
            "served_model": storable(attempt.served_model),
            "prompt_tokens": attempt.usage.prompt,
            "cached_tokens": attempt.usage.cached,
            "completion_tokens": attempt.usage.completion,
            "reasoning_tokens": attempt.usage.reasoning,
            "cost_units": done.cost.units,
            "cost_source": done.source.value,
            "latency_ms": attempt.latency_ms,
            "outcome": attempt.outcome.value,
            "form": None if done.form is None else done.form.value,
            "reason": storable(attempt.detail),
            "answer_text": answer[0],
            "searches": attempt.usage.searches,
            "citations": json.dumps(attempt.citations) if attempt.citations else None,
            "parsed": None if done.parsed is None else json.dumps(done.parsed),
        }
        await self._transaction.write_prepared_later(_SETTLE, values)

    async def spent(self, wall_day: int) -> AiCost:
        _, cost, reserved = await self._day(wall_day)
        return AiCost(cost + reserved)

    async def spent_ever(self) -> AiCost:
        table = t.DAILY_AI_COST
        query = select(func.sum(table.c.cost_units + table.c.reserved_units))
        return AiCost(await self._transaction.number(query) or 0)

    async def uses(self, since: Mark) -> UsesSince:
        ((event, called),) = await self._transaction.rows(_LAST)  # first: what comes is seen again
        rows = await self._transaction.rows(_USES, {"order_event": since.order_event})
        uses = [
            Use(decision_id, strategy, _was_sent(now) - _was_sent(before))
            for decision_id, strategy, before, now in rows
        ]
        # Calls end within minutes; a day is for clocks that were set back.
        recent = await self._transaction.rows(
            _RECENT_COSTS, {"since_us": since.called_wall_us - DAY}
        )
        costs = {decision_id: AiCost(int(units)) for decision_id, units in recent}
        older = {use.decision_id for use in uses} - costs.keys()
        for decision_id, units in await self._transaction.rows_among(
            _COSTS, _CALLS.decision_id, older
        ):
            costs[decision_id] = AiCost(int(units))
        return UsesSince(Mark(event or 0, called or 0), tuple(u for u in uses if u.orders), costs)

    async def paid_since(self, since_us: int) -> Mapping[str, tuple[int, ...]]:
        table = t.AI_CALLS.c
        began = func.min(table.called_us).label("began")
        query = (
            select(table.event_ticker, began)
            .where(table.called_us >= since_us, func.coalesce(table.cost_units, 1) > 0)
            .group_by(table.decision_id, table.event_ticker)
            .order_by(began)
        )
        paid: dict[str, list[int]] = {}
        for event_ticker, began_us in await self._transaction.rows(query):
            paid.setdefault(event_ticker, []).append(began_us)
        return {event: tuple(instants) for event, instants in paid.items()}

    async def first_served(self, requested_models: Sequence[str], provider: str) -> str:
        table = t.AI_CALLS
        query = (
            select(table.c.served_model)
            .where(
                table.c.requested_model.in_(list(requested_models)),
                table.c.provider == provider,
                table.c.outcome == Outcome.ANSWERED.value,
                table.c.served_model != "",
            )
            .order_by(table.c.called_wall_us, table.c.call_id)
            .limit(1)
        )
        found = await self._transaction.first(query)
        return "" if found is None else str(found[0])

    async def _day(self, wall_day: int) -> tuple[int, int, int]:
        found = await self._transaction.first(_DAY, {"wall_day": wall_day})
        return (0, 0, 0) if found is None else (found[0], found[1], found[2])

    async def _kept(self, *texts: str) -> list[str]:
        """The ids of texts, each of which is kept once however often it is said."""
        bodies = [storable(text) for text in texts]
        ids = [hashlib.blake2b(body.encode(), digest_size=16).hexdigest() for body in bodies]
        rows = [{"text_id": id_, "body": body} for id_, body in zip(ids, bodies, strict=True)]
        await self._transaction.fill(t.AI_TEXTS, rows, "body")  # it may have been dropped
        return ids

    async def drop_texts(self, before_wall_us: int) -> int:
        texts, calls = t.AI_TEXTS, t.AI_CALLS.c
        old = (calls.called_wall_us < before_wall_us) & calls.event_ticker.not_in(_at_stake())
        words = (calls.user_text, calls.answer_text)
        kept = [select(word).where(~old, word.is_not(None)) for word in words]
        kept.append(select(calls.system_text))
        dropped = [select(word).where(old, word.is_not(None)) for word in words]
        return await self._transaction.write(
            texts.update()
            .where(
                texts.c.body.is_not(None),
                or_(*(texts.c.text_id.in_(query) for query in dropped)),
                and_(*(texts.c.text_id.not_in(query) for query in kept)),
            )
            .values(body=None)
        )


def _was_sent(state: str | None) -> bool:
    return state is not None and state not in NEVER_SEEN


def _tools(prompt: Prompt) -> str:
    return "" if prompt.research is None else ",".join(prompt.research.tools)


def _at_stake() -> Select[tuple[str]]:
    """Events with a market where something is held, or where an order may still trade."""
    held = select(t.POSITIONS.c.ticker).where(t.POSITIONS.c.net_units != 0)
    ordered = select(t.ORDERS.c.ticker).where(t.ORDERS.c.state.in_(LIVE))
    markets = t.MARKETS.c
    return select(markets.event_ticker).where(
        or_(markets.ticker.in_(held), markets.ticker.in_(ordered))
    )
