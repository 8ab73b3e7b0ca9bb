"""What a forked process does: it is `kalshi`, as people run it but for what its command says."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crash.dying import Point, arm

from kalshi_cli.__main__ import main
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import Order, Terms
from kalshi_cli.ports.exchange import Amendment, Cancellation, CancellationKind

OPINIONS = (0.06, -0.06, 0.0)
"""How much too dear the forecaster thinks a market, in dollars: so orders take, or rest."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, its environment, and the file that gets all it says.

    It may kill itself at a `point`. With a `change`, `kalshi cancel` makes the order smaller or
    moves it instead, which people have no command for. Its lease may last less than 30 s. If it
    `has_opinions`, its baseline differs from the market's price, so that it trades hard.
    """

    arguments: Sequence[str]
    variables: Mapping[str, str]
    output: Path
    point: Point | None = None
    change: str = ""
    lease_s: float | None = None
    has_opinions: bool = False


def be_kalshi(command: Command) -> None:
    """Never returns: raises `SystemExit` as the program does."""
    for name in [name for name in os.environ if name.startswith(("KALSHI_", "XAI_"))]:
        del os.environ[name]
    os.environ.update(command.variables)
    os.chdir(command.variables["KALSHI_HOME"])
    output = os.open(command.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["kalshi", *command.arguments]
    if command.has_opinions:
        _have_opinions()
    if command.lease_s is not None:
        _hold_briefly(command.lease_s)
    if command.change:
        _change_instead(command.change)
    if command.point:
        arm(command.point)
    main(list(command.arguments))


def _opinion(_: str, price: float) -> float:
    """Another one with every cent that the price moves."""
    return OPINIONS[round(price * 100) % len(OPINIONS)]


def _have_opinions() -> None:
    from kalshi_cli.adapters.baseline import BaselineForecaster
    from kalshi_cli.bootstrap import forecasters
    from kalshi_cli.forecasting.baseline import Baseline

    async def opinionated(*_: object) -> BaselineForecaster:
        return BaselineForecaster(Baseline(_opinion, {}), "baseline: one with opinions")

    assert hasattr(forecasters, "_baseline"), "whoever makes the baseline is called otherwise now"
    forecasters._baseline = opinionated


def _hold_briefly(lease_s: float) -> None:
    from kalshi_cli.adapters.store import lease

    lease.hold_lease = partial(lease.hold_lease, ttl_s=lease_s, renew_s=lease_s / 6)


def _change_instead(change: str) -> None:
    from kalshi_cli.steps import amending, command
    from kalshi_cli.steps.execution import Desk

    async def smaller(desk: Desk, order: Order) -> tuple[Order, Cancellation]:
        """Leave one contract resting."""
        return _as_cancel(*await amending.decrease(desk, order, Contracts.parse("1")))

    async def moved(desk: Desk, order: Order) -> tuple[Order, Cancellation]:
        """A cent worse."""
        intent = order.intent
        limit = Price(intent.limit.units - intent.side.sign * 100)
        terms = Terms(limit, intent.count, intent.expires_us)
        return _as_cancel(*await amending.reprice(desk, order, terms))

    command.cancel = {"smaller": smaller, "moved": moved}[change]


def _as_cancel(order: Order, answer: Amendment) -> tuple[Order, Cancellation]:
    return order, Cancellation(CancellationKind.UNKNOWN, code=answer.code, message=answer.message)
