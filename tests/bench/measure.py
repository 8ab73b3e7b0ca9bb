"""What a measurement is: the best of several runs, against a floor measured in between them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds that something took, beside its floor's; or an amount of another `unit`.

    `most_s` and `most_ratio` are the budget; where neither is set there is none.
    """

    what: str
    seconds: float
    floor: str = ""
    floor_s: float | None = None
    most_s: float | None = None
    most_ratio: float | None = None
    unit: str = "s"

    @property
    def ratio(self) -> float | None:
        return self.seconds / self.floor_s if self.floor_s else None

    @property
    def budget(self) -> str:
        limits = [] if self.most_s is None else [shown(self.most_s, self.unit)]
        return " ".join(limits + ([] if self.most_ratio is None else [f"{self.most_ratio:.2f} x"]))

    @property
    def verdict(self) -> str:
        if self.most_s is None and self.most_ratio is None:
            return ""
        slow = self.most_s is not None and self.seconds > self.most_s
        ratio = self.ratio
        slow |= self.most_ratio is not None and ratio is not None and ratio > self.most_ratio
        return "OVER" if slow else "ok"


def best(
    works: Mapping[str, Work], times: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """The least seconds of each, run in turns so that a busy machine is as busy for all; or of CPU,
    where that is the clock.
    """
    least: dict[str, float] = {}
    for _ in range(times):
        for name, work in works.items():
            started = clock()
            work()
            took = clock() - started
            least[name] = min(took, least.get(name, took))
    return least


def percentile(seconds: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(seconds)[round(share * (len(seconds) - 1))]


def shown(seconds: float, unit: str = "s") -> str:
    """A duration with three digits, or a whole number of another unit."""
    if unit != "s":
        return f"{seconds:.0f} {unit}"
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1_000:.3g} ms" if seconds >= 0.001 else f"{seconds * 1_000_000:.3g} us"


def table(rows: list[Measured]) -> str:
    """Every measurement on a line."""
    cells = [("what", "measured", "floor", "took", "ratio", "budget", "")]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f} x"
        floor_s = "" if row.floor_s is None else shown(row.floor_s)
        cells.append(
            (
                row.what,
                shown(row.seconds, row.unit),
                row.floor,
                floor_s,
                ratio,
                row.budget,
                row.verdict,
            )
        )
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numbers = {1, 3, 4, 5}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if index in numbers else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )
