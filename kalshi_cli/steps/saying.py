"""How much say the model has that answered, by the record."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from kalshi_cli.domain.instant import HOUR
from kalshi_cli.forecasting.weights import MARKET, Say
from kalshi_cli.steps.asking import Asker

Says = Mapping[tuple[str, str], Say]
"""What was fitted and proved, by served model and category."""


async def no_record() -> Says:
    """Nothing was fitted."""
    return {}


class Saying:
    """What was fitted on the record, and which model first served the primary name.

    `starting` is what that one may say until it has a record; any other, nothing.
    """

    def __init__(
        self, asker: Asker, starting: float, fit: Callable[[], Awaitable[Says]] = no_record
    ) -> None:
        self._asker, self._starting, self._fit = asker, starting, fit
        self._fitted: Says | None = None
        self._fitted_us = 0
        self._of_record = ""
        self._looking = asyncio.Lock()

    async def of(self, model: str, category: str, settle: Callable[[], Awaitable[None]]) -> Say:
        """W and slope of a model that answered just now; `settle` puts the answer on record, for it
        may be the first of all.
        """
        async with self._looking:  # one looks for all who wait meanwhile
            fitted = (await self._fits()).get((model, category))
            if fitted is not None:
                return fitted
            if not self._of_record:  # it never changes again
                await settle()
                self._of_record = await self._first_served()
        return Say(self._starting) if model == self._of_record else MARKET

    async def _first_served(self) -> str:
        names, provider = self._asker.policy.models[:1], self._asker.model.provider
        async with self._asker.store.unit(reads=True) as unit:
            return await unit.ai.first_served(names, provider)

    async def _fits(self) -> Says:
        """What was fitted, which is looked at once an hour of market time."""
        now = self._asker.clock.now()
        if self._fitted is None or now - self._fitted_us >= HOUR:
            self._fitted, self._fitted_us = await self._fit(), now
        return self._fitted
