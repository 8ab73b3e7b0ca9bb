"""Calls to a language model that are on record, and a stand-in that says what a test wants said."""

import json
from collections.abc import Callable

from kalshi_cli.adapters.sim.ai.replies import Asked, Failure, Reply
from kalshi_cli.domain.deliberation import Attempt, Outcome, Prompt, Role, Usage
from kalshi_cli.domain.money import AiCost
from kalshi_cli.forecasting.reading import Form
from kalshi_cli.ports.ai_ledger import CostSource, Reservation, Settled

PROMPT = Prompt(Role.FORECASTER, "v1", "You forecast.", "Will it rain?", "{}")
TICKS = 1_234_567


def a_reservation(run_id: str, call_id: str = "c1", amount: int = 1_000, wall_us: int = 0, **facts):
    """A call about to be made for `amount` ticks."""
    return Reservation(
        call_id=call_id,
        decision_id=facts.pop("decision_id", "d1"),
        run_id=run_id,
        event_ticker=facts.pop("event_ticker", "E"),
        prompt=facts.pop("prompt", PROMPT),
        requested_model="grok-4",
        provider=facts.pop("provider", "xai"),
        amount=AiCost(amount),
        at_us=0,
        wall_us=wall_us,
        **facts,
    )


def a_settled(cost: int, call_id: str = "c1", **changes) -> Settled:
    """How that call ended."""
    facts = {"outcome": Outcome.ANSWERED, "text": "{}", "served_model": "grok-4.3", "detail": ""}
    facts |= changes
    parsed = facts.pop("parsed", None)
    attempt = Attempt(
        requested_model="grok-4",
        usage=Usage(prompt=10, completion=2),
        cost=AiCost(cost),
        latency_ms=5,
        **facts,
    )
    form = Form.CLEAN if attempt.outcome is Outcome.ANSWERED else None
    return Settled(call_id, attempt, AiCost(cost), CostSource.SERVER, form, parsed)


async def paid(store, run, cost: AiCost, *, wall_us: int = 0, call_id: str = "c1") -> None:
    """Put a call on record that cost so much."""
    async with store.unit() as unit:
        call = a_reservation(run.run_id, call_id, cost.units, wall_us)
        assert await unit.ai.reserve(call, daily_budget=None) is None
        await unit.ai.settle(a_settled(cost.units, call_id))
        await unit.commit()


def tickers_of(asked: Asked) -> list[str]:
    """The tickers that a question wants answers about."""
    markets = asked.schema["properties"]["markets"]
    return markets["items"]["properties"]["ticker"]["enum"]


def role_of(asked: Asked) -> Role:
    """Who is asked, by what the answer is to say of a market."""
    properties = asked.schema["properties"]["markets"]["items"]["properties"]
    if "wider_low" in properties:
        return Role.ALL_IN_ONE
    if "ruling" in properties:
        return Role.CRITIC
    return Role.TRADER if "action" in properties else Role.FORECASTER


def opinion(ticker: str, probability: float = 0.60, low: float = 0.50, high: float = 0.70, **said):
    """What the Forecaster says of a market, as JSON has it."""
    facts = {
        "base_rate": 0.3,
        "evidence_for": ["it did so yesterday"],
        "evidence_against": [],
        "reasoning": "because",
        "probability": probability,
        "low": low,
        "high": high,
    }
    return {"ticker": ticker, **facts, **said}


def review(ticker: str, ruling: str = "accept", low=None, high=None, problems=()):
    """What the Critic says of a market, as JSON has it."""
    return {
        "ticker": ticker,
        "problems": list(problems),
        "ruling": ruling,
        "low": low,
        "high": high,
    }


def reply(markets, ticks: int | None = TICKS, model: str = "grok-4.3", **facts) -> Reply:
    """An answer about some markets."""
    text = json.dumps({"markets": list(markets)})
    return Reply(text, model=model, ticks=ticks, prompt_tokens=900, completion_tokens=80, **facts)


def tip(ticker: str, action: str = "buy", side: str = "yes", limit=None, reasons=()):
    """What the Trader says of a market, as JSON has it."""
    return {
        "ticker": ticker,
        "reasons": list(reasons),
        "action": action,
        "side": side,
        "limit": limit,
    }


def whole(ticker: str, **said):
    """What all three say of a market in one answer: 60 %, no objection, YES bought at any price."""
    ruling = review(ticker)
    wider = {"wider_low": ruling.pop("low"), "wider_high": ruling.pop("high")}
    return {**opinion(ticker), **ruling, **wider, **tip(ticker), **said}


SAYS = {
    Role.FORECASTER: opinion,
    Role.CRITIC: review,
    Role.TRADER: tip,
    Role.ALL_IN_ONE: whole,
}


def sensible(asked: Asked) -> Reply:
    """60 % of everything, no objection to it, and YES bought at any price."""
    says = SAYS[role_of(asked)]
    return reply(says(ticker) for ticker in tickers_of(asked))


def in_turn(*answers: Reply | Failure | Callable[[Asked], Reply | Failure]):
    """These answers in their order, the last one again and again."""

    def answer(asked: Asked) -> Reply | Failure:
        given = answers[min(asked.number, len(answers)) - 1]
        return given(asked) if callable(given) else given

    return answer
