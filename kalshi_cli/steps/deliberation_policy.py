"""Which roles deliberate on an event, by which instructions, and how sure they must be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from kalshi_cli.domain.deliberation import Research, Role, Template
from kalshi_cli.domain.identity import short_hash

Taken = TypeVar("Taken")


@dataclass(frozen=True, slots=True)
class DeliberationPolicy:
    """`templates` are the instructions of the roles that are on: the Forecaster and whoever follows
    it, or all in one question.

    `starting_weight` is w for the model that first served the primary name; every other model has
    none until it has a record of its own. Forecasts less confident than `min_confidence` are kept,
    and no Critic is paid for them; under `min_confidence_to_trade`, no Trader. The Forecaster is
    asked `samples` times, all in one once, and each time it may do `research`.
    """

    templates: Mapping[Role, Template]
    starting_weight: float
    min_confidence: float
    min_confidence_to_trade: float
    at_once: int
    samples: int = 1
    research: Research | None = None

    @property
    def first(self) -> Role:
        """Who is asked first."""
        return Role.ALL_IN_ONE if Role.ALL_IN_ONE in self.templates else Role.FORECASTER

    @property
    def prompt_version(self) -> str:
        """A hash of all instructions; of one alone, its own version."""
        versions = [template.version for template in self.templates.values()]
        return versions[0] if len(versions) == 1 else short_hash(*versions)

    @property
    def variant(self) -> str:
        """In what way a forecast is made, for comparisons."""
        tools = () if self.research is None else self.research.tools
        times = (f"x{self.samples}",) if self.samples > 1 else ()
        return " ".join(("+".join(self.templates), *times, *tools))
