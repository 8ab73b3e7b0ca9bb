"""The long studies: `make study`, or some of them: `python -m tests.studies fairness --seeds 20`.

`oracle`: does the desk earn where it knows more than the market, and does it say so where it does
not? Thirty simulated days in six-hour cycles, twenty seeds, with the oracle at zero error; and with
an oracle whose error drowns the truth. The desk is the `disciplined` one, without the two limits
that would stop it until a person looks.

`growth`: does a bankroll grow as theory has it for what a forecaster knows, and end within what it
pays in fees and spreads where it knows nothing? Twenty worlds of three hundred markets by each of
twelve forecasters and rules; a minute or two.

`fairness`: is the generated world fair to whoever sees prices alone, and are its prices what the
design says? Two hundred worlds.

`making`: does a desk that makes markets keep the spread it asks for where nobody knows better, and
how much does it lose where three takers in five do? Eight worlds of each kind, six hours long.

`flip`: does the strategy of quick flips leave alone what is noise, and earn where prices come late?
Sixty worlds of noise, for so many left alone say that 95 % are, and twenty late ones, three and a
half days long, half a minute of CPU each; and whole desks on two of the late ones.

`owners`: with all strategies and settings drawn at random: is no limit broken, no dollar spent
twice, and does all that is held have one owner, by the exchange's own record? A thousand worlds of
half an hour, which take two or three CPU seconds each; `--log FILE` keeps those that ran.

`books`: do books rebuilt from recorded streams agree with the ticker in them, and how much hangs on
the estimate of a queue? Only where the recordings are at hand.

`weather`: what would each strategy have made of recorded weather events, net of fees: directional
trades by forecasts of the market, of the climate and of no skill, quotes, and quick flips? Only
where the recording is at hand.

Tables are on stdout, progress on stderr.
"""

import argparse
import asyncio
import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from kalshi_cli.adapters.sim.recordings.books import load_books, streams_of
from kalshi_cli.adapters.sim.recordings.tape import load_recording
from kalshi_cli.engine.tape_queue import QueueRule
from tests.studies.book_agreement import DUE, Agreement, agreement, streams_in
from tests.studies.book_agreement import rendered as agreement_table
from tests.studies.desk_runs import DeskRun, run_oracle
from tests.studies.fairness import failures, pooled, watched
from tests.studies.flip import FlipRun, desk_line, run_flips, told_of_tape
from tests.studies.flip import failed as failed_flips
from tests.studies.flip import told as flip_table
from tests.studies.flip_walk import HOURS as FLIP_HOURS
from tests.studies.flip_walk import LATE, NOISE, Walk, walk, walk_tape
from tests.studies.growth import HEADING as GROWTH_HEADING
from tests.studies.growth import RULES, Grown, grow, told_of_costs
from tests.studies.growth import failed as failed_growth
from tests.studies.growth import told as growth_row
from tests.studies.growth_theory import BLIND, SKILLS, Skill, Theory, theory
from tests.studies.making import MANY, NOBODY, MakerRun, failed, run_maker
from tests.studies.making import told as making_table
from tests.studies.owners import OwnersRun, run_owners
from tests.studies.owners import keeping as keeping_owners
from tests.studies.owners import kept as kept_owners
from tests.studies.owners import told as told_owners
from tests.studies.queue_bounds import filled
from tests.studies.queue_bounds import rendered as bounds_table
from tests.studies.quotes_walk import quote_tape
from tests.studies.table import rendered
from tests.studies.weather import HEADING, studied
from tests.studies.weather import rendered as weather_row
from tests.studies.weather import told as weather_told

SEEDS = range(1, 21)
NOISES = range(1, 61)
DROWNED = 3.0
RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data"
STREAMS, WEATHER = RECORDED / "orderbook_stream", RECORDED / "weather"
Item = TypeVar("Item")


def oracle(seed: int) -> DeskRun:
    """One seed of the study with perfect foresight."""
    return asyncio.run(run_oracle(seed, error=0.0))


def drowned(seed: int) -> DeskRun:
    """One seed with an error that leaves nothing of the truth."""
    return asyncio.run(run_oracle(seed, error=DROWNED))


def maker(informed: float, seed: int) -> MakerRun:
    """One seed of the study of makers."""
    return asyncio.run(run_maker(seed, informed=informed, hours=6))


