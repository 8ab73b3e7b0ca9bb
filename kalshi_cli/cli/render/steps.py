"""How the single steps look when they are run by hand."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kalshi_cli.cli.render.assessment import show_card, show_lines
from kalshi_cli.cli.render.levels import widened
from kalshi_cli.cli.render.measures import against
from kalshi_cli.cli.render.tables import print_facts, print_table
from kalshi_cli.cli.render.words import (
    NOTHING,
    charged,
    count,
    deal,
    dollars,
    harmless,
    instant,
    percent,
    shown,
    some,
)
from kalshi_cli.domain.order import Order
from kalshi_cli.domain.stop import At, nearest_of
from kalshi_cli.ports.forecaster import Skip, Skipped
from kalshi_cli.risk._base import Denial
from kalshi_cli.steps.analyze import AnalyzeResult
from kalshi_cli.steps.ingest import IngestResult
from kalshi_cli.steps.preview import PreviewResult
from kalshi_cli.steps.reconcile import Reconciliation
from kalshi_cli.steps.session import TradeResult
from kalshi_cli.steps.track import TrackResult

if TYPE_CHECKING:
    from rich.console import Console


def show_ingest(result: IngestResult, console: "Console") -> None:
    """One pass, and the funnel from open markets to eligible ones."""
    saved = result.saved
    whole = "" if result.complete else f" (incomplete: {result.why_incomplete})"
    facts = [
        ("pass", f"{result.kind} at {instant(result.at_us)}{whole}"),
        ("read", f"{result.events} events, {result.markets} markets"),
        ("rows", f"{saved.new} new, {saved.changed} changed, {saved.unchanged} unchanged"),
        ("open", f"{result.open_markets} markets, of which {result.eligible} are eligible"),
    ]
    if result.unusable:
        first = result.unusable[0]
        facts.append(("unusable", f"{len(result.unusable)}, first {first.what}: {first.reason}"))
    print_facts(console, facts)
    if result.dropped:
        rows = [(code, str(number)) for code, number in result.dropped]
        print_table(console, "Dropped", ("filter", ("markets", "right")), rows)


def show_analyze(result: AnalyzeResult, console: "Console", *, explain: bool = False) -> None:
    """Named markets one by one, or in lines; else forecasts beside the market of their moment."""
    if not result.assessments:
        _show_forecasts(result, console)
        print_facts(console, _rest(result))
    elif len(result.assessments) > 1 and not explain:
        show_lines(result.assessments, console)
        print_facts(console, _rest(result))
    else:
        for found in result.assessments:
            show_card(found, console, whole=explain, and_then=_rest(result))


def _rest(result: AnalyzeResult) -> list[tuple[str, str]]:
    """What was left out, and the money."""
    spent = charged(result.spent)
    today = charged(result.spent_today)
    budget = "" if result.budget is None else f" of {charged(result.budget)}"
    facts = [("cost", f"{spent} now, {today}{budget} today")]
    if result.not_assessed:
        facts.append(("no more", f"the desk could not be read: {result.not_assessed}"))
    if len(result.named) == 1:
        facts += [(_why_not(s), shown(f"{s.code}: {s.detail}", 200)) for s in result.skipped]
    elif result.skipped or not result.named:
        facts.insert(0, ("skipped", tally(each.code for each in result.skipped)))
        if result.reused:
            stand = f"{len(result.reused)} forecasts stand: they were asked from the same"
            facts.insert(0, ("reused", stand))
    if result.label and result.assessments:
        facts.append(("note", result.label))
    return facts


def _why_not(skip: Skipped) -> str:
    return "reused" if skip.code is Skip.UNCHANGED else "not asked"


def _show_forecasts(result: AnalyzeResult, console: "Console") -> None:
    label = f" ({result.label})" if result.label else ""
    rows = [
        (
            forecast.ticker,
            percent(forecast.market),
            percent(forecast.probability),
            percent(forecast.blended),
            f"{percent(forecast.low)}-{percent(forecast.high)}",
        )
        for forecast in result.forecasts
    ]
    columns = (
        "ticker",
        ("market", "right"),
        ("forecast", "right"),
        ("blended", "right"),
        ("80% interval", "right"),
    )
    print_table(console, f"Forecasts by {result.forecaster}{label}", columns, rows)


def show_preview(result: PreviewResult, console: "Console") -> None:
    """Every word that would be sent, and what would be set aside for it."""
    console.print("Dry run: nobody is asked, and nothing is spent.", style="bold")
    for each in result.previews:
        for planned in each.planned:
            prompt = planned.prompt
            told = f"{each.event_ticker}: {prompt.role} ({prompt.version}) to {planned.model}"
            console.print(f"\n{told}, at most {planned.estimate.spoken}", style="bold")
            for text in (prompt.system, prompt.user):
                console.print(f"\n{harmless(text)}", soft_wrap=True)
    print_facts(console, list(_preview_facts(result)))


def _preview_facts(result: PreviewResult) -> Iterator[tuple[str, str]]:
    markets = sum(len(each.tickers) for each in result.previews)
    yield "questions", f"{len(result.previews)} about {markets} markets, by {result.forecaster}"
    if result.skipped:
        yield "skipped", tally(each.code for each in result.skipped)
    if not any(each.planned for each in result.previews):
        why = f": {result.forecaster} asks no language model" if result.previews else ""
        yield "cost", f"nothing{why}"
        return
    yield "set aside", f"{result.estimate.spoken} for these calls, by the price of the model"
    if result.per_event is not None:
        yield (
            "at most",
            f"{result.per_event.spoken} an event, with the roles that wait for an answer",
        )
    budget = "" if result.budget is None else f" of {charged(result.budget)}"
    yield "today", f"{charged(result.spent_today)}{budget} spent"


def show_trade(result: TradeResult, console: "Console") -> None:
    """From proposals to orders, and why the rest went no further."""
    if result.dry_run:
        console.print("Dry run: nothing was sent.", style="bold")
    print_facts(
        console,
        [
            ("considered", f"{result.considered} markets"),
            ("proposed", str(len(result.proposals))),
            ("not sized", tally(each.reason for each in result.unsized)),
            ("denied", tally(each.denial.code for each in result.denied)),
            ("canceled", f"{len(result.canceled)} entries"),
            ("changed", f"{len(result.changed)} resting entries"),
            *([("quotes", f"{result.quotes} rest")] if result.quotes else []),
            *((f"broken {each.strategy}", each.told) for each in result.broken),
            *_stopped(result),
            *([("stops", widened(result.widened))] if result.widened else []),
            *_reduced(result.reduced),
        ],
    )
    if result.dry_run:
        _show_rehearsed(result, console)
    else:
        columns = (
            "ticker",
            "side",
            ("filled", "right"),
            ("limit", "right"),
            "state",
            ("why", "note"),
        )
        print_table(console, "Orders", columns, map(order_cells, result.orders))
    if result.reconciled is not None:
        show_reconciled(result.reconciled, console)


def _stopped(result: TradeResult) -> Iterator[tuple[str, str]]:
    """Where the markets of each strategy came to their end, and which of them missed by least."""
    for name in dict.fromkeys(each.strategy for each in result.funnel):
        own = [c for c in result.funnel if c.strategy == name and c.at != At.SENT]
        if own:
            yield "stopped", f"{name}: " + ", ".join(f"{c.markets} {c.code}" for c in own)
    missed = nearest_of(c.nearest for c in result.funnel if c.nearest is not None)
    if missed is not None:
        numbers = against(missed.code, missed.value, missed.limit, missed.detail)
        yield "nearest miss", f"{missed.strategy}, {missed.ticker}, {missed.code}: {numbers}"


def _show_rehearsed(result: TradeResult, console: "Console") -> None:
    """Each order that would be sent, with what it costs and leaves at its limit."""
    print_table(
        console,
        "Would send",
        (
            "ticker",
            "side",
            ("count", "right"),
            ("limit", "right"),
            ("cost", "right"),
            ("edge", "right"),
            ("why", "note"),
        ),
        [
            (
                intent.ticker,
                side,
                count(intent.count),
                limit,
                dollars(priced.cost),
                NOTHING if priced.edge is None else f"{100 * priced.edge:.2f}c",
                intent.reason,
            )
            for intent, priced in zip(result.passed, result.priced, strict=True)
            for side, limit in [deal(intent.side, intent.limit, intent.purpose)]
        ],
    )
    if result.passed:
        console.print("cost at most, with all fees; edge a contract, net of its fee")


def show_track(result: TrackResult, console: "Console") -> None:
    """What happened to what is held, and what it is worth."""
    rows = [
        (
            each.position.ticker,
            each.reason.code,
            "not sent" if each.order is None else str(each.order.state),
            each.reason.detail if each.denial is None else each.denial.detail,
        )
        for each in result.exits
    ]
    print_table(console, "Exits", ("ticker", "reason", "order", ("why", "note")), rows)
    show_reconciled(result.reconciled, console)
    print_facts(
        console,
        [
            ("cash", dollars(result.reconciled.balance.cash)),
            ("equity", dollars(result.equity)),
            ("positions", str(result.open_positions)),
            *_reduced(result.reduced),
        ],
    )


def _reduced(denial: Denial | None) -> list[tuple[str, str]]:
    """That losses took the desk to reduce-only, with their numbers."""
    if denial is None:
        return []
    return [("reduce only", f"{denial.code}: {denial.detail}; `kalshi resume` lifts it")]


def show_reconciled(found: Reconciliation, console: "Console") -> None:
    """What the exchange told, and everything it tells otherwise."""
    counts = (
        some(len(found.new_fills), "fill"),
        some(len(found.settlements), "settlement"),
        f"{some(len(found.unresolved), 'order')} unresolved",
    )
    facts = [("exchange", ", ".join(counts))]
    if not found.complete:
        facts.append(("incomplete", found.why))
    facts += [
        ("difference", f"{each.what}: ours {each.ours}, theirs {each.theirs}")
        for each in found.differences
    ]
    facts += [("alarm", alarm) for alarm in found.alarms]
    print_facts(console, facts)


def order_cells(order: Order) -> tuple[str, ...]:
    """An order in six cells: ticker, side, filled of count, limit, state, and what was answered."""
    intent = order.intent
    side, limit = deal(intent.side, intent.limit, intent.purpose)
    return (
        intent.ticker,
        side,
        f"{count(order.filled)}/{count(intent.count)}",
        limit,
        str(order.state),
        shown(_answered(order.message)),
    )


def _answered(message: str) -> str:
    """What was answered, without the code before words that say the same: `invalid_order`."""
    code, _, words = message.partition(" ")
    return words if words.lower().startswith(code.replace("_", " ")) else message


def tally(codes: Iterable[str]) -> str:
    """`3 (2 COOLDOWN, 1 CAP)`, most first."""
    counted = Counter(codes)
    if not counted:
        return "0"
    parts = ", ".join(f"{number} {code}" for code, number in counted.most_common())
    return f"{counted.total()} ({parts})"
