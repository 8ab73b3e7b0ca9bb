"""Looking at many markets in turns, so that no command waits for all of them."""

from collections.abc import Sequence


class Turns:
    """At most `most` of the candidates at a time; with fewer of them, all each time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._next = 0

    def of(self, candidates: Sequence[str]) -> Sequence[str]:
        if len(candidates) <= self._most:
            return candidates
        start = self._next if self._next < len(candidates) else 0
        chosen = candidates[start : start + self._most]
        self._next = start + len(chosen)
        return chosen
