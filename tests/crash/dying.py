"""Run `kalshi`, and die by SIGKILL around the N-th call of something, `before` or `after` it.

python dying.py before kalshi_cli.adapters.kalshi.trading:KalshiTrading.place 2 trade --sim
"""

import functools
import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from kalshi_cli.__main__ import main


def doomed(call: Callable[..., Any], *, before: bool, number: int) -> Callable[..., Any]:
    """The asynchronous `call`, deadly the `number`-th time."""
    calls = 0

    @functools.wraps(call)
    async def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if before and calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await call(*arguments, **named)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return counted


if __name__ == "__main__":
    when, where, which, *command = sys.argv[1:]
    module, _, path = where.partition(":")
    owner, name = path.split(".")
    kind = getattr(importlib.import_module(module), owner)
    patched = doomed(getattr(kind, name), before=when == "before", number=int(which))
    setattr(kind, name, patched)
    main(command)
