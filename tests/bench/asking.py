"""Three hundred markets analyzed with a language model that takes 200 ms a call, three calls each.

The model is a process of its own; between it and the desk are the real SDK and a real socket, and
every call is set aside and settled in a store on disk. The floor is what the calls alone take at
so many side by side. The SDK takes time of its own: the last row tells how much of ours that is.
"""

import asyncio
import multiprocessing
from collections.abc import Collection
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, process_time

import kalshi_cli.__main__  # noqa: F401 - sets how often threads take turns
from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.grok.client import Grok
from kalshi_cli.adapters.repair import repaired
from kalshi_cli.adapters.sim.ai.replies import Asked, Reply, made_up
from kalshi_cli.adapters.sim.ai.server import StandIn
from kalshi_cli.adapters.store.store import SqlStore, open_store
from kalshi_cli.bootstrap.policies import asking, deliberation, policies
from kalshi_cli.domain.deliberation import Outcome, Role
from kalshi_cli.domain.identity import Env, StoreIdentity
from kalshi_cli.domain.instant import DAY
from kalshi_cli.domain.market import Listing, Series
from kalshi_cli.forecasting import forecaster
from kalshi_cli.ports.exchange import Page
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.analyze import analyze
from kalshi_cli.steps.asking import Asker
from kalshi_cli.steps.deliberate import GrokForecaster
from kalshi_cli.steps.deliberation_policy import DeliberationPolicy
from tests.bench.measure import Measured
from tests.fakes.decisions import PLAIN, a_market, a_quote, an_event

MARKETS, AT_ONCE, CALLS, CALL_S = 300, 30, 3, 0.2
IDENTITY = StoreIdentity(Env.SIM, "http://sim.invalid", "account", "generated/7")


def measure(home: Path) -> list[Measured]:
    """So many markets, so many at once: seconds in all, and of the processor for each call."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,))
    server.start()
    try:
        (took, worked), bare = asyncio.run(_both(home, ours.recv()))
    finally:
        server.terminate()
        server.join()
    count = MARKETS * CALLS
    floor = count * CALL_S / AT_ONCE
    what = f"{MARKETS} markets analyzed, {AT_ONCE} at once, {CALLS} calls of 200 ms each"
    each = "processor time of one of those calls"
    return [
        Measured(what, took, "the calls alone", floor, most_ratio=1.15),
        Measured(each, worked / count, "the SDK alone", bare / count),
    ]


def _serve(told: Connection) -> None:
    asyncio.run(_served(told))


async def _served(told: Connection) -> None:
    async with StandIn(_slowly) as server:
        told.send(server.host)
        await asyncio.Event().wait()


def _slowly(asked: Asked) -> Reply:
    return replace(made_up(asked), delay_s=CALL_S, ticks=1_000_000)


async def _both(home: Path, host: str) -> tuple[tuple[float, float], float]:
    """Seconds of the desk, by the clock and of the processor; and of the processor for the SDK."""
    settings, clock = Settings(home=home), SystemClock()
    policy = replace(deliberation(settings), at_once=AT_ONCE)
    async with (
        await open_store(home / "desk.db", IDENTITY, wall_us=clock.wall()) as store,
        Grok("xai-key", host, "localhost") as model,
    ):
        bare = await _bare(model, policy)  # connects, too
        return await _desk(store, model, clock, settings, policy), bare


async def _bare(model: Grok, policy: DeliberationPolicy) -> float:
    """As many calls side by side that nobody sets money aside for or writes down."""
    market = a_market()
    template = policy.templates[Role.FORECASTER]
    prompt = forecaster.ask(template, an_event(), "Weather", [market], 0)

    async def one_after_another() -> None:
        for _ in range(MARKETS * CALLS // AT_ONCE):
            attempt = await model.attempt(
                prompt, "grok-4", after_s=0.0, within_s=60.0, max_tokens=8_000
            )
            assert attempt.outcome is Outcome.ANSWERED

    await model.attempt(prompt, "grok-4", after_s=0.0, within_s=60.0, max_tokens=8_000)
    began = process_time()
    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    return process_time() - began


async def _desk(
    store: SqlStore, model: Grok, clock: SystemClock, settings: Settings, policy: DeliberationPolicy
) -> tuple[float, float]:
    exchange = await _filled(store, clock)
    async with store.unit() as unit:
        run = await unit.desk.start_run("bench", clock.now(), clock.wall())
        await unit.commit()
    endless = replace(asking(settings), daily_budget=None, decision_budget=None)
    asker = Asker(model, store, clock, endless, run.run_id, repaired)
    held_to = policies(Env.DEMO, settings, "grok").analysis
    began, worked = perf_counter(), process_time()
    result = await analyze(
        exchange,  # type: ignore[arg-type] - all that is asked of an exchange here
        store,
        clock,
        GrokForecaster(asker, policy),
        filters=(),
        policy=held_to,
        run_id=run.run_id,
    )
    took = perf_counter() - began, process_time() - worked
    assert len(result.forecasts) == MARKETS
    assert len(await store.reports.ai_calls()) == MARKETS * CALLS
    return took


async def _filled(store: SqlStore, clock: SystemClock) -> "_Exchange":
    """Put events of one market each into the store, and let an exchange quote them."""
    now = clock.now()
    pairs = [(f"KXB-{number}", f"KXB-{number}-A") for number in range(MARKETS)]
    markets = [a_market(t, event_ticker=e, close_us=now + 10 * DAY) for e, t in pairs]
    exchange = _Exchange(clock, {each.ticker: Listing(each, a_quote()) for each in markets})
    async with store.unit() as unit:
        await unit.catalog.save_series([Series("SERIES", "A series", "Weather", PLAIN)], now)
        await unit.catalog.save_events([an_event(event) for event, _ in pairs], now)
        await unit.catalog.save_listings((await exchange.listings(exchange.known)).items, now)
        await unit.commit()
    return exchange


class _Exchange:
    """Quotes markets at once, always the same."""

    def __init__(self, clock: SystemClock, known: dict[str, Listing]) -> None:
        self._clock, self.known = clock, known

    async def listings(self, tickers: Collection[str]) -> Page[Listing]:
        now = self._clock.now()
        of_now = (
            Listing(self.known[each].market, a_quote(ticker=each, at_us=now)) for each in tickers
        )
        return Page(tuple(of_now), "")
