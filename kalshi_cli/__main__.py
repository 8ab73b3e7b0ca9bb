"""`python -m kalshi_cli` and the `kalshi` script."""

from collections.abc import Sequence
from typing import NoReturn

from kalshi_cli.cli.app import build
from kalshi_cli.cli.runtime import run_program


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    run_program(build, argv)


if __name__ == "__main__":
    main()
