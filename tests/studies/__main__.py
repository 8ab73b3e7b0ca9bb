"""The long studies: `make study`.

1. Does the desk earn where it knows more than the market, and does it say so where it does not?
   Thirty simulated days in six-hour cycles, twenty seeds, with the oracle at zero error; and with
   an oracle whose error drowns the truth. The desk is the `disciplined` one, without the two limits
   that would stop it until a person looks.
2. Is the generated world fair to whoever sees prices alone?
"""

import asyncio
import multiprocessing
import sys

from tests.studies.desk_runs import DeskRun, run_oracle
from tests.studies.fairness import fairness_table, rendered

SEEDS = range(1, 21)
DROWNED = 3.0


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
    earned = sum(run.gain > 0 for run in knowing)
    fooled = sum(score.verdict == "edge" for run in blind for score in run.evaluation.scores)
    say(f"{earned} of {len(knowing)} seeds earned; the drowned oracle was believed {fooled} times.")
    sys.exit(0 if earned >= 16 and fooled == 0 else 1)


if __name__ == "__main__":
    main()
