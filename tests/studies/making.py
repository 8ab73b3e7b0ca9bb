"""A desk that makes markets and nothing else, where nobody knows better, and where many do.

The world is `regatta.toml`. Others requote every five minutes there, and so does the desk. What its
quotes earned is told twice: by its mark-outs an hour after each fill, and by its equity.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory

from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.markout import Horizon, Markout
from kalshi_cli.scheduler.lanes import Loop, Ran, Stop
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Intervals, Settings, Trading
from kalshi_cli.steps.track import TrackResult
from tests.studies.desk_runs import UNATTENDED
from tests.studies.estimate import Estimate, Sums

PLAN = Path(__file__).with_name("regatta.toml")
CYCLE_US = 5 * MINUTE
NOBODY, MANY = 0.0, 0.6
"""Shares of takers who know the truth: none, and as many as in the thinnest categories."""


@dataclass(frozen=True)
class MakerRun:
    """How one seed ended: dollars gained, the least the desk was worth on the way less where it
    began, the mark-outs, and how often ledger and exchange disagreed.
    """

    seed: int
    gain: float
    worst: float
    markouts: tuple[Markout, ...]
    differences: int


def plan(informed: float) -> str:
    """The world's plan with so large a share of informed takers."""
    text = PLAN.read_text()
    found = text.replace("informed_share = 0.0", f"informed_share = {informed}")
    assert tomllib.loads(found)["categories"]["Sailing"]["informed_share"] == informed
    return found


async def run_maker(seed: int, *, informed: float, hours: int) -> MakerRun:
    """Quote for so many hours of market time, unattended."""
    settings = Settings(
        home=Path("unused"),
        trading=Trading(strategies=("market_making",)),
        risk=UNATTENDED,
        intervals=Intervals(sim_cycle_s=CYCLE_US / SECOND),
    )
    tracked: list[TrackResult] = []

    def report(ran: Ran) -> None:
        if isinstance(ran.result, TrackResult):
            tracked.append(ran.result)

    with TemporaryDirectory() as place:
        world = Path(place) / "world.toml"
        world.write_text(plan(informed))
        environment = Environment(
            Env.SIM, "a study", Path("unused"), seed=seed, in_memory=True, world=str(world)
        )
        opened = open_desk(environment, settings, command="study", trades=True, single_step=False)
        async with opened as desk:
            start = (await desk.trading.balance()).cash
            cycles = hours * HOUR // CYCLE_US
            await Loop(
                desk.lanes(stop := Stop()), desk.clock, stop=stop, report=report, cycles=cycles
            ).run()
            async with desk.store.unit(reads=True) as unit:
                markouts = await unit.making.markouts(0)
    equity = [float(result.equity - start) for result in tracked]
    return MakerRun(
        seed=seed,
        gain=equity[-1],
        worst=min(equity),
        markouts=markouts,
        differences=sum(len(result.reconciled.differences) for result in tracked),
    )


def kept(runs: Sequence[MakerRun], horizon: Horizon) -> tuple[Estimate, Estimate]:
    """Dollars a contract that quotes asked for, and what of it was left; intervals by seed."""
    given, left = Sums(), Sums()
    for run in runs:
        marks = [mark for mark in run.markouts if mark.horizon is horizon]
        if marks:
            given.add(len(marks), sum(mark.given for mark in marks))
            left.add(len(marks), sum(mark.kept for mark in marks))
    return given.estimate, left.estimate


def told(runs: Sequence[MakerRun]) -> Iterator[str]:
    """A table: what was asked for and kept, and what the desk gained of $10,000."""
    for horizon, name in ((Horizon.SOON, "after 5 minutes"), (Horizon.LATER, "after an hour")):
        given, left = kept(runs, horizon)
        yield (
            f"  {name:16} {given.weight:>6,.0f} fills   asked {100 * given.mean:5.2f} c   "
            f"kept {100 * left.mean:5.2f} c [{100 * left.low:.2f}, {100 * left.high:.2f}]"
        )
    gains = [run.gain for run in runs]
    error = stdev(gains) / len(gains) ** 0.5
    low, high = (mean(gains) + sign * 1.96 * error for sign in (-1, 1))
    yield (
        f"  gain a seed      ${mean(gains):+.2f} [{low:+.2f}, {high:+.2f}], lowest "
        f"${min(gains):+.2f}; farthest down ${min(run.worst for run in runs):+.2f}; "
        f"differences {sum(run.differences for run in runs)}"
    )


KEPT_OF_ASKED = 0.7
"""Of what they ask for, quotes keep at least this part against noise alone."""
MOST_LOST = 0.01
"""Of the bankroll, at most, in one seed, where many know better."""
BANKROLL = 10_000.0


def failed(noise: Sequence[MakerRun], informed: Sequence[MakerRun]) -> list[str]:
    """The claims that did not hold."""
    given, left = kept(noise, Horizon.LATER)
    claims = {
        "against noise quotes keep most of what they ask for": (
            left.low >= KEPT_OF_ASKED * given.mean
        ),
        "against noise the desk earns": sum(run.gain for run in noise) > 0,
        "where many know better no seed loses more than 1 % at any time": all(
            run.worst >= -MOST_LOST * BANKROLL for run in informed
        ),
        "the books agree with the exchange": not any(
            run.differences for run in (*noise, *informed)
        ),
    }
    return [claim for claim, holds in claims.items() if not holds]
