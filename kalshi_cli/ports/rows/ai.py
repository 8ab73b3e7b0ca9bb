"""Rows about calls to language models, what they said, and what they cost.

See `ports.reports`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kalshi_cli.domain.money import AiCost


@dataclass(frozen=True, slots=True)
class AiCallRow:
    """A call to a language model. `cost` is None while it is in flight, or its process is dead.

    `form` is how its answer could be read, None where it could not; `reason` then says why.
    `provider` is who was asked (`xai`, or what stands in for it; empty where nobody noted it),
    `tools` what it might look up there, and `searches` how often it did.
    """

    call_id: str
    decision_id: str
    run_id: str
    event_ticker: str
    role: str
    prompt_version: str
    requested_model: str
    served_model: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    reserved: AiCost
    cost: AiCost | None
    cost_source: str
    latency_ms: int | None
    outcome: str
    form: str | None
    reason: str
    provider: str
    tools: str
    searches: int
    called_us: int
    called_wall_us: int


@dataclass(frozen=True, slots=True)
class AiCallTexts:
    """A call with every word of it; None for a text that was not kept any longer, or never came.

    `parsed` is what its answer says, None where it could not be used. `citations` are addresses
    that it gives for what it looked up.
    """

    call: AiCallRow
    system: str | None
    user: str | None
    answer: str | None
    parsed: Mapping[str, Any] | None
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AiCostRow:
    """Calls of one role to one model about one event on one asking; what is in flight costs what
    was set aside. `wall_day` counts UTC days since 1970, `model` is who was asked where nobody
    answered.
    """

    decision_id: str
    wall_day: int
    role: str
    model: str
    calls: int
    cost: AiCost


@dataclass(frozen=True, slots=True)
class SaidRow:
    """What one role said in one call, whose answer could be used, after so many `searches`.
    `parsed` is its JSON object.
    """

    decision_id: str
    role: str
    prompt_version: str
    served_model: str
    form: str
    called_wall_us: int
    searches: int
    parsed: Mapping[str, Any]
