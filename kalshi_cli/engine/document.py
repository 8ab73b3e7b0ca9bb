"""Reads tables of somebody's own document strictly: unknown keys and absurd values are told."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from kalshi_cli.errors import InvalidValue


class Table:
    """One table of a document. `where` is how errors call it.

    Every reader raises `InvalidValue` for a value of another kind or out of bounds, and gives None
    where the key is not there. So does the table itself for a key that is not among `known`.
    """

    def __init__(self, content: object, where: str, known: Collection[str]) -> None:
        if not isinstance(content, Mapping):
            raise InvalidValue(f"{where} must be a table, not {content!r}.")
        self.content: Mapping[str, object] = content
        self._where = where
        for key in content:
            if key not in known:
                raise InvalidValue(f"{where} has no {key!r}.{suggestion(key, known)}")

    def wrong(self, key: str, must: str) -> InvalidValue:
        """The error about a key's value."""
        return InvalidValue(f"{self._where}: {key} must be {must}, not {self.content.get(key)!r}.")

    def number(self, key: str, low: float, high: float) -> float | None:
        value = self.content.get(key)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:  # type: ignore[operator]
            raise self.wrong(key, f"a number from {low:g} to {high:g}")
        return float(value)  # type: ignore[arg-type]

    def whole(self, key: str, low: int, high: int) -> int | None:
        value = self.content.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.wrong(key, f"a whole number from {low:,} to {high:,}")
        return value

    def text(self, key: str) -> str | None:
        value = self.content.get(key)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise self.wrong(key, "a text")
        return value

    def texts(self, key: str) -> tuple[str, ...] | None:
        value = self.content.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
            raise self.wrong(key, "a list of texts")
        return tuple(value)

    def word(self, key: str, words: Collection[str]) -> str | None:
        """One of some words."""
        value = self.text(key)
        if value is not None and value not in words:
            raise self.wrong(key, f"one of {', '.join(words)}")
        return value


def suggestion(word: str, known: Collection[str]) -> str:
    """What was probably meant, else all that there is."""
    close = get_close_matches(word, known, 1)
    return f" Did you mean {close[0]!r}?" if close else f" There are: {', '.join(sorted(known))}."
