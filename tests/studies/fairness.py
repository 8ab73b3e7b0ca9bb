"""Is the generated world fair, and are its prices what the design says? Many worlds, one table."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kalshi_cli.engine.world_plan import DEFAULT_PLAN, WorldPlan
from tests.studies.claims import CELLS, JOINT, NAMED, SURPRISING, cap, cell_name, demands
from tests.studies.estimate import Z95, Estimate, Sums
from tests.studies.ledger import BY_TRUTH, SURPRISE, Key
from tests.studies.watch import Watch

FEWEST = 8
"""Events without which an error is not known well enough to judge by."""
MANY = 100
"""The same for results, which are nearly always $0 where $1 is rare."""


@dataclass
class Findings:
    """The sums of some worlds. `checked` is how many looks a rule on several legs had."""

    sums: dict[Key, Sums] = field(default_factory=lambda: defaultdict(Sums))
    checked: Counter[str] = field(default_factory=Counter)

    def merge(self, other: "Findings") -> None:
        for key, sums in other.sums.items():
            self.sums[key].merge(sums)
        self.checked.update(other.checked)

    def estimate(self, measure: str, rating: str = BY_TRUTH) -> Estimate | None:
        """None where there is nothing of it."""
        sums = self.sums.get((rating, measure))
        return None if sums is None or not sums.weight else sums.estimate


def watched(seed: int, days: int, plan: WorldPlan = DEFAULT_PLAN) -> Findings:
    """One world, watched for some days."""
    watch = Watch(seed, plan).run(days)
    return Findings(watch.ledger.sums(), watch.checked)


def pooled(worlds: Iterable[Findings]) -> Findings:
    """Worlds added up."""
    found = Findings()
    for world in worlds:
        found.merge(world)
    return found


def earners(found: Findings) -> Iterator[str]:
    """Rules whose 95 % lower bound is above nothing; cells whose joint one is above their cap."""
    for rule in NAMED:
        estimate = found.estimate(rule)
        if estimate is not None and estimate.low > 0.0:
            yield f"{rule}: earns"
    for place, side, category in CELLS:
        name = cell_name(place, side, category)
        estimate = found.estimate(name)
        if estimate is None or estimate.events < FEWEST:
            continue
        if estimate.bound(-JOINT) > cap(side, category):
            yield f"{name}: earns"


def surprises(found: Findings) -> Iterator[tuple[str, float]]:
    """By how many standard errors the results of a rule differ from the truth, rule by rule."""
    for rating, measure in found.sums:
        estimate = found.estimate(measure, SURPRISE) if rating == SURPRISE else None
        if estimate is not None and estimate.events >= MANY and estimate.error:
            yield measure, estimate.mean / estimate.error


def broken(found: Findings, deviations: float = Z95) -> Iterator[str]:
    """Demands on prices that do not hold by so many standard errors."""
    for demand in demands():
        estimate = found.estimate(demand.measure)
        if estimate is None or estimate.events < FEWEST:
            continue
        if not demand.holds(estimate, deviations):
            yield f"{demand.measure}: outside of what is demanded"


def failures(found: Findings) -> list[str]:
    """Everything that is not as it should be."""
    liars = [f"{rule}: results differ from the truth" for rule, deviations in surprises(found)
             if abs(deviations) > SURPRISING]  # fmt: skip
    return [*earners(found), *broken(found), *liars]
