"""How far a long command is, on stderr: one line that moves on a terminal, a few elsewhere."""

import sys
from collections.abc import Callable

from kalshi_cli.cli.invocation import Invocation

FEW = 10
"""Lines of a whole command where stderr is no terminal."""


def progress_of(invocation: Invocation) -> Callable[[int, int], None]:
    """What to tell how many are done, and of how many; one alone is not worth a line."""

    def told(done: int, of: int) -> None:
        if of < 2 or invocation.given.get("quiet"):
            return
        if sys.stderr.isatty():
            end = "\n" if done == of else ""
            sys.stderr.write(f"\r{done} of {of} events{end}")
            sys.stderr.flush()
        elif done == of or done * FEW // of != (done - 1) * FEW // of:
            invocation.say(f"{done} of {of} events")

    return told
