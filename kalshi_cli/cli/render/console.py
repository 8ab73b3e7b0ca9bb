"""The console: colour and width as the terminal and `NO_COLOR` say; in a pipe no line is folded.

Markup is off: titles and messages come from elsewhere and may hold brackets.
"""

import sys
from typing import TYPE_CHECKING

from kalshi_cli.cli.options import Options

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80
"""Columns of what is drawn where there is no terminal."""


def stdout(options: Options) -> "Console":
    """Where results go."""
    from rich.console import Console  # 50 ms: only what prints a table pays it

    class Piped(Console):
        """Whoever reads may have enough: `kalshi inspect tape | head` is no failure."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    console = Piped(
        file=sys.stdout,
        no_color=options.no_color or None,
        width=None if sys.stdout.isatty() else WIDTH,
        highlight=False,
        markup=False,
    )
    console.soft_wrap = not console.is_terminal
    return console
