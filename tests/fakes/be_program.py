"""What a forked process does to be `kalshi` as a shell starts it."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from fakes.worlds import begin_once

from kalshi_cli.__main__ import main


@dataclass(frozen=True, slots=True)
class Start:
    """A command line, its whole environment, where it starts, what hears it, and `kept_worlds`."""

    arguments: Sequence[str]
    variables: Mapping[str, str]
    directory: Path
    out: Connection
    err: Connection
    worlds: Path


def be_program(start: Start) -> None:
    """Never returns: raises `SystemExit` as the program does."""
    os.environ.clear()
    os.environ.update(start.variables)
    os.chdir(start.directory)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, pipe in ((1, start.out), (2, start.err)):
        os.dup2(pipe.fileno(), number)
        pipe.close()
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.argv = ["kalshi", *start.arguments]
    begin_once(setattr, start.worlds)
    main(list(start.arguments))
