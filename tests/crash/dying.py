"""Die by SIGKILL `before` or `after` the N-th call of something.

A call that is given collections, all of them empty, has nothing to do: it does not count.
"""

import functools
import importlib
import inspect
import os
import signal
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Point:
    """Where to die: `when`, around the `number`-th call of `where` (module:name or
    module:Class.name).
    """

    when: str
    where: str
    number: int = 1

    @property
    def name(self) -> str:
        """Of what is called there, alone."""
        return self.where.rpartition(".")[2]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: Point) -> None:
    """Make the place deadly, for this process."""
    module, _, path = point.where.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    call = getattr(owner, name)
    kind = _asynchronous if inspect.iscoroutinefunction(call) else _synchronous
    setattr(owner, name, kind(call, point))


class _Countdown:
    """Kills when the calls have come to the point."""

    def __init__(self, point: Point) -> None:
        self._point, self._calls = point, 0

    def before(self, arguments: tuple[object, ...]) -> None:
        given = [each for each in arguments if isinstance(each, Collection)]
        if given and not any(given):
            return
        self._calls += 1
        if self._calls == self._point.number and self._point.when == "before":
            die()

    def after(self) -> None:
        if self._calls >= self._point.number:
            die()


def _asynchronous(call: Callable[..., Any], point: Point) -> Callable[..., Any]:
    countdown = _Countdown(point)

    @functools.wraps(call)
    async def counted(*arguments: Any, **named: Any) -> Any:
        countdown.before(arguments)
        answer = await call(*arguments, **named)
        countdown.after()
        return answer

    return counted


def _synchronous(call: Callable[..., Any], point: Point) -> Callable[..., Any]:
    countdown = _Countdown(point)

    @functools.wraps(call)
    def counted(*arguments: Any, **named: Any) -> Any:
        countdown.before(arguments)
        answer = call(*arguments, **named)
        countdown.after()
        return answer

    return counted
