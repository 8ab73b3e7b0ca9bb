"""The program's own stdin, stdout and stderr, which whoever starts it may have closed or filled."""

import errno
import os
import sys
import textwrap
from io import TextIOWrapper
from pathlib import Path

from kalshi_cli.errors import KalshiError

NARROW = 80
"""Columns of a terminal that does not tell."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})


class Unwritable(KalshiError):
    """What should be written cannot be: the disk is full, say."""


def prepare_streams() -> None:
    """Put nothing in the place of what is closed, and let titles be of every language."""
    is_closed = sys.stdout is None
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if is_closed:
        tell("warning: stdout is closed: the result is shown to nobody.")


def tell(text: str) -> None:
    """A line on stderr, broken between words on a terminal. Where nobody can be told, the work goes
    on.
    """
    try:
        told = _broken(text) if sys.stderr.isatty() else text
        print(told, file=sys.stderr)  # noqa: T201 - stderr is for people
    except OSError:
        _forget(sys.stderr)


def _broken(text: str) -> str:
    """The text in lines that fit the terminal; a word that is longer stays whole."""
    try:
        width = os.get_terminal_size(sys.stderr.fileno()).columns or NARROW
    except OSError:
        width = NARROW
    lines = text.splitlines() or [""]
    return "\n".join(
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) for line in lines
    )


def unwritable(raised: BaseException) -> Unwritable | None:
    """A failed write as an error to tell; None for anything else."""
    if not isinstance(raised, OSError) or raised.errno not in _FULL:
        return None
    where = f"{raised.filename}" if raised.filename else "the output"
    return Unwritable(
        f"Cannot write {where}: {raised.strerror}.",
        remedy="Make room there, or send it elsewhere.",
    )


def leave_streams() -> None:
    """Write what is left, so that the interpreter does not fail at it when the code is set."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _forget(stream)


def _forget(stream: object) -> None:
    """Send what a stream still holds, and all that comes, to nobody."""
    if isinstance(stream, TextIOWrapper):
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, stream.fileno())
        os.close(nobody)
