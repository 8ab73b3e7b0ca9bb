"""The store: one transaction a unit of work, never open across a network or AI call.

    async with store.unit() as unit:
        live = await unit.journal.live()
        ...
        await unit.commit()

Leaving without `commit` rolls back. All methods raise `StoreUnusable` when the database cannot be
read or written; a write that answers nothing may do so, or be refused, only with what comes next
in its unit, at the latest its commit. Every amount is exact and every instant market time, unless
it says wall.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from kalshi_cli.ports.ai_ledger import AiLedger
from kalshi_cli.ports.catalog import Catalog, Forecasts
from kalshi_cli.ports.desk import Brakes, Desk
from kalshi_cli.ports.funnel import Funnel
from kalshi_cli.ports.journal import Journal
from kalshi_cli.ports.ledger import Ledger, Plans
from kalshi_cli.ports.making import Making
from kalshi_cli.ports.snapshots import Snapshots
from kalshi_cli.ports.trials import Trials

Result = TypeVar("Result")


class Unit(Protocol):
    """One transaction."""

    @property
    def catalog(self) -> Catalog: ...
    @property
    def forecasts(self) -> Forecasts: ...
    @property
    def funnel(self) -> Funnel: ...
    @property
    def ai(self) -> AiLedger: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def making(self) -> Making: ...
    @property
    def plans(self) -> Plans: ...
    @property
    def snapshots(self) -> Snapshots: ...
    @property
    def trials(self) -> Trials: ...
    @property
    def desk(self) -> Desk: ...

    async def commit(self) -> None: ...


Write = Callable[[Unit], Awaitable[None]]
"""A write that answers nothing."""


class Store(Protocol):
    def unit(self, *, reads: bool = False) -> AbstractAsyncContextManager[Unit]:
        """A transaction. One that only `reads` sees what was committed, and waits for nobody."""
        ...

    async def write(self, work: Callable[[Unit], Awaitable[Result]]) -> Result:
        """What `work` returns, once it is committed, in one transaction with what other tasks write
        just then.

        It may run twice, since where one of them fails each is written alone; so it changes nothing
        but its unit. `StoreBusy` is raised to all of them. Whoever is cancelled before `work`
        begins leaves nothing; later it is written all the same, unless that fails.
        """
        ...

    def begin(self, work: Callable[[Unit], Awaitable[Result]]) -> Awaitable[Result]:
        """The same, in line at once: before all that is asked for later, whoever waits first."""
        ...

    async def brakes(self, cooling: str) -> Brakes:
        """What may keep an order back, as committed now, in as little time as can be.

        `cooling` is the marker of the instant before which nothing is sent.
        """
        ...

    def changes(self) -> tuple[int, int] | None:
        """Another value than before, once anybody has committed since; None where nobody can tell.

        It takes so little time that it can be asked before every look.
        """
        ...


class Lease(Protocol):
    """The right to trade an account, on real time, renewed from a thread while held."""

    @property
    def token(self) -> str: ...

    def check(self) -> None:
        """Raises `LeaseHeld` if the lease has run out or was taken."""
        ...
