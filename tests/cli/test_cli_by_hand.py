"""What is said of what was done by hand."""

from io import StringIO

from rich.console import Console

from kalshi_cli.cli.by_hand import Changed, Outcome, show_changed, show_outcome
from kalshi_cli.domain.identity import DeskState

ENDS = "nothing rests any more; of ours 12 canceled; nothing is sent for a minute"


def test_on_a_terminal_no_word_is_torn():
    console = Console(file=StringIO(), width=80, force_terminal=True, highlight=False)
    show_outcome(
        Outcome("cancel-all", "everything", ENDS, "by the process that trades", ()), console
    )
    show_changed(Changed(DeskState.ACTIVE, DeskState.HALTED, "x", "no " * 20 + "more"), console)
    lines = console.file.getvalue().splitlines()
    assert lines[0].split()[-1] == "is"  # the 80th sign is within the next word
    assert lines[1] == "sent for a minute (by the process that trades)"
    assert max(map(len, lines)) <= 80
