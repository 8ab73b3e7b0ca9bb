"""How `inspect llm` looks: calls to language models, and one of them with every word."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.render.tables import print_facts, print_table
from kalshi_cli.cli.render.words import charged, harmless, instant, moment, shown
from kalshi_cli.ports.rows.ai import AiCallRow, AiCallTexts
from kalshi_cli.steps.ai_costs import AiCosts

if TYPE_CHECKING:
    from rich.console import Console


def show_calls(rows: Sequence[AiCallRow], console: "Console") -> None:
    """A line a call, newest first."""
    print_table(
        console,
        "AI calls",
        ("id", "event", "role", ("cost", "right"), ("outcome", "cut"), "UTC"),
        [
            (
                row.call_id,
                row.event_ticker,
                row.role,
                "in flight" if row.cost is None else charged(row.cost),
                _outcome(row),
                moment(row.called_wall_us),
            )
            for row in rows
        ],
    )


def show_costs(found: AiCosts, console: "Console") -> None:
    """A line a day, role, model or strategy, and all of it together."""
    lines = [(line.name, str(line.calls), line.cost.spoken) for line in found.lines]
    title = f"AI cost by {found.by}"
    print_table(console, title, (str(found.by), ("calls", "right"), ("cost", "right")), lines)
    print_facts(console, [("together", found.total.spoken)])


def show_call(found: AiCallTexts, console: "Console") -> None:
    """One call: what it cost, and what was asked and answered, whole."""
    call = found.call
    served = call.served_model or "nobody"
    tokens = (
        f"{call.prompt_tokens} read ({call.cached_tokens} cached), "
        f"{call.completion_tokens} written, {call.reasoning_tokens} thought"
    )
    facts = [
        ("call", call.call_id),
        ("event", call.event_ticker),
        ("role", f"{call.role}, prompt {call.prompt_version}"),
        ("model", f"{call.requested_model} asked, {served} answered"),
        ("asked at", call.provider or "not noted"),
        ("at", f"{instant(call.called_wall_us)} real time, {instant(call.called_us)} market time"),
        ("tokens", tokens),
        (
            "cost",
            f"{_cost(call)} by {call.cost_source or 'nobody yet'}; "
            f"{call.reserved.spoken} set aside",
        ),
        ("outcome", _outcome(call)),
    ]
    if call.tools:
        facts.append(("research", f"{call.searches} searches with {call.tools}"))
    if call.reason:
        facts.append(("reason", shown(call.reason)))
    print_facts(console, facts)
    for name, text in (("System", found.system), ("Asked", found.user), ("Answer", found.answer)):
        console.print(f"\n{name}", style="bold")
        told = "not kept" if text is None else harmless(text)
        console.print(told, markup=False, highlight=False, soft_wrap=True)
    if found.citations:
        console.print("\nCited, as others wrote it", style="bold")
        for address in found.citations:
            console.print(harmless(address), markup=False, highlight=False, soft_wrap=True)


def _cost(row: AiCallRow) -> str:
    return "in flight" if row.cost is None else row.cost.spoken


def _outcome(row: AiCallRow) -> str:
    return row.outcome if row.form in {None, "clean"} else f"{row.outcome}, {row.form}"
