"""The long studies: `make study`.

1. Does the desk earn where it knows more than the market, and does it say so where it does not?
   Thirty simulated days in six-hour cycles, twenty seeds, with the oracle at zero error; and with
   an oracle whose error drowns the truth. The desk is the `disciplined` one, without the two limits
   that would stop it until a person looks.
2. Is the generated world fair to whoever sees prices alone?
3. Do books rebuilt from recorded streams agree with the ticker in them, and how much hangs on the
   estimate of a queue? Only where the recordings are at hand.
"""

import asyncio
import multiprocessing
import sys
from pathlib import Path

from kalshi_cli.adapters.sim.book_recording import load_books, streams_of
from kalshi_cli.engine.tape_queue import QueueRule
from tests.studies.book_agreement import DUE, Agreement, agreement, streams_in
from tests.studies.book_agreement import rendered as agreement_table
from tests.studies.desk_runs import DeskRun, run_oracle
from tests.studies.fairness import fairness_table, rendered
from tests.studies.queue_bounds import filled
from tests.studies.queue_bounds import rendered as bounds_table

SEEDS = range(1, 21)
DROWNED = 3.0
STREAMS = Path(__file__).resolve().parents[3] / "shared" / "data" / "orderbook_stream"


def oracle(seed: int) -> DeskRun:
    """One seed of the study with perfect foresight."""
    return asyncio.run(run_oracle(seed, error=0.0))


def drowned(seed: int) -> DeskRun:
    """One seed with an error that leaves nothing of the truth."""
    return asyncio.run(run_oracle(seed, error=DROWNED))


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


def books_agree(streams: Path) -> bool:
    """Print what the recorded order books say; whether they agree with their ticker."""
    found = {path.name: agreement(streams_in(path)) for path in streams_of(streams)}
    say("Books rebuilt from recorded streams, held against the ticker in them:")
    say(agreement_table(found))
    say("Ten contracts at the touch of recorded books for two seconds, by the rule of the queue:")
    books = load_books(streams)
    say(bounds_table({rule: filled(books, rule) for rule in QueueRule}))
    return sum(found.values(), Agreement()).worst_share >= DUE


def main() -> None:
    """Print the studies; say at the end which of their claims held."""
    with multiprocessing.Pool(2) as pool:
        say("Oracle, zero error, dollars gained of $10,000, net of fees:")
        knowing = []
        for run in pool.imap(oracle, SEEDS):
            knowing.append(run)
            say(told(run))
        say(f"Oracle, logit error {DROWNED}:")
        blind = []
        for run in pool.imap(drowned, range(1, 5)):
            blind.append(run)
            say(told(run))
    say("Rules that see prices alone, cents a contract net of fees, against the truth:")
    say(rendered(fairness_table(range(1, 7), 20)))
    agreed = not STREAMS.is_dir() or books_agree(STREAMS)
    earned = sum(run.gain > 0 for run in knowing)
    fooled = sum(score.verdict == "edge" for run in blind for score in run.evaluation.scores)
    say(f"{earned} of {len(knowing)} seeds earned; the drowned oracle was believed {fooled} times.")
    sys.exit(0 if earned >= 16 and fooled == 0 and agreed else 1)


if __name__ == "__main__":
    main()
