"""Does a desk that flips leave noise alone, and earn where prices come late?

The late world is `docs/worlds/late-news.toml`: a headline an hour in each of two dozen markets,
priced in over twenty minutes. The other one is the same with prices in time and takers who know
nothing. Many worlds of each kind are walked over by the strategy alone,
and a recording is; on a few of the late ones a
whole desk trades, which looks every five minutes and does nothing else.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory

from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import HOUR, SECOND
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.trial import Ending, HitRate
from kalshi_cli.evaluation.flips import LEAST_TRIALS
from kalshi_cli.evaluation.interval import student_95, wilson_low
from kalshi_cli.scheduler.lanes import Loop, Ran, Stop
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Intervals, Risk, Settings, Trading
from kalshi_cli.steps.track import TrackResult
from kalshi_cli.steps.trade import TradeResult
from tests.studies.estimate import Sums
from tests.studies.flip_walk import LATE, LOOK_US, NAME, Walk, plan

RISK = Risk(
    max_daily_loss="unlimited",
    max_drawdown="unlimited",
    max_category_exposure="unlimited",
    max_cluster_exposure="unlimited",
)
"""Nobody looks after it, and all of the world is one category that settles on the same days."""
LEFT_ALONE = 0.95
"""Of the worlds of noise, at least this part is left alone."""


@dataclass(frozen=True)
class FlipRun:
    """How a desk did on one seed: dollars gained of $10,000, entries that filled, what its trials
    came to, and how often ledger and exchange disagreed.
    """

    seed: int
    gain: float
    entries: int
    record: HitRate
    differences: int


async def run_flips(seed: int, *, hours: int) -> FlipRun:
    """Flip on a late world for so many hours of market time, unattended."""
    settings = Settings(
        home=Path("unused"),
        trading=Trading(strategies=(NAME,)),
        risk=RISK,
        intervals=Intervals(sim_cycle_s=LOOK_US / SECOND),
    )
    tracked: list[TrackResult] = []
    entries = 0

    def report(ran: Ran) -> None:
        nonlocal entries
        if isinstance(ran.result, TrackResult):
            tracked.append(ran.result)
        if isinstance(ran.result, TradeResult):
            entries += sum(
                order.intent.purpose is Purpose.ENTRY and bool(order.filled)
                for order in ran.result.orders
            )

    with TemporaryDirectory() as place:
        world = Path(place) / "world.toml"
        world.write_text(plan(LATE), "utf-8")
        environment = Environment(
            Env.SIM, "a study", Path("unused"), seed=seed, in_memory=True, world=str(world)
        )
        opened = open_desk(environment, settings, command="study", trades=True, single_step=False)
        async with opened as desk:
            start = (await desk.trading.balance()).cash
            cycles = hours * HOUR // LOOK_US
            await Loop(
                desk.lanes(stop := Stop()), desk.clock, stop=stop, report=report, cycles=cycles
            ).run()
            async with desk.store.unit(reads=True) as unit:
                rates = await unit.trials.hit_rates(0)
    record = HitRate(
        sum(rate.count for rate in rates.values()), sum(rate.hits for rate in rates.values()), 0.0
    )
    return FlipRun(
        seed=seed,
        gain=float(tracked[-1].equity - start),
        entries=entries,
        record=record,
        differences=sum(len(result.reconciled.differences) for result in tracked),
    )


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """A mean over worlds with its 95 % interval."""
    middle = mean(values)
    if len(values) < 2:
        return middle, -math.inf, math.inf
    reach = student_95(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return middle, middle - reach, middle + reach


def told(kind: str, walks: Sequence[Walk]) -> Iterator[str]:
    """What the worlds of a kind came to, in lines."""
    trials = sum(walk.record.count for walk in walks)
    hits = sum(walk.record.hits for walk in walks)
    needed = mean(walk.needed for walk in walks)
    judged = sum(walk.most >= LEAST_TRIALS for walk in walks)
    alone = sum(not walk.flips for walk in walks)
    yield (
        f"  {kind}: {len(walks)} worlds, {judged} with {LEAST_TRIALS} trials of a signal or more; "
        f"{trials:,} trials, {hits / trials:.3f} hit (at least {wilson_low(hits, trials):.3f}), "
        f"{needed:.3f} needed"
    )
    yield (
        f"    left alone {alone} of {len(walks)} (at least "
        f"{wilson_low(alone, len(walks)):.3f} of all)"
    )
    gains = [100 * mean(f.gain for f in walk.flips) for walk in walks if walk.flips]
    if gains:
        flips = [flip for walk in walks for flip in walk.flips]
        parts = ", ".join(
            f"{sum(flip.ending is ending for flip in flips)} {ending.replace('_', ' ')}"
            for ending in (Ending.HIT, Ending.STOPPED, Ending.TIMED_OUT)
        )
        middle, low, high = interval(gains)
        yield (
            f"    {len(flips)} flips ({parts}), {middle:+.2f} c a contract net of fees "
            f"[{low:+.2f}, {high:+.2f}] by world"
        )


def told_of_tape(walk: Walk) -> Iterator[str]:
    """What a recording came to, in lines; days stand or fall together."""
    record = walk.record
    share = f"{record.hits / record.count:.3f}" if record.count else "nothing"
    yield (
        f"quick flips: {record.count:,} trials, {share} hit, {walk.needed:.3f} needed; at most "
        f"{walk.most} of one signal, {LEAST_TRIALS} are asked for"
    )
    if not walk.flips:
        yield "quick flips: nothing was traded, nothing made"
        return
    days: dict[int, list[float]] = defaultdict(list)
    for flip in walk.flips:
        days[flip.day].append(flip.gain)
    sums = Sums()
    for gains in days.values():
        sums.add(len(gains), 100 * sum(gains))
    found = sums.estimate
    verdict = "earns" if found.low > 0 else "loses" if found.high < 0 else "unresolved"
    yield (
        f"quick flips: {len(walk.flips)} on {len(days)} days, {found.mean:+.2f} c a contract net "
        f"of fees [{found.low:+.2f}, {found.high:+.2f}] {verdict}"
    )


def desk_line(run: FlipRun) -> str:
    """One desk in one line."""
    record = run.record
    return (
        f"  seed {run.seed:>2}  {run.gain:>+10,.2f}  {run.entries} flips, {record.hits} of "
        f"{record.count} trials hit, differences {run.differences}"
    )


def failed(noise: Sequence[Walk], late: Sequence[Walk], runs: Sequence[FlipRun]) -> list[str]:
    """The claims that did not hold."""
    alone = sum(not walk.flips for walk in noise) / len(noise)
    gains = [mean(flip.gain for flip in walk.flips) for walk in late if walk.flips]
    claims = {
        "every late world had the trials that a flip asks for": all(
            walk.most >= LEAST_TRIALS for walk in late
        ),
        "noise hits less than half as often as a flip needs": all(
            walk.record.hits < walk.needed / 2 * walk.record.count for walk in noise
        ),
        f"noise is left alone in {LEFT_ALONE:.0%} of its worlds": alone >= LEFT_ALONE,
        "every late world is flipped": len(gains) == len(late),
        "where prices come late flips earn": bool(gains) and interval(gains)[1] > 0.0,
        "a desk earns on every late world": all(run.gain > 0 for run in runs),
        "the books agree with the exchange": not any(run.differences for run in runs),
    }
    return [claim for claim, holds in claims.items() if not holds]
