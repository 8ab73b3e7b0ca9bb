"""Fills, settlements and cash movements, append only; positions and round trips beside them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, case, delete, func, select

from kalshi_cli.adapters.store import ledger_mapping as mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.prepared import Prepared, Values
from kalshi_cli.adapters.store.transaction import Transaction, chunks
from kalshi_cli.domain.account import CashMovement, Settlement
from kalshi_cli.domain.history import Entry, in_force, news_of
from kalshi_cli.domain.money import ONE_DOLLAR, Contracts, Money, total
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.position import Position, RoundTrip
from kalshi_cli.domain.side import Side

_SIGN = case((t.FILLS.c.side == Side.BID.value, 1), else_=-1)
_FILL_IDS = select(t.FILLS.c.fill_id)
_MOVEMENT_IDS = select(t.CASH_MOVEMENTS.c.movement_id)
_CASH_OF_FILLS = Prepared(
    select(
        func.max(t.FILLS.c.exchange_index),
        func.sum(-_SIGN * t.FILLS.c.price_units * t.FILLS.c.count_units - t.FILLS.c.fee_units),
        func.sum(_SIGN * t.FILLS.c.count_units),
    ).group_by(t.FILLS.c.ticker)
)
_CASH_MOVED = Prepared(
    select(t.CASH_MOVEMENTS.c.exchange_index, func.sum(t.CASH_MOVEMENTS.c.amount_units)).group_by(
        t.CASH_MOVEMENTS.c.exchange_index
    )
)
_PAID_IN = Prepared(select(func.sum(t.CASH_MOVEMENTS.c.amount_units)))
_LAST_FILL = Prepared(select(func.max(t.FILLS.c.at_us)))
_SETTLEMENTS = Prepared(select(*t.SETTLEMENTS.c))
_LAST_SETTLEMENT = Prepared(select(func.max(t.SETTLEMENTS.c.settled_us)))
_ALL_POSITIONS = select(*t.POSITIONS.c).order_by(t.POSITIONS.c.ticker, t.POSITIONS.c.owner)
_POSITIONS = Prepared(_ALL_POSITIONS)
_OPEN_POSITIONS = Prepared(_ALL_POSITIONS.where(t.POSITIONS.c.net_units != 0))
_LAST_EXITS = select(
    t.ROUND_TRIPS.c.owner, t.ROUND_TRIPS.c.ticker, func.max(t.ROUND_TRIPS.c.closed_us)
).group_by(t.ROUND_TRIPS.c.owner, t.ROUND_TRIPS.c.ticker)
_ALL_LAST_EXITS = Prepared(_LAST_EXITS)


class SqlLedger:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add_fills(self, fills: Sequence[tuple[Fill, str]]) -> tuple[Fill, ...]:
        by_id = {fill.fill_id: (fill, owner) for fill, owner in fills}
        known = await self._known(_FILL_IDS, by_id)
        new = [entry for fill_id, entry in by_id.items() if fill_id not in known]
        new.sort(key=lambda entry: (entry[0].at_us, entry[0].fill_id))
        await self._transaction.append(t.FILLS, [mapping.fill_row(*entry) for entry in new])
        return tuple(fill for fill, _ in new)

    async def add_cash(self, movements: Sequence[CashMovement]) -> tuple[CashMovement, ...]:
        by_id = {movement.movement_id: movement for movement in movements}
        reversed_ids = {movement.reverses for movement in movements if movement.reverses}
        known = await self._known(_MOVEMENT_IDS, by_id.keys() | reversed_ids)
        happened = known | {""}
        new = [m for key, m in by_id.items() if key not in known and m.reverses in happened]
        new.sort(key=lambda movement: (movement.at_us, movement.movement_id))
        await self._transaction.append(t.CASH_MOVEMENTS, list(map(mapping.movement_row, new)))
        return tuple(new)

    async def _known(self, all_ids: Select[tuple[Any, ...]], ids: Collection[str]) -> set[str]:
        (key,) = all_ids.selected_columns
        return {row[0] for row in await self._transaction.rows_among(all_ids, key, ids)}

    async def unknown(self, fills: Collection[Fill]) -> tuple[Fill, ...]:
        known = await self._known(_FILL_IDS, {fill.fill_id for fill in fills})
        return tuple(fill for fill in fills if fill.fill_id not in known)

    async def filled(self, order_ids: Collection[str]) -> Mapping[str, Contracts]:
        order_id = t.FILLS.c.order_id
        found: dict[str, Contracts] = {}
        for part in chunks(set(order_ids)):
            query = select(order_id, func.sum(t.FILLS.c.count_units)).where(order_id.in_(part))
            for name, units in await self._transaction.rows(query.group_by(order_id)):
                found[name] = Contracts(int(units))
        return found

    async def last_fill_us(self) -> int | None:
        return await self._transaction.number(_LAST_FILL)

    async def new_settlements(self, settlements: Sequence[Settlement]) -> tuple[Settlement, ...]:
        booked: list[Settlement] = []
        for part in chunks({settlement.ticker for settlement in settlements}):
            mine = select(*t.SETTLEMENTS.c).where(t.SETTLEMENTS.c.ticker.in_(part))
            rows = await self._transaction.rows(mine.order_by(t.SETTLEMENTS.c.revision))
            booked += map(mapping.settlement_from, rows)
        return tuple(news_of(booked, settlements))

    async def add_settlements(self, settlements: Sequence[Settlement]) -> tuple[Settlement, ...]:
        new = await self.new_settlements(settlements)
        await self._transaction.append(t.SETTLEMENTS, list(map(mapping.settlement_row, new)))
        return new

    async def last_settlement_us(self) -> int | None:
        return await self._transaction.number(_LAST_SETTLEMENT)

    async def history(self, tickers: Collection[str] | None = None) -> tuple[Entry, ...]:
        """Fills of one instant come by id, so that the order of arrival changes nothing."""
        found: list[tuple[tuple[int, int, str, int], Entry]] = []
        for part in [None] if tickers is None else chunks(set(tickers)):
            fills, settlements = select(*t.FILLS.c), select(*t.SETTLEMENTS.c)
            if part is not None:
                fills = fills.where(t.FILLS.c.ticker.in_(part))
                settlements = settlements.where(t.SETTLEMENTS.c.ticker.in_(part))
            for row in await self._transaction.rows(fills):
                fill, owner = mapping.fill_from(row)
                found.append(((fill.at_us, 0, fill.fill_id, 0), (fill, owner)))
            for row in await self._transaction.rows(settlements):
                paid = mapping.settlement_from(row)
                found.append(((paid.settled_us, 1, paid.ticker, paid.revision), paid))
        return tuple(entry for _, entry in sorted(found, key=lambda pair: pair[0]))

    async def cash(self) -> Money:
        return total(list((await self.cash_by_shard()).values()))

    async def cash_by_shard(self) -> Mapping[int, Money]:
        """The sums of all cash effects, taken without replaying them one by one.

        A fill moves the YES cash flow, and $1 for each NO contract taken on or released; the
        dollars of a market's NO contracts therefore add up to $1 for each one held in the end,
        whatever the order of its fills. A settlement adds its revenue, in the newest revision.
        """
        units: Counter[int] = Counter()
        for index, flowed, held in await self._transaction.rows(_CASH_OF_FILLS):
            units[index] += int(flowed) - ONE_DOLLAR.units * max(0, -int(held))
        for index, amount in await self._transaction.rows(_CASH_MOVED):
            units[index] += int(amount)
        paid = map(mapping.settlement_from, await self._transaction.rows(_SETTLEMENTS))
        for settlement in in_force(tuple(paid)).values():
            units[settlement.exchange_index] += settlement.revenue.units
        return {index: Money(amount) for index, amount in sorted(units.items())}

    async def movements(self) -> tuple[CashMovement, ...]:
        query = select(*t.CASH_MOVEMENTS.c).order_by(
            t.CASH_MOVEMENTS.c.at_us, t.CASH_MOVEMENTS.c.movement_id
        )
        return tuple(map(mapping.movement_from, await self._transaction.rows(query)))

    async def paid_in(self) -> Money | None:
        units = await self._transaction.number(_PAID_IN)
        return None if units is None else Money(units)

    async def positions(self, *, open_only: bool = True) -> tuple[Position, ...]:
        rows = await self._transaction.rows(_OPEN_POSITIONS if open_only else _POSITIONS)
        return tuple(map(mapping.position_from, rows))

    async def save_positions(self, positions: Sequence[Position]) -> None:
        await self._transaction.upsert(t.POSITIONS, list(map(mapping.position_row, positions)))

    async def save_round_trips(self, tickers: Collection[str], trips: Sequence[RoundTrip]) -> None:
        for part in chunks(tickers):
            await self._transaction.write(
                delete(t.ROUND_TRIPS).where(t.ROUND_TRIPS.c.ticker.in_(part))
            )
        await self._transaction.append(t.ROUND_TRIPS, list(map(mapping.trip_row, trips)))

    async def round_trip_counts(self) -> Mapping[str, int]:
        owner = t.ROUND_TRIPS.c.owner
        rows = await self._transaction.rows(select(owner, func.count()).group_by(owner))
        return {row[0]: row[1] for row in rows}

    async def last_exits(
        self, tickers: Collection[str] | None = None
    ) -> Mapping[tuple[str, str], int]:
        rows: Sequence[Values]
        if tickers is None:
            rows = await self._transaction.rows(_ALL_LAST_EXITS)
        else:
            rows = await self._transaction.rows_among(_LAST_EXITS, t.ROUND_TRIPS.c.ticker, tickers)
        return {(owner, ticker): closed_us for owner, ticker, closed_us in rows}
