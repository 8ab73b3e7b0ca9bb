"""Does a desk that flips leave noise alone, and earn where prices come late?

The late world is `docs/worlds/late-news.toml`: a headline an hour in each of two dozen markets,
priced in over twenty minutes. The other one is the same with prices in time and takers who know
nothing. Many worlds of each kind are walked over by the strategy alone, and a recording is; on a
few of the late ones a whole desk trades, which looks every five minutes and does nothing else.

A flip asks for 200 trials of its signal, and those of one hour may tell as much as fewer, so that a
world takes days until there are enough; how many hours it took is told. A desk takes longer than
the strategy alone: it drops a new market, which has hardly traded, and reads what it dropped again
once an hour, so that the first headline of most goes by unseen.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory

from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import HOUR, SECOND
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.trial import Ending, HitRate, Verdict
from kalshi_cli.evaluation.flips import LEAST_TRIALS
from kalshi_cli.evaluation.interval import student_95, wilson_low
from kalshi_cli.ports.trials import Signal
from kalshi_cli.scheduler.lanes import Lane, Loop, Ran, Step, Stop
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Intervals, Risk, Settings, Trading
from kalshi_cli.steps.track import TrackResult
from kalshi_cli.steps.trade import TradeResult
from tests.studies.estimate import Sums
from tests.studies.flip_walk import HOURS, LATE, LOOK_US, NAME, Flip, Walk, most_told, plan

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
    came to, after how many hours one signal had enough of them (None where none had), and how
    often ledger and exchange disagreed.
    """

    seed: int
    gain: float
    entries: int
    record: HitRate
    ready: float | None
    differences: int


async def run_flips(seed: int, *, hours: int = HOURS, known: Sequence[Verdict] = ()) -> FlipRun:
    """Flip on a late world for so many hours of market time, unattended; trials that are `known`
    are on record before.
    """
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
            async with desk.store.unit() as unit:
                await unit.trials.judge(known)
                await unit.commit()
            start, start_us = (await desk.trading.balance()).cash, desk.clock.now()
            ready_us: list[int] = []

            async def hit_rates() -> Mapping[Signal, HitRate]:
                async with desk.store.unit(reads=True) as unit:
                    rates = await unit.trials.hit_rates(0)
                if most_told(rates.values()) >= LEAST_TRIALS:
                    ready_us.append(desk.clock.now())
                return rates

            lanes = (*desk.lanes(stop := Stop()), Lane("told", (Step("told", LOOK_US, hit_rates),)))
            cycles = hours * HOUR // LOOK_US
            await Loop(lanes, desk.clock, stop=stop, report=report, cycles=cycles).run()
            rates = await hit_rates()
    record = HitRate(
        sum(rate.count for rate in rates.values()), sum(rate.hits for rate in rates.values()), 0.0
    )
    return FlipRun(
        seed=seed,
        gain=float(tracked[-1].equity - start),
        entries=entries,
        record=record,
        ready=(ready_us[0] - start_us) / HOUR if ready_us else None,
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
    ready = [walk.ready for walk in walks if walk.ready is not None]
    after = f" after {min(ready):.0f} to {max(ready):.0f} h" if ready else ""
    alone = sum(not walk.flips for walk in walks)
    yield (
        f"  {kind}: {len(walks)} worlds, {len(ready)} with the worth of {LEAST_TRIALS} trials of a "
        f"signal{after}"
    )
    yield (
        f"    {trials:,} trials, {hits / trials:.3f} hit (at least "
        f"{wilson_low(hits, trials):.3f}), {needed:.3f} needed"
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
    """What a recording came to, in lines: what was traded, and what all pushes would have made."""
    record = walk.record
    share = f"{record.hits / record.count:.3f}" if record.count else "nothing"
    yield (
        f"quick flips: {record.count:,} trials, {share} hit, {walk.needed:.3f} needed; those of a "
        f"signal and a month tell as much as {math.floor(walk.most):,} at most, {LEAST_TRIALS} are "
        "asked for"
    )
    yield f"quick flips: {told_gains(walk.flips)}"
    yield f"quick flips, had each of these pushes been followed: {told_gains(walk.pushes)}"


def told_gains(flips: Sequence[Flip]) -> str:
    """What flips made a contract, with its interval: those of a day stand or fall together."""
    if not flips:
        return "nothing was traded, nothing made"
    days: dict[int, list[float]] = defaultdict(list)
    for flip in flips:
        days[flip.day].append(flip.gain)
    sums = Sums()
    for gains in days.values():
        sums.add(len(gains), 100 * sum(gains))
    found = sums.estimate
    verdict = "earns" if found.low > 0 else "loses" if found.high < 0 else "unresolved"
    return (
        f"{len(flips):,} on {len(days)} days, {found.mean:+.2f} c a contract net of fees "
        f"[{found.low:+.2f}, {found.high:+.2f}] {verdict}"
    )


def desk_line(run: FlipRun) -> str:
    """One desk in one line."""
    record = run.record
    ready = "never" if run.ready is None else f"after {run.ready:.0f} h"
    return (
        f"  seed {run.seed:>2}  {run.gain:>+10,.2f}  {run.entries} flips; {record.hits} of "
        f"{record.count} trials hit, the worth of {LEAST_TRIALS} of a signal {ready}; "
        f"differences {run.differences}"
    )


def failed(noise: Sequence[Walk], late: Sequence[Walk], runs: Sequence[FlipRun]) -> list[str]:
    """The claims that did not hold."""
    alone = sum(not walk.flips for walk in noise) / len(noise)
    gains = [mean(flip.gain for flip in walk.flips) for walk in late if walk.flips]
    claims = {
        "every world had the trials that a flip asks for": all(
            walk.ready is not None for walk in (*noise, *late)
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
