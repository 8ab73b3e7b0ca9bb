"""Allow and block lists, as people type them."""

from collections.abc import Collection


def names(listed: Collection[str], name: str) -> bool:
    """Whether a list names something, in whatever case."""
    folded = name.casefold()
    return any(entry.casefold() == folded for entry in listed)
