"""Whole desks on worlds in memory: many market days in seconds."""

from dataclasses import dataclass
from pathlib import Path

from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import DAY, HOUR
from kalshi_cli.domain.money import Money
from kalshi_cli.scheduler.lanes import Loop, Ran, Stop
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import PRESETS, Intervals, Risk, Settings, Trading
from kalshi_cli.steps.evaluate import EvaluateResult
from kalshi_cli.steps.track import TrackResult

UNATTENDED = Risk(max_daily_loss="unlimited", max_drawdown="unlimited")
"""The two limits that stop a desk until a person looks: in a study nobody does."""


@dataclass(frozen=True)
class DeskRun:
    """How a run ended. `differences` counts disagreements between ledger and exchange."""

    seed: int
    start: Money
    equity: Money
    cash: Money
    differences: int
    evaluation: EvaluateResult

    @property
    def gain(self) -> float:
        """Dollars of equity gained."""
        return float(self.equity - self.start)


async def run_oracle(seed: int, *, error: float, days: int = 30) -> DeskRun:
    """Thirty days of the disciplined desk, unattended, with an oracle blurred by `error` logits."""
    return await run_desk(
        seed,
        days=days,
        risk=UNATTENDED,
        forecaster="oracle",
        oracle_error=error,
        **PRESETS["disciplined"],
    )


async def run_desk(
    seed: int,
    *,
    days: int,
    cycle_us: int = 6 * HOUR,
    risk: Risk | None = None,
    **trading: object,
) -> DeskRun:
    """Run a desk with a forecaster of choice on a generated world in memory."""
    settings = Settings(
        home=Path("unused"),
        trading=Trading(**trading),
        risk=risk or Risk(),
        intervals=Intervals(sim_cycle_s=cycle_us / 1_000_000),
    )
    environment = Environment(Env.SIM, "a study", Path("unused"), seed=seed, in_memory=True)
    tracked: list[TrackResult] = []

    def report(ran: Ran) -> None:
        if isinstance(ran.result, TrackResult):
            tracked.append(ran.result)

    async with open_desk(
        environment, settings, command="study", trades=True, forecasts=True, single_step=False
    ) as desk:
        start = (await desk.trading.balance()).cash
        cycles = days * DAY // cycle_us
        stop = Stop()
        await Loop(desk.lanes(stop), desk.clock, stop=stop, report=report, cycles=cycles).run()
        return DeskRun(
            seed=seed,
            start=start,
            equity=tracked[-1].equity,
            cash=tracked[-1].reconciled.cash,
            differences=sum(len(result.reconciled.differences) for result in tracked),
            evaluation=await desk.evaluate(),
        )
