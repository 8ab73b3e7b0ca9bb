"""Mark-outs and incentive programmes."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, exists, select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.prepared import Prepared, given
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.domain.markout import Horizon, Markout
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import Fill, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.ports.making import Unmarked

_MILLION = 1_000_000
_FILLS = t.FILLS.c
_UNMARKED = Prepared(
    select(
        _FILLS.fill_id, _FILLS.order_id, _FILLS.ticker, _FILLS.side, _FILLS.price_units,
        _FILLS.count_units, _FILLS.is_taker, _FILLS.fee_units, _FILLS.at_us,
        _FILLS.exchange_index, _FILLS.owner, t.ORDERS.c.fair,
    )
    .join_from(t.FILLS, t.ORDERS, t.ORDERS.c.order_id == _FILLS.order_id)
    .where(
        t.ORDERS.c.purpose == Purpose.QUOTE.value,
        t.ORDERS.c.fair.is_not(None),
        _FILLS.at_us >= given("since_us"),
        _FILLS.at_us <= given("until_us"),
        ~exists().where(
            t.MARKOUTS.c.fill_id == _FILLS.fill_id, t.MARKOUTS.c.horizon_us == given("horizon_us")
        ),
    )
    .order_by(_FILLS.at_us, _FILLS.fill_id)
)  # fmt: skip
_MARKOUTS = Prepared(
    select(*t.MARKOUTS.c)
    .where(t.MARKOUTS.c.filled_us >= given("since_us"))
    .order_by(t.MARKOUTS.c.filled_us, t.MARKOUTS.c.fill_id, t.MARKOUTS.c.horizon_us)
)
_INCENTIVES = Prepared(
    select(*t.INCENTIVES.c)
    .where(t.INCENTIVES.c.start_us <= given("now_us"), t.INCENTIVES.c.end_us > given("now_us"))
    .order_by(t.INCENTIVES.c.ticker, t.INCENTIVES.c.program_id)
)


class SqlMaking:
    """Implements `ports.making.Making`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def unmarked(
        self, horizon: Horizon, since_us: int, until_us: int
    ) -> tuple[Unmarked, ...]:
        asked = {"horizon_us": int(horizon), "since_us": since_us, "until_us": until_us}
        rows = await self._transaction.rows(_UNMARKED, asked)
        return tuple(_unmarked_from(row, horizon) for row in rows)

    async def save_markouts(self, markouts: Sequence[Markout]) -> None:
        rows = [
            {
                "fill_id": mark.fill_id,
                "horizon_us": int(mark.horizon),
                "ticker": mark.ticker,
                "owner": mark.owner,
                "given_units": round(mark.given * _MILLION),
                "kept_units": round(mark.kept * _MILLION),
                "half_units": round(mark.half * _MILLION),
                "filled_us": mark.filled_us,
                "looked_us": mark.looked_us,
            }
            for mark in markouts
        ]
        await self._transaction.upsert(t.MARKOUTS, rows)

    async def markouts(self, since_us: int) -> tuple[Markout, ...]:
        rows = await self._transaction.rows(_MARKOUTS, {"since_us": since_us})
        return tuple(map(_markout_from, rows))

    async def save_incentives(self, programs: Sequence[IncentiveProgram]) -> None:
        rows = [
            {
                "program_id": program.program_id,
                "ticker": program.ticker,
                "kind": program.kind,
                "reward_units": program.reward.units,
                "start_us": program.start_us,
                "end_us": program.end_us,
                "target_units": None if program.target is None else program.target.units,
                "discount_bps": program.discount_bps,
                "most_units": (
                    None if program.most_per_account is None else program.most_per_account.units
                ),
            }
            for program in programs
        ]
        await self._transaction.write(delete(t.INCENTIVES))
        await self._transaction.upsert(t.INCENTIVES, rows)

    async def incentives(self, now_us: int) -> Mapping[str, tuple[IncentiveProgram, ...]]:
        found: dict[str, tuple[IncentiveProgram, ...]] = {}
        for row in await self._transaction.rows(_INCENTIVES, {"now_us": now_us}):
            program = _program_from(row)
            found[program.ticker] = (*found.get(program.ticker, ()), program)
        return found


def _unmarked_from(row: Sequence[Any], horizon: Horizon) -> Unmarked:
    fill_id, order_id, ticker, side, price, count, is_taker, fee, at_us, shard, owner, fair = row
    fill = Fill(
        fill_id=fill_id,
        order_id=order_id,
        ticker=ticker,
        side=Side(side),
        price=Price(price),
        count=Contracts(count),
        is_taker=is_taker,
        fee=Money(fee),
        at_us=at_us,
        exchange_index=shard,
    )
    return Unmarked(fill, owner, fair, horizon)


def _markout_from(row: Sequence[Any]) -> Markout:
    fill_id, horizon_us, ticker, owner, given, kept, half, filled_us, looked_us = row
    return Markout(
        fill_id,
        ticker,
        owner,
        Horizon(horizon_us),
        given / _MILLION,
        kept / _MILLION,
        half / _MILLION,
        filled_us,
        looked_us,
    )


def _program_from(row: Sequence[Any]) -> IncentiveProgram:
    """Those that were paid out are over, and were not kept."""
    program_id, ticker, kind, reward, start_us, end_us, target, discount_bps, most = row
    return IncentiveProgram(
        program_id,
        ticker,
        kind,
        Money(reward),
        start_us,
        end_us,
        paid_out=False,
        target=None if target is None else Contracts(target),
        discount_bps=discount_bps,
        most_per_account=None if most is None else Money(most),
    )
