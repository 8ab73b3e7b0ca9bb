"""One call at a time to Grok, as the SDK does it, and nothing tried twice.

The SDK's own retries are off, for they multiply with those of whoever asks, and none of them is on
record. `chat.parse` is not used: it loses the whole answer, its cost included, where the text is
not what was asked for. Tracing is off, for it would export prompts to any provider of traces.
"""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from kalshi_cli.domain.deliberation import XAI, Attempt, Outcome, Prompt, Role, Usage
from kalshi_cli.domain.identity import short_hash
from kalshi_cli.domain.loopback import is_loopback
from kalshi_cli.domain.money import AiCost
from kalshi_cli.errors import ConfigError, Unavailable
from kalshi_cli.forecasting.prices import Price
from kalshi_cli.forecasting.untrusted import cleaned
from kalshi_cli.ports.language_model import KeyStanding, ServedModel

if TYPE_CHECKING:
    from xai_sdk import AsyncClient
    from xai_sdk.aio.chat import Chat
    from xai_sdk.chat import Response

Told = TypeVar("Told")
_log = logging.getLogger(__name__)
LONGEST_CALL_S = 300
"""The SDK's own deadline, above every `within_s`."""
ASKING_S = 10
MOST_CITED = 50
"""Addresses that are kept of what was looked up."""
MOST_SAID = 500
"""Characters of a name or of an error that are kept of what the provider says."""
_REMEDY = "Set XAI_API_KEY to a key of console.x.ai; `kalshi doctor` checks it."


