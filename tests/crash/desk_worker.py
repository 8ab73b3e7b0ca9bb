"""Runs `kalshi` again and again: each line on stdin forks a process of it, to be killed.

Forking spares every process the imports; what it opens, sends, writes and loses is its own.
A line is JSON: `arguments`, `variables`, `output` (a file) and, where it shall die, `point`.
With `change`, `kalshi cancel` makes the order smaller or moves it instead, which people have no
command for. It is answered by the process's id, and once it has ended by how.
"""

import gc
import importlib
import json
import os
import pkgutil
import sys
import traceback
from typing import Any

from crash.dying import Point, arm

import kalshi_cli
from kalshi_cli.__main__ import main
from kalshi_cli.adapters.baseline import BaselineForecaster
from kalshi_cli.bootstrap import opening
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import Order, Terms
from kalshi_cli.forecasting.baseline import Baseline
from kalshi_cli.ports.exchange import Cancellation, CancellationKind
from kalshi_cli.steps import amending, command
from kalshi_cli.steps.execution import Desk

APART = ("__main__", ".migrations.")
OPINIONS = (0.06, -0.06, 0.0)
"""How much too dear the forecaster thinks a market, in dollars: so orders take, or rest."""


def import_everything() -> None:
    for module in pkgutil.walk_packages(kalshi_cli.__path__, "kalshi_cli."):
        if not any(part in module.name for part in APART):
            importlib.import_module(module.name)


def opinion(_: str, price: float) -> float:
    """Another one with every cent that the price moves."""
    return OPINIONS[round(price * 100) % len(OPINIONS)]


async def opinionated(*_: object) -> BaselineForecaster:
    return BaselineForecaster(Baseline(opinion, {}), "baseline: one with opinions")


async def smaller(desk: Desk, order: Order) -> tuple[Order, Cancellation]:
    """Leave one contract resting."""
    order, answer = await amending.decrease(desk, order, Contracts.parse("1"))
    return order, Cancellation(CancellationKind.UNKNOWN, code=answer.code, message=answer.message)


async def moved(desk: Desk, order: Order) -> tuple[Order, Cancellation]:
    """A cent worse."""
    intent = order.intent
    limit = Price(intent.limit.units - intent.side.sign * 100)
    terms = Terms(limit, intent.count, intent.expires_us)
    order, answer = await amending.reprice(desk, order, terms)
    return order, Cancellation(CancellationKind.UNKNOWN, code=answer.code, message=answer.message)


CHANGES = {"smaller": smaller, "moved": moved}


def run(order: dict[str, Any]) -> None:
    """Be `kalshi`; never returns."""
    for name in [name for name in os.environ if name.startswith(("KALSHI_", "XAI_"))]:
        del os.environ[name]
    os.environ.update(order["variables"])
    os.chdir(order["variables"]["KALSHI_HOME"])
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["kalshi", *order["arguments"]]
    opening._baseline = opinionated  # the one thing that is not as people run it
    if order["change"]:
        command.cancel = CHANGES[order["change"]]
    if order["point"]:
        arm(Point(*order["point"]))
    main(order["arguments"])


def tell(**line: object) -> None:
    os.write(1, (json.dumps(line) + "\n").encode())


if __name__ == "__main__":
    import_everything()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                run(json.loads(line))
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 1
            except BaseException:  # noqa: BLE001 - whatever it is, the harness reads it
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                os._exit(code)
        tell(pid=child)
        _, status = os.waitpid(child, 0)
        tell(code=os.waitstatus_to_exitcode(status))
