"""Carries faults out on HTTP requests, between the wire and the exchange's application."""

import http
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kalshi_cli.adapters.sim.faults import plan as faults
from kalshi_cli.adapters.sim.faults.past_accounts import READ_LAG
from kalshi_cli.adapters.sim.http.application import PREFIX
from kalshi_cli.adapters.sim.wire.bodies import BadBody, NewOrder, read_body
from kalshi_cli.adapters.sim.wire.orders import placed_wire
from kalshi_cli.adapters.sim.wire.replies import rejection, reply
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.domain.instant import MILLISECOND
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts
from kalshi_cli.engine.commands import Placed, Rejected, SetTrading
from kalshi_cli.engine.orders import derived_id
from kalshi_cli.errors import InvalidValue

Page = dict[str, Any]
_FIRST_PAGE = "Zmlyc3Q="
"""A cursor that means nothing: the exchange answers it with the first page."""


class Line(Protocol):
    """What carries requests and answers: how time passes on it, and how it breaks."""

    async def wait(self, seconds: float) -> None: ...

    def reset(self, scope: Scope) -> None:
        """Break the connection of a request or a stream."""
        ...

    async def cut(self, seconds: float) -> None:
        """Accept no connection for a while."""
        ...


class FaultyHttp:
    """The application, with whatever the host's fault plan does to its requests.

    The streams pass; each finds in its scope, as `reset`, how to break its connection.
    """

    def __init__(self, app: ASGIApp, host: Host, line: Line) -> None:
        self._app, self._host, self._line = app, host, line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "websocket":
            scope["reset"] = partial(self._line.reset, scope)
        elif scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/"):
            request = faults.Request(scope["method"], scope["path"].removeprefix(PREFIX))
            for strike in reversed(self._host.strikes(request)):
                app = partial(self._carry_out, app, strike)
        await app(scope, receive, send)

    async def _carry_out(
        self, app: ASGIApp, strike: faults.Strike, scope: Scope, receive: Receive, send: Send
    ) -> None:
        call = _Call(app, self._host, self._line, strike, scope, receive, send)
        await _CARRIERS[type(strike.rule)](call, strike.rule)


@dataclass(frozen=True, slots=True)
class _Call:
    """A request that is struck: the application behind it, and the wire in front."""

    app: ASGIApp
    host: Host
    line: Line
    strike: faults.Strike
    scope: Scope
    receive: Receive
    send: Send

    async def forward(self, **changes: object) -> None:
        """Let the application answer, with changes to the request's scope."""
        await self.app({**self.scope, **changes}, self.receive, self.send)

    async def answered(self) -> Response:
        """What the application answers, held back."""
        sent: list[Message] = []

        async def keep(message: Message) -> None:
            sent.append(message)

        await self.app(self.scope, self.receive, keep)
        response = Response(b"".join(each.get("body", b"") for each in sent), sent[0]["status"])
        response.raw_headers = list(sent[0]["headers"])
        return response

    async def answer(self, response: Response) -> None:
        await response(self.scope, self.receive, self.send)

    async def reset(self) -> None:
        """Break the connection, and see it go: nobody answers on it any more."""
        self.line.reset(self.scope)
        while (await self.receive())["type"] != "http.disconnect":
            pass


async def _late(call: _Call, rule: faults.Latency) -> None:
    seconds = (rule.ms + call.strike.uniform * rule.jitter_ms) / 1_000
    if rule.after:
        response = await call.answered()
        await call.line.wait(seconds)
        await call.answer(response)
    else:
        body = await _body(call)  # what is on its way arrives, even if its sender gives up
        await call.line.wait(seconds)
        await call.app(call.scope, _replayed(body), call.send)


async def _too_many(call: _Call, _: faults.TooManyRequests) -> None:
    await call.answer(reply({"error": "too many requests"}, 429))


async def _error_before(call: _Call, rule: faults.ErrorBefore) -> None:
    await call.answer(_server_error(rule.status))


async def _error_after(call: _Call, rule: faults.ErrorAfter) -> None:
    await call.answered()
    await call.answer(_server_error(rule.status))


