"""How `config` looks."""

from typing import TYPE_CHECKING

from kalshi_cli.cli.configuration import Places, Shown, Written

if TYPE_CHECKING:
    from rich.console import Console


def show_settings(result: Shown, console: "Console", *, origin: bool) -> None:
    """`key = value` lines, with where each came from on request."""
    entries = (*result.settings, *result.secrets)
    width = max(len(entry.key) for entry in entries)
    for entry in entries:
        came = f"  # {entry.origin}" if origin else ""
        line = f"{entry.key.ljust(width)} = {entry.value}{came}"
        console.print(line, soft_wrap=True)


def show_places(result: Places, console: "Console") -> None:
    rows = (
        ("config file", result.config_file or "none found"),
        ("home", result.home),
        ("log file", result.log_file),
    )
    for name, value in rows:
        console.print(f"{name.ljust(11)}  {value}", soft_wrap=True)


def show_written(result: Written, console: "Console") -> None:
    console.print(f"Wrote {result.path}.", soft_wrap=True)
