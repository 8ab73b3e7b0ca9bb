"""A file that halts the desk by being there: `touch`, from anywhere, with whatever still works."""

from dataclasses import dataclass
from pathlib import Path

LONGEST = 500


@dataclass(frozen=True, slots=True)
class HaltFile:
    """Called, it tells what the file says; None where there is no file.

    A file that cannot be read halts as well: somebody put it there.
    """

    path: Path

    def __call__(self) -> str | None:
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")[:LONGEST]
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"a {self.path.name} file that cannot be read: {error.strerror}"
        said = "".join(sign for sign in " ".join(text.split()) if sign.isprintable())
        return said or f"a {self.path.name} file without a reason"