def walked(kind: str, seed: int) -> Walk:
    """One world of the study of flips."""
    return walk(kind, seed)


def flipped(seed: int) -> FlipRun:
    """One desk of the study of flips."""
    return asyncio.run(run_flips(seed))


def told(run: DeskRun) -> str:
    """One run in one line."""
    strategies = run.evaluation.strategies
    fees = strategies[0].fees if strategies else "0"
    verdicts = ", ".join(score.verdict for score in run.evaluation.scores)
    return (
        f"  seed {run.seed:>2}  {run.gain:>+11,.2f}  fees {fees}  "
        f"differences {run.differences}  forecasts: {verdicts}"
    )


def say(line: str) -> None:
    """A line on stdout, now."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def counted(what: str, items: Iterable[Item], total: int) -> Iterator[Item]:
    """The same items, with how many are done and how long the rest may take on stderr."""
    began = time.monotonic()
    for done, item in enumerate(items, 1):
        passed = (time.monotonic() - began) / 60
        left = passed / done * (total - done)
        sys.stderr.write(f"{what}: {done} of {total}, {passed:.1f} min, {left:.1f} to go\n")
        sys.stderr.flush()
        yield item


def oracle_study() -> bool:
    """Whether knowing earns, and not knowing is not called an edge."""
    with multiprocessing.Pool(2) as pool:
        say("Oracle, zero error, dollars gained of $10,000, net of fees:")
        knowing = []
        for run in counted("oracle", pool.imap(oracle, SEEDS), len(SEEDS)):
            knowing.append(run)
            say(told(run))
        say(f"Oracle, logit error {DROWNED}:")
        blind = []
        for run in counted("drowned oracle", pool.imap(drowned, range(1, 5)), 4):
            blind.append(run)
            say(told(run))
    earned = sum(run.gain > 0 for run in knowing)
    fooled = sum(score.verdict == "edge" for run in blind for score in run.evaluation.scores)
    say(f"{earned} of {len(knowing)} seeds earned; the drowned oracle was believed {fooled} times.")
    return earned >= 16 and fooled == 0


def grown(skill: Skill, rules: str) -> tuple[Theory, list[Grown]]:
    """A row of the study of growth."""
    return theory(skill, RULES[rules]), [grow(seed, skill, rules) for seed in SEEDS]


def growth_study() -> bool:
    """Whether growth is the theory's, and no skill costs what it pays."""
    say(GROWTH_HEADING)
    rows: dict[Skill, dict[tuple[str, str], tuple[Theory, list[Grown]]]] = {}
    wanted = [(skill, rules) for rules in RULES for skill in (*SKILLS, *BLIND)]
    with multiprocessing.Pool(2) as pool:
        made = pool.starmap(grown, wanted, chunksize=1)
    for (skill, rules), (known, found) in zip(wanted, made, strict=True):
        rows.setdefault(skill, {})[skill.name, rules] = known, found
        say(growth_row(skill, rules, found, known))
        if skill in BLIND:
            say(told_of_costs(found))
    skilled, blind = (
        {key: row for skill in skills for key, row in rows[skill].items()}
        for skills in (SKILLS, BLIND)
    )
    wrong = failed_growth(skilled, blind)
    for claim in wrong:
        say(f"NOT HELD: {claim}")
    return not wrong


def fairness_study(seeds: int, days: int) -> bool:
    """Whether the world is fair and as designed."""
    with multiprocessing.Pool(2) as pool:
        worlds = pool.imap(partial(watched, days=days), range(1, seeds + 1))
        found = pooled(counted("fairness", worlds, seeds))
    say(f"{seeds} worlds, {days} days each.")
    say(rendered(found))
    return not failures(found)


def making_study() -> bool:
    """Whether quotes keep what they ask for against noise, and survive who knows better."""
    seeds, found = range(1, 9), {}
    with multiprocessing.Pool(2) as pool:
        for name, informed in (("nobody informed", NOBODY), ("many informed", MANY)):
            runs = counted(name, pool.imap(partial(maker, informed), seeds), len(seeds))
            found[informed] = list(runs)
            say(f"Making markets, {name}, dollars gained of $10,000:")
            for line in making_table(found[informed]):
                say(line)
    wrong = failed(found[NOBODY], found[MANY])
    for claim in wrong:
        say(f"NOT HELD: {claim}")
    return not wrong


