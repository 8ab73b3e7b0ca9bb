"""What `run-loop` tells: one line of numbers a cycle, and how it ended."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import Order, OrderState
from kalshi_cli.errors import KalshiError
from kalshi_cli.ports.desk import Standing
from kalshi_cli.ports.rows.trading import OrderRow
from kalshi_cli.risk._base import Denial
from kalshi_cli.scheduler.lanes import Ran, Stopped
from kalshi_cli.scheduler.timekeeping import Late
from kalshi_cli.steps.analyze import AnalyzeResult
from kalshi_cli.steps.evaluate import EvaluateResult
from kalshi_cli.steps.execution import is_forbidden
from kalshi_cli.steps.ingest import IngestResult
from kalshi_cli.steps.positions import Difference
from kalshi_cli.steps.react import Attended, Reacted
from kalshi_cli.steps.reconcile import Reconciliation
from kalshi_cli.steps.session import TradeResult
from kalshi_cli.steps.status import Status
from kalshi_cli.steps.stopping import Left
from kalshi_cli.steps.track import Exited, TrackResult


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle. Numbers of a step that did not run in it are None; `errors` were survived.

    `denied_by` counts denials by their codes. `alarms` are all of the cycle's, `differences` and
    `incomplete` those of its last look at the exchange. `watching` says whether what is held is
    watched by the stream or by polling. `state` is the run state at its end, and why; None until it
    was read.
    """

    number: int
    at_us: int
    open_markets: int | None = None
    eligible: int | None = None
    forecasts: int | None = None
    proposed: int | None = None
    denied: int | None = None
    denied_by: Mapping[str, int] = field(default_factory=dict)
    sent: int | None = None
    quotes: int | None = None
    fills: int = 0
    settlements: int = 0
    exits: int | None = None
    positions: int | None = None
    equity: Money | None = None
    errors: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    incomplete: str = ""
    watching: str = ""
    state: DeskState | None = None
    state_reason: str = ""

    @property
    def troubles(self) -> tuple[str, ...]:
        """What a person must hear of, a line each."""
        differing = [f"{d.what}: ours {d.ours}, theirs {d.theirs}" for d in self.differences]
        partly = [f"read in part: {self.incomplete}"] if self.incomplete else []
        return (*self.errors, *self.alarms, *differing, *partly)


Tell = Callable[[Cycle, KalshiError | None], None]
"""Hears of each cycle, with the first error that it survived."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Who is told: `cycle` of each one, `standing` of a run state other than the last."""

    cycle: Tell
    standing: Callable[[Standing], None]


@dataclass(frozen=True, slots=True)
class LoopResult:
    """How a loop ended and how the desk stands. `live` are the orders that may still trade; `left`
    is what a stop by a person took back, None after any other end.
    `last_errors` are what the last whole cycle survived, `reconciled` is the last look at the
    exchange, and `refusing` the run state for which the last round of trading refused an order;
    None where it refused none for that.

    `world` describes the simulated world, `forecaster` whoever forecast; both may be empty.
    """

    stopped: Stopped
    started_us: int
    status: Status
    evaluation: EvaluateResult
    live: tuple[OrderRow, ...]
    left: Left | None
    last_errors: tuple[str, ...]
    reconciled: Reconciliation | None
    refusing: DeskState | None
    world: str
    forecaster: str


@dataclass(slots=True)
class Cycles:
    """Collects what ran, and hands over a cycle when `closing` has run.

    On a virtual clock `track` comes last; on the real one every round of trading closes a cycle.
    """

    closing: str
    teller: Teller
    watching: Callable[[], str] = lambda: ""
    current: Cycle = field(default_factory=lambda: Cycle(1, 0))
    error: KalshiError | None = None
    last_errors: tuple[str, ...] = ()
    reconciled: Reconciliation | None = None
    refusing: DeskState | None = None
    standing: Standing | None = None

    def report(self, ran: Ran) -> None:
        """Hear of one step."""
        self.current = replace(_with_result(self.current, ran.result), at_us=ran.at_us)
        self._look(ran.result)
        if ran.error is not None:
            self.error = self.error or ran.error
            told = f"{ran.step}: {ran.error}"
            self.current = replace(self.current, errors=(*self.current.errors, told))
        if ran.step == self.closing:
            self.close()

    def late(self, late: Late) -> None:
        """Hear that the program stood still. A person is told what made it read everything anew."""
        if late.is_jump:
            self.current = replace(self.current, alarms=(*self.current.alarms, str(late)))
        else:
            _warn(str(late))

    def close(self) -> None:
        """Hand over the cycle under way."""
        self.current = replace(self.current, watching=self.watching())
        self.teller.cycle(self.current, self.error)
        _log(self.current)
        self.last_errors = self.current.errors
        ended = self.current
        self.current = Cycle(
            ended.number + 1, ended.at_us, state=ended.state, state_reason=ended.state_reason
        )
        self.error = None

    def _look(self, result: object) -> None:
        """Keep what decides how a loop that ends now has ended."""
        if isinstance(result, Standing):
            self._stand(result)
        if isinstance(result, TradeResult):
            self.refusing = refused_in(result)
        if isinstance(result, TradeResult | TrackResult) and result.reconciled is not None:
            self.reconciled = result.reconciled

    def _stand(self, standing: Standing) -> None:
        """Tell at once of a run state other than the last: a cycle may end much later."""
        known = DeskState.ACTIVE if self.standing is None else self.standing.state
        if standing.state is not known:
            self.teller.standing(standing)
            _warn(f"the desk is {standing.state}: {standing.reason}")
        self.standing = standing
        self.current = replace(self.current, state=standing.state, state_reason=standing.reason)


