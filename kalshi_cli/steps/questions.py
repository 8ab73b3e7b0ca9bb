"""The questions of one round of forecasts: asked side by side, and their answers put on record."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.forecast import Forecast, Judgement, Probability
from kalshi_cli.domain.identity import short_hash
from kalshi_cli.domain.instant import SECOND, spoken
from kalshi_cli.domain.market import Listing, MarketStatus
from kalshi_cli.domain.marks import benchmark
from kalshi_cli.domain.money import NO_COST, Contracts
from kalshi_cli.forecasting.blend import blend
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.forecaster import Forecaster, Judged, Question, Skip, Skipped
from kalshi_cli.ports.store import Store, Unit
from kalshi_cli.steps.behind import WriteBehind

Progress = Callable[[int, int], None]
"""Told how many questions are done, and of how many."""


def unheard(done: int, of: int) -> None:
    """Tells nobody."""


STOPPED = "nothing was asked any more after a stop"
GIVEN_UP = "under way at a stop, and given up: what it may cost counts as spent"
LOOK_S = 0.25
"""How often a round looks whether a stop was asked for."""
SETTLING_S = 15.0
"""What is under way at a stop has so long to end; then it is given up, and counts as spent."""


@dataclass(frozen=True, slots=True)
class RoundSeconds:
    """How a round ends in real time: no question begins after `begins_s`, and all that began is
    over after `ends_s`.
    """

    begins_s: float
    ends_s: float


class QuestionRound:
    """The questions of one pass, as many side by side as the forecaster takes, and what came of it.

    What was paid for is in line to be put on record before money is set aside for the next
    question, which need not wait for it; what was free is kept together, also where a failure ends
    the round. A failure ends no other question: those are asked already, and what they cost is
    settled.
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
        anew: Callable[[Sequence[CatalogEntry]], Awaitable[Sequence[Listing]]] | None,
        standing: Mapping[str, Forecast],
        seconds: RoundSeconds | None,
        progress: Progress = unheard,
    ) -> None:
        self.forecasts: list[Forecast] = []
        self.reused: list[Forecast] = []
        self.skipped: list[Skipped] = []
        self.spent = NO_COST
        self._behind, self._clock, self._forecaster = WriteBehind(store), clock, forecaster
        self._quotes, self._held, self._run_id = dict(quotes), held, run_id
        self._stopping, self._anew = stopping, anew
        self._unkept: list[Forecast] = []
        self._unsaved: list[Listing] = []
        self._progress, self._done, self._count = progress, 0, 0
        self._standing, self._seconds, self._began_us = standing, seconds, clock.wall()

    async def ask(self, questions: Sequence[Sequence[CatalogEntry]]) -> None:
        """Raises the first failure, after the questions under way are answered."""
        waiting = iter(questions)
        self._count = len(questions)
        count = min(self._forecaster.at_once, len(questions))
        asking = [asyncio.create_task(self._one_after_another(waiting)) for _ in range(count)]
        try:
            await self._until_settled(asking)
        finally:
            self._keep()
            await self._behind.end()
        for task in asking:
            failure = None if task.cancelled() else task.exception()
            if failure is not None:
                raise failure

    async def _until_settled(self, asking: Sequence[asyncio.Task[None]]) -> None:
        """Wait for all; once a stop is asked for, not much longer."""
        pending = set(asking)
        try:
            while pending and not self._stopping():
                _, pending = await asyncio.wait(pending, timeout=LOOK_S)
            if pending:
                await asyncio.wait(pending, timeout=SETTLING_S)
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    def _not_now(self) -> tuple[Skip, str] | None:
        """Why no question begins any more: a code, and words; None where one may."""
        if self._stopping():
            return Skip.STOPPED, STOPPED
        if self._seconds is None or self._clock.wall() <= self._until(self._seconds.begins_s):
            return None
        return Skip.NEXT_ROUND, f"the {self._seconds.begins_s:g} s of this round were over"

    def _until(self, seconds: float) -> int:
        return self._began_us + int(seconds * SECOND)

    async def _one_after_another(self, waiting: Iterator[Sequence[CatalogEntry]]) -> None:
        for members in waiting:
            why = self._not_now()
            if why is not None:
                self.skipped += [Skipped(e.market.ticker, *why) for e in members]
                continue
            try:
                self._behind.check()
                await self._one(members)
            except asyncio.CancelledError:
                self.skipped += [Skipped(e.market.ticker, Skip.STOPPED, GIVEN_UP) for e in members]
                raise
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
        seconds = self._seconds
        question = Question(
            event=first.event,
            category=first.category,
            listings=listings,
            now_us=self._clock.now(),
            held=self._held,
            standing=self._standing,
            until_wall_us=None if seconds is None else self._until(seconds.ends_s),
            stopping=self._stopping,
            behind=self._behind.write,
        )
        judged = await self._forecaster.judge(question)
        self.spent += judged.spent
        self._sort(judged, {entry.market.ticker: entry for entry in members})
        if judged.spent:
            self._keep()

    async def _quoted(self, members: Sequence[CatalogEntry]) -> Sequence[CatalogEntry]:
        """Those with a quote of this moment: answers take time, and late questions had old ones."""
        if self._anew is None:
            return members
        listings = await self._anew(members)
        self._unsaved += listings
        quotes = active(listings)
        self._quotes |= quotes
        gone = [entry.market.ticker for entry in members if entry.market.ticker not in quotes]
        self.skipped += [Skipped(ticker, Skip.NO_QUOTE, Skip.NO_QUOTE.means) for ticker in gone]
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
        for ticker in judged.unchanged:
            if open_tickers.pop(ticker, None) is not None:
                made = self._standing[ticker]
                self.reused.append(made)
                detail = f"asked from the same at {spoken(made.made_us)}: that forecast stands"
                self.skipped.append(Skipped(ticker, Skip.UNCHANGED, detail))
        for each in judged.abstained:
            if open_tickers.pop(each.ticker, None) is not None:
                self.skipped.append(each)
        silence = f"{self._forecaster.name} gave no probability"
        self.skipped += [Skipped(ticker, Skip.ABSTAINED, silence) for ticker in open_tickers]

    def _keep(self) -> None:
        """Have forecasts put on record with their quotes, and what else was quoted anew saved."""
        kept, self._unkept = self._unkept, []
        listings, self._unsaved = self._unsaved, []
        if not kept and not listings:
            return
        quotes, at_us = [self._quotes[each.ticker].quote for each in kept], self._clock.now()

        async def keep(unit: Unit) -> None:
            await unit.catalog.save_listings(listings, at_us)
            await unit.forecasts.add(kept)
            await unit.catalog.record_quotes(quotes, "decision")

        self._behind.write(keep)


def active(listings: Sequence[Listing]) -> Mapping[str, Listing]:
    """Those that trade, by ticker."""
    open_ones = (each for each in listings if each.market.status is MarketStatus.ACTIVE)
    return {listing.market.ticker: listing for listing in open_ones}


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
        inputs=judgement.inputs,
        prompt_version=judgement.prompt_version,
        variant=judgement.variant,
        slope_error=judgement.slope_error,
    )
