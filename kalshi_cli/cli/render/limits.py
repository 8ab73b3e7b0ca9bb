"""How limits look: what each is, how much of it is used, and how it came to be so."""

from typing import TYPE_CHECKING

from kalshi_cli.cli.render.tables import print_facts, print_table
from kalshi_cli.cli.render.words import NOTHING, dollars, instant
from kalshi_cli.domain.money import Money
from kalshi_cli.steps.limiting import LimitsInUse

if TYPE_CHECKING:
    from rich.console import Console


def show_limits(result: LimitsInUse, console: "Console") -> None:
    """Limits of each order alone have nothing beside them: nothing uses them up."""
    print_facts(console, [("bankroll", dollars(result.bankroll))])
    print_table(
        console,
        "Limits",
        (
            "limit",
            ("set to", "right"),
            ("used", "right"),
            ("of", "right"),
            ("by", "fold"),
        ),
        [
            (
                row.name,
                row.value.strip('"'),
                NOTHING if row.usage is None else _amount(row.usage.used),
                NOTHING if row.usage is None else _amount(row.usage.bound),
                "" if row.usage is None else row.usage.where,
            )
            for row in result.limits
        ],
    )
    console.print("Shares are of the bankroll. Of the cash reserve, used is what is free.")
    print_table(
        console,
        "Changes, newest first",
        ("real UTC", ("limit", "fold"), ("change", "wrap"), "who", ("why", "wrap")),
        [
            (
                instant(row.changed_wall_us),
                row.name,
                f"{row.old.strip(chr(34))} to {row.new.strip(chr(34))}" if row.old else row.new,
                row.who,
                row.why,
            )
            for row in result.changes
            if row.old is not None
        ],
    )


def _amount(value: Money | int | None) -> str:
    """Dollars or a count; nothing where the limit was removed."""
    return dollars(value) if isinstance(value, Money) else NOTHING if value is None else str(value)
