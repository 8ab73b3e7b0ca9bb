"""What a result that was shown still counts as: the exit codes of work that ended, but not well."""

from typing import TYPE_CHECKING

from kalshi_cli.cli.cycles import LoopResult, refused_in
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import spoken
from kalshi_cli.errors import (
    ConfigError,
    Halted,
    IntegrityError,
    KalshiError,
    Refused,
    StoreVersion,
    Unavailable,
)
from kalshi_cli.ports.forecaster import Skip
from kalshi_cli.steps.analyze import AnalyzeResult
from kalshi_cli.steps.execution import is_forbidden
from kalshi_cli.steps.ingest import IngestResult
from kalshi_cli.steps.reconcile import Reconciliation
from kalshi_cli.steps.session import TradeResult
from kalshi_cli.steps.track import TrackResult

if TYPE_CHECKING:
    from kalshi_cli.bootstrap.upkeep import SchemaStatus, StoreReport


def of_ingest(result: IngestResult) -> KalshiError | None:
    """A partial pass proves nothing about what it did not read."""
    if result.complete:
        return None
    return Unavailable(f"The pass is incomplete: {result.why_incomplete}.", remedy="Run it again.")


OF_ONE_EVENT = frozenset({Skip.AI_DECISION_BUDGET, Skip.AI_REFUSED, Skip.AI_UNREADABLE})
"""What keeps one question from being answered, and says nothing of any other."""


def of_analyze(result: AnalyzeResult) -> KalshiError | None:
    """What kept the AI from answering, the gravest first, whatever was forecast before."""
    told = {each.code: each.detail for each in result.skipped}
    if Skip.AI_KEY in told:
        return ConfigError(
            f"xAI refuses the key: {told[Skip.AI_KEY]}",
            remedy="Set XAI_API_KEY to a key of console.x.ai.",
        )
    if Skip.AI_CREDITS in told:
        return Refused(
            f"xAI is not paid any more: {told[Skip.AI_CREDITS]}",
            remedy="Add credits at console.x.ai.",
        )
    if Skip.AI_BUDGET in told:
        return Refused(
            "The AI budget of the day is gone.",
            remedy="Raise ai.daily_ai_budget, or wait for 00:00Z.",
        )
    of_asked = {each.code for each in result.skipped if each.ticker in result.named}
    if result.forecasts:  # what one event came to is no verdict on a pass that did its work
        told = {c: why for c, why in told.items() if c not in OF_ONE_EVENT or c in of_asked}
    if Skip.AI_DECISION_BUDGET in told:
        return Refused(
            f"An event may not cost that much: {told[Skip.AI_DECISION_BUDGET]}.",
            remedy="Raise ai.max_ai_cost_per_decision, or lower ai.ai_max_tokens.",
        )
    for code in (Skip.AI_UNAVAILABLE, Skip.AI_REFUSED, Skip.AI_UNREADABLE):
        if code in told:
            return Unavailable(
                f"Grok gave no answer that can be used: {told[code]}",
                remedy="`kalshi inspect llm` has every call.",
            )
    return None


def of_trade(result: TradeResult) -> KalshiError | None:
    """A desk that takes no new risk refuses it, which a script must notice; so does a pause."""
    if (state := refused_in(result)) is not None:
        return _standing(state)
    if any(each.denial.code == "EXCHANGE_PAUSED" for each in result.denied):
        return Refused(
            "Trading is paused at the exchange, and nothing was sent into the pause.",
            remedy="`kalshi doctor` shows when it goes on.",
        )
    if any(map(is_forbidden, result.orders)):
        return _forbidden()
    return None if result.reconciled is None else of_reconciliation(result.reconciled)


def of_track(result: TrackResult) -> KalshiError | None:
    if any(each.order is not None and is_forbidden(each.order) for each in result.exits):
        return _forbidden()
    return of_reconciliation(result.reconciled)


def of_loop(result: LoopResult) -> KalshiError | None:
    """A loop survives what a single step ends with, but one that ends so has not done its work."""
    if result.left is not None:
        return None
    found = None if result.reconciled is None else of_reconciliation(result.reconciled)
    if isinstance(found, IntegrityError):
        return found
    if result.last_errors:
        return Unavailable(
            f"The last cycle is incomplete: {result.last_errors[0]}", remedy="Run it again."
        )
    if result.refusing is None:
        return found
    now = result.status.summary
    return _standing(result.refusing, now.state_since_us if now.state is result.refusing else None)


def _forbidden() -> ConfigError:
    return ConfigError(
        "The exchange does not let this key trade there.",
        remedy="`kalshi doctor` shows the key's scopes, and until when its location is attested.",
    )


def _standing(state: DeskState, since_us: int | None = None) -> Halted:
    """What a desk that enters nothing ended with; before `since_us` it may have entered much."""
    since = "" if since_us is None else f" since {spoken(since_us)}"
    return Halted(
        f"The desk is {state.said}{since}; nothing new was entered{since and ' since then'}.",
        remedy="`kalshi status` says why, `kalshi resume` lifts it.",
    )


def of_reconciliation(found: Reconciliation) -> KalshiError | None:
    """Differences and unknown orders are graver than a read that did not finish."""
    if found.differences:
        first = found.differences[0]
        return IntegrityError(
            f"The exchange tells {len(found.differences)} things otherwise, first {first.what}: "
            f"ours {first.ours}, theirs {first.theirs}.",
            remedy="Run `kalshi inspect-db`.",
        )
    if found.unresolved:
        ids = ", ".join(order.client_order_id for order in found.unresolved[:3])
        return IntegrityError(
            f"{len(found.unresolved)} orders have an unknown outcome: {ids}.",
            remedy="Nothing new is risked there; run `kalshi track` again.",
        )
    if not found.complete:
        return Unavailable(f"The exchange was read in part: {found.why}.", remedy="Run it again.")
    return None


def of_store(report: "StoreReport") -> KalshiError | None:
    """Anything found is a problem of integrity."""
    compared = report.compared
    told = len(report.differences) if compared is None else len(compared.discrepancies)
    found = len(report.audit.findings) + told
    if not found and compared is not None and compared.why:
        return Unavailable(
            f"The exchange was read in part: {compared.why}.", remedy="Run it again."
        )
    if not found:
        return None
    return IntegrityError(f"{found} things are wrong with {report.location}.", remedy=_next(report))


def _next(report: "StoreReport") -> str:
    """What a person can do about what was found."""
    compared = report.compared
    if compared is None:
        return (
            "Differences may be news: run `kalshi track`, then look again. `--reconcile` explains "
            "each, `--repair` makes the repairs that are proved."
        )
    if any(each.repair for each in compared.discrepancies):
        return "`--repair` makes the repairs that are proved."
    if compared.unexplained and not compared.why:
        return (
            "Find out where the cash came from or went, then "
            f"`kalshi inspect-db --accept-cash {compared.unexplained} --why TEXT`."
        )
    return "Nothing here is proved by the exchange's record: compare by hand."


def of_schema(found: "SchemaStatus") -> KalshiError | None:
    """A store that is behind is a failing check; a missing one is not behind."""
    if found.current is None or not found.pending:
        return None
    return StoreVersion(
        f"The store has schema {found.current}, the program {found.head}.",
        remedy="Run `kalshi migrate`: it makes a backup first.",
    )
