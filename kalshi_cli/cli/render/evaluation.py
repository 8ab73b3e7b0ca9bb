"""How `evaluate` looks: what was earned, how good the forecasts were, and what may be claimed."""

from typing import TYPE_CHECKING

from kalshi_cli.cli.render.tables import Cell, print_facts, print_table
from kalshi_cli.cli.render.words import NOTHING, dollars, gain
from kalshi_cli.evaluation.interval import Interval
from kalshi_cli.evaluation.scores import Score
from kalshi_cli.steps.evaluate import EvaluateResult

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
            ("fees", "right"),
            ("AI", "right"),
            ("net", "right"),
            ("per event, 95%", "right"),
            "verdict",
        ),
        [
            (
                row.strategy,
                str(row.markets),
                dollars(row.fees),
                dollars(row.ai_cost),
                gain(row.net),
                spread(row.per_event, unit="$", decimals=2),
                row.verdict,
            )
            for row in result.strategies
        ],
    )
    print_table(
        console,
        "Forecasts against the market (Brier score, lower is better)",
        (
            "model",
            ("judged", "right"),
            ("ours", "right"),
            ("market", "right"),
            ("better by, 95%", "right"),
            "verdict",
        ),
        [_score_cells(row) for row in result.scores],
    )
    _print_rest(result, console)


def _score_cells(row: Score) -> tuple[str, ...]:
    traded = row.traded
    return (
        f"{row.forecaster} {row.model}" if row.model != row.forecaster else row.model,
        str(row.judged),
        NOTHING if traded is None else f"{traded.brier:.4f}",
        NOTHING if traded is None else f"{traded.market_brier:.4f}",
        spread(None if traded is None else traded.gain, unit="", decimals=4),
        row.verdict,
    )


def _print_rest(result: EvaluateResult, console: "Console") -> None:
    facts: list[tuple[str, Cell]] = [
        ("waiting", f"{result.waiting} forecasts have no result yet"),
        ("AI cost", dollars(result.ai_cost.to_money())),
    ]
    if result.since_start is not None:
        facts.append(("equity", dollars(result.equity)))
        facts.append(("since start", gain(result.since_start)))
    facts += [("note", label) for label in result.labels]
    facts.append(("verdict", _conclusion(result)))
    print_facts(console, facts)


def _conclusion(result: EvaluateResult) -> str:
    verdicts = {row.verdict for row in result.strategies}
    if "edge" in verdicts:
        return "an edge is shown: the interval of net profit is above zero"
    if "no edge" in verdicts:
        return "no edge shown: the interval of net profit is below zero"
    return "unresolved: too few independent events to claim anything"


def spread(interval: Interval | None, *, unit: str, decimals: int) -> str:
    """`+0.0021 [-0.0010, +0.0052]`; the bounds are missing where they cannot be known."""
    if interval is None:
        return NOTHING

    def signed(value: float | None) -> str:
        return "?" if value is None else f"{value:+.{decimals}f}"

    mean = signed(interval.mean).replace("+", f"+{unit}").replace("-", f"-{unit}")
    return f"{mean} [{signed(interval.low)}, {signed(interval.high)}]"
