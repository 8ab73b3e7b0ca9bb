"""`python -m kalshi_cli` and the `kalshi` script."""

from kalshi_cli.cli.runtime import main

if __name__ == "__main__":
    main()
