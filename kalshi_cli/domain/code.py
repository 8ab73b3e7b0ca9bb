"""Stable codes: why something was not done, or was. Each says what it means and what to do."""

from enum import StrEnum
from typing import Self


class Code(StrEnum):
    """What one part of the desk may say; the docstring of a kind names that part.

    A member is its text, which is kept in the store and in what others wrote to read it, and so
    never changes; what it means; and what a person may do about it.
    """

    means: str
    remedy: str

    def __new__(cls, text: str, means: str = "", remedy: str = "") -> Self:
        code = str.__new__(cls, text)
        code._value_ = text
        code.means, code.remedy = means, remedy
        return code
