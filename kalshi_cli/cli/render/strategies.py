"""How strategies look."""

from typing import TYPE_CHECKING

from kalshi_cli.cli.render.tables import Cell, print_facts, print_table
from kalshi_cli.cli.render.words import gain, instant, some

if TYPE_CHECKING:
    from rich.console import Console

    from kalshi_cli.cli.roster import Forgiven, Member
    from kalshi_cli.cli.scaffold import Scaffold


def show_roster(result: "tuple[Member, ...]", console: "Console") -> None:
    rows = [(each.name, _state(each), f"{each.share:.0%}", each.summary) for each in result]
    columns = ("strategy", "state", ("share", "right"), ("what it does", "wrap"))
    print_table(console, "Strategies", columns, rows)
    for each in result:
        if each.named and not each.share:
            told = f"{each.name} has no share of the capital: write others.{each.name} = 0.05"
            console.print(f"{told} under [allocation] of the config file.", markup=False)


def show_member(result: "Member", console: "Console") -> None:
    facts: list[tuple[str, Cell]] = [
        ("strategy", result.name),
        ("state", _state(result)),
        ("share", _share(result)),
        ("file", result.path or "comes with the program"),
    ]
    if result.fault is not None:
        told = f"{result.fault.in_a_row} in a row, {instant(result.fault.at_us)}"
        facts.append(("faults", f"{told}: {result.fault.error}"))
    if result.record is not None:
        row = result.record
        told = f"{some(row.round_trips, 'round trip')}, {row.won} won, {row.open_positions} open"
        facts.append(("record", f"{gain(row.net)} net; {told}"))
    for each in result.hit_rates:
        told = f"{each.hits} of {each.trials} trials hit, {each.proven:.3f} proven"
        facts.append(("hit rate", f"{each.signal}: {told}"))
    facts += [(f"  {key}", value) for key, value in result.parameters]
    print_facts(console, facts)
    console.print(f"\n{result.description}", markup=False, highlight=False)


def show_scaffold(result: "Scaffold", console: "Console") -> None:
    for line in (
        f"Wrote {result.path}",
        f"      {result.test}",
        f"Try it:   pip install pytest && python -m pytest {result.test}",
        f"Run it:   {result.config_line}   under [allocation] of the config file",
    ):
        console.print(line, soft_wrap=True, markup=False, highlight=False)


def show_forgiven(result: "Forgiven", console: "Console") -> None:
    if result.had is None:
        console.print(f"{result.strategy} has no fault on record.")
    else:
        console.print(f"{result.strategy} is asked again. It had: {result.had.error}", markup=False)


def _share(member: "Member") -> str:
    if member.share > 0:
        return f"{member.share:.0%} of the bankroll"
    return f"none: others.{member.name} = 0.05 under [allocation] of the config file gives it one"


def _state(member: "Member") -> str:
    fault = member.fault
    if member.unloadable is not None:
        return "broken"
    if fault is not None and fault.is_disabled:
        return "disabled"
    if member.runs:
        return "runs" if fault is None else f"runs, erred {fault.in_a_row}x"
    return "off" if member.share > 0 else "no share"
