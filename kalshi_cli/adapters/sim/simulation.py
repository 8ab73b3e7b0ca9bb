"""The simulated environment as the program uses it: a world, its clock, its API and its key."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.sim.api import build_app
from kalshi_cli.adapters.sim.auth import ApiKey, KeyRing
from kalshi_cli.adapters.sim.budgets import Budgets
from kalshi_cli.adapters.sim.census import CategoryCensus, take_census
from kalshi_cli.adapters.sim.fault_files import read_plan
from kalshi_cli.adapters.sim.faults import FaultPlan
from kalshi_cli.adapters.sim.faulty_http import FaultyHttp, Line
from kalshi_cli.adapters.sim.files import WorldFiles
from kalshi_cli.adapters.sim.hold import PATIENCE_S, Hold
from kalshi_cli.adapters.sim.host import Host
from kalshi_cli.adapters.sim.keys import AccountKey, KeyType, new_private_key, public_key
from kalshi_cli.adapters.sim.stream.connection import InProcessStream, StreamConnection
from kalshi_cli.adapters.sim.stream.hub import StreamHub
from kalshi_cli.adapters.sim.transport import InProcessTransport
from kalshi_cli.adapters.sim.world_store import WorldStore
from kalshi_cli.adapters.sim.worlds import (
    GENERATED,
    Origin,
    begin,
    parse_choice,
)
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Money
from kalshi_cli.engine.commands import Advance, Advanced
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.generated import EPOCH_US
from kalshi_cli.engine.orders import derived_id
from kalshi_cli.engine.plan_document import difference
from kalshi_cli.engine.series_plan import Climate
from kalshi_cli.engine.world_plan import DEFAULT_PLAN
from kalshi_cli.errors import NotFound, Refused, UsageError

ORIGIN = "http://sim.invalid"
"""Where the in-process exchange answers: a host that exists nowhere else."""
DEFAULT_SEED = 1
OPENING_CASH = Money.parse("10000.00")


@dataclass(frozen=True, slots=True)
class SimulationStatus:
    """What `kalshi sim status` shows. Counts of markets are in the order of first listing.

    `categories` is there where every book was looked at.
    """

    world_id: str
    world: str
    description: str
    seed: int
    now_us: int
    cash: Money
    markets_by_status: tuple[tuple[str, int], ...]
    categories: tuple[CategoryCensus, ...]
    resting_orders: int
    orders: int
    fills: int
    open_positions: int
    commands: int


class SimulatedClock:
    """`ports.clock.Clock`: market time is the world's, and sleeping lets it live on."""

    def __init__(self, simulation: "Simulation") -> None:
        self._simulation = simulation
        self._real = SystemClock()

    @property
    def is_virtual(self) -> bool:
        return True

    def now(self) -> int:
        return self._simulation.now_us

    def wall(self) -> int:
        return self._real.wall()

    async def sleep_until(self, instant_us: int) -> None:
        if instant_us > self.now():
            self._simulation.advance(instant_us)


