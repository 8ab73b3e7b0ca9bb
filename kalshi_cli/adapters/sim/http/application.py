"""The exchange's HTTP application: `/trade-api/v2`, in-process or served.

A `Date` header is added by whoever carries the answers: the server, or the in-process transport.
"""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from kalshi_cli.adapters.sim.access.auth import KeyRing
from kalshi_cli.adapters.sim.access.budgets import Budgets
from kalshi_cli.adapters.sim.access.gate import Gate
from kalshi_cli.adapters.sim.routes.account import AccountRoutes, CostRoutes
from kalshi_cli.adapters.sim.routes.candles import CandleRoutes
from kalshi_cli.adapters.sim.routes.events import EventRoutes
from kalshi_cli.adapters.sim.routes.exchange import ExchangeRoutes
from kalshi_cli.adapters.sim.routes.groups import GroupRoutes
from kalshi_cli.adapters.sim.routes.historical import HistoricalAccountRoutes, HistoricalRoutes
from kalshi_cli.adapters.sim.routes.incentives import IncentiveRoutes
from kalshi_cli.adapters.sim.routes.markets import MarketRoutes
from kalshi_cli.adapters.sim.routes.orders import OrderRoutes
from kalshi_cli.adapters.sim.routes.portfolio import PortfolioRoutes
from kalshi_cli.adapters.sim.routes.subaccounts import SubaccountRoutes
from kalshi_cli.adapters.sim.routes.transfers import TransferRoutes
from kalshi_cli.adapters.sim.stream.hub import StreamHub
from kalshi_cli.adapters.sim.stream.websocket import PATH, StreamEndpoint
from kalshi_cli.adapters.sim.wire.bodies import BadBody
from kalshi_cli.adapters.sim.wire.markets import MarketRows
from kalshi_cli.adapters.sim.wire.replies import BadParameter, rejection, reply
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.engine.commands import Rejected
from kalshi_cli.errors import KalshiError

PREFIX = "/trade-api/v2"


def build_app(
    host: Host,
    hub: StreamHub,
    keys: KeyRing,
    budgets: Budgets,
    *,
    user_id: str,
    wall: Callable[[], int],
) -> Starlette:
    """The application in front of a host and its stream; `wall` is real time in microseconds."""
    gate = Gate(keys, budgets, wall)
    account = AccountRoutes(budgets, keys, wall()).routes()
    private = [*_private_routes(host, user_id), *account]
    public = [*_public_routes(host), *CostRoutes(PREFIX).routes()]
    routes: list[BaseRoute] = [
        *(gate.guard(route, public=True) for route in public),
        *(gate.guard(route, public=False) for route in private),
    ]
    api = Router(routes, redirect_slashes=False)
    return Starlette(
        routes=[
            Mount(PREFIX, app=_Alive(_Slashless(api), host)),
            WebSocketRoute(PATH, StreamEndpoint(hub, keys, wall, host.strikes)),
        ],
        exception_handlers={
            BadParameter: _bad_parameter,
            BadBody: _bad_body,
            HTTPException: _no_such_route,
            KalshiError: _failed,
        },
    )


def _private_routes(host: Host, user_id: str) -> list[Route]:
    return [
        *PortfolioRoutes(host, user_id).routes(),
        *OrderRoutes(host).routes(),
        *GroupRoutes(host).routes(),
        *TransferRoutes(host).routes(),
        *SubaccountRoutes(host).routes(),
        *HistoricalAccountRoutes(host, user_id).routes(),
    ]


def _public_routes(host: Host) -> list[Route]:
    rows = MarketRows(host.exchange)
    return [
        *ExchangeRoutes(host).routes(),
        *EventRoutes(host, rows).routes(),
        *CandleRoutes(host, rows).routes(),
        *MarketRoutes(host, rows).routes(),
        *HistoricalRoutes(host, rows).routes(),
        *IncentiveRoutes(host).routes(),
    ]


class _Alive:
    """Answers nothing once the world's file has failed: memory may be ahead of it."""

    def __init__(self, app: ASGIApp, host: Host) -> None:
        self._app, self._host = app, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._host.failure is not None:
            raise self._host.failure
        await self._app(scope, receive, send)


class _Slashless:
    """Redirects a path with a slash too many, if without it there would be something."""

    def __init__(self, router: Router) -> None:
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/")
        if scope["path"] != path and self._leads_somewhere({**scope, "path": path}):
            query = scope["query_string"].decode("latin-1")
            plain = scope["raw_path"].decode("latin-1").rstrip("/")
            answer = Response(None, 301, {"Location": f"{plain}?{query}" if query else plain})
            await answer(scope, receive, send)
        else:
            await self._router(scope, receive, send)

    def _leads_somewhere(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is Match.FULL for route in self._router.routes)


async def _bad_parameter(_request: Request, error: Exception) -> Response:
    return reply({"msg": str(error)}, 400)


async def _bad_body(_request: Request, error: Exception) -> Response:
    return reply({"code": "bad_request", "message": "bad request", "details": str(error)}, 400)


async def _no_such_route(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    code = "not_found" if status == 404 else "method_not_allowed"
    answer = rejection(Rejected(status, code))
    answer.headers.update(getattr(error, "headers", None) or {})
    return answer


async def _failed(_request: Request, error: Exception) -> Response:
    return rejection(Rejected(503, "service_unavailable", str(error)))
