"""How long the exchange may leave something unsaid on the stream before it is asked again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that an answer and a snapshot may take; after how many of quiet in all books one of
    them is asked for, so that a loss at the end shows; and after how many failures of a kind
    another way is tried.
    """

    answer_s: float = 10.0
    snapshot_s: float = 5.0
    quiet_s: float = 15.0
    failures: int = 3


DEFAULT_PATIENCE = Patience()
