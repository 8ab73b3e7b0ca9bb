"""What a forked process does to be `kalshi` as a shell starts it."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kalshi_cli.__main__ import main


@dataclass(frozen=True, slots=True)
class Start:
    """A command line, its whole environment, where it starts, and the files that get what it says.

    It will `alter` itself before it runs, or become an interpreter that `is_apart`.
    """

    arguments: Sequence[str]
    variables: Mapping[str, str]
    directory: Path
    out: Path
    err: Path
    alter: Callable[[], None]
    is_apart: bool


def be_program(start: Start) -> None:
    """Never returns: raises `SystemExit` as the program does."""
    os.chdir(start.directory)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, file in ((1, start.out), (2, start.err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_APPEND), number)
    if start.is_apart:
        command = [sys.executable, "-m", "kalshi_cli", *start.arguments]
        os.execve(sys.executable, command, start.variables)
    os.environ.clear()
    os.environ.update(start.variables)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.argv = ["kalshi", *start.arguments]
    start.alter()
    main(list(start.arguments))
