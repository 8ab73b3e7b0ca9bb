"""Grok's desk on a floor, by the real SDK over a real socket, and what was asked of it."""

from contextlib import asynccontextmanager
from dataclasses import replace

from fakes.ai import sensible
from fakes.floor import EVENT, A, B

from kalshi_cli.adapters.grok.client import Grok
from kalshi_cli.adapters.repair import repaired
from kalshi_cli.adapters.sim.ai.server import StandIn
from kalshi_cli.bootstrap.policies import asking, deliberation
from kalshi_cli.domain.deliberation import Role
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.ports.forecaster import Question
from kalshi_cli.settings.sections import Ai, Settings
from kalshi_cli.steps.asking import Asker
from kalshi_cli.steps.deliberate import GrokForecaster

KEY = "xai-a-secret-key"
STAGED = (Role.FORECASTER, Role.CRITIC, Role.ALL_IN_ONE)
"""Who is asked unless a test says otherwise: the Trader is not."""


class NoWait:
    """Draws the shortest wait."""

    def random(self):
        return 0.0


@asynccontextmanager
async def an_asker(floor, answers=sensible, *, ai=None, provider="xai", **changes):
    """Whoever asks on this floor, and the server that answers; `ai` are settings, `changes` are of
    the policy, `provider` is who answers.
    """
    settings = Settings(home="unused", ai=Ai(**(ai or {})))
    async with StandIn(answers) as server, Grok(KEY, server.host, provider) as model:
        policy = replace(asking(settings), **changes)
        run_id = floor.run.run_id
        yield Asker(model, floor.store, floor.clock, policy, run_id, repaired, NoWait()), server


@asynccontextmanager
async def a_desk(floor, answers=sensible, *, roles=STAGED, ai=None, **changes):
    """Whoever forecasts on this floor, and the server that answers.

    `roles` are those of the program's own prompts that are asked; all else is as for an asker.
    """
    chosen = deliberation(Settings(home="unused", ai=Ai(**(ai or {}))))
    kept = {role: text for role, text in chosen.templates.items() if role in roles}
    async with an_asker(floor, answers, ai=ai, **changes) as (asker, server):
        yield GrokForecaster(asker, replace(chosen, templates=kept)), server


async def the_question(floor, **changes) -> Question:
    page = await floor.exchange.listings([A, B])
    event = (await floor.exchange.event(EVENT)).event
    event = replace(event, mutually_exclusive=False, **changes)
    return Question(event, "Economics", page.items, floor.clock.now())


async def asked(floor, answers=sensible, **changes):
    """One question, and the calls on record, oldest first."""
    floor.clock.wall_us += SECOND
    began = floor.clock.wall()
    async with a_desk(floor, answers, **changes) as (forecaster, _):
        judged = await forecaster.judge(await the_question(floor))
    return judged, (await floor.store.reports.ai_calls(since_wall_us=began))[::-1]


def codes(judged):
    return {each.code for each in judged.abstained}


FORECASTER_ALONE = {"roles": (Role.FORECASTER,)}
