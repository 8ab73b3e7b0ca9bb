"""The generated documents: `python -m kalshi_cli.cli.documents` writes them, `--check` compares.

All come from the code alone, so they cannot say what the program does not do.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kalshi_cli.adapters.store import blueprint
from kalshi_cli.cli.app import PANELS, SHARED, Branch, Leaf, load, names, overview, told_of
from kalshi_cli.cli.codes import every_code, every_error
from kalshi_cli.cli.options import EVERY
from kalshi_cli.settings.describe import example

if TYPE_CHECKING:
    from typer._click import Parameter

ROOT = Path(__file__).resolve().parent.parent.parent
_INTRODUCTION = """# Commands

Generated from the code by `python -m kalshi_cli.cli.documents`; do not edit.

Results go to stdout, everything else to stderr. `kalshi COMMAND --help` says the same as this page.
"""
_CODES = """# Codes

Generated from the code by `python -m kalshi_cli.cli.documents`; do not edit.

Why something was not done, or was, is told by a code that stays what it is: by `kalshi why`,
`trade`, `analyze`, `inspect-db`, the tables of `inspect`, and all of them with `--json`.
`kalshi why CODE` says what is said here. The reason of an exit, and of a closed trade, begins with
the exit's code in small letters. A strategy of your own has codes of its own beside these.

The code of an `error` with `--json` is none of these: COMMANDS_REFERENCE.md has them, under its
[codes of errors](../COMMANDS_REFERENCE.md#codes-of-errors), and `kalshi why CODE` too.

| code | said by | what it means | what to do |
|---|---|---|---|
"""
_ENVELOPE = """## JSON

With `--json` a command writes one object to stdout, also when it fails; `run-loop` writes one such
line a cycle.

    {"schema_version": 1, "command": "ingest", "env": "sim", "ok": true, "data": {...},
     "warnings": [], "error": null}

`error` is null or `{"code", "message", "remedy"}`. Dollars and counts are decimal strings as the
exchange writes them, instants RFC 3339 in UTC under names that end in `_at`, probabilities numbers.
What is missing is null.

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | unexpected: a fault of the program |
| 2 | usage: fix the command line |
| 3 | not found |
| 4 | configuration, credentials, real money not confirmed, store older or newer, a failing check |
| 5 | exchange or AI unreachable |
| 6 | refused or halted by risk; lease or world held by another process; AI budget gone |
| 7 | integrity or reconciliation problem; store unreadable, corrupt or full |
| 130, 143 | ended by a signal, however clean |

## Codes of errors

The `code` of an `error`, each with its exit code. What is a kind of another stands below it.

| code | exit code | meaning |
|---|---|---|
"""


def documents() -> Mapping[str, str]:
    """Every generated file, by its path from the repository's root."""
    return {
        "COMMANDS_REFERENCE.md": reference(),
        "docs/codes.md": codes(),
        "config.example.toml": example(),
        blueprint.PATH: blueprint.drawn(),
    }


def reference() -> str:
    """The commands by panel, then the options that all of them take."""
    parts = [_INTRODUCTION]
    for panel in PANELS:
        members = [name for name in names() if overview(name)[1] == panel]
        if members:
            parts.append(f"## {panel}\n")
        parts += [part for name in members for part in _command(name)]
    parts.append("## Options of every command\n\nThey work before and after the command's name.\n")
    parts.append(_table([param for param in SHARED if param.name in EVERY]))
    parts.append("## Options of the commands that move the simulated world\n")
    parts.append(_table([param for param in SHARED if param.name not in EVERY]))
    parts.append(_ENVELOPE + "".join(_errors()))
    return "\n".join(parts)


def codes() -> str:
    """Every code, who says it, what it means and what to do."""
    told = ((f"`{row.code}`", row.said_by, row.means, row.remedy) for row in every_code())
    rows = (" | ".join(cell.replace("|", "\\|") for cell in cells) for cells in told)
    return _CODES + "".join(f"| {row} |\n" for row in rows)


def _errors() -> Iterator[str]:
    for exit_code, row in every_error():
        yield f"| `{row.code}` | {exit_code} | {row.means.rstrip('.')} |\n"


def _command(name: str) -> Iterator[str]:
    command = load(name)
    if isinstance(command, Branch):
        yield f"### kalshi {name}\n\n{_text(command.help)}\n"
        for child_name, child in command.commands.items():
            assert isinstance(child, Leaf)  # noqa: S101 - a branch holds leaves only
            yield _leaf(f"kalshi {name} {child_name}", child, "####")
    else:
        yield _leaf(f"kalshi {name}", command, "###")


def _leaf(path: str, command: Leaf, heading: str) -> str:
    ctx = typer.Context(command, info_name=path)
    usage = " ".join(p for param in command.params for p in param.get_usage_pieces(ctx))
    title = f"{heading} {path} {usage}".rstrip()
    parts = [title + "\n", _text(command.help) + "\n"]
    if command.params:
        parts.append(_table(command.params))
    if command.takes:
        also = ", ".join(f"`--{name.replace('_', '-')}`" for name in command.takes)
        parts.append(f"Also takes {also}.\n")
    return "\n".join(parts)


def _text(help_text: str | None) -> str:
    """A docstring as markdown: its example becomes code."""
    lines = [line.strip() for line in (help_text or "").replace("\b", "").splitlines()]
    shown = [
        f"    {line.removeprefix('Example: ')}" if line.startswith("Example: ") else line
        for line in lines
    ]
    return "\n".join(shown).strip("\n")


def _table(params: "Sequence[Parameter]") -> str:
    rows = ["| option | meaning |", "|---|---|"]
    for param in params:
        record = told_of(param, typer.Context(Leaf("kalshi")))
        if record is not None:
            name, meaning = (text.replace("|", "\\|") for text in record)
            rows.append(f"| `{name}` | {meaning} |")
    return "\n".join(rows) + "\n"


def main(arguments: list[str]) -> int:
    """Write the documents, or with `--check` say which are out of date."""
    stale = [path for path, text in documents().items() if _read(ROOT / path) != text]
    if "--check" in arguments:
        for path in stale:
            typer.echo(f"{path} is out of date: run python -m kalshi_cli.cli.documents", err=True)
        return 1 if stale else 0
    for path in stale:
        (ROOT / path).write_text(documents()[path], encoding="utf-8")
        typer.echo(f"wrote {path}")
    return 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
