"""How `evaluate` looks: what was earned, how good the forecasts were, and what may be claimed."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.render.tables import Cell, print_facts, print_table
from kalshi_cli.cli.render.words import NOTHING, charged, dollars, gain
from kalshi_cli.evaluation.interval import Interval, Verdict
from kalshi_cli.evaluation.rebalancing import NewShare
from kalshi_cli.evaluation.scores import By, Comparison, Score
from kalshi_cli.forecasting.weights import Fit
from kalshi_cli.steps.evaluate import EvaluateResult
from kalshi_cli.steps.rebalancing import ShareChange

if TYPE_CHECKING:
    from rich.console import Console


def show_evaluate(result: EvaluateResult, console: "Console") -> None:
    """Profit by strategy, scores by model, each with its verdict."""
    print_table(
        console,
        "Profit, net of fees and AI",
        (
            "strategy",
            ("markets", "right"),
            ("fees", "right spare"),
            ("AI", "right spare"),
            ("net", "right"),
            ("per event, 95%", "right"),
            "verdict",
        ),
        [
            (
                row.strategy,
                str(row.markets),
                dollars(row.fees),
                charged(row.ai_cost),
                gain(row.net),
                spread(row.per_event, unit="$", decimals=2),
                row.verdict,
            )
            for row in result.strategies
        ],
    )
    if result.strategies:
        console.print(_covered(result))
    if result.slices:
        _print_slices(result, console)
    if result.shares is not None:
        _print_shares(result.shares, console)
    if result.changes is not None:
        _print_changes(result.changes, console)
    _print_scores(result, console)
    _print_rest(result, console)


def _print_shares(shares: Sequence[NewShare], console: "Console") -> None:
    """What the record says of each share."""
    print_table(
        console,
        "Shares of the bankroll",
        (
            "strategy",
            ("old", "right"),
            ("new", "right"),
            ("a dollar staked, 95%", "right spare"),
            ("why", "wrap"),
        ),
        [
            (
                row.measured.strategy,
                f"{row.measured.share:.1%}",
                f"{row.new:.1%}",
                spread(row.measured.per_dollar, unit="$", decimals=4),
                row.why,
            )
            for row in shares
        ],
    )


def _print_changes(changes: Sequence[ShareChange], console: "Console") -> None:
    """What is in force from now on."""
    if not changes:
        console.print("No share was changed.")
        return
    console.print("In force from the next pass on, whoever trades:")
    for each in changes:
        told = f"  {each.change.name} {each.change.old} to {each.change.new}"
        console.print(told, soft_wrap=True, markup=False, highlight=False)
    console.print("`kalshi inspect limits` tells who, when and why.", soft_wrap=True)


def _print_slices(result: EvaluateResult, console: "Console") -> None:
    """Closed trades by group."""
    print_table(
        console,
        f"Closed trades by {result.by}, net of fees, before AI; events may go on",
        (
            str(result.by),
            ("trades", "right spare"),
            ("events", "right"),
            ("won", "right spare"),
            ("net", "right"),
            ("per event, 95%", "right"),
            "verdict",
        ),
        [
            (
                row.name,
                str(row.trades),
                str(row.events),
                str(row.won),
                gain(row.net),
                spread(row.per_event, unit="$", decimals=2),
                row.verdict,
            )
            for row in result.slices
        ],
    )


def _print_scores(result: EvaluateResult, console: "Console") -> None:
    """What was traded on against the market; or what each role made of it."""
    by_role = result.by is By.ROLE
    print_table(
        console,
        "Forecasts against the market (Brier score, lower is better)",
        (
            ("role" if by_role else str(result.by), "wrap"),
            ("judged", "right"),
            ("ours", "right"),
            ("market", "right spare"),
            ("better by, 95%", "right"),
            "verdict",
        ),
        [
            cells
            for row in result.scores
            for cells in ([*_role_cells(row)] if by_role else [_cells(_name(row), row.traded, row)])
        ],
    )


def _role_cells(row: Score) -> Iterator[tuple[str, ...]]:
    """A line a role that was heard: its number, and what the next one made of it."""
    roles = {"forecast": row.raw, "after Critic": row.critic, "after Trader": row.trader}
    for role, found in {**roles, "blend": row.traded}.items():
        if found is not None:
            yield _cells(f"{_name(row)} {role}", found, row)


def _name(row: Score) -> str:
    return row.model if row.model == row.forecaster else f"{row.forecaster} {row.model}"


def _cells(name: str, found: Comparison | None, row: Score) -> tuple[str, ...]:
    return (
        name,
        str(row.judged - row.apart if found is None else found.gain.count),
        NOTHING if found is None else f"{found.brier:.4f}",
        NOTHING if found is None else f"{found.market_brier:.4f}",
        spread(None if found is None else found.gain, unit="", decimals=4),
        Verdict.UNRESOLVED if found is None else found.verdict,
    )


def _print_rest(result: EvaluateResult, console: "Console") -> None:
    facts: list[tuple[str, Cell]] = [
        ("forecasts", _counted(result)),
        ("AI cost", charged(result.ai_cost)),
    ]
    if result.since_start is not None:
        facts.append(("equity", dollars(result.equity)))
        facts.append(("since start", gain(result.since_start)))
    facts += [fact for row in result.scores for fact in _of_score(row)]
    facts += [("weight", _weight(fit)) for fit in result.weights]
    facts += [("note", label) for label in result.labels]
    facts.append(("verdict", _conclusion(result)))
    print_facts(console, facts)


def _counted(result: EvaluateResult) -> str:
    """Every forecast on record, by what became of it: the counts add up to those of `status`."""
    apart = sum(row.apart for row in result.scores)
    read = sum(row.contaminated for row in result.scores)
    judged = sum(row.judged for row in result.scores) - apart
    every = judged + apart + read + result.repeated + result.waiting
    left = f", {read} contaminated" if read else ""
    return (
        f"{every} on record: {judged} judged (the first of each market and model), "
        f"{apart} with no market price to judge by{left}, "
        f"{result.repeated} later ones of the same markets, {result.waiting} with no result yet"
    )


def _covered(result: EvaluateResult) -> str:
    """What of the table covers what."""
    over = ", ".join(
        f"{row.strategy} {0 if row.per_event is None else row.per_event.clusters}"
        for row in result.strategies
    )
    return (
        "net: of all markets traded, open ones at their marks. "
        f"per event: the mean of events that are over ({over})"
    )


def _of_score(row: Score) -> Iterator[tuple[str, str]]:
    """What else is to be known of a record: log loss, intervals, and what was left out."""
    if row.traded is not None:
        ours, market = row.traded.log_loss, row.traded.market_log_loss
        yield "log loss", f"{_name(row)}: {ours:.4f}, the market {market:.4f}"
    if row.coverage is None:
        yield "intervals", f"{_name(row)}: unresolved, too few events"
    else:
        held, groups = row.coverage.held, row.coverage.groups
        yield "intervals", f"{_name(row)}: 80% intervals held in {held} of {groups} groups"
    if row.contaminated:
        told = f"{row.contaminated} of questions that were over when they were asked"
        yield "contaminated", f"{_name(row)}: {told}, not scored"


def _weight(fit: Fit) -> str:
    used, found = fit.used, fit.fitted
    said = f"{fit.model}, {fit.category}: w {used.weight:.2f}, slope {used.slope:.2f}"
    fitted = f"fitted on {fit.markets} markets to {found.weight:.2f} and {found.slope:.2f}"
    return f"{said}; {fitted}, {'in use' if fit.is_proved else 'not proved'}"


def _conclusion(result: EvaluateResult) -> str:
    verdicts = {row.verdict for row in result.strategies}
    if "edge" in verdicts:
        return "an edge is shown: the interval of net profit is above zero"
    if "no edge" in verdicts:
        return "no edge shown: the interval of net profit is below zero"
    return "unresolved: too few independent events to claim anything"


def spread(interval: Interval | None, *, unit: str, decimals: int) -> str:
    """`+0.0021 [-0.0010, +0.0052]`; `+0.0021 (no interval)` where the bounds cannot be known."""
    if interval is None:
        return NOTHING

    def signed(value: float) -> str:
        return f"{value:+.{decimals}f}"

    mean = signed(interval.mean).replace("+", f"+{unit}").replace("-", f"-{unit}")
    if interval.low is None or interval.high is None:
        return f"{mean} (no interval)"
    return f"{mean} [{signed(interval.low)}, {signed(interval.high)}]"
