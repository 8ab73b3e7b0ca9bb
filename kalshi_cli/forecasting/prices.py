"""What tokens cost, where the server does not say what a call did.

From xAI's price page of autumn 2026, in its own ticks of 1e-10 USD a token. The names `grok-4` and
`grok-3` are retired and served by grok-4.3 at its price. A server's own figure always goes first:
this table estimates what to set aside, and prices an answer that came without its cost.
"""

from dataclasses import dataclass

from kalshi_cli.domain.deliberation import Usage
from kalshi_cli.domain.money import AiCost

CHARACTERS_A_TOKEN = 3
"""Of English with tickers and numbers, on the low side: an estimate should not be too small."""
A_SEARCH = 50_000_000
"""Ticks of one call of a search tool: $5 a thousand, beside the tokens that it brings."""
TOKENS_A_SEARCH = 5_000
"""What one search adds to the prompt, a guess on the high side: the ledger has what it was."""


@dataclass(frozen=True, slots=True)
class Price:
    """Ticks a token of the prompt, of its cached part, and of what is written."""

    prompt: int
    cached: int
    completion: int

    def of(self, usage: Usage) -> AiCost:
        """What a call costs that used so much."""
        fresh = max(0, usage.prompt - usage.cached)
        written = usage.completion + usage.reasoning
        tokens = fresh * self.prompt + usage.cached * self.cached + written * self.completion
        return AiCost(tokens + usage.searches * A_SEARCH)

    def at_most(self, characters: int, written: int, searches: int = 0) -> AiCost:
        """What to set aside for a prompt of so many characters and so many tokens in answer.

        Those are what may be said and what may be thought before it: both are billed. After each
        search the model reads everything again, with what all searches brought so far.
        """
        prompt = (searches + 1) * -(-characters // CHARACTERS_A_TOKEN)
        found = TOKENS_A_SEARCH * searches * (searches + 1) // 2
        return self.of(Usage(prompt=prompt + found, completion=written, searches=searches))


_GROK_4_3 = Price(12_500, 2_000, 25_000)
_GROK_4_5 = Price(20_000, 5_000, 60_000)
DEAREST = Price(30_000, 7_500, 150_000)
"""What grok-4 cost before it was retired: for names that are not known here."""
_KNOWN = (
    ("grok-4.7", _GROK_4_5),
    ("grok-4.6", _GROK_4_5),
    ("grok-4.5", _GROK_4_5),
    ("grok-4.3", _GROK_4_3),
    ("grok-4.20", _GROK_4_3),
    ("grok-4-fast", _GROK_4_3),
    ("grok-4-1-fast", _GROK_4_3),
)
_RETIRED = frozenset({"grok-4", "grok-4-0709", "grok-3"})


def price_of(model: str) -> Price:
    """The price of a model by its name; the dearest known for a name that is not.

    What another provider serves (`NAME@PROVIDER`) is priced like xAI's of that name.
    """
    model = model.partition("@")[0]
    if model in _RETIRED:
        return _GROK_4_3
    return next((price for name, price in _KNOWN if model.startswith(name)), DEAREST)
