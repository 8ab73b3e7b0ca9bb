"""How limits look: what each is, how much of it is used, and how it came to be so."""

from collections.abc import Container
from typing import TYPE_CHECKING

from kalshi_cli.cli.render.tables import print_facts, print_table
from kalshi_cli.cli.render.words import NOTHING, dollars, instant, some
from kalshi_cli.domain.money import Money
from kalshi_cli.steps.limiting import OTHERS, LimitRow, LimitsInUse

if TYPE_CHECKING:
    from rich.console import Console


def show_limits(result: LimitsInUse, console: "Console") -> None:
    """Limits of each order alone have nothing beside them: nothing uses them up."""
    changed = {change.name for change in result.changes if change.old is not None}
    facts = [("bankroll", dollars(result.bankroll))]
    if result.liquidation is not None:
        since = f"day began at {dollars(result.day_start)}, peak {dollars(result.peak)}"
        facts.append(("losses by", f"{dollars(result.liquidation)}, all sold now; {since}"))
        if result.contested:
            told = f"{some(len(result.contested), 'market')} held where an order of ours rests"
            facts.append(
                ("", f"in {told}: by what others bid there, if seen in the last 15 minutes")
            )
    print_facts(console, facts)
    print_table(
        console,
        "Limits",
        (
            "limit",
            ("set to", "right"),
            ("used", "right"),
            ("of", "right"),
            ("by", "note"),
        ),
        [
            (
                row.name,
                _set_to(row),
                NOTHING if row.usage is None else _amount(row.usage.used),
                NOTHING if row.usage is None else _amount(row.usage.bound),
                _by(row, changed),
            )
            for row in result.limits
        ],
    )
    console.print("Shares are of the bankroll. Of the cash reserve, used is what is free.")
    print_table(
        console,
        "Changes, newest first",
        ("real UTC", "limit", ("change", "wrap"), ("who", "spare"), ("why", "note")),
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


def _set_to(row: LimitRow) -> str:
    """The value; shares that have a line each are not told twice."""
    if row.name == OTHERS:
        return "none" if row.value == "{}" else "as follows"
    return row.value.strip('"')


def _by(row: LimitRow, changed: Container[str]) -> str:
    """What uses most of a limit, that it is more than that allows, and where it comes from."""
    rebalanced = f"rebalanced, config file {row.configured}" if row.configured else ""
    if row.usage is None:
        return rebalanced
    by = f"by {row.usage.where}" if row.usage.where else ""
    over = _over(row, is_changed=row.name in changed) if row.usage.is_over else ""
    return "; ".join(filter(None, (by, over, rebalanced)))


_LOSSES = {
    "risk.max_daily_loss": "over: only exits until 00:00Z and `kalshi resume`",
    "risk.max_drawdown": "over: only exits until `kalshi resume`",
}


def _over(row: LimitRow, *, is_changed: bool) -> str:
    """How that can be, and what holds: nothing that we send goes over a limit."""
    if row.name in _LOSSES:
        return _LOSSES[row.name]
    if is_changed:
        return "over since the limit or the bankroll changed; no new entries"
    if row.name.endswith("_exposure") or row.name.startswith("allocation."):
        return "over since the bankroll fell; no new entries"
    return "over; no new entries"


def _amount(value: Money | int | None) -> str:
    """Dollars or a count; nothing where the limit was removed."""
    return dollars(value) if isinstance(value, Money) else NOTHING if value is None else str(value)
