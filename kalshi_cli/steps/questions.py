"""The questions of one round of forecasts: asked side by side, and their answers put on record."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from kalshi_cli.domain.forecast import Forecast, Judgement, Probability
from kalshi_cli.domain.identity import short_hash
from kalshi_cli.domain.market import Listing
from kalshi_cli.domain.marks import benchmark
from kalshi_cli.domain.money import NO_COST, Contracts
from kalshi_cli.forecasting.blend import blend
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.forecaster import Forecaster, Judged, Question, Skipped
from kalshi_cli.ports.store import CatalogEntry, Store, Unit
from kalshi_cli.steps.insisting import insist

Progress = Callable[[int, int], None]
"""Told how many questions are done, and of how many."""


def unheard(done: int, of: int) -> None:
    """Tells nobody."""


STOPPED = "nothing was asked any more after a stop"
NO_QUOTE = "no quote of this moment, or no longer active"


class QuestionRound:
    """The questions of one pass, as many side by side as the forecaster takes, and what came of it.

    What was paid for is on record before the next question; what was free is kept together, also
    where a failure ends the round. A failure ends no other question: those are asked already, and
    what they cost is settled.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        forecaster: Forecaster,
        quotes: Mapping[str, Listing],
        held: Mapping[str, Contracts],
        run_id: str,
        *,
        stopping: Callable[[], bool],
        anew: Callable[[Sequence[CatalogEntry]], Awaitable[Mapping[str, Listing]]] | None,
        progress: Progress = unheard,
    ) -> None:
        self.forecasts: list[Forecast] = []
        self.skipped: list[Skipped] = []
        self.spent = NO_COST
        self._store, self._clock, self._forecaster = store, clock, forecaster
        self._quotes, self._held, self._run_id = dict(quotes), held, run_id
        self._stopping, self._anew = stopping, anew
        self._unkept: list[Forecast] = []
        self._progress, self._done, self._count = progress, 0, 0

    async def ask(self, questions: Sequence[Sequence[CatalogEntry]]) -> None:
        """Raises the first failure, after the questions under way are answered."""
        waiting = iter(questions)
        self._count = len(questions)
        count = min(self._forecaster.at_once, len(questions))
        try:
            ended = await asyncio.gather(
                *(self._one_after_another(waiting) for _ in range(count)), return_exceptions=True
            )
        finally:
            await self._keep()
        for failure in ended:
            if isinstance(failure, BaseException):
                raise failure

    async def _one_after_another(self, waiting: Iterator[Sequence[CatalogEntry]]) -> None:
        for members in waiting:
            if self._stopping():
                self.skipped += [Skipped(e.market.ticker, "STOPPED", STOPPED) for e in members]
                continue
            try:
                await self._one(members)
            except BaseException:
                for _ in waiting:  # nobody else begins another
                    pass
                raise
            self._done += 1
            self._progress(self._done, self._count)

    async def _one(self, members: Sequence[CatalogEntry]) -> None:
        members = await self._quoted(members)
        if not members:
            return
        first = members[0]
        listings = tuple(self._quotes[entry.market.ticker] for entry in members)
        question = Question(first.event, first.category, listings, self._clock.now(), self._held)
        judged = await self._forecaster.judge(question)
        self.spent += judged.spent
        self._sort(judged, {entry.market.ticker: entry for entry in members})
        if judged.spent:
            await self._keep()

    async def _quoted(self, members: Sequence[CatalogEntry]) -> Sequence[CatalogEntry]:
        """Those with a quote of this moment: answers take time, and late questions had old ones."""
        if self._anew is None:
            return members
        quotes = await self._anew(members)
        self._quotes |= quotes
        gone = [entry.market.ticker for entry in members if entry.market.ticker not in quotes]
        self.skipped += [Skipped(ticker, "NO_QUOTE", NO_QUOTE) for ticker in gone]
        return [entry for entry in members if entry.market.ticker in quotes]

    def _sort(self, judged: Judged, asked: Mapping[str, CatalogEntry]) -> None:
        """Each market asked about is forecast or skipped, once."""
        open_tickers = dict(asked)
        for judgement in judged.judgements:
            entry = open_tickers.pop(judgement.ticker, None)
            if entry is not None:
                made = _forecast(
                    judgement,
                    entry,
                    self._quotes[judgement.ticker],
                    self._forecaster,
                    self._clock.now(),
                    self._run_id,
                )
                self.forecasts.append(made)
                self._unkept.append(made)
        for each in judged.abstained:
            if open_tickers.pop(each.ticker, None) is not None:
                self.skipped.append(each)
        silence = f"{self._forecaster.name} gave no probability"
        self.skipped += [Skipped(ticker, "ABSTAINED", silence) for ticker in open_tickers]

    async def _keep(self) -> None:
        kept, self._unkept = self._unkept, []
        if not kept:
            return

        async def keep(unit: Unit) -> None:
            await unit.forecasts.add(kept)
            await unit.catalog.record_quotes(
                [self._quotes[forecast.ticker].quote for forecast in kept], "decision"
            )

        await insist(self._store, keep)


def _forecast(
    judgement: Judgement,
    entry: CatalogEntry,
    listing: Listing,
    forecaster: Forecaster,
    now_us: int,
    run_id: str,
) -> Forecast:
    mid = benchmark(listing.quote.bid, listing.quote.ask)
    market = None if mid is None else Probability(mid)
    said, say, slope = judgement.probability, judgement.weight, judgement.slope
    blended = None if market is None else blend(said, market, say, slope)
    return Forecast(
        forecast_id=short_hash(run_id, judgement.ticker, forecaster.name, str(now_us)),
        run_id=run_id,
        ticker=judgement.ticker,
        event_ticker=entry.event.event_ticker,
        category=entry.category,
        forecaster=forecaster.name,
        model=judgement.model,
        made_us=now_us,
        probability=judgement.probability,
        low=judgement.low,
        high=judgement.high,
        logit_error=judgement.logit_error,
        weight=judgement.weight,
        market=market,
        blended=blended,
        cost=judgement.cost,
        rationale=judgement.rationale,
        label=forecaster.label,
        decision_id=judgement.decision_id,
        advice=judgement.advice,
        slope=judgement.slope,
    )
