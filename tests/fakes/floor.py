"""A desk on the scriptable exchange: a real store, the real policies, nothing else around it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from fakes.clock import FakeClock
from fakes.desk_store import WALL, fresh_store
from fakes.exchange import FakeExchange
from fakes.exchange_desks import FakeNotices

from kalshi_cli.adapters.store.lease import hold_lease
from kalshi_cli.adapters.store.store import SqlStore
from kalshi_cli.bootstrap.policies import Policies, policies, weight_policy
from kalshi_cli.domain.forecast import Forecast, Probability
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.money import NO_COST, Contracts, Price
from kalshi_cli.domain.order import Order, OrderIntent, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.desk import Run
from kalshi_cli.ports.exchange import Trading
from kalshi_cli.settings.sections import Filters, Settings
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.ingest import IngestResult, ingest
from kalshi_cli.steps.reconcile import Reconciliation, reconcile

STRATEGY = "directional_trading"
EVENT = "KXT-1"
A, B = "KXT-1-A", "KXT-1-B"
BIDS = (("0.4000", "100.00"), ("0.3900", "100.00"))
ASKS = (("0.4400", "100.00"), ("0.4500", "100.00"))


WEIGHTS = weight_policy(Settings(home=Path("unused")))


def the_policies(forecaster: str | None = "baseline", **sections) -> Policies:
    """The default policies for markets that nobody has traded yet."""
    kept = {"filters": Filters(min_volume=0), **sections}
    return policies(Env.SIM, Settings(home=Path("unused"), **kept), forecaster)


@dataclass
class Floor:
    """One exchange, one store, one desk; $1,000, two open markets at 40/44 cents."""

    exchange: FakeExchange
    store: SqlStore
    clock: FakeClock
    desk: Desk
    run: Run
    notices: FakeNotices = field(default_factory=FakeNotices)

    def desk_on(self, trading: Trading, clock: Clock | None = None) -> Desk:
        """The same desk, sending through something else."""
        return Desk(trading, self.store, clock or self.clock, self.desk.lease, self.run)

    async def ingest(self, **options) -> IngestResult:
        filters = options.get("filters", the_policies().filters)
        return await ingest(
            self.exchange,
            self.notices,
            self.store,
            self.clock,
            filters=filters,
            run_id=self.run.run_id,
        )

    async def reconcile(self, **options) -> Reconciliation:
        return await reconcile(self.exchange, self.exchange, self.store, self.clock, **options)

    async def orders(self) -> tuple[Order, ...]:
        """The whole journal, oldest first."""
        rows = await self.store.reports.orders()
        ids = [row.client_order_id for row in rows]
        async with self.store.unit() as unit:
            return await unit.journal.find(client_order_ids=ids)

    async def order(self) -> Order:
        """The only order."""
        (order,) = await self.orders()
        return order

    async def nets(self) -> dict[tuple[str, str], str]:
        """Contracts held, by ticker and owner."""
        async with self.store.unit() as unit:
            return {(p.ticker, p.owner): str(p.net) for p in await unit.ledger.positions()}

    async def cash(self) -> str:
        async with self.store.unit() as unit:
            return str(await unit.ledger.cash())

    async def forecast(self, ticker: str = A, p: float = 0.60, name: str = "f1", **changes) -> None:
        """Put a forecast without error on record, made now."""
        facts = {
            "market": 0.42,
            "blended": p,
            "low": p - 0.1,
            "high": p + 0.1,
            "weight": 1.0,
            **changes,
        }
        made = Forecast(
            forecast_id=name,
            run_id=self.run.run_id,
            ticker=ticker,
            event_ticker=ticker.rpartition("-")[0],
            category="Economics",
            forecaster="oracle",
            model="oracle",
            made_us=self.clock.now(),
            probability=Probability(p),
            logit_error=0.0,
            cost=NO_COST,
            rationale="",
            **facts,
        )
        async with self.store.unit() as unit:
            await unit.forecasts.add([made])
            await unit.commit()


_TEMPLATE: list[bytes] = []


async def _new_store(place: Path | str) -> SqlStore:
    """An empty store at a URL, or in a directory's file: making its schema takes longer than most
    tests, so that one is copied.
    """
    if isinstance(place, str):
        return await fresh_store(place)
    if not _TEMPLATE:
        with TemporaryDirectory() as elsewhere:
            await (await fresh_store(Path(elsewhere))).close()
            _TEMPLATE.append((Path(elsewhere) / "desk.db").read_bytes())
    (place / "desk.db").write_bytes(_TEMPLATE[0])
    return await fresh_store(place)


@asynccontextmanager
async def open_floor(
    place: Path | str, clock: FakeClock | None = None, **terms: float
) -> AsyncIterator[Floor]:
    """A floor with its store in this directory, or at this URL of a database without rows.

    `terms` are those of its lease.
    """
    clock = clock or FakeClock(wall_us=WALL)
    exchange = FakeExchange(clock)
    exchange.add_event(EVENT, [A, B])
    for ticker in (A, B):
        exchange.set_book(ticker, BIDS, ASKS)
    async with await _new_store(place) as store:
        async with store.unit() as unit:
            run = await unit.desk.start_run("test", clock.now(), clock.wall())
            await unit.commit()
        async with hold_lease(store, "trading", clock.wall, **terms) as lease:
            floor = Floor(exchange, store, clock, Desk(exchange, store, clock, lease, run), run)
            await floor.ingest()
            yield floor


def taking(side=Side.BID, limit="0.4400", count="10.00", **changes) -> OrderIntent:
    """An entry that takes the quote."""
    facts = {
        "strategy": STRATEGY,
        "ticker": A,
        "event_ticker": EVENT,
        "time_in_force": TimeInForce.IOC,
        "purpose": Purpose.ENTRY,
        "reason": "test",
    }
    return OrderIntent(
        side=side,
        limit=Price.parse(limit),
        count=Contracts.parse(count),
        **{**facts, **changes},
    )


def waiting(clock: Clock, side=Side.BID, limit="0.4100", count="10.00", **changes) -> OrderIntent:
    """An entry that rests for half an hour."""
    resting = {
        "time_in_force": TimeInForce.GTC,
        "post_only": True,
        "expires_us": clock.now() + 30 * MINUTE,
    }
    return taking(side, limit, count, **{**resting, **changes})