class Grok:
    """Implements `ports.language_model.LanguageModel`. An async context manager.

    It belongs to the event loop that it was made in. `host` is `api.x.ai`, or `localhost:PORT` in
    plain text for a stand-in on this machine. What another `provider` than xAI serves carries its
    name, so that it is never taken for xAI's model of that name.
    """

    def __init__(self, api_key: str, host: str, provider: str = XAI) -> None:
        self.provider = provider
        self._key, self._host = api_key, host
        self._clients: dict[str, AsyncClient] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    async def attempt(
        self, prompt: Prompt, model: str, *, after_s: float, within_s: float, max_tokens: int
    ) -> Attempt:
        if after_s:
            await asyncio.sleep(after_s)  # noqa: TID251 - backoff on the network, not trading
        began = time.monotonic()
        chat = self._chat(prompt, model, max_tokens)
        heard = await _heard(chat, within_s)
        taken = _milliseconds(began)
        if isinstance(heard, _Unheard):
            detail = cleaned(self._masked(heard.detail), MOST_SAID)
            nobody, nothing = "", Usage()
            return Attempt(
                model, nobody, heard.outcome, "", detail, nothing, None, taken, heard.retry_after_s
            )
        answered = _answered(heard, model, taken)
        if self.provider == XAI or not answered.served_model:
            return answered
        return replace(answered, served_model=f"{answered.served_model}@{self.provider}")

    def _chat(self, prompt: Prompt, model: str, max_tokens: int) -> "Chat":
        """The question as the SDK takes it; nothing is sent. What it raises is a defect of ours."""
        from xai_sdk.chat import chat_pb2, system, user

        from kalshi_cli.adapters.grok.research import looking_up

        return self._client(_conversation(prompt.role, prompt.version)).chat.create(
            model=model,
            messages=[system(prompt.system), user(prompt.user)],
            max_tokens=max_tokens,
            response_format=chat_pb2.ResponseFormat(
                format_type=chat_pb2.FormatType.FORMAT_TYPE_JSON_SCHEMA,
                schema=prompt.schema,
            ),
            **({} if prompt.research is None else looking_up(prompt.research)),
        )

    async def models(self) -> tuple[ServedModel, ...]:
        """The models that the key may use. Raises `Unavailable`, or `ConfigError` for the key."""
        listed = await self._told(lambda client: client.models.list_language_models())
        return tuple(
            ServedModel(model.name, tuple(model.aliases), _price(model)) for model in listed
        )

    async def key(self) -> KeyStanding:
        """How the key stands. Raises `Unavailable`, or `ConfigError` for the key."""
        told = await self._told(lambda client: client.auth.get_api_key_info())
        reasons = [
            reason
            for reason, holds in (
                ("the key is blocked", told.api_key_blocked),
                ("its team is blocked", told.team_blocked),
                ("the key is disabled", told.disabled),
            )
            if holds
        ]
        return KeyStanding(told.redacted_api_key, ", ".join(reasons))

    async def _told(self, ask: "Callable[[AsyncClient], Awaitable[Told]]") -> Told:
        """What costs nothing to ask. Raises `ConfigError` for the key, else `Unavailable`."""
        from grpc.aio import AioRpcError

        from kalshi_cli.adapters.grok.failures import outcome_of

        try:
            async with asyncio.timeout(ASKING_S):
                return await ask(self._client(""))
        except TimeoutError as error:
            raise Unavailable(f"{self._host} did not answer within {ASKING_S} s.") from error
        except AioRpcError as error:
            said = self._masked(error.details() or error.code().name)
            if outcome_of(error.code(), said) is Outcome.UNAUTHENTICATED:
                refused = f"{self._host} refuses the key: {said}"
                raise ConfigError(refused, remedy=_REMEDY) from error
            raise Unavailable(f"{self._host}: {said}") from error

    def _client(self, conversation: str) -> "AsyncClient":
        """A client whose calls the provider sends to one cache; all share one connection."""
        if conversation not in self._clients:
            self._clients[conversation] = _made(self._key, self._host, conversation)
        return self._clients[conversation]

    def _masked(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text


@cache
def _conversation(role: Role, version: str) -> str:
    """What the questions of a role have in common: their instructions are cached together."""
    return short_hash(role, version)


@dataclass(frozen=True, slots=True)
class _Unheard:
    """A call that brought no answer, and why."""

    outcome: Outcome
    detail: str
    retry_after_s: float | None = None


async def _heard(chat: "Chat", within_s: float) -> "Response | _Unheard":
    """The answer; or what became of the call, whatever the SDK and all that is under it raise.

    Only this one line of ours is in there, so an error that nobody foresaw is theirs: it is logged
    whole, and the call counts as paid for, since nobody knows how far it came.
    """
    from grpc.aio import AioRpcError

    from kalshi_cli.adapters.grok.failures import outcome_of, retry_after_s

    try:
        async with asyncio.timeout(within_s):
            return await chat.sample()
    except TimeoutError:
        return _Unheard(Outcome.TIMED_OUT, f"no answer within {within_s:.0f} s")
    except AioRpcError as error:
        said = error.details() or ""
        details = f"{error.code().name}: {said}".rstrip(": ")
        retry = retry_after_s(error.trailing_metadata())
        return _Unheard(outcome_of(error.code(), said), details, retry)
    except asyncio.CancelledError:
        if _is_cancelled():
            raise
        return _Unheard(Outcome.BROKEN, "the connection was closed under the call")
    except Exception as error:  # noqa: BLE001 - the SDK documents no errors of its own
        _log.error("the AI's SDK failed", exc_info=error)
        return _Unheard(Outcome.BROKEN, f"the SDK failed: {type(error).__name__}: {error}")


def _is_cancelled() -> bool:
    """Whether this task was told to end; gRPC raises the same for a channel that was closed."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _made(key: str, host: str, conversation: str) -> "AsyncClient":
    """An SDK client. What it reads from the environment at import is set first."""
    os.environ["XAI_SDK_DISABLE_TRACING"] = "1"
    os.environ["XAI_SDK_DISABLE_SENSITIVE_TELEMETRY_ATTRIBUTES"] = "1"
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    from xai_sdk import AsyncClient

    local = is_loopback(host.rpartition(":")[0] or host)
    options: list[tuple[str, Any]] = [("grpc.enable_retries", 0)]
    if local:
        options.append(("grpc.enable_http_proxy", 0))
    return AsyncClient(
        api_key=key,
        api_host=host,
        metadata=(("x-grok-conv-id", conversation),) if conversation else None,
        channel_options=options,
        timeout=LONGEST_CALL_S,
        use_insecure_channel=local and not host.startswith("localhost:"),
    )


def _answered(response: "Response", model: str, latency_ms: int) -> Attempt:
    """An answer that came; whether it is one is told by how it ended."""
    usage, proto = response.usage, response.proto
    match response.finish_reason:
        case "REASON_STOP" if response.content.strip():
            outcome, detail = Outcome.ANSWERED, ""
        case "REASON_STOP":
            outcome, detail = Outcome.EMPTY, "the answer is empty"
        case "REASON_MAX_LEN" | "REASON_MAX_CONTEXT" | "REASON_TIME_LIMIT":
            outcome, detail = Outcome.CUT, f"the answer was cut off ({response.finish_reason})"
        case reason:
            outcome, detail = Outcome.EMPTY, f"the answer ended with {reason}"
    ticks = usage.cost_in_usd_ticks if usage.HasField("cost_in_usd_ticks") else -1
    return Attempt(
        requested_model=model,
        served_model=cleaned(proto.model, MOST_SAID),
        outcome=outcome,
        text=response.content,
        detail=detail,
        usage=Usage(
            prompt=usage.prompt_tokens,
            cached=usage.cached_prompt_text_tokens,
            completion=usage.completion_tokens,
            reasoning=usage.reasoning_tokens,
            searches=len(usage.server_side_tools_used),
        ),
        cost=AiCost(ticks) if ticks >= 0 else None,
        latency_ms=latency_ms,
        citations=tuple(cleaned(each, MOST_SAID) for each in response.citations[:MOST_CITED]),
    )


def _price(model: Any) -> Price:  # noqa: ANN401 - the SDK's message has no types
    """The proto's prices are 1e-10 USD a token: 12500 is $1.25 a million."""
    return Price(
        prompt=model.prompt_text_token_price,
        cached=model.cached_prompt_token_price,
        completion=model.completion_text_token_price,
    )


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1_000)