def flip_study() -> bool:
    """Whether flips leave noise alone and earn where prices come late."""
    found = {}
    with multiprocessing.Pool(2) as pool:
        say(f"Quick flips, walked over worlds of {FLIP_HOURS} h:")
        for kind, seeds in ((NOISE, NOISES), (LATE, SEEDS)):
            found[kind] = list(counted(kind, pool.imap(partial(walked, kind), seeds), len(seeds)))
            for line in flip_table(kind, found[kind]):
                say(line)
        desks = range(4, 6)
        say(f"Desks on late worlds of {FLIP_HOURS} h, dollars gained of $10,000, net of fees:")
        runs = []
        for run in counted("desks", pool.imap(flipped, desks), len(desks)):
            runs.append(run)
            say(desk_line(run))
    wrong = failed_flips(found[NOISE], found[LATE], runs)
    for claim in wrong:
        say(f"NOT HELD: {claim}")
    return not wrong


def owned(seed: int) -> OwnersRun:
    """One world of the study of owners."""
    return asyncio.run(run_owners(seed, cycles=5))


def owners_study(worlds: int, log: Path | None) -> bool:
    """Whether all strategies together keep to their limits, and out of each other's markets."""
    known = {} if log is None else kept_owners(log)
    seeds = [seed for seed in range(1, worlds + 1) if seed not in known]
    with multiprocessing.Pool(2) as pool:
        ran = counted("owners", pool.imap_unordered(owned, seeds), len(seeds))
        ran = ran if log is None else keeping_owners(log, ran)
        runs = [*known.values(), *ran]
    say(told_owners(runs))
    for run in runs:
        for wrong in run.wrong:
            say(f"NOT HELD: seed {run.seed}: {wrong}")
    return not any(run.wrong for run in runs)


def books_study() -> bool:
    """Whether recorded order books agree with their ticker; True where there are none."""
    if not STREAMS.is_dir():
        say("No recorded order books are at hand.")
        return True
    found = {path.name: agreement(streams_in(path)) for path in streams_of(STREAMS)}
    say("Books rebuilt from recorded streams, held against the ticker in them:")
    say(agreement_table(found))
    say("Ten contracts at the touch of recorded books for two seconds, by the rule of the queue:")
    books = load_books(STREAMS)
    say(bounds_table({rule: filled(books, rule) for rule in QueueRule}))
    return sum(found.values(), Agreement()).worst_share >= DUE


def weather_study() -> bool:
    """Whether forecasts without skill earned nothing; True where there is no recording."""
    if not WEATHER.is_dir():
        say("No recorded weather events are at hand.")
        return True
    recording = load_recording(WEATHER)
    for line in weather_told(recording):
        say(line)
    say(HEADING)
    fooled = False
    for name, made in studied(recording):
        say(weather_row(name, made))
        fooled |= "no skill" in name and made.profit.estimate.low > 0
    say(weather_row("market making", quote_tape(recording)))
    for line in told_of_tape(walk_tape(recording)):
        say(line)
    return not fooled


def main() -> None:
    """Print the studies; exit with 1 if a claim of theirs did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.studies")
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="oracle|growth|fairness|making|flip|owners|books|weather",
        help="default: all",
    )
    parser.add_argument("--seeds", type=int, default=200, help="worlds of the fairness study")
    parser.add_argument("--worlds", type=int, default=1_000, help="worlds of the owners study")
    parser.add_argument(
        "--log", type=Path, help="file in which the owners study keeps its runs, and goes on with"
    )
    parser.add_argument("--days", type=int, default=2, help="days in each of them")
    wanted = parser.parse_args()
    studies = {
        "oracle": oracle_study,
        "growth": growth_study,
        "fairness": partial(fairness_study, wanted.seeds, wanted.days),
        "making": making_study,
        "flip": flip_study,
        "owners": partial(owners_study, wanted.worlds, wanted.log),
        "books": books_study,
        "weather": weather_study,
    }
    parts = wanted.parts or list(studies)
    if unknown := set(parts) - set(studies):
        parser.error(f"no such study: {', '.join(sorted(unknown))}")
    held = [studies[part]() for part in parts]
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
