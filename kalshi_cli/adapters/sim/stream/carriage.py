"""What faults make of the frames of one connection: they are lost, doubled, late, or its end."""

from collections.abc import Callable, Iterator

from kalshi_cli.adapters.sim.faults.plan import (
    Duplicate,
    Frame,
    Gap,
    Reordering,
    Reset,
    Stall,
    Strike,
)
from kalshi_cli.adapters.sim.stream.outbox import Due

Decide = Callable[[Frame], tuple[Strike, ...]]
Step = str | Stall | Reset
"""A frame to send, a time to wait, or the end of the connection without a word."""


def faultless(_frame: Frame) -> tuple[Strike, ...]:
    """Nothing goes wrong."""
    return ()


class Carriage:
    """Carries the frames of one connection, as `decide` has it."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self._behind: list[str] = []

    def carry(self, due: Due) -> Iterator[Step]:
        """What to do when a frame is due. One that is out of order follows the next in order."""
        copies, is_late = 1, False
        for strike in self._decide(Frame(due.channel, due.ticker)):
            match strike.rule:
                case Stall() | Reset() as step:
                    yield step
                case Gap():
                    copies = 0
                case Duplicate():
                    copies *= 2
                case Reordering():
                    is_late = True
                case _:  # the other rules strike requests
                    pass
        if is_late:
            self._behind += [due.text] * copies
            return
        yield from [due.text] * copies
        if copies:
            yield from self._behind
            self._behind.clear()
