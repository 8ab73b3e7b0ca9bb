"""The exchange without a socket: httpx talks to the application in the same process."""

from collections.abc import Callable
from email.utils import formatdate

import httpx
from starlette.types import ASGIApp

from kalshi_cli.domain.instant import SECOND


class InProcessTransport(httpx.AsyncBaseTransport):
    """Carries requests to an application, and turns its crashes into httpx's own errors.

    `wall` (real time, microseconds) gives the `Date` header, as a server would.
    """

    def __init__(self, app: ASGIApp, wall: Callable[[], int]) -> None:
        self._inner = httpx.ASGITransport(app)
        self._wall = wall

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response = await self._inner.handle_async_request(request)
        except httpx.HTTPError:
            raise
        except Exception as error:
            raise httpx.RemoteProtocolError(
                f"The simulated exchange failed: {error!r}.", request=request
            ) from error
        response.headers["Date"] = formatdate(self._wall() / SECOND, usegmt=True)
        return response
