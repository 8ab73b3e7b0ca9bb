"""Whoever answers prompts, for money."""

from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.domain.deliberation import Attempt, Prompt
from kalshi_cli.forecasting.prices import Price


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that the provider lists, with every name that it answers to."""

    name: str
    aliases: tuple[str, ...]
    price: Price


@dataclass(frozen=True, slots=True)
class KeyStanding:
    """What the provider says of the key. `blocked` says what is wrong with it; empty if nothing."""

    redacted: str
    blocked: str


class LanguageModel(Protocol):
    """`provider` is who answers: `xai`, or the host of what stands in for it."""

    @property
    def provider(self) -> str: ...

    async def attempt(
        self, prompt: Prompt, model: str, *, after_s: float, within_s: float, max_tokens: int
    ) -> Attempt:
        """Wait `after_s` real seconds, then ask once. Whatever the provider does is an `Attempt`.

        `max_tokens` bounds the visible answer only; a reasoning model thinks beyond it.
        """
        ...
