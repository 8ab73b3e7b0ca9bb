"""Fills, settlements and cash movements, append only; positions and round trips beside them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, case, delete, func, select

from kalshi_cli.adapters.store import ledger_mapping as mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.transaction import Transaction, chunks
from kalshi_cli.domain.account import CashMovement, Settlement
from kalshi_cli.domain.history import Entry
from kalshi_cli.domain.money import NO_MONEY, ONE_DOLLAR, Contracts, Money
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.position import Position, RoundTrip
from kalshi_cli.domain.side import Side

_OLDEST_FIRST = (t.SETTLEMENTS.c.settled_us, t.SETTLEMENTS.c.revision)
_NEWEST_FIRST = tuple(column.desc() for column in _OLDEST_FIRST)
_SIGN = case((t.FILLS.c.side == Side.BID.value, 1), else_=-1)


class SqlLedger:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add_fills(self, fills: Sequence[tuple[Fill, str]]) -> tuple[Fill, ...]:
        by_id = {fill.fill_id: (fill, owner) for fill, owner in fills}
        known = await self._known(t.FILLS.c.fill_id, by_id)
        new = [entry for fill_id, entry in by_id.items() if fill_id not in known]
        new.sort(key=lambda entry: (entry[0].at_us, entry[0].fill_id))
        await self._transaction.append(t.FILLS, [mapping.fill_row(*entry) for entry in new])
        return tuple(fill for fill, _ in new)

    async def add_cash(self, movements: Sequence[CashMovement]) -> tuple[CashMovement, ...]:
        by_id = {movement.movement_id: movement for movement in movements}
        known = await self._known(t.CASH_MOVEMENTS.c.movement_id, by_id)
        new = [movement for key, movement in by_id.items() if key not in known]
        new.sort(key=lambda movement: (movement.at_us, movement.movement_id))
        await self._transaction.append(t.CASH_MOVEMENTS, list(map(mapping.movement_row, new)))
        return tuple(new)

    async def _known(self, key: ColumnElement[str], ids: Collection[str]) -> set[str]:
        known: set[str] = set()
        for part in chunks(ids):
            rows = await self._transaction.rows(select(key).where(key.in_(part)))
            known.update(row[0] for row in rows)
        return known

    async def filled(self, order_ids: Collection[str]) -> Mapping[str, Contracts]:
        order_id = t.FILLS.c.order_id
        found: dict[str, Contracts] = {}
        for part in chunks(set(order_ids)):
            query = select(order_id, func.sum(t.FILLS.c.count_units)).where(order_id.in_(part))
            for name, units in await self._transaction.rows(query.group_by(order_id)):
                found[name] = Contracts(int(units))
        return found

    async def last_fill_us(self) -> int | None:
        return await self._transaction.number(select(func.max(t.FILLS.c.at_us)))

    async def add_settlement(self, settlement: Settlement) -> Settlement | None:
        table = t.SETTLEMENTS
        same = (table.c.ticker == settlement.ticker) & (table.c.settled_us == settlement.settled_us)
        query = select(*table.c).where(same).order_by(table.c.revision.desc()).limit(1)
        found = await self._transaction.first(query)
        revision = 0
        if found is not None:
            known = mapping.settlement_from(found)
            if known == replace(settlement, revision=known.revision):
                return None
            revision = known.revision + 1
        stored = replace(settlement, revision=revision)
        await self._transaction.append(table, [mapping.settlement_row(stored)])
        return stored

    async def last_settlement_us(self) -> int | None:
        return await self._transaction.number(select(func.max(t.SETTLEMENTS.c.settled_us)))

    async def settled(self, ticker: str) -> Settlement | None:
        mine = select(*t.SETTLEMENTS.c).where(t.SETTLEMENTS.c.ticker == ticker)
        row = await self._transaction.first(mine.order_by(*_NEWEST_FIRST).limit(1))
        return None if row is None else mapping.settlement_from(row)

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
        """The sum of all cash effects, taken without replaying them one by one.

        A fill moves the YES cash flow, and $1 for each NO contract taken on or released; the
        dollars of a market's NO contracts therefore add up to $1 for each one held in the end,
        whatever the order of its fills. A settlement adds its revenue, in the newest revision.
        """
        fills = t.FILLS.c
        flow = func.sum(-_SIGN * fills.price_units * fills.count_units - fills.fee_units)
        net = func.sum(_SIGN * fills.count_units)
        short, moved = 0, 0
        for flowed, held in await self._transaction.rows(select(flow, net).group_by(fills.ticker)):
            moved += int(flowed)
            short += max(0, -int(held))
        paid_in = await self.paid_in() or NO_MONEY
        paid = sum(settlement.revenue.units for settlement in await self._in_force())
        return Money(paid_in.units + moved - ONE_DOLLAR.units * short + paid)

    async def paid_in(self) -> Money | None:
        units = await self._transaction.number(select(func.sum(t.CASH_MOVEMENTS.c.amount_units)))
        return None if units is None else Money(units)

    async def _in_force(self) -> list[Settlement]:
        query = select(*t.SETTLEMENTS.c).order_by(*_OLDEST_FIRST)
        newest: dict[str, Settlement] = {}
        for row in await self._transaction.rows(query):
            newest[row.ticker] = mapping.settlement_from(row)
        return list(newest.values())

    async def positions(self, *, open_only: bool = True) -> tuple[Position, ...]:
        query = select(*t.POSITIONS.c).order_by(t.POSITIONS.c.ticker, t.POSITIONS.c.owner)
        if open_only:
            query = query.where(t.POSITIONS.c.net_units != 0)
        return tuple(map(mapping.position_from, await self._transaction.rows(query)))

    async def save_positions(self, positions: Sequence[Position]) -> None:
        await self._transaction.upsert(t.POSITIONS, list(map(mapping.position_row, positions)))

    async def save_round_trips(self, ticker: str, trips: Sequence[RoundTrip]) -> None:
        await self._transaction.write(delete(t.ROUND_TRIPS).where(t.ROUND_TRIPS.c.ticker == ticker))
        await self._transaction.append(t.ROUND_TRIPS, list(map(mapping.trip_row, trips)))

    async def round_trip_counts(self) -> Mapping[str, int]:
        owner = t.ROUND_TRIPS.c.owner
        rows = await self._transaction.rows(select(owner, func.count()).group_by(owner))
        return {row[0]: row[1] for row in rows}

    async def last_exits(self) -> Mapping[tuple[str, str], int]:
        trips = t.ROUND_TRIPS.c
        query = select(trips.owner, trips.ticker, func.max(trips.closed_us))
        rows = await self._transaction.rows(query.group_by(trips.owner, trips.ticker))
        return {(owner, ticker): closed_us for owner, ticker, closed_us in rows}