def _silent(result: AnalyzeResult) -> Iterable[str]:
    """What kept the AI from answering, once a cause: the desk goes on without it."""
    causes = {each.code: each.detail for each in result.skipped if each.code.startswith("AI_")}
    for code, detail in causes.items():
        many = sum(each.code == code for each in result.skipped)
        yield f"no forecast of {many} market{'' if many == 1 else 's'}, {code}: {detail}"


def refused_in(result: TradeResult) -> DeskState | None:
    """The run state for which an order was refused; None where none was."""
    states = (each.denial.value for each in result.denied if each.denial.code == "HALT_STATE")
    return next(map(DeskState, states), None)


def _log(cycle: Cycle) -> None:
    for trouble in cycle.troubles:
        _warn(f"cycle {cycle.number}: {trouble}")


def _warn(text: str) -> None:
    import logging

    logging.getLogger(__name__).warning("%s", text)


def _with_result(cycle: Cycle, result: object) -> Cycle:
    match result:
        case IngestResult():
            return replace(cycle, open_markets=result.open_markets, eligible=result.eligible)
        case AnalyzeResult():
            alarms = (*cycle.alarms, *_silent(result))
            return replace(cycle, forecasts=len(result.forecasts), alarms=alarms)
        case TradeResult():
            return _with_trade(cycle, result)
        case Reacted() | Attended():
            return _with_stream(cycle, result)
        case TrackResult():
            return replace(
                _with_reconciled(cycle, result.reconciled),
                alarms=(
                    *cycle.alarms,
                    *result.reconciled.alarms,
                    *_reduced(result.reduced),
                    *_forbidden(each.order for each in result.exits),
                ),
                exits=(cycle.exits or 0) + _left(result.exits),
                positions=result.open_positions,
                equity=result.equity,
            )
        case _:
            return cycle


def _with_stream(cycle: Cycle, result: Reacted | Attended) -> Cycle:
    if isinstance(result, Reacted):
        return replace(cycle, exits=(cycle.exits or 0) + _left(result.exits))
    fills = cycle.fills + len(result.fills)
    return replace(cycle, fills=fills, alarms=cycle.alarms + result.alarms)


def _left(exits: Iterable[Exited]) -> int:
    """How many exits went out; one that was denied, not sent or refused is still to come."""
    gone = (each.order for each in exits if each.order is not None)
    return sum(order.state not in {OrderState.NOT_SENT, OrderState.REJECTED} for order in gone)


def _with_trade(cycle: Cycle, result: TradeResult) -> Cycle:
    if result.reconciled is not None:
        cycle = _with_reconciled(cycle, result.reconciled)
    return replace(
        cycle,
        proposed=len(result.proposals),
        denied=len(result.denied),
        denied_by=Counter(each.denial.code for each in result.denied),
        sent=sum(order.state is not OrderState.NOT_SENT for order in result.orders),
        quotes=result.quotes,
        errors=(*cycle.errors, *(f"{b.strategy}: {b.told}" for b in result.broken)),
        alarms=(
            *cycle.alarms,
            *_reduced(result.reduced),
            *_stopped(result),
            *_forbidden(result.orders),
        ),
    )


def _forbidden(orders: Iterable[Order | None]) -> tuple[str, ...]:
    """Markets where the exchange refused this key an order."""
    return tuple(
        f"this key may not trade {order.intent.ticker}: {order.message}"
        for order in orders
        if order is not None and is_forbidden(order)
    )


def _stopped(result: TradeResult) -> tuple[str, ...]:
    """That the exchange itself stopped our entries, once."""
    denials = (denied.denial for denied in result.denied)
    told = (d.detail for d in denials if d.code == "ORDER_GROUP_TRIGGERED")
    return tuple(dict.fromkeys(told))


def _reduced(denial: Denial | None) -> tuple[str, ...]:
    """That losses took the desk to reduce-only."""
    return () if denial is None else (f"reduce only: {denial.code}: {denial.detail}",)


def _with_reconciled(cycle: Cycle, found: Reconciliation) -> Cycle:
    return replace(
        cycle,
        fills=cycle.fills + len(found.new_fills),
        settlements=cycle.settlements + len(found.settlements),
        alarms=cycle.alarms + found.alarms,
        differences=found.differences,
        incomplete="" if found.complete else found.why,
    )
