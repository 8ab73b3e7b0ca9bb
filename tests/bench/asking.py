"""Three hundred markets forecast by a language model that takes 200 ms a call, three calls each.

The model is a process of its own; between it and the desk are the real SDK and a real socket, and
every call is set aside and settled in a store on disk. The floor is what the calls alone take.
"""

import asyncio
import multiprocessing
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.grok.client import Grok
from kalshi_cli.adapters.repair import repaired
from kalshi_cli.adapters.sim.ai.replies import Asked, Reply, made_up
from kalshi_cli.adapters.sim.ai.server import StandIn
from kalshi_cli.adapters.store.store import open_store
from kalshi_cli.bootstrap.policies import asking, deliberation
from kalshi_cli.domain.identity import Env, StoreIdentity
from kalshi_cli.domain.market import Listing
from kalshi_cli.ports.forecaster import Question
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.asking import Asker
from kalshi_cli.steps.deliberate import GrokForecaster
from tests.bench.measure import Measured
from tests.fakes.decisions import NOW, a_market, a_quote, an_event

MARKETS, AT_ONCE, CALLS, CALL_S = 300, 30, 3, 0.2
IDENTITY = StoreIdentity(Env.SIM, "http://sim.invalid", "account", "generated/7")


def measure(home: Path) -> list[Measured]:
    """So many markets, so many at once."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,))
    server.start()
    try:
        took = asyncio.run(_forecast(home, ours.recv()))
    finally:
        server.terminate()
        server.join()
    floor = MARKETS * CALLS * CALL_S / AT_ONCE
    what = f"{MARKETS} markets forecast, {AT_ONCE} at once, {CALLS} calls of 200 ms each"
    return [Measured(what, took, "the calls alone", floor, most_ratio=1.15)]


def _serve(told: Connection) -> None:
    asyncio.run(_served(told))


async def _served(told: Connection) -> None:
    async with StandIn(_slowly) as server:
        told.send(server.host)
        await asyncio.Event().wait()


def _slowly(asked: Asked) -> Reply:
    return replace(made_up(asked), delay_s=CALL_S)


async def _forecast(home: Path, host: str) -> float:
    clock, settings = SystemClock(), Settings(home=home)
    async with (
        await open_store(home / "desk.db", IDENTITY, wall_us=clock.wall()) as store,
        Grok("xai-key", host, "localhost") as model,
    ):
        async with store.unit() as unit:
            run = await unit.desk.start_run("bench", clock.now(), clock.wall())
            await unit.commit()
        policy = replace(asking(settings), daily_budget=None, decision_budget=None)
        asker = Asker(model, store, clock, policy, run.run_id, repaired)
        forecaster = GrokForecaster(asker, deliberation(settings))
        await forecaster.judge(_question(MARKETS))  # imports, and connects
        room = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with room:
                assert (await forecaster.judge(_question(number))).judgements

        began = perf_counter()
        await asyncio.gather(*map(one, range(MARKETS)))
        took = perf_counter() - began
        assert len(await store.reports.ai_calls()) == CALLS * (MARKETS + 1)
        return took


def _question(number: int) -> Question:
    """An event of its own with one market."""
    event = replace(an_event(), event_ticker=f"KXB-{number}")
    ticker = f"KXB-{number}-A"
    market = replace(a_market(ticker), event_ticker=event.event_ticker)
    return Question(event, "Weather", (Listing(market, a_quote(ticker=ticker)),), NOW)
