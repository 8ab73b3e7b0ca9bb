"""How `inspect-db`, `migrate` and `doctor` look."""

from typing import TYPE_CHECKING

from kalshi_cli.adapters.store.migrate import Migrated, SchemaStatus
from kalshi_cli.bootstrap.upkeep import StoreReport
from kalshi_cli.cli.checks import Diagnosis
from kalshi_cli.cli.render.tables import print_facts, print_table
from kalshi_cli.cli.render.words import some
from kalshi_cli.steps.discrepancies import Comparison

if TYPE_CHECKING:
    from rich.console import Console


def show_store(result: StoreReport, console: "Console") -> None:
    """What was checked, what was found, and the exchange beside it."""
    audit = result.audit
    rows = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in audit.checked)
    compared = f"not compared: {result.not_compared}"
    if result.exchange_cash is not None:
        compared = f"cash {result.exchange_cash.spoken}"
    facts = [
        ("store", result.location),
        ("rows", rows),
        ("ledger", f"cash {audit.cash.spoken}"),
        ("exchange", compared),
    ]
    if result.repaired is not None:
        mended = result.repaired
        facts.append(
            (
                "repaired",
                f"{some(mended.positions, 'position')}, {some(mended.round_trips, 'round trip')}",
            )
        )
    if result.vacuumed is not None:
        space = result.vacuumed
        told = f"{space.after / 1e6:,.1f} MB, {space.before / 1e6:,.1f} MB before"
        if space.is_read:
            told += ": somebody still reads the store, which shrinks once they close it"
        facts.append(("vacuumed", told))
    facts += [("repaired", done) for done in result.done]
    if result.accepted is not None:
        taken = result.accepted
        facts.append(("accepted", f"{taken.amount.spoken} by {taken.who}: {taken.why}"))
    if result.backup is not None:
        facts.append(("backup", str(result.backup)))
    print_facts(console, facts)
    print_table(
        console,
        "Findings",
        ("code", "about", ("detail", "note")),
        [(each.code, each.subject, each.detail) for each in audit.findings],
    )
    if result.compared is not None:
        _show_compared(result.compared, console)
    elif result.exchange_cash is not None:
        print_table(
            console,
            "Differences to the exchange",
            ("what", ("ours", "right"), ("theirs", "right")),
            [(each.what, each.ours, each.theirs) for each in result.differences],
        )


def _show_compared(compared: Comparison, console: "Console") -> None:
    """Every fact that is told otherwise, as a few lines: amounts are too long for columns."""
    if not compared.discrepancies:
        console.print("Differences to the exchange: none")
    for each in compared.discrepancies:
        console.print(f"{each.what} {each.subject}", style="bold", soft_wrap=True)
        print_facts(
            console,
            [
                ("  ours", each.ours),
                ("  theirs", each.theirs),
                ("  because", each.explanation),
                ("  repair", each.repair or "none is proved: it stays"),
            ],
        )
    facts = []
    if compared.why:
        facts.append(("read in part", compared.why))
    if compared.explained or compared.unexplained:
        facts.append(("cash explained", f"${compared.explained}"))
        facts.append(("unexplained", f"${compared.unexplained}"))
    if facts:
        print_facts(console, facts)


def show_schema(result: SchemaStatus, console: "Console") -> None:
    """Where the schema is, and the steps ahead."""
    now = "no store yet: any command that works makes it" if result.current is None else None
    print_facts(
        console,
        [
            ("schema", now or str(result.current)),
            ("newest", result.head),
            ("ahead", "; ".join(result.pending) if result.current and result.pending else "none"),
        ],
    )


def show_migrated(result: Migrated, console: "Console") -> None:
    """What a migration did, and where the backup is."""
    if not result.steps:
        console.print(f"Schema {result.after} is the newest: nothing to do.")
        return
    console.print(f"Migrated {result.before} to {result.after}: {'; '.join(result.steps)}")
    if result.backup is not None:
        console.print(f"The store as it was: {result.backup}", soft_wrap=True)


def show_diagnosis(result: Diagnosis, console: "Console") -> None:
    """One line a check, and what to do where one failed."""
    print_table(
        console,
        "Checks",
        ("check", "result", ("detail", "wrap")),
        [(each.name, each.result, each.detail) for each in result.checks],
    )
    remedies = [(each.name, each.remedy) for each in result.checks if each.remedy]
    if remedies:
        console.print("What to do", style="bold")
        print_facts(console, remedies)
