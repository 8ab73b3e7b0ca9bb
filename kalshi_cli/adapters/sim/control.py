"""The control of a served exchange: `/sim` beside the exchange's own API, for this machine alone.

What it does to the world are commands like any other: they are on the log.
"""

import ipaddress
from typing import TYPE_CHECKING, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from kalshi_cli.adapters.sim.faults.plan import FaultPlan
from kalshi_cli.adapters.sim.routes.orders import refused
from kalshi_cli.adapters.sim.wire.replies import rejection, reply
from kalshi_cli.domain.instant import parse_rfc3339, parse_span, to_rfc3339
from kalshi_cli.domain.money import Money
from kalshi_cli.engine.commands import Deposit, Moneyed, Rejected, SetTrading, TradingSet
from kalshi_cli.errors import InvalidValue, KalshiError

if TYPE_CHECKING:
    from kalshi_cli.adapters.sim.serving import ExchangeServer

PREFIX = "/sim"

Body = TypeVar("Body", bound=msgspec.Struct)


class Move(msgspec.Struct, forbid_unknown_fields=True):
    """How far the world shall live on: a span such as `6h`, or until an instant (RFC 3339)."""

    span: str = ""
    to: str = ""


class Where(msgspec.Struct, forbid_unknown_fields=True):
    """What to pause or resume: a market, a shard, or everything."""

    ticker: str = ""
    shard: int | None = None


class Amount(msgspec.Struct, forbid_unknown_fields=True):
    """Dollars that arrive on shard 0; negative ones are withdrawn."""

    amount: str


class Control:
    """Answers `/sim`, and lets the exchange answer the rest."""

    def __init__(self, server: "ExchangeServer", exchange: ASGIApp) -> None:
        self._server = server
        self._exchange = exchange
        self._control = Starlette(
            routes=self._routes(),
            exception_handlers={
                HTTPException: _no_such_route,
                msgspec.MsgspecError: _bad_request,
                InvalidValue: _bad_request,
                KalshiError: _failed,
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not (path == PREFIX or path.startswith(f"{PREFIX}/")):
            await self._exchange(scope, receive, send)
        elif _is_local(scope):
            await self._control(scope, receive, send)
        else:
            await rejection(Rejected(403, "forbidden"))(scope, receive, send)

    def _routes(self) -> list[Route]:
        return [
            Route(PREFIX, self.status, methods=["GET"]),
            Route(f"{PREFIX}/faults", self.faults, methods=["GET"]),
            Route(f"{PREFIX}/faults", self.plan, methods=["PUT"]),
            Route(f"{PREFIX}/faults", self.forget, methods=["DELETE"]),
            Route(f"{PREFIX}/advance", self.advance, methods=["POST"]),
            Route(f"{PREFIX}/pause", self.pause, methods=["POST"]),
            Route(f"{PREFIX}/resume", self.resume, methods=["POST"]),
            Route(f"{PREFIX}/deposit", self.deposit, methods=["POST"]),
        ]

    async def status(self, _request: Request) -> Response:
        found = self._server.simulation.status()
        body = {
            "world_id": found.world_id,
            "world": found.world,
            "description": found.description,
            "seed": found.seed,
            **self._time(),
            "cash": str(found.cash),
            "markets": dict(found.markets_by_status),
            "orders": found.orders,
            "resting_orders": found.resting_orders,
            "fills": found.fills,
            "open_positions": found.open_positions,
            "commands": found.commands,
        }
        return reply(body)

    async def faults(self, _request: Request) -> Response:
        """The rules, and how often each matched and struck."""
        faults = self._server.simulation.host.faults
        rules = [
            {**msgspec.to_builtins(rule), "matched": tally.matched, "struck": tally.struck}
            for rule, tally in zip(faults.plan.rules, faults.tallies, strict=True)
        ]
        return reply({"seed": faults.seed, "rules": rules})

    async def plan(self, request: Request) -> Response:
        self._server.simulation.host.plan_faults(await _read(request, FaultPlan))
        return await self.faults(request)

    async def forget(self, request: Request) -> Response:
        self._server.simulation.host.plan_faults(FaultPlan())
        return await self.faults(request)

    async def advance(self, request: Request) -> Response:
        move = await _read(request, Move)
        if bool(move.span) == bool(move.to):
            raise InvalidValue("Give one of span and to.")
        now_us = self._server.now()
        to_us = now_us + parse_span(move.span) if move.span else parse_rfc3339(move.to)
        self._server.advance(to_us)
        return reply(self._time())

    async def pause(self, request: Request) -> Response:
        return self._set_trading(await _read(request, Where), active=False)

    async def resume(self, request: Request) -> Response:
        return self._set_trading(await _read(request, Where), active=True)

    async def deposit(self, request: Request) -> Response:
        amount = Money.parse((await _read(request, Amount)).amount)
        answer = self._server.simulation.host.apply(Deposit(amount))
        if isinstance(answer, Moneyed):
            return reply({"movement_id": answer.movement_id})
        return refused(answer)

    def _set_trading(self, where: Where, *, active: bool) -> Response:
        command = SetTrading(active, where.ticker, where.shard)
        answer = self._server.simulation.host.apply(command)
        if isinstance(answer, TradingSet):
            return reply({"markets": answer.markets})
        return refused(answer)

    def _time(self) -> dict[str, object]:
        return {"now": to_rfc3339(self._server.now()), "clock": self._server.scale.as_json()}


def _is_local(scope: Scope) -> bool:
    """Whether a program of this machine asks, and no page in its browser."""
    host = (scope.get("client") or ("", 0))[0]
    return ipaddress.ip_address(host).is_loopback and b"origin" not in dict(scope["headers"])


async def _read(request: Request, kind: type[Body]) -> Body:
    return msgspec.json.decode(await request.body() or b"{}", type=kind)


async def _bad_request(_request: Request, error: Exception) -> Response:
    return rejection(Rejected(400, "bad_request", str(error)))


async def _no_such_route(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return rejection(Rejected(status, "not_found" if status == 404 else "method_not_allowed"))


async def _failed(_request: Request, error: Exception) -> Response:
    return rejection(Rejected(400, "refused", str(error)))