class Simulation:
    """An open world. Use it as a context manager: leaving it frees the world for others."""

    def __init__(self, host: Host, key: AccountKey, hold: Hold | None) -> None:
        self._host, self._hold = host, hold
        self.private_key_pem, self.private_key_file = key.pem, key.file
        self.key_id = derived_id(self.world_id, "key", key.number)
        self.clock = SimulatedClock(self)
        user_id = derived_id(self.world_id, "user", 1)
        self._hub = StreamHub(host, user_id=user_id, wall=self.clock.wall)
        self.budgets = Budgets(self.clock.wall())
        self.app: Starlette = build_app(
            host,
            self._hub,
            KeyRing({self.key_id: ApiKey(public_key(key.pem))}),
            self.budgets,
            user_id=user_id,
            wall=self.clock.wall,
        )

    @property
    def origin(self) -> str:
        return ORIGIN

    @property
    def world_id(self) -> str:
        return self._exchange.world.world_id

    @property
    def description(self) -> str:
        return self._exchange.world.description

    @property
    def seed(self) -> int:
        return self._host.origin.seed

    @property
    def knows_truth(self) -> bool:
        """Whether the world was generated: a recording knows no more than its prints."""
        return self._host.origin.kind == GENERATED

    @property
    def climates(self) -> Mapping[str, Climate]:
        """How the categories of a generated world trade: public knowledge in it."""
        return (self._host.origin.plan or DEFAULT_PLAN).climates

    @property
    def now_us(self) -> int:
        return self._exchange.now_us

    @property
    def _exchange(self) -> Exchange:
        return self._host.exchange

    @property
    def host(self) -> Host:
        """Who owns the world: for whoever serves or controls it."""
        return self._host

    def application(self, line: Line) -> ASGIApp:
        """The exchange's application on a line, with what the fault plan does to its requests."""
        return FaultyHttp(self.app, self._host, line)

    def serves_at(self, url: str) -> None:
        """Tell those who wait for the world where it is served."""
        if self._hold is not None:
            self._hold.serves_at(url)

    def transport(self) -> httpx.AsyncBaseTransport:
        """Carries requests to the exchange without a socket."""
        return InProcessTransport(self.application, self.clock)

    def stream(self) -> InProcessStream:
        """The stream without a socket."""
        return InProcessStream(StreamConnection(self._hub, self._host.strikes))

    def advance(self, to_us: int) -> Advanced:
        """Let the world live until an instant. Raises `Refused` for one that has passed."""
        answer = self._host.apply(Advance(to_us))
        if not isinstance(answer, Advanced):
            raise Refused("The world does not go back in time.")
        return answer

    def truth(self, ticker: str) -> float | None:
        """The chance of YES by all information, while a market trades; None where unknown."""
        market = self._exchange.catalog.markets.get(ticker)
        if market is None:
            raise NotFound(f"There is no market {ticker}.")
        active = market.status is MarketStatus.ACTIVE
        return self._exchange.world.truth(ticker) if active else None

    def status(self, *, census: bool = False) -> SimulationStatus:
        """How the world stands; with a census also by category, which looks at every book."""
        exchange = self._exchange
        by_status = Counter(str(market.status) for market in exchange.catalog.markets.values())
        climates = self.climates if self.knows_truth else {}
        return SimulationStatus(
            world_id=self.world_id,
            world=self._host.origin.choice,
            description=self.description,
            seed=self.seed,
            now_us=self.now_us,
            cash=exchange.account.cash,
            markets_by_status=tuple(by_status.items()),
            categories=take_census(exchange, climates) if census else (),
            resting_orders=len(exchange.resting),
            orders=len(exchange.orders),
            fills=len(exchange.account.fills),
            open_positions=sum(not p.is_flat for p in exchange.account.positions.values()),
            commands=self._host.seq,
        )

    def close(self) -> None:
        """Leave a snapshot, close the file, and let others have the world."""
        try:
            self._host.close()
        finally:
            if self._hold is not None:
                self._hold.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close; where the world itself failed, say that instead of what followed from it."""
        self.close()
        if self._host.failure is not None:
            raise self._host.failure from error


def open_simulation(
    home: Path | None,
    *,
    seed: int | None = None,
    world: str | None = None,
    fresh: bool = False,
    epoch_us: int = EPOCH_US,
    opening_cash: Money = OPENING_CASH,
    key_type: KeyType = KeyType.ED25519,
    faults: Path | None = None,
    patience_s: float = PATIENCE_S,
) -> Simulation:
    """Continue the world under `home`, or make one; `home` None keeps it in memory.

    `world` is `generated`, `tape:DIR`, `books:PATH` or a plan's `FILE.toml`; without it, and
    without `seed`, an existing world goes on and a new one is generated from the default seed. A
    generated world begins at `epoch_us`. The account's key is of `key_type`; a world keeps one of
    each kind. `faults` is a file. Raises `WorldHeld` while another process has it, `UsageError`
    where another seed, world or plan exists, `StoreUnusable` for a broken file.
    """
    if world is not None:
        parse_choice(world)  # before any file is made
    plan = FaultPlan() if faults is None else read_plan(faults)
    if home is None:
        host = _host(WorldStore(None), seed, world, epoch_us, opening_cash, snapshots=False)
        host.plan_faults(plan)
        return Simulation(host, AccountKey(key_type, new_private_key(key_type)), None)
    files = WorldFiles.under(home)
    hold = Hold(files.lock, patience_s=patience_s)
    try:
        if fresh:
            files.set_aside(SystemClock().wall())
        key = AccountKey(key_type, files.private_key(key_type), files.key(key_type))
        host = _host(WorldStore(files.world), seed, world, epoch_us, opening_cash, snapshots=True)
        host.plan_faults(plan)
        return Simulation(host, key, hold)
    except BaseException:
        hold.release()
        raise


def reset_simulation(home: Path, *, patience_s: float = PATIENCE_S) -> Path | None:
    """Set the world and the simulated desk's store aside; says where, None if there was none."""
    files = WorldFiles.under(home)
    hold = Hold(files.lock, patience_s=patience_s)
    try:
        return files.set_aside(SystemClock().wall())
    finally:
        hold.release()


def _host(
    store: WorldStore,
    seed: int | None,
    world: str | None,
    epoch_us: int,
    cash: Money,
    *,
    snapshots: bool,
) -> Host:
    try:
        found = store.origin()
        if found is not None:
            _check_same(found, seed, world)
            return Host(store, found, snapshots=snapshots)
        kind, path, plan = parse_choice(world or GENERATED)
        seed = DEFAULT_SEED if seed is None else seed
        origin = Origin(kind, path, seed, epoch_us, cash, plan)
        exchange = begin(origin)
        store.create(origin, exchange.world.world_id)
        return Host(store, origin, snapshots=snapshots, exchange=exchange)
    except BaseException:
        store.close()
        raise


def _check_same(found: Origin, seed: int | None, world: str | None) -> None:
    """Refuse to continue a world under another name."""
    remedy = "Continue it without --seed and --world, or begin anew with --fresh."
    if seed is not None and seed != found.seed:
        raise UsageError(f"A world with seed {found.seed} exists, not {seed}.", remedy=remedy)
    if world is None:
        return
    kind, path, plan = parse_choice(world)
    if kind != found.kind or (plan is None) != (found.plan is None):
        raise UsageError(f"The world that exists is {found.choice}.", remedy=remedy)
    if plan is None or found.plan is None:
        if path != found.directory:
            raise UsageError(f"The world that exists is {found.choice}.", remedy=remedy)
        return
    differs = difference(found.plan, plan)
    if differs:
        told = f"The world that exists was made from another plan than {world}"
        raise UsageError(f"{told}: they differ in {differs}.", remedy=remedy)
