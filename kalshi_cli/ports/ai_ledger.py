"""The money and the words of AI calls: reserved before a call, settled after it.

What is reserved counts as spent until it is settled, so that neither calls side by side nor
processes side by side spend more than a day has; what a dead process had reserved stays spent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from kalshi_cli.domain.deliberation import Attempt, Prompt
from kalshi_cli.domain.money import AiCost
from kalshi_cli.evaluation.ai_costs import Use
from kalshi_cli.forecasting.reading import Form


class CostSource(StrEnum):
    """Where a call's cost is from. Only `server` is what will be billed."""

    SERVER = "server"
    PRICE = "price"
    RESERVED = "reserved"
    """Nobody answered, and it may be billed all the same: what was set aside counts."""
    NONE = "none"
    """The provider turned the call away before it did anything."""


class Unfunded(StrEnum):
    """Why no money is set aside for a call."""

    CREDITS = "credits"
    """The provider said on that UTC day that it is not paid any more."""
    BUDGET = "budget"
    """The day has no more."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A call that is about to be made. `decision_id` is common to the calls about one event.

    `provider` is who is asked: what stands in for xAI is not xAI.
    """

    call_id: str
    decision_id: str
    run_id: str
    event_ticker: str
    prompt: Prompt
    requested_model: str
    provider: str
    amount: AiCost
    at_us: int
    wall_us: int


@dataclass(frozen=True, slots=True)
class Settled:
    """How a call ended. `form` is how its answer could be read, `parsed` what it says; both None
    where it could not be used.
    """

    call_id: str
    attempt: Attempt
    cost: AiCost
    source: CostSource
    form: Form | None
    parsed: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Mark:
    """How far it was read: the last change of an order, and the newest call in real time."""

    order_event: int = 0
    called_wall_us: int = 0


@dataclass(frozen=True, slots=True)
class UsesSince:
    """What changed on record until a later `mark`: what was traded on, and what decisions cost.

    `costs` are what decisions cost by now, or have set aside: all that `uses` names, and those of
    the last day before the mark that it was asked from.
    """

    mark: Mark
    uses: tuple[Use, ...]
    costs: Mapping[str, AiCost]


class AiLedger(Protocol):
    async def reserve(self, call: Reservation, *, daily_budget: AiCost | None) -> Unfunded | None:
        """Set money aside on the call's UTC day; or why not, and nothing done."""
        ...

    async def out_of_credits(self, wall_us: int) -> None:
        """The provider said at a real time, to whatever process, that it is not paid any more."""
        ...

    async def in_credit(self) -> None:
        """Take that back."""
        ...

    async def settle(self, done: Settled) -> None:
        """Put the cost in the place of what was reserved, with the whole answer.

        A call that was settled stays as it is: whoever was cancelled while it was written cannot
        know, and writes it again.
        """
        ...

    async def spent(self, wall_day: int) -> AiCost:
        """What a UTC day (days since 1970, real time) cost, with what is reserved now."""
        ...

    async def spent_ever(self) -> AiCost:
        """What all AI calls cost together, with what is reserved now."""
        ...

    async def uses(self, since: Mark) -> UsesSince:
        """What changed of the orders that were sent on decisions, and of what those cost.

        An order that was never sent, that the exchange refused or that it does not have is none:
        nothing was traded on it. Should it be there after all, it counts from then on.
        """
        ...

    async def paid_since(self, since_us: int) -> Mapping[str, tuple[int, ...]]:
        """When each event was asked about for money, at or after a market time; oldest first.

        Whatever came of it: an answer that could not be used was paid for too.
        """
        ...

    async def drop_texts(self, before_wall_us: int) -> int:
        """Drop the questions and answers of calls made before an instant; how many texts that were.

        Their hashes stay, and all else of the calls, and the instructions of the roles. Nothing is
        dropped of an event where something is held or ordered, nor what a later call said again.
        """
        ...

    async def first_served(self, requested_models: Sequence[str], provider: str) -> str:
        """The model of a provider that first answered to any of these names; empty for none."""
        ...
