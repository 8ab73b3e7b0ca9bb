"""All calls about one event: what they cost, what is set aside for them, and what is on record.

Each call is a row before it is made. What a call cost takes the place of what was set aside; a call
that was cancelled or killed leaves that standing, and so does one that broke on its way back, since
it may be billed all the same.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from kalshi_cli.domain.deliberation import Attempt
from kalshi_cli.domain.money import NO_COST, AiCost
from kalshi_cli.forecasting.persistence import ANSWERS, MAY_BE_BILLED
from kalshi_cli.forecasting.prices import price_of
from kalshi_cli.forecasting.reading import Form
from kalshi_cli.ports.ai_ledger import CostSource, Reservation, Settled, Unfunded
from kalshi_cli.ports.store import (
    Store,
    Unit,
    Write,
)
from kalshi_cli.steps.insisting import insist

Written = TypeVar("Written")


@dataclass(slots=True)
class Decision:
    """What the calls about one event cost so far, and what the whole day may cost for it.

    `reserved` is set aside for those under way; none begins once `stopping`. `unsettled` calls have
    ended and are put on record with what comes next: a commit for both.
    """

    decision_id: str
    event_ticker: str
    until_wall_us: int
    daily_budget: AiCost | None
    stopping: Callable[[], bool] = lambda: False
    spent: AiCost = NO_COST
    reserved: AiCost = NO_COST
    calls: int = 0
    unsettled: list[Settled] = field(default_factory=list)

    def fits(self, amount: AiCost, budget: AiCost | None) -> bool:
        """Whether a call that may cost so much stays within what an event may cost."""
        return budget is None or self.spent + self.reserved + amount <= budget

    def next_id(self) -> str:
        """The id of a call that is about to be made."""
        self.calls += 1
        return f"{self.decision_id}-{self.calls - 1}"

    async def set_aside(self, store: Store, call: Reservation) -> Unfunded | None:
        """Set money aside for a call and put it on record; or why not."""

        async def reserve(unit: Unit) -> Unfunded | None:
            return await unit.ai.reserve(call, daily_budget=self.daily_budget)

        self.reserved += call.amount  # before the store answers: others of this event ask meanwhile
        refused = await self._written(store, reserve)
        if refused is not None:
            self.reserved -= call.amount
        return refused

    def ended(
        self,
        call: Reservation,
        attempt: Attempt,
        form: Form | None,
        parsed: Mapping[str, Any] | None,
    ) -> None:
        """Count what a call cost, and leave it to be put on record."""
        cost, source = _cost(attempt, call.amount)
        self.spent += cost
        self.reserved -= call.amount
        self.unsettled.append(Settled(call.call_id, attempt, cost, source, form, parsed))

    async def settle(self, store: Store) -> None:
        """Put on record how calls ended that nothing was written with since."""
        if self.unsettled:
            await self._written(store, _nothing_more)

    def settle_behind(self, write: Callable[[Write], None]) -> None:
        """The same in time, by whoever is given."""
        if self.unsettled:
            ended, self.unsettled = self.unsettled, []
            write(partial(_settle, ended))

    async def _written(self, store: Store, write: Callable[[Unit], Awaitable[Written]]) -> Written:
        """Write how calls ended, and what comes next; who is cancelled still has them to write."""
        ended, self.unsettled = self.unsettled, []

        async def both(unit: Unit) -> Written:
            await _settle(ended, unit)
            return await write(unit)

        try:
            return await insist(store, both)
        except BaseException:
            self.unsettled = ended + self.unsettled
            raise


async def _settle(ended: Sequence[Settled], unit: Unit) -> None:
    for each in ended:
        await unit.ai.settle(each)


async def _nothing_more(unit: Unit) -> None:
    """There is nothing else to write."""


def _cost(attempt: Attempt, reserved: AiCost) -> tuple[AiCost, CostSource]:
    """What a call cost, and who says so. What may have been billed unheard counts as reserved."""
    if attempt.cost is not None:
        return attempt.cost, CostSource.SERVER
    if attempt.outcome in ANSWERS:
        model = attempt.served_model or attempt.requested_model
        return price_of(model).of(attempt.usage), CostSource.PRICE
    if attempt.outcome in MAY_BE_BILLED:
        return reserved, CostSource.RESERVED
    return NO_COST, CostSource.NONE
