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


class NoWait:
    """Draws the shortest wait."""

    def random(self):
        return 0.0


@asynccontextmanager
async def a_desk(floor, answers=sensible, **changes):
    """Whoever forecasts on this floor, and the server that answers.

    `ai` are settings, `roles` those of the program's own prompts that are asked, `provider` who
    answers; other `changes` are of the policy.
    """
    settings = Settings(home="unused", ai=Ai(**changes.pop("ai", {})))
    roles = changes.pop("roles", (Role.FORECASTER, Role.CRITIC, Role.ALL_IN_ONE))
    provider = changes.pop("provider", "xai")
    async with StandIn(answers) as server, Grok(KEY, server.host, provider) as model:
        policy = replace(asking(settings), **changes)
        asker = Asker(model, floor.store, floor.clock, policy, floor.run.run_id, repaired, NoWait())
        chosen = deliberation(settings)
        kept = {role: text for role, text in chosen.templates.items() if role in roles}
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
