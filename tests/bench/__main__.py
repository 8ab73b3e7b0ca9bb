"""`make bench`: what takes how long, beside a floor measured in between.

It judges nothing: what is over its budget is marked, and the exit code stays 0. The names of parts
measure these alone: `make bench ROWS="reaction orders"`.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench import (
    api,
    asking,
    books,
    cycle,
    deciding,
    decisions,
    exchange,
    feed,
    ingest,
    looping,
    orders,
    reaction,
    reconciling,
    serving,
    start_up,
    stream,
    streaming,
)
from tests.bench.measure import Measured, table

PARTS: tuple[Callable[[Path], list[Measured]], ...] = (
    start_up.measure,
    cycle.measure,
    deciding.measure,
    decisions.measure,
    asking.measure,
    orders.measure,
    reaction.measure,
    reconciling.measure,
    exchange.measure,
    books.measure,
    stream.measure,
    feed.measure,
    streaming.measure,
    looping.measure,
    api.measure,
    serving.measure,
    ingest.measure,
)


def main(wanted: Sequence[str]) -> None:
    """Run the parts that are wanted, or all, in a directory each, and print one table."""
    named = {part.__module__.rpartition(".")[2]: part for part in PARTS}
    unknown = [name for name in wanted if name not in named]
    if unknown:
        sys.exit(f"There is no part {', '.join(unknown)}. There are: {', '.join(named)}.")
    started = time.perf_counter()
    rows: list[Measured] = []
    for name in wanted or named:
        part = named[name]
        sys.stderr.write(f"measuring {name} ...\n")
        with tempfile.TemporaryDirectory() as home:
            rows += part(Path(home))
    took = f"{time.perf_counter() - started:.0f} s in all. Budgets are for a machine at rest."
    sys.stdout.write(f"{table(rows)}\n\n{took}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
