"""Runs, the run state, order groups, transfers, and requests from one process to another."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

from sqlalchemy import delete, func, insert, select, update

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.fencing import LEASE_EXPIRES, check_lease
from kalshi_cli.adapters.store.prepared import Prepared, Values, given
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.limits import LimitChange
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.shares import VOID, Rebalanced
from kalshi_cli.domain.strategy_fault import StrategyFault
from kalshi_cli.errors import IntegrityError, NotFound
from kalshi_cli.ports.desk import (
    Brakes,
    DeskRequest,
    GroupState,
    KeptGroup,
    KeptTransfer,
    Run,
    Standing,
    TransferState,
)

_REQUEST = (
    t.DESK_REQUESTS.c.request_id,
    t.DESK_REQUESTS.c.kind,
    t.DESK_REQUESTS.c.target,
    t.DESK_REQUESTS.c.asked_wall_us,
    t.DESK_REQUESTS.c.answer,
    t.DESK_REQUESTS.c.exit_code,
)

_LAST_STATE = select(t.DESK_STATES.c.state).order_by(t.DESK_STATES.c.change_id.desc()).limit(1)
_STATE = Prepared(_LAST_STATE)
_INSTANT = select(t.MARKERS.c.instant_us).where(t.MARKERS.c.name == given("cooling"))
BRAKES = Prepared(select(_LAST_STATE.scalar_subquery(), _INSTANT.scalar_subquery()))
_NONCE = Prepared(select(t.IDENTITY.c.nonce))
_GROUPS = Prepared(
    select(
        t.ORDER_GROUPS.c.exchange_index,
        t.ORDER_GROUPS.c.group_id,
        t.ORDER_GROUPS.c.state,
        t.ORDER_GROUPS.c.made_us,
    )
)
_FAULTS = Prepared(
    select(
        t.STRATEGY_FAULTS.c.strategy,
        t.STRATEGY_FAULTS.c.in_a_row,
        t.STRATEGY_FAULTS.c.error,
        t.STRATEGY_FAULTS.c.at_us,
        t.STRATEGY_FAULTS.c.disabled_us,
    )
)


_REBALANCED = Prepared(
    select(
        t.REBALANCED_SHARES.c.strategy,
        t.REBALANCED_SHARES.c.configured,
        t.REBALANCED_SHARES.c.share,
    ).order_by(t.REBALANCED_SHARES.c.strategy)
)


class SqlDesk:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def start_run(self, command: str, at_us: int, wall_us: int) -> Run:
        last = await self._transaction.number(select(func.max(t.RUNS.c.number)))
        number = (last or 0) + 1
        run = Run(f"run-{number:06d}", number)
        row = {
            "run_id": run.run_id,
            "number": number,
            "command": command,
            "started_us": at_us,
            "started_wall_us": wall_us,
        }
        await self._transaction.append(t.RUNS, [row])
        return run

    async def end_run(self, run_id: str, at_us: int, wall_us: int, reason: str) -> None:
        ended = update(t.RUNS).where(t.RUNS.c.run_id == run_id)
        ended = ended.values(ended_us=at_us, ended_wall_us=wall_us, reason=reason)
        if not await self._transaction.write(ended):
            raise IntegrityError(f"There is no run {run_id} to end.")

    async def is_under_way(self, run_id: str) -> bool:
        own = select(t.RUNS.c.number).where(t.RUNS.c.run_id == run_id, t.RUNS.c.ended_us.is_(None))
        return await self._transaction.first(own) is not None

    async def state(self) -> DeskState:
        row = await self._transaction.first(_STATE)
        return DeskState.ACTIVE if row is None else DeskState(row[0])

    async def standing(self) -> Standing:
        table = t.DESK_STATES.c
        query = select(table.state, table.reason, table.who).order_by(table.change_id.desc())
        row = await self._transaction.first(query.limit(1))
        if row is None:
            return Standing(DeskState.ACTIVE, "", "")
        return Standing(DeskState(row[0]), str(row[1]), str(row[2]))

    async def set_state(
        self, state: DeskState, *, reason: str, who: str, at_us: int | None, wall_us: int
    ) -> None:
        row = {
            "state": state.value,
            "reason": reason,
            "who": who,
            "at_us": at_us,
            "changed_wall_us": wall_us,
        }
        await self._transaction.append(t.DESK_STATES, [row])

    async def limits(self) -> Mapping[str, str]:
        table = t.LIMIT_CHANGES.c
        rows = await self._transaction.rows(select(table.name, table.new).order_by(table.change_id))
        return {str(row[0]): str(row[1]) for row in rows}

    async def change_limits(
        self,
        changes: Sequence[LimitChange],
        *,
        run_id: str,
        who: str,
        why: str,
        at_us: int,
        wall_us: int,
    ) -> None:
        rows = [
            {
                "name": change.name,
                "old": change.old,
                "new": change.new,
                "who": who,
                "why": why,
                "run_id": run_id,
                "at_us": at_us,
                "changed_wall_us": wall_us,
            }
            for change in changes
        ]
        await self._transaction.append(t.LIMIT_CHANGES, rows)

    async def rebalanced(self) -> Rebalanced | None:
        rows = await self._transaction.rows(_REBALANCED)
        if not rows:
            return None
        with suppress(IntegrityError):
            return Rebalanced({row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows})
        return VOID

    async def rebalance(
        self, rebalanced: Rebalanced | None, lease_token: str, wall: Callable[[], int]
    ) -> None:
        await self._transaction.check(
            [(LEASE_EXPIRES, {"token": lease_token})], lambda found: check_lease(found[0], wall())
        )
        await self._transaction.write(delete(t.REBALANCED_SHARES))
        if rebalanced is not None:
            rows = [
                {"strategy": name, "configured": rebalanced.configured[name], "share": share}
                for name, share in sorted(rebalanced.shares.items())
            ]
            await self._transaction.append(t.REBALANCED_SHARES, rows)

    async def strategy_faults(self) -> Mapping[str, StrategyFault]:
        rows = await self._transaction.rows(_FAULTS)
        return {row[0]: StrategyFault(*row) for row in rows}

    async def keep_fault(self, fault: StrategyFault) -> None:
        row = {
            "strategy": fault.strategy,
            "in_a_row": fault.in_a_row,
            "error": fault.error,
            "at_us": fault.at_us,
            "disabled_us": fault.disabled_us,
        }
        await self._transaction.upsert(t.STRATEGY_FAULTS, [row])

    async def forgive(self, strategy: str) -> bool:
        table = t.STRATEGY_FAULTS
        gone = delete(table).where(table.c.strategy == strategy)
        return bool(await self._transaction.write(gone))

    async def nonce(self) -> bytes:
        row = await self._transaction.first(_NONCE)
        if row is None:
            raise IntegrityError("The store does not say whose it is.")
        return bytes(row[0])

    async def order_groups(self) -> Mapping[int, KeptGroup]:
        return {
            shard: KeptGroup(shard, group_id, GroupState(state), made_us)
            for shard, group_id, state, made_us in await self._transaction.rows(_GROUPS)
        }

    async def keep_group(self, group: KeptGroup) -> None:
        row = {
            "exchange_index": group.exchange_index,
            "group_id": group.group_id,
            "state": group.state.value,
            "made_us": group.made_us,
        }
        await self._transaction.upsert(t.ORDER_GROUPS, [row])

    async def turn_groups(
        self, after: GroupState, *, before: Collection[GroupState], group_id: str | None = None
    ) -> int:
        table = t.ORDER_GROUPS
        turned = update(table).where(table.c.state.in_([state.value for state in before]))
        if group_id is not None:
            turned = turned.where(table.c.group_id == group_id)
        return await self._transaction.write(turned.values(state=after.value))

    async def record_transfer(self, transfer: KeptTransfer) -> None:
        row = {
            "client_transfer_id": transfer.client_transfer_id,
            "run_id": transfer.run_id,
            "source": transfer.source,
            "destination": transfer.destination,
            "amount_units": transfer.amount.units,
            "who": transfer.who,
            "state": transfer.state.value,
            "message": transfer.message,
            "asked_us": transfer.asked_us,
        }
        await self._transaction.append(t.SHARD_TRANSFERS, [row])

    async def turn_transfer(
        self, client_transfer_id: str, state: TransferState, message: str
    ) -> None:
        table = t.SHARD_TRANSFERS
        turned = update(table).where(table.c.client_transfer_id == client_transfer_id)
        if not await self._transaction.write(turned.values(state=state.value, message=message)):
            raise IntegrityError(f"There is no transfer {client_transfer_id}.")

    async def open_transfers(self) -> tuple[KeptTransfer, ...]:
        table = t.SHARD_TRANSFERS.c
        query = select(
            table.client_transfer_id,
            table.run_id,
            table.source,
            table.destination,
            table.amount_units,
            table.who,
            table.asked_us,
            table.message,
        ).where(table.state == TransferState.INTENT.value)
        rows = await self._transaction.rows(query.order_by(table.asked_us, table.run_id))
        return tuple(
            KeptTransfer(
                name, run_id, source, to, Money(units), who, TransferState.INTENT, asked_us, message
            )
            for name, run_id, source, to, units, who, asked_us, message in rows
        )

    async def ask(self, kind: str, target: str, wall_us: int) -> int:
        asked = insert(t.DESK_REQUESTS).values(kind=kind, target=target, asked_wall_us=wall_us)
        rows = await self._transaction.rows(asked.returning(t.DESK_REQUESTS.c.request_id))
        return int(rows[0][0])

    async def requests(self) -> tuple[DeskRequest, ...]:
        query = select(*_REQUEST).where(t.DESK_REQUESTS.c.answered_wall_us.is_(None))
        rows = await self._transaction.rows(query.order_by(t.DESK_REQUESTS.c.request_id))
        return tuple(map(_request_from, rows))

    async def take(self, request_id: int, wall_us: int) -> bool:
        taken = update(t.DESK_REQUESTS).where(
            t.DESK_REQUESTS.c.request_id == request_id,
            t.DESK_REQUESTS.c.answered_wall_us.is_(None),
        )
        return bool(await self._transaction.write(taken.values(answered_wall_us=wall_us)))

    async def request(self, request_id: int) -> DeskRequest | None:
        query = select(*_REQUEST).where(t.DESK_REQUESTS.c.request_id == request_id)
        row = await self._transaction.first(query)
        return None if row is None else _request_from(row)

    async def answer(self, request_id: int, answer: str, exit_code: int, wall_us: int) -> None:
        answered = update(t.DESK_REQUESTS).where(t.DESK_REQUESTS.c.request_id == request_id)
        answered = answered.values(answer=answer, exit_code=exit_code, answered_wall_us=wall_us)
        if not await self._transaction.write(answered):
            raise NotFound(f"There is no request {request_id}.")


def brakes_from(row: Values) -> Brakes:
    """What a row of `BRAKES` says."""
    state, cooling_until_us = row
    return Brakes(DeskState.ACTIVE if state is None else DeskState(state), cooling_until_us)


def _request_from(row: Values) -> DeskRequest:
    return DeskRequest(*row)
