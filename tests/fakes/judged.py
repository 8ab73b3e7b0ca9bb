"""A transport that lets pass only what the exchange's own specification documents."""

import json

import httpx
from fakes.openapi import ROOT, OpenApi, Violation, found_openapi


class JudgedTransport(httpx.AsyncBaseTransport):
    """Judges each request before it goes and each answer that comes; `asked` has the operations."""

    def __init__(self, inner: httpx.AsyncBaseTransport, spec: OpenApi) -> None:
        self._inner, self._spec = inner, spec
        self.asked: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._judge(request)
        response = await self._inner.handle_async_request(request)
        response.request = request
        await self._spec.witness(response)
        return httpx.Response(
            response.status_code, headers=_plain(response.headers), content=response.content
        )

    def _judge(self, request: httpx.Request) -> None:
        path = request.url.raw_path.decode().partition("?")[0]
        what = f"{request.method} {path}"
        if not path.startswith(ROOT) or path.endswith("/"):
            raise Violation(f"{what} is no path of the exchange.")
        operation = self._spec.matching(request.method, path.removeprefix(ROOT))
        if operation is None:
            raise Violation(f"{what} is no operation of the exchange.")
        query: dict[str, str | list[str]] = {
            name: request.url.params.get_list(name) for name in request.url.params
        }
        sent = json.loads(request.content) if request.content else None
        self._spec.check_request(operation.method, operation.template, query=query, body=sent)
        signed = "KALSHI-ACCESS-SIGNATURE" in request.headers
        if signed != bool(operation.described.get("security")):
            raise Violation(f"{what} is {'signed' if signed else 'unsigned'}: it must not be so.")
        self.asked.add(str(operation))

    async def aclose(self) -> None:
        await self._inner.aclose()


def _plain(headers: httpx.Headers) -> list[tuple[str, str]]:
    """Headers of a body that was decoded."""
    dropped = {"content-encoding", "content-length", "transfer-encoding"}
    return [(name, value) for name, value in headers.multi_items() if name not in dropped]


def judged(inner: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    """`inner` under judgement; as it is where the specification is absent."""
    spec = found_openapi()
    return JudgedTransport(inner, spec) if spec else inner