async def _drop_request(call: _Call, _: faults.DropRequest) -> None:
    await call.reset()


async def _drop_response(call: _Call, _: faults.DropResponse) -> None:
    await call.answered()
    await call.reset()


async def _outage(call: _Call, rule: faults.Outage) -> None:
    await call.line.cut(rule.ms / 1_000)
    await call.reset()


async def _no_order(call: _Call, rule: faults.NoOrder) -> None:
    """What is no order is refused, as ever."""
    body = await _body(call)
    try:
        order = read_body(body, NewOrder)
        count = Contracts.parse(order.count)
    except (BadBody, InvalidValue):
        await call.app(call.scope, _replayed(body), call.send)
        return
    world = call.host.exchange.world
    placed = Placed(
        order_id=derived_id(world.world_id, "no order", call.strike.occurrence),
        client_order_id=order.client_order_id,
        filled=NO_CONTRACTS,
        remaining=count,
        cost=NO_MONEY,
        fees=NO_MONEY,
        at_us=world.now_us,
    )
    await call.answer(reply({} if rule.empty else placed_wire(placed), 201))


async def _stale(call: _Call, rule: faults.StaleReads) -> None:
    token = READ_LAG.set(rule.lag)
    try:
        await call.forward()
    finally:
        READ_LAG.reset(token)


async def _short_page(call: _Call, rule: faults.ShortPage) -> None:
    query = _query(call)
    asked = [int(value) for name, value in query if name == "limit" and value.isdecimal()]
    rest = [(name, value) for name, value in query if name != "limit"]
    limit = min([rule.rows, *asked])
    await call.forward(query_string=urlencode([*rest, ("limit", limit)]).encode())


async def _lost_rows(call: _Call, rule: faults.LostRows) -> None:
    def lose(page: Page) -> Page:
        return {
            name: value[: rule.rows] if isinstance(value, list) else value
            for name, value in page.items()
        }

    await call.answer(_changed(await call.answered(), lose))


async def _repeated_cursor(call: _Call, _: faults.RepeatedCursor) -> None:
    itself = dict(_query(call)).get("cursor") or _FIRST_PAGE

    def repeat(page: Page) -> Page:
        return {**page, "cursor": itself} if "cursor" in page else page

    await call.answer(_changed(await call.answered(), repeat))


async def _pause(call: _Call, rule: faults.Pause) -> None:
    """A market that does not trade, or is paused for longer already, is left as it is."""
    until_us = call.host.now() + round(rule.ms * MILLISECOND)
    answer = call.host.apply(
        SetTrading(active=False, ticker=rule.ticker, shard=rule.shard, until_us=until_us)
    )
    if isinstance(answer, Rejected):
        said = answer.details or answer.message
        logging.getLogger(__name__).warning("no pause of %s: %s", rule.ticker, said)
    await call.forward()


_CARRIERS: dict[type, Callable[[_Call, Any], Awaitable[None]]] = {
    faults.Latency: _late,
    faults.TooManyRequests: _too_many,
    faults.ErrorBefore: _error_before,
    faults.ErrorAfter: _error_after,
    faults.DropRequest: _drop_request,
    faults.DropResponse: _drop_response,
    faults.Outage: _outage,
    faults.NoOrder: _no_order,
    faults.StaleReads: _stale,
    faults.ShortPage: _short_page,
    faults.LostRows: _lost_rows,
    faults.RepeatedCursor: _repeated_cursor,
    faults.Pause: _pause,
}


def _server_error(status: int) -> Response:
    code = http.HTTPStatus(status).phrase.lower().replace(" ", "_")
    return rejection(Rejected(status, code))


def _query(call: _Call) -> list[tuple[str, str]]:
    return parse_qsl(call.scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _changed(response: Response, change: Callable[[Page], Page]) -> Response:
    """A page with a change; what is no page stays as it is."""
    if response.status_code != 200:
        return response
    return reply(change(msgspec.json.decode(response.body)))


async def _body(call: _Call) -> bytes:
    body, more = b"", True
    while more:
        message = await call.receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _replayed(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
