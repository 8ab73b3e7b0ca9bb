"""The exchange without a socket: httpx talks to the application in the same process."""

from collections.abc import Callable
from email.utils import formatdate

import httpx
from starlette.types import ASGIApp, Scope

from kalshi_cli.adapters.sim.http.faulty import Line
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.ports.clock import Clock


class InProcessTransport(httpx.AsyncBaseTransport):
    """Carries requests to an application, and turns faults and crashes into httpx's own errors.

    Time that a fault takes passes on the market's clock: a request that takes longer than its
    client waits arrives all the same. Real time gives the `Date` header, as a server would.
    """

    def __init__(self, build: Callable[[Line], ASGIApp], clock: Clock) -> None:
        self._inner = httpx.ASGITransport(build(self))
        self._clock = clock
        self._down_until_us = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        began_us = self._clock.now()
        if began_us < self._down_until_us:
            raise httpx.ConnectError("The connection was refused.", request=request)
        try:
            response = await self._inner.handle_async_request(request)
        except ConnectionResetError as error:
            self._refuse_late(request, began_us)
            raise httpx.ReadError("The connection was reset.", request=request) from error
        except httpx.HTTPError:
            raise
        except Exception as error:
            raise httpx.RemoteProtocolError(
                f"The simulated exchange failed: {error!r}.", request=request
            ) from error
        self._refuse_late(request, began_us)
        response.headers["Date"] = formatdate(self._clock.wall() / SECOND, usegmt=True)
        return response

    async def wait(self, seconds: float) -> None:
        await self._clock.sleep_until(self._clock.now() + round(seconds * SECOND))

    def reset(self, scope: Scope) -> None:
        raise ConnectionResetError(scope["path"])

    async def cut(self, seconds: float) -> None:
        self._down_until_us = self._clock.now() + round(seconds * SECOND)

    def _refuse_late(self, request: httpx.Request, began_us: int) -> None:
        patience_s = request.extensions.get("timeout", {}).get("read")
        if patience_s is not None and self._clock.now() - began_us > patience_s * SECOND:
            raise httpx.ReadTimeout("The answer took too long.", request=request)
