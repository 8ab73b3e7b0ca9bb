"""A process that asks a language model until the day's budget is gone."""

import asyncio
from dataclasses import replace
from pathlib import Path

from fakes.ai import PROMPT
from fakes.clock import FakeClock
from fakes.desk_store import WALL, fresh_store

from kalshi_cli.adapters.grok.client import Grok
from kalshi_cli.adapters.repair import repaired
from kalshi_cli.bootstrap.policies import asking
from kalshi_cli.domain.money import AiCost
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.asking import Answer, Asker, NoAnswer

SIDE_BY_SIDE = 4
"""Questions of one process that are under way at once."""
POLICY = replace(
    asking(Settings(home=Path("unused"))),
    max_tokens=200,
    reserved_thinking=0,
    decision_budget=None,
    held_share=0.0,
)
AMOUNT = Asker(None, None, None, POLICY, "", repaired).estimate(PROMPT, "grok-4")
"""What one call sets aside."""


def spend(directory: Path, host: str, budget: int) -> None:
    """Ask until there is no money; it fails where anything else ends the asking."""
    asyncio.run(_spend(directory, host, AiCost(budget)))


async def _spend(directory: Path, host: str, budget: AiCost) -> None:
    clock = FakeClock(wall_us=WALL)
    async with await fresh_store(directory) as store, Grok("xai-key", host) as model:
        async with store.unit() as unit:
            run = await unit.desk.start_run("test", clock.now(), clock.wall())
            await unit.commit()
        policy = replace(POLICY, daily_budget=budget)
        asker = Asker(model, store, clock, policy, run.run_id, repaired)
        await asyncio.gather(*(_until_gone(asker) for _ in range(SIDE_BY_SIDE)))


async def _until_gone(asker: Asker) -> None:
    while True:
        decision = asker.decide("E", is_held=True)
        said = await asker.ask(PROMPT, decision, dict)
        await asker.settle(decision)
        if isinstance(said, NoAnswer):
            assert said.code == "AI_BUDGET", said
            return
        assert isinstance(said, Answer)
