"""Every stable code that the desk may say, found where it is said."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from inspect import getdoc
from pkgutil import iter_modules
from types import ModuleType

from kalshi_cli import domain, exits, filters, portfolio, ports, risk, steps, strategies
from kalshi_cli.domain.code import Code
from kalshi_cli.errors import KalshiError, code_of
from kalshi_cli.exits._base import Exit
from kalshi_cli.filters._base import Filter
from kalshi_cli.plugins import names, plugin_class
from kalshi_cli.risk._base import Control

PLUG_INS: tuple[tuple[ModuleType, type[Control | Filter | Exit], str], ...] = (
    (risk, Control, "control"),
    (filters, Filter, "filter"),
    (exits, Exit, "exit"),
)
SPEAKERS = (domain, exits, portfolio, ports, steps, strategies)
"""The packages whose modules may have kinds of codes of their own."""
_LIKE = re.compile("[A-Za-z_]+")


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code: who says it, what it means, and what a person may do about it."""

    code: str
    said_by: str
    means: str
    remedy: str


def every_code() -> tuple[CodeRow, ...]:
    """All but those of errors by the alphabet; one that two parts say has a row for each."""
    rows = [*_of_plug_ins(), *_of_kinds()]
    return tuple(sorted(rows, key=lambda row: (row.code.upper(), row.said_by)))


def every_error(above: type[KalshiError] = KalshiError) -> Iterator[tuple[int, CodeRow]]:
    """The kinds of errors with their exit codes, in their order; a kind of another comes below."""
    own = [kind for kind in above.__subclasses__() if kind.__bases__[0] is above]
    for kind in sorted(own, key=lambda kind: (kind.exit_code, kind.__name__)):
        said_by = f"an error, exit code {kind.exit_code}"
        means = (getdoc(kind) or "").partition("\n")[0]
        yield kind.exit_code, CodeRow(code_of(kind), said_by, means, "the error says it itself")
        yield from every_error(kind)


def named(text: str) -> tuple[CodeRow, ...]:
    """The rows of one code, however it is written; none where that is no code."""
    if not _LIKE.fullmatch(text):
        return ()
    rows = (*every_code(), *(row for _, row in every_error()))
    return tuple(row for row in rows if row.code.upper() == text.upper())


def _of_plug_ins() -> Iterator[CodeRow]:
    for package, contract, kind in PLUG_INS:
        for name in names(package):
            plug_in = plugin_class(package, name, contract)
            means = f"{_first(import_module(plug_in.__module__))} {_first(plug_in)}"
            yield CodeRow(plug_in.code, f"{kind} `{name}`", means, plug_in.remedy)


def _of_kinds() -> Iterator[CodeRow]:
    for package in SPEAKERS:
        for module in iter_modules(package.__path__):
            import_module(f"{package.__name__}.{module.name}")
    for kind in Code.__subclasses__():
        said_by = _first(kind).rstrip(".")
        for code in kind:
            yield CodeRow(code.value, said_by[0].lower() + said_by[1:], code.means, code.remedy)


def _first(documented: ModuleType | type[object]) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((getdoc(documented) or "").partition("\n\n")[0].split())
