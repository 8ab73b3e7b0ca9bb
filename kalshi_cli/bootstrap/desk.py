"""An open desk: every step bound to its ports and policies, for one command or a whole loop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from kalshi_cli.bootstrap.evaluating import evaluated
from kalshi_cli.bootstrap.look_again import LookAgain
from kalshi_cli.bootstrap.policies import Policies, asking
from kalshi_cli.domain.instant import HOUR, SECOND
from kalshi_cli.errors import PASSING, ConfigError, UsageError
from kalshi_cli.evaluation.scores import By
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.desk import Run, Standing
from kalshi_cli.ports.exchange import MarketData, Trading
from kalshi_cli.ports.forecaster import Forecaster
from kalshi_cli.scheduler.lanes import Bell, Lane, Step, Stop
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.analyze import AnalyzeResult, analyze
from kalshi_cli.steps.assess import assess
from kalshi_cli.steps.done import Done
from kalshi_cli.steps.evaluate import EvaluateResult
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.ingest import IngestResult, ingest
from kalshi_cli.steps.preview import PreviewResult, preview
from kalshi_cli.steps.questions import Progress, unheard
from kalshi_cli.steps.react import Attended, Reacted, attend, keep, react
from kalshi_cli.steps.requests import carry_out, obey
from kalshi_cli.steps.session import TradeResult
from kalshi_cli.steps.standing import standing
from kalshi_cli.steps.stopping import Left, take_back, wind_down
from kalshi_cli.steps.track import TrackResult, track
from kalshi_cli.steps.trade import rehearse, trade

if TYPE_CHECKING:
    from kalshi_cli.adapters.kalshi.connection import KalshiConnection
    from kalshi_cli.adapters.sim.simulation import Simulation
    from kalshi_cli.adapters.store.store import SqlStore
    from kalshi_cli.bootstrap.watch import Watch

REQUESTS_EVERY_US = SECOND
ATTEND_EVERY_US = SECOND
"""How often the guard of the stream looks at what is held, where it hears nothing."""
LET_GO_US, LET_GO_TIMES = SECOND // 50, 10
"""How long booking waits, and how often while an exit is on its way: news of an own order comes
just before the change of a book that it goes with, and an exit which that arms would share the
processor with the booking.
"""
REACT_EVERY_US = HOUR
"""Exits are sent when they are armed."""


@dataclass(slots=True)
class Ending:
    """Why a run ends, as it will stand on record; whoever stops it for a reason says so here."""

    reason: str = "done"


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """Everything a command that works needs. `desk` is None for commands that never trade, and
    `forecaster` for those that never forecast or where nobody does.
    """

    environment: Environment
    settings: Settings
    clock: Clock
    connection: "KalshiConnection"
    data: MarketData
    trading: Trading
    store: "SqlStore"
    run: Run
    ending: Ending
    policies: Policies
    forecaster: Forecaster | None
    desk: Desk | None
    simulation: "Simulation | None"
    taken_back: set[str] = field(default_factory=set)
    """Entries that were asked to go as soon as a stop was asked for."""

    async def ingest(self) -> IngestResult:
        return await ingest(
            self.data,
            self.connection.notices,
            self.store,
            self.clock,
            filters=self.policies.filters,
            run_id=self.run.run_id,
        )

    async def analyze(
        self,
        tickers: Sequence[str] = (),
        *,
        stopping: Callable[[], bool] = lambda: False,
        progress: Progress = unheard,
        is_one_of_many: bool = False,
    ) -> AnalyzeResult:
        """Forecast; of named markets an assessment follows, unless a stop was asked for. Raises
        `ConfigError` where nobody forecasts.
        """
        result = await analyze(
            self.data,
            self.store,
            self.clock,
            self._whoever_forecasts(),
            filters=self.policies.filters,
            policy=self.policies.analysis,
            run_id=self.run.run_id,
            tickers=tickers,
            stopping=stopping,
            progress=progress,
            is_one_of_many=is_one_of_many,
        )
        if not tickers or stopping():
            return result
        try:  # what was paid for is shown, whatever comes of the rest
            assessments = await assess(
                self.data,
                self.trading,
                self.store,
                self.store.reports,
                self.clock,
                policy=self.policies.trading,
                tickers=result.named,
            )
        except PASSING as error:
            return replace(result, not_assessed=str(error))
        return replace(result, assessments=assessments)

    async def preview(self, tickers: Sequence[str] = ()) -> PreviewResult:
        """What `analyze` would ask. Raises `ConfigError` where nobody forecasts."""
        return await preview(
            self.data,
            self.store,
            self.clock,
            self._whoever_forecasts(),
            filters=self.policies.filters,
            policy=self.policies.analysis,
            per_event=asking(self.settings).decision_budget,
            tickers=tickers,
        )

    def _whoever_forecasts(self) -> Forecaster:
        if self.forecaster is None:
            raise ConfigError(
                f"Nobody forecasts in {self.environment.env}.",
                remedy="Set XAI_API_KEY, or add --forecaster baseline.",
            )
        return self.forecaster

    async def trade(self, only: str | None = None) -> TradeResult:
        """Raises `ClockOff` where this machine's clock is too far off to trade by."""
        await self.connection.check_clock()
        return await trade(self.data, self.sender, policy=self.policies.trading, only=only)

    async def rehearse(self, only: str | None = None) -> TradeResult:
        return await rehearse(
            self.data,
            self.trading,
            self.store,
            self.clock,
            policy=self.policies.trading,
            only=only,
        )

    async def track(self) -> TrackResult:
        return await track(
            self.data, self.sender, exits=self.policies.exits, policy=self.policies.trading
        )

    async def react(self, watch: "Watch") -> Reacted:
        """Send the exits that the stream armed, and take away the quotes that are to go."""
        done = await react(self.sender, watch.stream, watch.guard, policy=self.policies.trading)
        if done.exits or done.pulled or watch.guard.has_news:
            watch.heard.ring()
        return done

    async def attend(self, watch: "Watch", look: Bell | LookAgain) -> Attended | None:
        """Book what the stream told, and ring for a look at the exchange where one is due.

        Once the stream was given up there is nothing to book: None, but for a last ring, one for
        quotes that could not be asked to go, and what is to be kept.
        """
        if watch.stream is None:
            if watch.guard.is_urgent:
                watch.armed.ring()
            if watch.guard.take_due():
                look.ring()
            await keep(self.sender, watch.guard)
            watch.guard.forget_raised()
            return None
        stream = watch.stream
        for _ in range(LET_GO_TIMES):
            await self.clock.sleep_until(self.clock.now() + LET_GO_US)
            if not watch.guard.armed:
                break
        done = await attend(
            self.data, self.sender, stream, watch.guard, policy=self.policies.trading
        )
        if watch.guard.is_urgent:
            watch.armed.ring()
        if done.due:
            look.ring()
        return done

    async def evaluate(self, by: By = By.MODEL, *, rebalances: bool = False) -> EvaluateResult:
        """What was earned; and where it `rebalances`, which shares that speaks for."""
        return await evaluated(
            self.settings,
            self.policies,
            self.store,
            self.clock,
            by=by,
            rebalances=rebalances,
            is_fiction=self.simulation is not None and self.simulation.knows_truth,
        )

    async def carry_out(self, kind: str, target: str) -> Done:
        """What a person asks for by hand. A sale needs a clock to trade by; before all is sold our
        orders are taken back, which goes by any.
        """
        if kind == "close":
            await self.connection.check_clock()
        return await carry_out(self.data, self.sender, kind, target, policy=self.policies.trading)

    async def take_back(self, stop: Stop) -> None:
        """Ask own resting entries to go, as configured, where a person stops the desk."""
        if stop.is_by_person and self._cancels_at_stop:
            self.taken_back.update(await take_back(self.sender))

    async def wind_down(self) -> Left:
        """Cancel own resting entries, as configured, and say what is left."""
        asked, cancels = self.taken_back, self._cancels_at_stop
        return await wind_down(self.data, self.sender, cancel_entries=cancels, asked=asked)

    @property
    def _cancels_at_stop(self) -> bool:
        return self.settings.trading.on_stop == "cancel_entries"

    @property
    def sender(self) -> Desk:
        """Who sends orders. Raises `UsageError` for a desk that was opened without trading."""
        if self.desk is None:
            raise UsageError("This command does not trade.")
        return self.desk

    def lanes(
        self, stop: Stop, only: str | None = None, *, watch: "Watch | None" = None
    ) -> tuple[Lane, ...]:
        """The lanes of the whole desk; in a simulated world every step is due once a cycle.

        Once `stop` is asked for, trading sends nothing more and no forecaster is asked. Where a
        `watch` has a stream, the guard acts on what it tells in a lane of its own, for a look at
        the exchange is too slow to wait for, and looks at once where that leaves questions.

        A person's stop has entries go at once: an answer that the AI owes may take minutes.
        """
        seconds = self.settings.intervals
        virtual = int(seconds.sim_cycle_s * SECOND) if self.clock.is_virtual else None

        def every(interval_s: float) -> int:
            return virtual or int(interval_s * SECOND)

        async def trade_one() -> TradeResult:
            await self.connection.check_clock()
            return await trade(
                self.data,
                self.sender,
                policy=self.policies.trading,
                only=only,
                stopping=lambda: stop.asked,
            )

        async def answer() -> object:
            return await obey(self.data, self.sender, policy=self.policies.trading)

        async def stand() -> Standing:
            return await standing(self.sender)

        analyze_all = partial(self.analyze, stopping=lambda: stop.asked, is_one_of_many=True)
        analyzing = [Step("analyze", every(seconds.analyze_s), analyze_all)]
        decide = (
            Step("ingest", every(seconds.ingest_s), self.ingest),
            *(analyzing if self.forecaster is not None else []),
            Step("trade", every(seconds.trade_s), trade_one),
            Step("evaluate", every(seconds.evaluate_s), self.evaluate),
        )

        look = LookAgain(self.track, Bell())
        look_at_held = self.track if self.clock.is_virtual else look
        guard: tuple[Step, ...] = (
            Step("standing", virtual or REQUESTS_EVERY_US, stand),
            Step("requests", virtual or REQUESTS_EVERY_US, answer),
            Step("track", every(seconds.track_s), look_at_held, look.bell),
        )
        reflex: tuple[Step, ...] = ()
        if watch is not None and watch.stream is not None:
            attending = partial(self.attend, watch, look)
            guard = (Step("attend", ATTEND_EVERY_US, attending, watch.heard), *guard)
            reflex = (Step("react", REACT_EVERY_US, partial(self.react, watch), watch.armed),)
        at_stop = Step("stop", REQUESTS_EVERY_US, partial(self.take_back, stop))
        lanes = [
            Lane("decide", decide, counts=True),
            Lane("guard", guard, at_stop=at_stop),
        ]
        if reflex:
            lanes.append(Lane("reflex", reflex))
        return tuple(lanes)
