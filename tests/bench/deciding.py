"""A pass of trading with all strategies over a thousand candidates, two hundred markets held.

The desk and its exchange are one process here, and CPU seconds are of both: what the exchange
takes to answer with books and tapes is in them. The markets are held by all strategies in turns;
forecasts are the simulated truth, so no AI is asked.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import kalshi_cli.__main__  # noqa: F401 - sets how often the collector of garbage runs
from kalshi_cli.bootstrap.desk import OpenDesk
from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.levels import Levels
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import OrderIntent, OrderState, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Risk, Settings, Trading
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.trade import TradeResult
from tests.bench.measure import Measured

STRATEGIES = ("directional_trading", "market_making", "quick_flip_scalping")
PLAN = '[scale]\nmarkets = 2400\n[cash]\n0 = "1000000.00"\n'
HELD, RESTING, PASSES = 200, 15, 3
CENT = Price(100)


def measure(home: Path) -> list[Measured]:
    """The least CPU seconds of some passes that only decide, and of some that send as well."""
    return asyncio.run(_measured(home))


async def _measured(home: Path) -> list[Measured]:
    plan = home / "plan.toml"
    plan.write_text(PLAN)
    environment = Environment(Env.SIM, "the bench", home, seed=7, in_memory=True, world=str(plan))
    opened = open_desk(
        environment,
        _settings(home),
        command="bench",
        trades=True,
        forecasts=True,
        single_step=False,
    )
    async with opened as desk:
        await desk.ingest()
        await desk.track()
        assert await _bought(desk) == HELD
        await desk.track()
        await desk.analyze()
        decided, decided_s = await _least(desk, desk.rehearse)
        traded, traded_s = await _least(desk, desk.trade)
    held = f"{decided.considered:,} candidates, {HELD} held"
    proposals = f"{len(decided.proposals)} proposals"
    return [
        Measured(f"three strategies, {held}: decide ({proposals}), CPU", decided_s, most_s=1.0),
        Measured(
            f"the same, traded: {len(traded.orders)} sent, {traded.quotes} quotes, CPU", traded_s
        ),
    ]


async def _least(
    desk: OpenDesk, work: Callable[[], Awaitable[TradeResult]]
) -> tuple[TradeResult, float]:
    """The cheapest of some passes, a minute apart."""
    found = []
    for _ in range(PASSES):
        await desk.clock.sleep_until(desk.clock.now() + MINUTE)
        await desk.ingest()
        began = time.process_time()
        result = await work()
        found.append((time.process_time() - began, result))
    took, result = min(found, key=lambda each: each[0])
    return result, took


def _settings(home: Path) -> Settings:
    """The defaults, but for limits that so much would meet."""
    return Settings(
        home=home,
        trading=Trading(strategies=STRATEGIES, forecaster="oracle"),
        risk=Risk(
            max_positions=HELD + RESTING,
            max_account_exposure="unlimited",
            max_category_exposure="unlimited",
            max_cluster_exposure="unlimited",
        ),
    )


async def _bought(desk: OpenDesk) -> int:
    """Ten contracts in each of so many markets, for one strategy after the other."""
    async with desk.store.unit(reads=True) as unit:
        entries = await unit.catalog.entries()
    count = 0
    for entry in entries:
        ask = entry.quote.ask
        if count == HELD or ask is None or not Price(500) <= ask.price <= Price(9_500):
            continue
        owner = STRATEGIES[count % len(STRATEGIES)]
        intent = OrderIntent(
            strategy=owner,
            ticker=entry.market.ticker,
            event_ticker=entry.event.event_ticker,
            side=Side.BID,
            limit=ask.price + CENT,
            count=Contracts.parse("10.00"),
            time_in_force=TimeInForce.IOC,
            purpose=Purpose.ENTRY,
            reason="the bench",
        )
        plan = ExitPlan(intent.ticker, owner, Levels(Price(1), Price(9_999)), 0)
        count += (await send(desk.sender, intent, plan)).state is OrderState.FILLED
    return count
