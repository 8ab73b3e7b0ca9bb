"""A token bucket that never promises more than the exchange still has, however slow the network.

The exchange charges a request at some moment between its sending and its answer. So its tokens are
set aside when it is sent, and spent when it is answered: what is spent grows back, what is set
aside does not yet. Whenever the exchange charges, its bucket then holds at least what ours says.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from kalshi_cli.errors import Refused
from kalshi_cli.ports.access import Budget

LONGEST_FLIGHT_S = 2.0
"""A request that is not answered by then was charged: a hang may not starve what follows."""

_TOKEN = 10**9
"""Parts of a token: at a rate of one a second, one part comes back in a nanosecond."""
_TRUSTED = 980
"""Thousandths of the rate that are counted on: two clocks do not tick alike."""
_LEAST_TRUSTED = 50
_REGAINED = 5
"""Thousandths that an answer brings back of a guessed rate; a refusal takes three tenths of it."""
_SHORTEST_NAP_S = 0.001

Sleep = Callable[[float], Awaitable[None]]
Monotonic = Callable[[], int]
"""Nanoseconds of a clock that is never set."""


async def sleep_monotonic(seconds: float) -> None:
    """Wait on the monotonic clock: this is about the network, never about trading."""
    await asyncio.sleep(seconds)  # noqa: TID251 - network pacing and backoff, not trading


class TokenBucket:
    """Tokens for requests, each kind of which waits its turn in order.

    `reserve` tokens are kept for the urgent, who therefore never wait behind the rest. A `guessed`
    budget is one that nobody told: a refusal slows its rate down, answers bring it back.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        reserve: int = 0,
        guessed: bool = False,
        monotonic: Monotonic = time.monotonic_ns,
        sleep: Sleep = sleep_monotonic,
    ) -> None:
        self._budget, self._reserve = budget, reserve
        self._guessed, self._trusted = guessed, _TRUSTED
        self._monotonic, self._sleep = monotonic, sleep
        self._level = budget.capacity * _TOKEN
        self._seen = self._slowed = monotonic()
        self._flights: dict[Charge, None] = {}
        self._set_aside = 0
        self._turns = {urgent: asyncio.Lock() for urgent in (False, True)}

    @property
    def free(self) -> float:
        """Tokens that may be used now; below zero where the exchange said that there are none."""
        self._grow()
        return (self._level - self._set_aside) / _TOKEN

    def most(self, *, urgent: bool = False) -> int:
        """Tokens that one request may cost."""
        return self._budget.capacity - (0 if urgent else self._reserve)

    async def admit(self, cost: int, *, urgent: bool = False) -> "Charge":
        """Wait for tokens and set them aside; the caller settles the charge once it has an answer.

        Raises `Refused` for a request that costs more than the bucket can ever hold.
        """
        async with self._turns[urgent]:
            while (short := self._short(cost, urgent=urgent)) > 0:
                await self._sleep(max(_SHORTEST_NAP_S, short / self._growth_s))
            charge = Charge(self, cost * _TOKEN, self._monotonic())
            self._flights[charge] = None
            self._set_aside += charge.parts
            return charge

    def become(self, budget: Budget, *, reserve: int = 0) -> None:
        """Take another size, which it always had; what is spent stays spent."""
        self._grow()
        self._level += (budget.capacity - self._budget.capacity) * _TOKEN
        self._budget, self._reserve = budget, reserve

    def settle(self, charge: "Charge", *, throttled: bool) -> None:
        """Spend what was set aside. A throttled request paid nothing: there was not enough left."""
        self._grow()
        if charge in self._flights:
            del self._flights[charge]
            self._set_aside -= charge.parts
            self._level -= 0 if throttled else charge.parts
        if throttled:
            self._level = min(self._level, 0)
        if self._guessed:
            self._guess_anew(charge, throttled=throttled)

    def _guess_anew(self, charge: "Charge", *, throttled: bool) -> None:
        """Several requests that were refused together say it once."""
        if not throttled:
            self._trusted = min(_TRUSTED, self._trusted + _REGAINED)
        elif charge.sent >= self._slowed:
            self._trusted = max(_LEAST_TRUSTED, self._trusted * 7 // 10)
            self._slowed = self._seen

    @property
    def _growth_s(self) -> float:
        """Parts that come back in a second."""
        return self._budget.rate * _TOKEN * self._trusted / 1_000

    def _short(self, cost: int, *, urgent: bool) -> int:
        """Parts that are missing for a request."""
        needed = cost + (0 if urgent else self._reserve)
        if needed > self._budget.capacity:
            raise Refused(
                f"A request of {cost} tokens can never be sent: "
                f"the account holds {self._budget.capacity}, {self._reserve} of them in reserve.",
                remedy="Send it in smaller parts.",
            )
        self._grow()
        return needed * _TOKEN - (self._level - self._set_aside)

    def _grow(self) -> None:
        now = self._monotonic()
        grown = max(0, now - self._seen) * self._budget.rate * self._trusted // 1_000
        self._level = min(self._budget.capacity * _TOKEN, self._level + grown)
        self._seen = now
        late = now - int(LONGEST_FLIGHT_S * 10**9)
        for charge in [each for each in self._flights if each.sent <= late]:
            del self._flights[charge]
            self._set_aside -= charge.parts
            self._level -= charge.parts


class Charge:
    """The tokens of one request under way."""

    __slots__ = ("_bucket", "parts", "sent")

    def __init__(self, bucket: TokenBucket, parts: int, sent: int) -> None:
        self._bucket, self.parts, self.sent = bucket, parts, sent

    def settle(self, *, throttled: bool = False) -> None:
        """The request was answered, or will not be."""
        self._bucket.settle(self, throttled=throttled)
