"""Commands that must work while another process trades: they leave word instead of taking over."""

from dataclasses import dataclass

from kalshi_cli.adapters.clock import SystemClock, clock_for
from kalshi_cli.adapters.store.store import SqlStore
from kalshi_cli.bootstrap.records import open_records, who_trades
from kalshi_cli.domain.identity import EXTERNAL, DeskState, Env
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.sale import Sale, sales
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.desk import DeskRequest, Run
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.emptying import ends_of
from kalshi_cli.steps.requests import ask_holder
from kalshi_cli.steps.run_state import Seen, StateChange, end_unless_ended, set_desk_state


class RecordedClock:
    """Market time as the store last saw it, for a world that somebody else may be holding; 0 where
    it never did.
    """

    def __init__(self, now_us: int) -> None:
        self._now_us = now_us
        self._real = SystemClock()

    @property
    def is_virtual(self) -> bool:
        return True

    def now(self) -> int:
        return self._now_us

    def wall(self) -> int:
        return self._real.wall()

    async def sleep_until(self, instant_us: int) -> None:
        """Return at once: what is on record does not move."""
        del instant_us


@dataclass(frozen=True, slots=True)
class Answered:
    """What the holder answered, and what it sold meanwhile in the market that was to be closed."""

    request: DeskRequest
    sales: tuple[Sale, ...]


async def asked_of_holder(
    environment: Environment, settings: Settings, kind: str, target: str
) -> Answered | None:
    """The answer of whoever holds the lease; None where nobody does, so that we may."""
    real = SystemClock()
    async with open_records(environment, settings, read_only=False) as store:

        async def is_held() -> bool:
            return await who_trades(environment, store) is not None

        if not await is_held():
            return None
        named = {target, target.upper()} if kind == "close" else set()
        before = [each for each in await _positions(store) if each.ticker in named]
        answer = await ask_holder(store, real, kind, target, is_held=is_held)
        if answer is None:
            return None
        return Answered(answer, sales(before, await _positions(store)))


async def _positions(store: SqlStore) -> tuple[Position, ...]:
    async with store.unit(reads=True) as unit:
        return await unit.ledger.positions(open_only=False)


async def since(
    environment: Environment, settings: Settings, seen: Seen
) -> tuple[str, tuple[Sale, ...]]:
    """How the orders that were seen ended, and what was sold of what we held."""
    held = [position for position in seen.positions if position.owner != EXTERNAL]
    ids = [order.client_order_id for order in seen.orders]
    async with open_records(environment, settings) as store:
        async with store.unit(reads=True) as unit:
            orders = await unit.journal.find(client_order_ids=ids)
        return ends_of(orders), sales(held, await _positions(store))


async def change_state(
    environment: Environment,
    settings: Settings,
    state: DeskState,
    *,
    reason: str,
    who: str,
    command: str | None,
) -> StateChange:
    """Change the run state without the lease. Running loops obey at once."""
    async with open_records(environment, settings, read_only=False) as store:
        clock = await market_clock(environment, store)
        return await set_desk_state(store, clock, state, reason=reason, who=who, command=command)


async def end_run(environment: Environment, settings: Settings, run: Run, reason: str) -> None:
    """End a run begun by a change of state, unless whoever continued it did."""
    async with open_records(environment, settings, read_only=False) as store:
        await end_unless_ended(store, await market_clock(environment, store), run, reason)


async def market_clock(environment: Environment, store: SqlStore) -> Clock:
    """The clock of the market; in sim it stands where the desk last saw it."""
    if environment.env is not Env.SIM:
        return clock_for(environment.market_time)
    summary = await store.reports.summary()
    seen = [0 if summary.snapshot is None else summary.snapshot.at_us]
    if summary.last_run is not None:
        seen += [summary.last_run.started_us, summary.last_run.ended_us or 0]
    return RecordedClock(max(seen))
