"""How the state machine tells what it found: events for the consumer, and a tally of everything."""

from collections import Counter
from dataclasses import dataclass, field

from kalshi_cli.adapters.kalshi.stream.channels import READ_OF, Channel
from kalshi_cli.adapters.kalshi.stream.mailbox import Mailbox
from kalshi_cli.adapters.kalshi.stream.subscription import Step
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.ports.stream import Resync, StreamEvent

GAP = "frames of the stream were lost"
RESTARTED = "the frames' numbers went back"
MARGIN_US = 10 * SECOND
"""Read again from so long before the last sign of life: clocks differ, and frames take time."""
_MOST_WORDS = 64
"""Different unknown words that are told apart in the tally."""
_LONGEST = 300
"""Characters of a text from elsewhere that are passed on."""


@dataclass(slots=True)
class Telling:
    """`heard_us` is the last sign of life of the connection, in market time."""

    mailbox: Mailbox
    tally: Counter[str] = field(default_factory=Counter)
    heard_us: int | None = None

    def event(self, event: StreamEvent) -> None:
        self.mailbox.put(event, _since(self.heard_us))

    def book(self, ticker: str) -> None:
        """A book is another than it was."""
        self.mailbox.books[ticker] = None

    def lost(self, ticker: str) -> None:
        """A book is unknown from now on."""
        self.mailbox.books[ticker] = None
        self.tally["books lost"] += 1

    def refused(self, what: str, reason: str) -> None:
        """Something was not believed, or was not to be had."""
        self.tally["refused"] += 1
        self.mailbox.put(Unusable(_printable(what), _printable(reason)), None)

    def due(self, channel: Channel, reason: str, *, sound_us: int | None, ticker: str = "") -> None:
        """The read that makes good for a channel, where it has one: since it was last sound."""
        if channel in READ_OF:
            self.mailbox.put(Resync(READ_OF[channel], ticker, _since(sound_us), reason), None)

    def counted(self, step: Step) -> None:
        """Count what a frame's number said, where it was not the next."""
        if step.is_old:
            self.tally["frames again or late"] += 1
        elif step is Step.GAP:
            self.tally["gaps"] += 1

    def restarted(self) -> None:
        """The numbers of a subscription tell nothing any more: it is begun anew."""
        self.tally["numbers went back"] += 1

    def nobodys(self) -> None:
        """Count a frame of no subscription that there is."""
        self.tally["frames of no subscription"] += 1

    def word(self, word: str) -> None:
        """Count a word that nobody knows."""
        self.tally[word if word in self.tally or len(self.tally) < _MOST_WORDS else "unknown"] += 1


def _since(sound_us: int | None) -> int | None:
    return None if sound_us is None else sound_us - MARGIN_US


def _printable(text: str) -> str:
    return "".join(each for each in text[:_LONGEST] if each.isprintable())
