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
from kalshi_cli.adapters.sim.access.auth import ApiKey, KeyRing
from kalshi_cli.adapters.sim.access.budgets import Budgets
from kalshi_cli.adapters.sim.census import CategoryCensus, take_census
from kalshi_cli.adapters.sim.faults.files import read_plan
from kalshi_cli.adapters.sim.faults.plan import FaultPlan
from kalshi_cli.adapters.sim.http.application import build_app
from kalshi_cli.adapters.sim.http.faulty import FaultyHttp, Line
from kalshi_cli.adapters.sim.http.transport import InProcessTransport
from kalshi_cli.adapters.sim.stream.connection import InProcessStream, StreamConnection
from kalshi_cli.adapters.sim.stream.hub import StreamHub
from kalshi_cli.adapters.sim.world.files import WorldFiles
from kalshi_cli.adapters.sim.world.hold import PATIENCE_S, Hold
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.adapters.sim.world.keys import AccountKey, KeyType, new_private_key, public_key
from kalshi_cli.adapters.sim.world.making import begin
from kalshi_cli.adapters.sim.world.origin import GENERATED, Origin, Wanted, check_same, new_origin
from kalshi_cli.adapters.sim.world.store import WorldStore
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Money
from kalshi_cli.engine.commands import Advance, Advanced
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.generated import EPOCH_US
from kalshi_cli.engine.orders import derived_id
from kalshi_cli.engine.series_plan import Climate
from kalshi_cli.engine.world_plan import DEFAULT_PLAN
from kalshi_cli.errors import NotFound, Refused

ORIGIN = "http://sim.invalid"
"""Where the in-process exchange answers: a host that exists nowhere else."""
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
    epoch_us: int | None = None,
    default_epoch_us: int = EPOCH_US,
    key_type: KeyType = KeyType.ED25519,
    faults: Path | None = None,
    patience_s: float = PATIENCE_S,
) -> Simulation:
    """Continue the world under `home`, or make one; `home` None keeps it in memory.

    `world` is `generated`, `tape:DIR`, `books:PATH` or a plan's `FILE.toml`; without it, and
    without `seed`, an existing world goes on and a new one is generated from the default seed. A
    generated world begins at `epoch_us`, or where that is not given at `default_epoch_us`. The
    account's key is of `key_type`; a world keeps one of each kind. `faults` is a file. Raises
    `WorldHeld` while another process has it, `UsageError` where another seed, world, plan or epoch
    exists or a recording is given an epoch, `StoreUnusable` for a broken file.
    """
    wanted = Wanted.chosen(seed, world, epoch_us)  # before any file is made
    plan = FaultPlan() if faults is None else read_plan(faults)
    if home is None:
        host = _host(WorldStore(None), wanted, default_epoch_us, snapshots=False)
        host.plan_faults(plan)
        return Simulation(host, AccountKey(key_type, new_private_key(key_type)), None)
    files = WorldFiles.under(home)
    hold = Hold(files.lock, patience_s=patience_s)
    try:
        made = None
        if fresh:
            made = _made(wanted, default_epoch_us)  # or nothing is set aside
            files.set_aside(SystemClock().wall())
        key = AccountKey(key_type, files.private_key(key_type), files.key(key_type))
        store = WorldStore(files.world)
        host = _host(store, wanted, default_epoch_us, snapshots=True, made=made)
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


Made = tuple[Origin, Exchange]


def _made(wanted: Wanted, default_epoch_us: int) -> Made:
    """The beginning of a world. Raises `UsageError` for a source that cannot be read."""
    origin = new_origin(wanted, default_epoch_us, OPENING_CASH)
    return origin, begin(origin)


def _host(
    store: WorldStore,
    wanted: Wanted,
    default_epoch_us: int,
    *,
    snapshots: bool,
    made: Made | None = None,
) -> Host:
    try:
        found = store.origin()
        if found is not None:
            check_same(found, wanted)
            return Host(store, found, snapshots=snapshots)
        origin, exchange = made or _made(wanted, default_epoch_us)
        store.create(origin, exchange.world.world_id)
        return Host(store, origin, snapshots=snapshots, exchange=exchange)
    except BaseException:
        store.close()
        raise
