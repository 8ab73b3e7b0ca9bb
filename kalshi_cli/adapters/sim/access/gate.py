"""What a request must pass before its route hears of it: signature, budget, scope."""

from collections.abc import Callable

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kalshi_cli.adapters.sim.access.auth import BALANCE, KEY, READ, TRADE, TRANSFER, WRITE, KeyRing
from kalshi_cli.adapters.sim.access.budgets import BALANCE as BALANCE_READ
from kalshi_cli.adapters.sim.access.budgets import Budgets, Operation, bill_of
from kalshi_cli.adapters.sim.wire.replies import rejection, reply

_READS = frozenset({"GET", "HEAD"})
_TRADES = ("/portfolio/events/orders", "/portfolio/order_groups", "/portfolio/orders")
_TRANSFERS = ("/portfolio/intra_exchange_instance_transfer", "/portfolio/subaccounts")


class Gate:
    """Guards routes. A public one takes unsigned requests; a signature that comes must hold."""

    def __init__(self, keys: KeyRing, budgets: Budgets, wall: Callable[[], int]) -> None:
        self._keys, self._budgets, self._wall = keys, budgets, wall

    def guard(self, route: Route, *, public: bool) -> Route:
        """The same route behind the gate."""
        app = _Guarded(self, route.app, route.path, public=public)
        return Route(route.path, app, methods=list(route.methods or ()))

    def objection(self, operation: Operation, scope: Scope, *, public: bool) -> Response | None:
        """Why a request is not let in: its signature, its key's scope, its read budget."""
        headers, now_us = Headers(scope=scope), self._wall()
        if public and KEY not in headers:
            client = (scope.get("client") or ("", 0))[0]
            admitted = self._budgets.admits_stranger(client, operation, now_us)
            return None if admitted else too_many()
        path = scope["raw_path"].decode("latin-1")
        refused = self._keys.objection(headers, scope["method"], path, now_us)
        refused = refused or self._keys.forbidden(headers, scope_of(operation))
        if refused is not None:
            return rejection(refused)
        is_read = operation[0] in _READS
        admitted = not is_read or self._budgets.admits_read(operation, now_us)
        return None if admitted else too_many()

    def bills(self, operation: Operation) -> bool:
        """Whether the body of a request tells its price."""
        return self._budgets.enforced and operation[0] not in _READS

    def pays(self, operation: Operation, scope: Scope, body: bytes) -> bool:
        """Whether the account's budget holds the tokens of a write; they are then gone."""
        bill = bill_of(operation, QueryParams(scope["query_string"]), body)
        return self._budgets.admits_write(bill, self._wall())


class _Guarded:
    """One route's application behind the gate: a class, so that it is taken for ASGI."""

    def __init__(self, gate: Gate, app: ASGIApp, path: str, *, public: bool) -> None:
        self._gate, self._app, self._path, self._public = gate, app, path, public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        operation = (method, self._path)
        answer: ASGIApp | None = self._gate.objection(operation, scope, public=self._public)
        if answer is None and self._gate.bills(operation):
            body = await _whole(receive)
            receive = _replayed(body, receive)
            if not self._gate.pays(operation, scope, body):
                answer = too_many()
        await (answer or self._app)(scope, receive, send)


def scope_of(operation: Operation) -> str:
    """The scope that a key needs for an operation."""
    method, path = operation
    if method in _READS:
        return BALANCE if operation == BALANCE_READ else READ
    if path.startswith(_TRADES):
        return TRADE
    return TRANSFER if path.startswith(_TRANSFERS) else WRITE


def too_many() -> Response:
    """Nothing was done; nothing says when to come back."""
    return reply({"error": "too many requests"}, 429)


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while (message := await receive())["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return b"".join(parts)


def _replayed(body: bytes, rest: Receive) -> Receive:
    """What was read of a request, once more; then whatever follows it."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return first.pop() if first else await rest()

    return receive
