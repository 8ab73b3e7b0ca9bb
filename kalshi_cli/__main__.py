"""`python -m kalshi_cli` and the `kalshi` script."""

import atexit
import gc
import sys
from collections.abc import Sequence
from typing import NoReturn

from kalshi_cli.cli.app import build
from kalshi_cli.cli.runtime import run_program

gc.set_threshold(50_000, 20, 50)
# Imports make a hundred thousand objects that stay; looking through them again and again for
# garbage was a tenth of a short command's time. Set before the imports that the command needs.
atexit.register(gc.freeze)
# Nor at the end, where that was a fifth of it: what must be closed is closed by then.
sys.setswitchinterval(0.0005)
# The thread of the store needs the interpreter for an instant at the beginning and end of each
# statement. At the 5 ms that are usual it stood waiting while a page of markets was being read.


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    run_program(build, argv)


if __name__ == "__main__":
    main()
