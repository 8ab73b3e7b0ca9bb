"""xAI's protocol on this machine, by the SDK's own stubs; what it says comes from a function."""

import asyncio
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import grpc
from xai_sdk.proto import (
    auth_pb2,
    auth_pb2_grpc,
    chat_pb2,
    chat_pb2_grpc,
    models_pb2,
    models_pb2_grpc,
    sample_pb2,
    usage_pb2,
)

from kalshi_cli.adapters.sim.ai.replies import MODEL, Asked, Failure, Reply, made_up

Answers = Callable[[Asked], Reply | Failure]
_PRICES = {"prompt_text_token_price": 0, "completion_text_token_price": 0}
_OPTIONS = (
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 1_000),  # the SDK pings an idle server
    ("grpc.http2.max_ping_strikes", 0),
)


class StandIn:
    """An async context manager; `host` is what XAI_API_HOST takes. It speaks plain text.

    `asked` has every request, and `heard` is set from the first one on.
    """

    def __init__(self, answers: Answers = made_up) -> None:
        self.asked: list[Asked] = []
        self.heard = asyncio.Event()
        self._answers, self._port = answers, 0
        self._server = grpc.aio.server(options=_OPTIONS)

    @property
    def host(self) -> str:
        return f"localhost:{self._port}"

    async def __aenter__(self) -> Self:
        chat_pb2_grpc.add_ChatServicer_to_server(_Chat(self), self._server)
        models_pb2_grpc.add_ModelsServicer_to_server(_Models(), self._server)
        auth_pb2_grpc.add_AuthServicer_to_server(_Auth(), self._server)
        self._port = self._server.add_insecure_port(f"localhost:{self._port}")
        await self._server.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._server.stop(None)

    async def complete(self, request: Any, context: Any) -> Any:  # noqa: ANN401 - untyped messages
        """Answer one request."""
        asked = _asked(request, len(self.asked) + 1)
        self.asked.append(asked)
        self.heard.set()
        answer = self._answers(asked)
        await asyncio.sleep(answer.delay_s)  # noqa: TID251 - a slow answer, not trading
        if isinstance(answer, Failure):
            if answer.retry_after_s is not None:
                context.set_trailing_metadata((("retry-after", str(answer.retry_after_s)),))
            return await context.abort(getattr(grpc.StatusCode, answer.code), answer.details)
        return _response(answer)


class _Chat(chat_pb2_grpc.ChatServicer):
    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in

    async def GetCompletion(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        return await self._stand_in.complete(request, context)


class _Models(models_pb2_grpc.ModelsServicer):
    async def ListLanguageModels(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        model = models_pb2.LanguageModel(name=MODEL, aliases=["grok-4", "grok-3"], **_PRICES)
        return models_pb2.ListLanguageModelsResponse(models=[model])


class _Auth(auth_pb2_grpc.AuthServicer):
    async def get_api_key_info(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002
        return auth_pb2.ApiKey(redacted_api_key="stand-in", name="stand-in")


def _asked(request: Any, number: int) -> Asked:  # noqa: ANN401
    texts = {
        message.role: "".join(part.text for part in message.content) for message in request.messages
    }
    return Asked(
        number=number,
        model=request.model,
        system=texts.get(chat_pb2.MessageRole.ROLE_SYSTEM, ""),
        user=texts.get(chat_pb2.MessageRole.ROLE_USER, ""),
        schema=json.loads(request.response_format.schema or "{}"),
        max_tokens=request.max_tokens,
        tools=tuple(tool.WhichOneof("tool") for tool in request.tools),
        max_turns=request.max_turns if request.HasField("max_turns") else None,
    )


def _response(reply: Reply) -> Any:  # noqa: ANN401
    usage = usage_pb2.SamplingUsage(
        prompt_tokens=reply.prompt_tokens,
        prompt_text_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        total_tokens=reply.prompt_tokens + reply.completion_tokens,
        server_side_tools_used=[f"SERVER_SIDE_TOOL_{name.upper()}" for name in reply.searches],
    )
    if reply.ticks is not None:
        usage.cost_in_usd_ticks = reply.ticks
    outputs = [_search(index, name) for index, name in enumerate(reply.searches)]
    answer = chat_pb2.CompletionOutput(
        index=len(outputs),
        finish_reason=sample_pb2.FinishReason.Value(reply.finish),
        message=chat_pb2.CompletionMessage(
            role=chat_pb2.MessageRole.ROLE_ASSISTANT, content=reply.text
        ),
    )
    outputs.append(answer)
    return chat_pb2.GetChatCompletionResponse(
        id="stand-in", model=reply.model, outputs=outputs, usage=usage, citations=reply.citations
    )


def _search(index: int, name: str) -> Any:  # noqa: ANN401
    """A search as the SDK has it: a turn of the assistant that calls a tool of the server."""
    call = chat_pb2.ToolCall(
        id=f"call-{index}",
        type=f"TOOL_CALL_TYPE_{name.upper()}_TOOL",
        status="TOOL_CALL_STATUS_COMPLETED",
        function=chat_pb2.FunctionCall(name=name, arguments='{"query": "nothing"}'),
    )
    return chat_pb2.CompletionOutput(
        index=index,
        finish_reason=sample_pb2.FinishReason.REASON_TOOL_CALLS,
        message=chat_pb2.CompletionMessage(
            role=chat_pb2.MessageRole.ROLE_ASSISTANT, tool_calls=[call]
        ),
    )
