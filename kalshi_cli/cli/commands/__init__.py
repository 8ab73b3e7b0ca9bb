"""One file a command, found by file name; `run_loop.py` is `kalshi run-loop`."""
