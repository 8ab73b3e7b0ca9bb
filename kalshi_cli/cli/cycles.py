"""What `run-loop` tells: one line of numbers a cycle, and how it ended."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from kalshi_cli.domain.money import Money
from kalshi_cli.errors import KalshiError
from kalshi_cli.scheduler.lanes import Ran, Stopped
from kalshi_cli.steps.analyze import AnalyzeResult
from kalshi_cli.steps.command import Left
from kalshi_cli.steps.evaluate import EvaluateResult
from kalshi_cli.steps.ingest import IngestResult
from kalshi_cli.steps.status import Status
from kalshi_cli.steps.track import TrackResult
from kalshi_cli.steps.trade import TradeResult


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle. Numbers of a step that did not run in it are None; `errors` were survived."""

    number: int
    at_us: int
    open_markets: int | None = None
    eligible: int | None = None
    forecasts: int | None = None
    proposed: int | None = None
    denied: int | None = None
    sent: int | None = None
    fills: int = 0
    settlements: int = 0
    exits: int | None = None
    positions: int | None = None
    equity: Money | None = None
    errors: tuple[str, ...] = ()


Tell = Callable[[Cycle, KalshiError | None], None]
"""Hears of each cycle, with the first error that it survived."""


@dataclass(frozen=True, slots=True)
class LoopResult:
    """How a loop ended and how the desk stands. `left` is known after a stop by a person.
    `last_errors` are what the last whole cycle survived.

    `world` describes the simulated world, `forecaster` whoever forecast; both may be empty.
    """

    stopped: Stopped
    started_us: int
    status: Status
    evaluation: EvaluateResult
    left: Left | None
    last_errors: tuple[str, ...]
    world: str
    forecaster: str


@dataclass(slots=True)
class Cycles:
    """Collects what ran, and hands over a cycle when `closing` has run.

    On a virtual clock `track` comes last; on the real one every round of trading closes a cycle.
    """

    closing: str
    tell: Tell
    current: Cycle = field(default_factory=lambda: Cycle(1, 0))
    error: KalshiError | None = None
    last_errors: tuple[str, ...] = ()

    def report(self, ran: Ran) -> None:
        """Hear of one step."""
        self.current = replace(_with_result(self.current, ran.result), at_us=ran.at_us)
        if ran.error is not None:
            self.error = self.error or ran.error
            told = f"{ran.step}: {ran.error}"
            self.current = replace(self.current, errors=(*self.current.errors, told))
        if ran.step == self.closing:
            self.close()

    def close(self) -> None:
        """Hand over the cycle under way."""
        self.tell(self.current, self.error)
        self.last_errors = self.current.errors
        self.current, self.error = Cycle(self.current.number + 1, self.current.at_us), None


def _with_result(cycle: Cycle, result: object) -> Cycle:
    match result:
        case IngestResult():
            return replace(cycle, open_markets=result.open_markets, eligible=result.eligible)
        case AnalyzeResult():
            return replace(cycle, forecasts=len(result.forecasts))
        case TradeResult():
            return _with_trade(cycle, result)
        case TrackResult():
            return replace(
                cycle,
                exits=len(result.exits),
                positions=result.open_positions,
                equity=result.equity,
                fills=cycle.fills + len(result.reconciled.new_fills),
                settlements=cycle.settlements + len(result.reconciled.settlements),
            )
        case _:
            return cycle


def _with_trade(cycle: Cycle, result: TradeResult) -> Cycle:
    found = result.reconciled
    return replace(
        cycle,
        proposed=len(result.proposals),
        denied=len(result.denied),
        sent=len(result.orders),
        fills=cycle.fills + (0 if found is None else len(found.new_fills)),
        settlements=cycle.settlements + (0 if found is None else len(found.settlements)),
    )
