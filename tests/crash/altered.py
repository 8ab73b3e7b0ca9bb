"""What is otherwise about a process that is `kalshi` than as people run it."""

from dataclasses import dataclass
from functools import partial

from crash.dying import Point, arm

from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import Order, Terms
from kalshi_cli.ports.exchange import Amendment, Cancellation, CancellationKind

OPINIONS = (0.06, -0.06, 0.0)
"""How much too dear the forecaster thinks a market, in dollars: so orders take, or rest."""


@dataclass(frozen=True, slots=True)
class Altered:
    """What a process alters about itself before it runs a command; nothing, unless asked.

    It may kill itself at a `point`. With a `change`, `kalshi cancel` makes the order smaller or
    moves it instead, which people have no command for. Its lease may last less than 30 s. If it
    `has_opinions`, its baseline differs from the market's price, so that it trades hard.
    """

    point: Point | None = None
    change: str = ""
    lease_s: float | None = None
    has_opinions: bool = False

    def __call__(self) -> None:
        if self.has_opinions:
            _have_opinions()
        if self.lease_s is not None:
            _hold_briefly(self.lease_s)
        if self.change:
            _change_instead(self.change)
        if self.point:
            arm(self.point)


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
    from kalshi_cli.steps import amending, canceling
    from kalshi_cli.steps.execution import Desk

    async def smaller(desk: Desk, order: Order, _why: str) -> tuple[Order, Cancellation]:
        """Leave one contract resting."""
        return _as_cancel(*await amending.decrease(desk, order, Contracts.parse("1")))

    async def moved(desk: Desk, order: Order, _why: str) -> tuple[Order, Cancellation]:
        """A cent worse."""
        intent = order.intent
        limit = Price(intent.limit.units - intent.side.sign * 100)
        terms = Terms(limit, intent.count, intent.expires_us)
        return _as_cancel(*await amending.reprice(desk, order, terms))

    canceling.cancel = {"smaller": smaller, "moved": moved}[change]


def _as_cancel(order: Order, answer: Amendment) -> tuple[Order, Cancellation]:
    return order, Cancellation(CancellationKind.UNKNOWN, code=answer.code, message=answer.message)
